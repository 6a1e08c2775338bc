"""Subtitles of films and lyrics of recordings, in them and beside them: what is said, with exact times.

They are a kind of their own, which proves what is said as speech does. So the same words find them, answers
tell them apart, and what was heard is neither made again nor mixed with what people wrote.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from db.catalog.facts import Fact
from db.engine.schema import MediaKind
from db.errors import DecodeError
from db.kinds import CLIP, PASSAGE, Kind
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.analysers.passages import Passage, draft, passages
from indexer.analysers.tracks import told
from indexer.languages import code_of
from indexer.media.formats import SUBTITLES
from indexer.media.types import Cue, Metadata

SUBTITLE = Kind("subtitle", "subtitle", {CLIP: PASSAGE}, "said")
LYRIC = Kind("lyric", "line of lyrics", {CLIP: PASSAGE}, "said", plural="lines of lyrics")

MOST_UNITS = 10_000
"""Of a track: half a day of talk; what is behind them is left out."""

_FILMS: frozenset[MediaKind] = frozenset({"video", "audio"})
_LYRICS = ".lrc"
_MARKS = frozenset("cc closed default forced foreign full hi lyrics sdh signs songs".split())
"""What the names of subtitle files say beside their language."""


class Subtitles(Analyser):
    """Makes a unit of each passage of the subtitles in a film; says which of them are pictures."""

    name = "subtitles"
    label = "subtitles in films"
    kinds = (SUBTITLE,)
    media: ClassVar[frozenset[MediaKind]] = _FILMS
    minute_s = 0.1

    def wants(self, header: Metadata) -> bool:
        """Where there are some."""
        return bool(header.subtitles)

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """The passages of each track, but for one that says the same as another."""
        tracks = medium.header.subtitles
        lines = medium.subtitles() if any(track.is_text for track in tracks) else {}
        seen: list[object] = []
        for track in tracks:
            own = lines.get(track.number, ())
            if own and own not in seen:
                seen.append(own)
                source = f"subtitle {told(track)}"
                yield from _drafts(medium, SUBTITLE, own, code_of(track.language), source, track.number)
        pictures = [told(track) for track in tracks if not track.is_text]
        if pictures:
            yield Fact("subtitles", f"pictures, which are not read: {', '.join(pictures)}", "decoder")
        progress(1.0)


class SubtitleFiles(Analyser):
    """Makes a unit of each passage of the subtitles and lyrics beside films and recordings."""

    name = "subtitle_files"
    label = "subtitles and lyrics beside films and recordings"
    kinds = (SUBTITLE, LYRIC)
    media: ClassVar[frozenset[MediaKind]] = _FILMS
    phase = 0
    scope = "asset"
    beside = tuple(SUBTITLES)
    placed = False

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """The passages of each file; one that cannot be read says why, and costs no other.

        Raises:
            UnreadableError: one cannot be read now.
        """
        reasons: list[str] = []
        for path in medium.companions:
            marks = marks_of(path, medium.path)
            if marks is None:
                continue
            kind = LYRIC if path.suffix.lower() == _LYRICS else SUBTITLE
            try:
                lines = medium.subtitles_beside(path)
            except DecodeError as exc:
                reasons.append(f"{path.name} is not read: {exc}")
                continue
            language = next(filter(None, map(code_of, marks)), None)
            yield from _drafts(medium, kind, lines, language, path.name)
        if reasons:
            yield Fact("subtitles", "; ".join(reasons), "sidecar")
        progress(1.0)


def marks_of(companion: Path, medium: Path) -> tuple[str, ...] | None:
    """What the name of a file says between that of the film beside it and its own end.

    None where that is no language and nothing else that subtitles are called: it is of another film.

    >>> marks_of(Path("a.pt-BR.forced.srt"), Path("a.mkv")), marks_of(Path("a.2.srt"), Path("a.mkv"))
    (('pt-br', 'forced'), None)
    """
    name = companion.stem.casefold()
    for own in (medium.name.casefold(), medium.stem.casefold()):
        if name == own or name.startswith(f"{own}."):
            marks = tuple(filter(None, name[len(own) :].split(".")))
            return marks if all(mark in _MARKS or code_of(mark) for mark in marks) else None
    return None


def _drafts(
    medium: Medium,
    kind: Kind,
    lines: Iterable[Cue],
    language: str | None,
    source: str,
    track: int | None = None,
) -> Iterator[Draft]:
    """A unit of each passage before the end of the film."""
    end_s = medium.header.duration_s
    there = (cue for cue in lines if end_s is None or cue.start_s < end_s)
    parts = (Passage(cue.start_s, cue.end_s, cue.text, language) for cue in there)
    # Lines of lyrics have no sentences, and each is sung at its own time.
    every = parts if kind is LYRIC else passages(parts, " ")
    for passage in islice(every, MOST_UNITS):
        yield draft(kind, passage, track, source)
