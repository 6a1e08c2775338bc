"""Full-text search of the texts of units, such as spoken passages: SQLite FTS5 with Porter stemming.

What FTS5 cannot split as people do is compared letter by letter: scripts without spaces, and long numbers,
which are written with spaces here and without them there.
"""

import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, String, and_, column, func, or_, select, table
from sqlalchemy.orm import Session

from db import kinds
from db.catalog.switches import each_findable
from db.catalog.units import Ids
from db.engine.functions import fold
from db.engine.schema import Unit, UnitKind

PASSAGE = table("passage", column("rowid", Integer), column("passage", String))
"""The full text of units, by their ids."""

MAX_WORDS = 32
"""Longer texts are cut: nobody types them, and every word is one look-up."""

# English stop words. For other languages the inverse document frequency does the same.
_COMMON = frozenset(
    "a about am an and are as at be by can did do does for from had has have he her his how i if in into is "
    "it its me my no not of on or our she so some that the their them there they this to too us was we were "
    "what when where which who why will with you your".split()
)


_WORD = re.compile(r"\d+(?:[.,:/-]\d+)+|[^\W_]+")
"""A word, or a number, price, time or date with all its parts."""

_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese."""

_GROUP = r"(?<![^\W_])[^\W_]*\d[^\W_]*"
_NUMBER = re.compile(rf"{_GROUP}(?:[\s.,:/-]{{1,2}}{_GROUP})*")
"""Groups of digits, perhaps with letters, that may be one number: of a telephone, an account, an invoice."""
_LEAST_DIGITS = 5
"""Of a number that is also found with other gaps in it; shorter ones are soon found in what is no number."""
_GAP = r"[\W_]{0,2}"

TOKENS = "porter unicode61 remove_diacritics 2"
"""How the full text index takes texts apart: as in ``db.engine.migrations``."""
_BEGIN, _END = "\x02", "\x03"


@dataclass(frozen=True)
class WordMatch:
    """A unit whose text shares words with a query.

    ``coverage`` in (0, 1]: the share of the query's words, weighted by their rarity in the
    library, that the text has, or for one in a picture all of its texts. ``words``: those of this
    text, as they were asked for.
    """

    unit_id: int
    kind: UnitKind
    coverage: float
    words: tuple[str, ...]


def words_of(query: str, most: int | None = MAX_WORDS) -> list[str]:
    """The words of a text that are worth looking up, without repetition; all of them if all are common."""
    words = list(dict.fromkeys(_WORD.findall(query.lower())))
    return [word for word in words if word not in _COMMON][:most] or words[:most]


def asked_of(query: str) -> list[str]:
    """What texts with words of a query may have: those words, and its long numbers whatever their gaps."""
    return [*words_of(query), *_numbers(query)]


def match_words(
    session: Session,
    query: str,
    limit: int,
    of_kinds: Collection[UnitKind] | None = None,
    only: Ids | None = None,
) -> list[WordMatch]:
    """Live units whose texts share words (by their stems) with ``query``, best first; of some kinds or all.

    All that is written in one picture is read together: words that stand apart in it count for each other.
    Ordered by coverage with the inverse document frequency of Spärck Jones (1972) as weight, then by what a
    text has of it alone, then by unit id. ``only`` restricts them further.
    """
    words = words_of(query)
    of_kinds = tuple(kinds.every()) if of_kinds is None else of_kinds
    allowed = None if only is None else set(only.tolist())
    is_text = Unit.text.is_not(None), Unit.kind.in_(of_kinds)
    texts = session.scalars(select(func.count()).select_from(Unit).where(*is_text)).one()
    matching = select(Unit.id, Unit.kind, Unit.content_id, Unit.start_s)
    matching = matching.where(*is_text, each_findable(session))

    def having(asked: str) -> set[_Text]:
        return {_Text(*row) for row in session.execute(matching.where(has(Unit, asked)))}

    found = {word: having(word) for word in words}
    for number in _numbers(query):
        whole = having(number)
        for word in words_of(number):
            found[word] = found.get(word, set()) | whole
    idf = {word: math.log(1 + (texts + 1) / (len(units) + 0.5)) for word, units in found.items()}
    written = kinds.proving("in_picture")
    shared: dict[_Text, list[str]] = defaultdict(list)
    together: dict[int, set[str]] = defaultdict(set)
    for word, units in found.items():
        for unit in units:
            if allowed is None or unit.id in allowed:
                shared[unit].append(word)
                if unit.start_s is None and unit.kind in written:
                    together[unit.content_id].add(word)
    total = math.fsum(idf.values())

    def place(unit: _Text) -> tuple[float, float, int]:
        own = math.fsum(idf[word] for word in shared[unit])
        read = unit.start_s is None and unit.kind in written
        all_of_it = math.fsum(idf[word] for word in together[unit.content_id]) if read else own
        return -all_of_it / total, -own, unit.id

    places = {unit: place(unit) for unit in shared}
    ranked = sorted(shared, key=places.__getitem__)[:limit]
    return [WordMatch(unit.id, unit.kind, -places[unit][0], tuple(shared[unit])) for unit in ranked]


class _Text(NamedTuple):
    id: int
    kind: UnitKind
    content_id: int
    start_s: float | None


def has(unit: Any, asked: str) -> ColumnElement[bool]:
    """SQL condition on ``Unit``, or an alias of it: its text has these words, as a phrase.

    ``*`` at the end makes it a prefix query.
    """
    if (phrase := phrase_match(asked)) is None:
        # Scripts without spaces are one long word to the index.
        return func.instr(func.trove_fold(unit.text), fold(asked)) > 0
    if (number := _number_pattern(asked)) is None:
        return _is_indexed(unit, phrase)
    begun = and_(_is_indexed(unit, _beginnings(asked)), unit.text.regexp_match(number))
    return or_(_is_indexed(unit, phrase), begun)


def _is_indexed(unit: Any, match: str) -> ColumnElement[bool]:
    texts = select(PASSAGE.c.rowid).where(PASSAGE.c.passage.op("MATCH")(match))
    is_in: ColumnElement[bool] = unit.id.in_(texts)
    return is_in


def phrase_match(value: str) -> str | None:
    """The text as an FTS5 phrase, a prefix query if it ends with ``*``; None if FTS5 cannot split it."""
    if not re.search(r"\w", value) or _NO_SPACES.search(value):
        return None
    quoted = value.rstrip("*").replace('"', " ").replace("\0", " ")
    return f'"{quoted}"{"*" if value.endswith("*") else ""}'


def spans(texts: Sequence[str], asked: Collection[str]) -> list[list[tuple[int, int]]]:
    """Where texts have what was asked for: for each its (start, end), ascending and apart.

    The same FTS5 that finds them says where: an index in memory is filled with the texts and asked to
    highlight. ``asked``: words or phrases, as ``has`` takes them.
    """
    found: list[set[tuple[int, int]]] = [set() for _ in texts]
    plain = [_plain(text) for text in texts]
    if phrases := [phrase for value in asked if (phrase := phrase_match(_plain(value))) is not None]:
        for at, highlighted in _highlighted(plain, " OR ".join(phrases)):
            found[at].update(_between_marks(highlighted))
    for value in asked:
        if (pattern := _letters(value)) is not None:
            for at, text in enumerate(plain):
                found[at].update(match.span() for match in re.finditer(pattern, text) if match.group())
    return [_apart(spans) for spans in found]


def _highlighted(texts: Sequence[str], match: str) -> list[tuple[int, str]]:
    """Those of the texts that match, by their places, with marks around what does."""
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(f'CREATE VIRTUAL TABLE passage USING fts5(text, tokenize="{TOKENS}")')
        index.executemany("INSERT INTO passage (rowid, text) VALUES (?, ?)", enumerate(texts))
        marked = "SELECT rowid, highlight(passage, 0, ?, ?) FROM passage WHERE passage MATCH ?"
        return index.execute(marked, (_BEGIN, _END, match)).fetchall()


def _plain(text: str) -> str:
    """The text in as many characters, without those that SQLite cannot hold, or that mark what matches."""
    return re.sub(r"[\0\x02\x03]", " ", text).encode(errors="replace").decode()


def _between_marks(highlighted: str) -> Iterator[tuple[int, int]]:
    at = 0
    for place, piece in enumerate(re.split(f"[{_BEGIN}{_END}]", highlighted)):
        if place % 2:
            yield at, at + len(piece)
        at += len(piece)


def _apart(spans: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without overlaps, in their order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _letters(asked: str) -> str | None:
    """A regular expression for what is compared letter by letter; None for what the index splits."""
    return f"(?i){re.escape(asked)}" if phrase_match(asked) is None else _number_pattern(asked)


def _numbers(query: str) -> list[str]:
    """The long numbers of a text."""
    return [found for found in _NUMBER.findall(query)[:MAX_WORDS] if _number_pattern(found) is not None]


def _number_pattern(asked: str) -> str | None:
    """A regular expression for a long number, or the beginning of one, whatever its gaps; None for others."""
    letters = re.findall(r"[^\W_]", asked)
    digits = sum(letter.isdigit() for letter in letters)
    if digits < _LEAST_DIGITS or digits < len(letters) / 2 or asked.endswith("*"):
        return None
    return rf"(?i)(?<![^\W_]){_GAP.join(map(re.escape, letters))}"


def _beginnings(number: str) -> str:
    """An FTS5 query for the first group of a number, however it is grouped: few texts are left to compare."""
    letters = "".join(re.findall(r"[^\W_]", number)).lower()
    # A letter by itself is a word of nearly all texts.
    groups = [letters[:end] for end in range(1 if letters[0].isdigit() else 2, len(letters))]
    return " OR ".join([*(f'"{group}"' for group in groups), f'"{letters}"*'])
