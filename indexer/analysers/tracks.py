"""Tracks of sound and subtitles in words: which one it is, what it is called, and its language."""

from collections.abc import Mapping

from indexer.languages import code_of, named_languages
from indexer.media.types import Track

_MARKS: Mapping[str, str] = {
    "comment": "commentary",
    "dub": "dubbed",
    "original": "original",
    "forced": "forced",
    "karaoke": "karaoke",
    "hearing_impaired": "for the hard of hearing",
    "visual_impaired": "audio description",
    "descriptions": "audio description",
}
"""What tracks say that they are, in words, by FFmpeg's names."""


def told(track: Track) -> str:
    """A track as people know it.

    >>> told(Track(1, "ger", "The director", ("comment",)))
    'track 2, The director (German, commentary)'
    """
    language = named_languages().get(code_of(track.language) or "", "")
    about = ", ".join(filter(None, (language, *(_MARKS.get(mark) for mark in track.marks))))
    name = f"track {track.number + 1}" + (f", {track.title}" if track.title else "")
    return f"{name} ({about})" if about else name
