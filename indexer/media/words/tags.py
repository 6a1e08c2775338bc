"""What people wrote into the tags of films and recordings, by the names that FFmpeg gives to them.

It reads ID3, the atoms of MP4, Vorbis comments, Matroska's and RIFF's tags, and gives them common names.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from indexer.media.types import Word, WordKey
from indexer.media.words import xmp
from indexer.media.words.clean import cleaned, keywords

_APPLE = "com.apple.quicktime."
_KEYS: Mapping[str, WordKey] = {
    "title": "title",
    "artist": "artist",
    "album_artist": "artist",
    "author": "artist",
    "album": "album",
    "show": "album",
    "comment": "description",
    "description": "description",
    "synopsis": "description",
    "lyrics": "lyrics",
    "unsyncedlyrics": "lyrics",
    "keywords": "keyword",
}
_PLAIN_CHAPTER = re.compile(r"(\w+\.?|第)?\s*[\d:.,]+\s*章?")
"""Chapters that are only counted, in whatever language, or named by their time."""


@dataclass(frozen=True)
class Chapter:
    """A chapter of a film or recording, in seconds."""

    title: str
    start_s: float
    end_s: float


def words_of(tags: Mapping[str, str], chapters: Iterable[Chapter] = ()) -> tuple[Word, ...]:
    """The words of a container's tags and chapters."""
    return tuple(cleaned([*_tagged(tags), *xmp.embedded(tags.get("xmp")), *_titled(chapters)]))


def _tagged(tags: Mapping[str, str]) -> Iterator[Word]:
    for name, text in tags.items():
        plain = name.casefold().removeprefix(_APPLE)
        # Lyrics have their language in the name: ``lyrics-eng``.
        key = _KEYS.get("lyrics" if plain.startswith("lyrics-") else plain)
        if key is not None:
            yield from (Word(key, part, "tags") for part in (keywords(text) if key == "keyword" else [text]))
        elif plain == "rating.user" and re.fullmatch(r"[0-5](\.\d+)?", text):
            yield Word("rating", round(float(text)), "tags")
        elif plain == "wm/shareduserrating" and (stars := xmp.stars_of_percent(text)) is not None:
            yield Word("rating", stars, "tags")


def _titled(chapters: Iterable[Chapter]) -> Iterator[Word]:
    for chapter in chapters:
        if not _PLAIN_CHAPTER.fullmatch(chapter.title.strip()):
            yield Word("chapter", chapter.title, "tags", chapter.start_s, chapter.end_s)
