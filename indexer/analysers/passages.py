"""Passages of what is said, about a sentence each, of words or of lines of subtitles; and their units."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from db.catalog.units import NewUnit
from db.kinds import Kind
from indexer.analysers.base import Draft, TextPayload

LONGEST_S = 15.0
SHORTEST_S = 2.0
PAUSE_S = 1.0
_SENTENCE_ENDS = tuple(".?!…。？！।؟")  # noqa: RUF001 - the full-width ones of Chinese and Japanese are meant


@dataclass(frozen=True)
class Passage:
    """A spoken passage of about a sentence, with its start and end in seconds of the recording.

    ``language``: that it was heard as, by its ISO 639 code; None where the recogniser does not tell.
    ``words``: the start and end of each in seconds from ``start_s``, and its first character in the text; of
    subtitles, of each line.
    """

    start_s: float
    end_s: float
    text: str
    language: str | None = None
    words: tuple[tuple[float, float, int], ...] = ()


def passages(parts: Iterable[Passage], between: str = "") -> Iterator[Passage]:
    """Passages of 2 to 15 s where possible, that end with a sentence or before a pause.

    ``parts``: in the order of time; ``between``: what their texts are joined with.
    """
    joined: list[Passage] = []
    for part in parts:
        if joined and (
            part.start_s - joined[-1].end_s > PAUSE_S or part.end_s - joined[0].start_s > LONGEST_S
        ):
            yield from _passage(joined, between)
            joined = []
        joined.append(part)
        if part.text.rstrip().endswith(_SENTENCE_ENDS) and part.end_s - joined[0].start_s >= SHORTEST_S:
            yield from _passage(joined, between)
            joined = []
    yield from _passage(joined, between)


def _passage(parts: list[Passage], between: str) -> Iterator[Passage]:
    whole = between.join(part.text for part in parts)
    text = whole.strip()
    if any(character.isalnum() for character in text):
        last_s = max(part.end_s for part in parts)
        words = tuple(_timed(parts, between, len(text) - len(whole.rstrip())))
        yield Passage(parts[0].start_s, last_s, text, parts[0].language, words)


def _timed(parts: list[Passage], between: str, at: int) -> Iterator[tuple[float, float, int]]:
    """When each part of a passage is said; the text of the first one begins ``at`` a character."""
    for part in parts:
        begins_s, ends_s = (round(second - parts[0].start_s, 2) for second in (part.start_s, part.end_s))
        yield begins_s, ends_s, at + len(part.text) - len(part.text.lstrip())
        at += len(part.text) + len(between)


def draft(kind: Kind, passage: Passage, track: int | None, named: str | None) -> Draft:
    """The unit of a passage; ``named``: the track or the file that it is of, where that is to be told."""
    detail: dict[str, Any] = {"words": passage.words} if passage.words else {}
    if named:
        detail["track"] = named
    unit = NewUnit(
        kind.name,
        start_s=passage.start_s,
        end_s=passage.end_s,
        text=passage.text,
        language=passage.language,
        track=track,
        detail=detail or None,
    )
    return Draft(unit, TextPayload(passage.text))
