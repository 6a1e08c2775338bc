"""Subtitles for other programs: what is said as SubRip (SRT), WebVTT, or plain text. Pure.

Each is shown in at most two lines of 42 columns, as the style guides of broadcasters have it; times do not
overlap, since many players then show only one of two, or both in each other's place.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

COLUMNS, LINES = 42, 2
_TOKEN = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Line:
    """What is said from one second to another. ``words``: the start, end and first character of each."""

    start_s: float
    end_s: float
    text: str
    words: Sequence[tuple[float, float, int]] = ()


@dataclass(frozen=True)
class Cue:
    """What is on the screen at once, and from which millisecond to which."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def as_srt(spoken: Sequence[Line]) -> str:
    """SubRip, as all players read it. It has no way to escape a sign: an arrow of its own is written as →."""
    return "\n".join(
        f"{number}\n{_block(cue, ',', lambda line: line.replace('-->', '→'))}"
        for number, cue in enumerate(cues(spoken), 1)
    )


def as_vtt(spoken: Sequence[Line]) -> str:
    """WebVTT (W3C), as browsers read it."""
    return "\n".join(["WEBVTT\n", *(_block(cue, ".", _escaped) for cue in cues(spoken))])


def _block(cue: Cue, point: str, written: Callable[[str], str]) -> str:
    times = f"{_clock(cue.start_ms, point)} --> {_clock(cue.end_ms, point)}"
    return "".join(f"{line}\n" for line in (times, *map(written, cue.lines)))


def as_text(spoken: Sequence[Line], starts_s: Sequence[float] = ()) -> str:
    """Text alone, a paragraph for each part that begins at one of these seconds."""
    paragraphs: list[list[str]] = [[]]
    rest = [second for second in sorted(starts_s) if spoken and second > spoken[0].start_s]
    for line in spoken:
        if rest and line.start_s >= rest[0]:
            rest = [second for second in rest if second > line.start_s]
            paragraphs.append([])
        paragraphs[-1].append(_plain(line.text))
    return "\n\n".join(" ".join(own) for own in paragraphs if own) + "\n"


def cues(spoken: Sequence[Line]) -> list[Cue]:
    """What is shown one after the other; nothing ends after the next one begins."""
    parts = sorted((part for line in spoken for part in _parts(line)), key=lambda part: part[:2])
    made: list[Cue] = []
    shown_ms = 0
    for number, (start_s, end_s, lines) in enumerate(parts):
        start_ms = max(shown_ms, round(1000 * start_s))
        end_ms = round(1000 * end_s)
        if number + 1 < len(parts):
            end_ms = min(end_ms, round(1000 * parts[number + 1][0]))
        shown_ms = max(start_ms + 1, end_ms)
        made.append(Cue(start_ms, shown_ms, lines))
    return made


def _parts(line: Line) -> Iterator[tuple[float, float, tuple[str, ...]]]:
    """A passage in parts that fit on the screen, each with its seconds."""
    rows = list(_rows(line.text))
    for at in range(0, len(rows), LINES):
        own, after = rows[at : at + LINES], rows[at + LINES : at + LINES + 1]
        end = after[0][0] if after else len(line.text)
        start_s = _second(line, own[0][0], at_end=False)
        yield start_s, max(start_s, _second(line, end, at_end=True)), tuple(text for _, text in own)


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text, each with the place of its first character in it."""
    start, row = 0, ""
    for token in _tokens(text):
        at, word = token
        if row and _columns(f"{row}{word}".rstrip()) > COLUMNS:
            yield start, _plain(row)
            row = ""
        start, row = (start, row + word) if row else (at, word)
    if _plain(row):
        yield start, _plain(row)


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Words with the space after them; what is wider than a line, as in scripts without spaces, in pieces."""
    for match in _TOKEN.finditer(text):
        at, word = match.start(), match[0]
        while _columns(word.rstrip()) > COLUMNS:
            cut = next(end for end in range(len(word), 0, -1) if end == 1 or _columns(word[:end]) <= COLUMNS)
            yield at, word[:cut]
            at, word = at + cut, word[cut:]
        yield at, word


def _columns(text: str) -> int:
    """How wide a text is: signs of Chinese, Japanese and Korean take two columns."""
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)


def _second(line: Line, at: int, *, at_end: bool) -> float:
    """When a character is said, or ``at_end`` the one before it: by its word, or else by its place."""
    before = [word for word in line.words if word[2] < at or (word[2] == at and not at_end)]
    if line.words and before:
        return before[-1][1] if at_end else before[-1][0]
    share = at / max(1, len(line.text))
    return line.start_s + share * (line.end_s - line.start_s)


def _plain(text: str) -> str:
    """Text in one line, without signs that control a screen."""
    return " ".join("".join(sign for sign in text if sign.isspace() or sign.isprintable()).split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(ms: int, point: str) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"
