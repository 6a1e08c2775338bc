"""The transcript of a film or recording: what is said in it, with the times of words, and its chapters."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

from db import kinds
from db.catalog import assets, units
from db.catalog.units import UnitRow
from db.engine.schema import UnitKind
from db.errors import SettingsError, not_indexed
from db.library import Library
from search.results import captions
from search.results.captions import Line
from search.results.chapters import Spoken, chapters

Format = Literal["srt", "vtt", "txt"]

_TITLE_LETTERS = 60
_AT_ONCE = 0.2
"""The share of passages said with others of another language, from which on each has its own text."""


class Word(NamedTuple):
    """When a word is said, in seconds of the file, and where in the passage its characters begin."""

    start_s: float
    end_s: float
    at: int


@dataclass(frozen=True)
class Passage:
    """What is said in a few seconds. ``words``: where known.

    ``is_corrected``: the text is a user's word; ``said_by``: that user, None where it is who asks.
    """

    unit_id: int
    start_s: float
    end_s: float
    text: str
    language: str | None = None
    is_corrected: bool = False
    words: tuple[Word, ...] = ()
    said_by: str | None = None


@dataclass(frozen=True)
class Chapter:
    """A part of a long recording that is about something of its own.

    ``title``: the one that somebody gave it in the file, or else its first words.
    """

    start_s: float
    end_s: float
    title: str


@dataclass(frozen=True)
class Transcript:
    """All that is said in a file, in the order of time, by one kind of passages and in one of its tracks.

    ``language``: where all passages of it are told to be in one; ``chapters``: of what is long enough;
    ``name``: of the track, or of the file beside it, where its analyser names it.
    """

    kind: UnitKind
    track: int | None
    language: str | None
    passages: tuple[Passage, ...]
    chapters: tuple[Chapter, ...] = ()
    name: str | None = None

    def export(self, form: Format) -> str:
        """It as subtitles for other programs (``srt``, ``vtt``), or as text with a paragraph a chapter."""
        lines = [
            Line(
                one.start_s, one.end_s, one.text, [(word.start_s, word.end_s, word.at) for word in one.words]
            )
            for one in self.passages
        ]
        if form == "txt":
            return captions.as_text(lines, [chapter.start_s for chapter in self.chapters])
        return captions.as_srt(lines) if form == "srt" else captions.as_vtt(lines)

    def as_json(self) -> dict[str, Any]:
        """It for other programs, with all times in seconds."""
        return {
            "kind": self.kind,
            "track": self.track,
            "name": self.name,
            "language": self.language,
            "chapters": [chapter.__dict__ for chapter in self.chapters],
            "passages": [
                {
                    "start_s": one.start_s,
                    "end_s": one.end_s,
                    "text": one.text,
                    "language": one.language,
                    "corrected": one.is_corrected,
                    "said_by": one.said_by,
                    "words": [
                        {"start_s": word.start_s, "end_s": word.end_s, "text": text}
                        for word, text in zip(one.words, _texts(one), strict=True)
                    ],
                }
                for one in self.passages
            ],
        }


def transcripts(library: Library, path: Path) -> list[Transcript]:
    """The transcripts of a file in the library; several where there are several tracks, or subtitles, too.

    Raises:
        SettingsError: the file is not in the library, or nothing is said in it as far as that is known.
    """
    with library.read() as session:
        if assets.id_at(session, path) is None:
            raise not_indexed(path)
        rows = units.rows(session, units.ids_at(session, path), among_hidden=True)
        timed = sorted(
            filter(_has_words, rows.values()), key=lambda row: (row.start_s or 0.0, row.end_s or 0.0, row.id)
        )
        spoken = [row for row in timed if row.kind in kinds.proving("said")]
        details = units.details(session, [row.id for row in spoken])
    if not spoken:
        raise SettingsError(
            f"nothing is said in {path.name}, as far as is known",
            "See whether that was listened for: trove analysers",
        )
    named = [
        Chapter(row.start_s or 0.0, row.end_s or 0.0, row.text or "")
        for row in timed
        if row.kind in kinds.proving("by_people")
    ]
    return [_transcript(own, details, named) for own in _apart(spoken, details)]


def _has_words(row: UnitRow) -> bool:
    return bool(row.text and row.text.strip()) and row.start_s is not None and row.end_s is not None


def _apart(rows: Sequence[UnitRow], details: Mapping[int, Mapping[str, Any]]) -> list[list[UnitRow]]:
    """Passages by kind and track; and by language where they are said at the same time in several."""
    order = list(kinds.every())
    tracks: dict[tuple[int, int, str], list[UnitRow]] = defaultdict(list)
    for row in rows:
        name = units.track_of(details.get(row.id, {})) or ""
        tracks[order.index(row.kind), row.track or 0, name].append(row)
    each: list[list[UnitRow]] = []
    for _, own in sorted(tracks.items()):
        at_once = sum(
            one.language != other.language and (other.start_s or 0.0) < (one.end_s or 0.0) - 0.5
            for one, other in pairwise(own)
        )
        if at_once <= _AT_ONCE * len(own):
            each.append(own)
            continue
        languages: dict[str | None, list[UnitRow]] = defaultdict(list)
        for row in own:
            languages[row.language].append(row)
        each += languages.values()
    return each


def _transcript(
    rows: Sequence[UnitRow], details: Mapping[int, Mapping[str, Any]], named: Sequence[Chapter]
) -> Transcript:
    passages = tuple(_passage(row, details.get(row.id, {})) for row in rows)
    languages = {passage.language for passage in passages}
    return Transcript(
        rows[0].kind,
        rows[0].track,
        languages.pop() if len(languages) == 1 else None,
        passages,
        tuple(named if len(named) > 1 else _chapters(passages)),
        units.track_of(details.get(rows[0].id, {})),
    )


def _passage(row: UnitRow, detail: Mapping[str, Any]) -> Passage:
    start_s, text = row.start_s or 0.0, row.text or ""
    words = _words(detail.get("words"), start_s, text)
    return Passage(
        row.id, start_s, row.end_s or start_s, text, row.language, row.is_corrected, words, row.said_by
    )


def _words(told: object, start_s: float, text: str) -> tuple[Word, ...]:
    """The words of a passage; none where nothing is known of them, or something that cannot be."""
    try:
        words = [
            Word(round(start_s + float(begins), 2), round(start_s + float(ends), 2), int(at))
            for begins, ends, at in told  # type: ignore[attr-defined]
        ]
    except (TypeError, ValueError):
        return ()
    places = [word.at for word in words]
    fits = places == sorted(set(places)) and all(0 <= at < len(text) for at in places)
    return tuple(words) if fits else ()


def _texts(passage: Passage) -> list[str]:
    ends = [*(word.at for word in passage.words[1:]), len(passage.text)]
    return [passage.text[word.at : end].strip() for word, end in zip(passage.words, ends, strict=False)]


def _chapters(passages: Sequence[Passage]) -> list[Chapter]:
    borders = chapters([Spoken(one.start_s, one.end_s, one.text, one.language) for one in passages])
    ends = [*(passages[border].start_s for border in borders[1:]), max(one.end_s for one in passages)]
    return [
        Chapter(passages[border].start_s, end_s, _title(passages[border:]))
        for border, end_s in zip(borders, ends, strict=False)
    ]


def _title(passages: Sequence[Passage]) -> str:
    """The first words, as many as there is room for."""
    text = " ".join(passage.text for passage in passages[:3])
    if len(text) <= _TITLE_LETTERS:
        return text
    begun = text[: _TITLE_LETTERS + 1].rsplit(" ", 1)[0][:_TITLE_LETTERS]
    return f"{begun.rstrip(' ,;:.-')} …"
