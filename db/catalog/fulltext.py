"""Full-text search of the texts of units, such as spoken passages: SQLite FTS5 with Porter stemming.

What FTS5 cannot split as people do is compared letter by letter: scripts without spaces, and long numbers,
which are written with spaces here and without them there.
"""

import json
import math
import re
import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple, cast

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
"""How the full text index takes texts apart: as in ``db.engine.steps``."""
_BEGIN, _END = "\x02", "\x03"


RARE = 0.01
"""The share of texts that may have a word which means something by itself."""

COINCIDENCES = 0.3
"""Texts that may be expected to have words together by chance, where these mean something (bench/fusion)."""

AROUND = 10
"""How many words may stand between those that are near each other; a spoken passage is about as long."""

FEW = 3
"""Texts that may say the same before it counts less in the order of hits (bench/fusion)."""

_UNSEEN = 1_000
"""Texts without the words that frequencies are shrunk by: in a library of five, two are not often."""

Nearness = Literal["as asked", "near", "apart"]
_NEARNESS: Sequence[Nearness] = ("as asked", "near")


@dataclass(frozen=True)
class WordMatch:
    """A unit whose text shares words with a query.

    ``coverage`` in (0, 1]: the share of the query's words, weighted by their rarity in the
    library, that the text has, or for one in a picture all of its texts. ``words``: those of this
    text, as they were asked for. ``nearness``: whether all of them stand in the text as they were asked for,
    or else with few others between them. ``chance``: how probable it is, 0 to 1, that a text of this library
    has as much of the query for no reason: words that are in many texts, and that stand apart, say little.
    ``enough``: the bits of information from which it is no coincidence, in this library.
    ``rarity``, 0 to 1: how few texts have as much of the query and as near, in bits as a share of those of a
    few in this library.
    """

    unit_id: int
    kind: UnitKind
    coverage: float
    words: tuple[str, ...]
    nearness: Nearness = "apart"
    chance: float = 1.0
    enough: float = 1.0
    rarity: float = 1.0

    @property
    def strength(self) -> float:
        """How much it says that the text has these words, as a share of what is enough, 0 to 1."""
        return min(1.0, -math.log2(self.chance) / self.enough)

    @property
    def means_something(self) -> bool:
        """Whether it has all words of the query, and these are too rare to be there by chance."""
        return self.coverage > 1 - 1e-9 and self.strength == 1.0


def words_of(query: str, most: int | None = MAX_WORDS) -> list[str]:
    """The words of a text that are worth looking up, without repetition; none if all are common."""
    words = dict.fromkeys(_WORD.findall(query.lower()))
    return [word for word in words if word not in _COMMON][:most]


def asked_of(query: str) -> list[str]:
    """What texts with words of a query may have: those words, and its long numbers whatever their gaps."""
    return [*words_of(query), *_numbers(query)]


def match_words(
    session: Session,
    query: str,
    limit: int,
    of_kinds: Collection[UnitKind] | None = None,
    only: Ids | None = None,
    *,
    among_hidden: bool = False,
) -> list[WordMatch]:
    """Live units whose texts share words (by their stems) with ``query``, best first; of some kinds or all.

    All that is written in one picture is read together: words that stand apart in it count for each other.
    Ordered by coverage with the inverse document frequency of Spärck Jones (1972) as weight, then by how near
    the words stand, then by what a text has of it alone, then by unit id. ``only`` restricts them further;
    ``among_hidden``: those of hidden files, too.
    Words that are in every text, such as "what is it", find nothing.
    """
    words = words_of(query)
    of_kinds = tuple(kinds.every()) if of_kinds is None else of_kinds
    allowed = None if only is None else set(only.tolist())
    is_text = Unit.text.is_not(None), Unit.kind.in_(of_kinds)
    matching = select(Unit.id, Unit.kind, Unit.content_id, Unit.start_s)
    matching = matching.where(*is_text, each_findable(session, among_hidden=among_hidden))

    def having(asked: str) -> set[_Text]:
        return {_Text(*row) for row in session.execute(matching.where(has(Unit, asked)))}

    found = {word: having(word) for word in words}
    for number in _numbers(query):
        whole = having(number)
        for word in words_of(number):
            found[word] = found.get(word, set()) | whole
    texts = session.scalars(select(func.count()).select_from(Unit).where(*is_text)).one()
    return _Words(found, texts, _nearness(session, query, words), allowed).best(session, limit)


class _Text(NamedTuple):
    id: int
    kind: UnitKind
    content_id: int
    start_s: float | None


class _Words:
    """Which texts have which words of a query, and what that says."""

    def __init__(
        self,
        found: Mapping[str, Collection[_Text]],
        texts: int,
        nearness: Mapping[int, Nearness],
        allowed: Collection[int] | None,
    ) -> None:
        """``texts``: how many were searched; ``nearness``: of those that have all words near each other."""
        self._texts = texts
        self._nearness = nearness
        self._idf = {word: math.log(1 + (texts + 1) / (len(units) + 0.5)) for word, units in found.items()}
        self._often = {word: (len(units) + 0.5) / (texts + _UNSEEN) for word, units in found.items()}
        self._written = kinds.proving("in_picture")
        self._shared: dict[_Text, list[str]] = defaultdict(list)
        self._together: dict[int, dict[str, None]] = defaultdict(dict)
        for word, units in found.items():
            for unit in units:
                if allowed is None or unit.id in allowed:
                    self._shared[unit].append(word)
                    if self._is_in_picture(unit):
                        self._together[unit.content_id][word] = None

    def best(self, session: Session, limit: int) -> list[WordMatch]:
        """The texts with most of them."""
        places = self._places()
        order = sorted(places, key=places.__getitem__)
        ranked = order[:limit]
        in_picture = {unit for unit in ranked if self._is_in_picture(unit)}
        blocks = _blocks(session, {unit.content_id for unit in in_picture})

        def match(unit: _Text) -> WordMatch:
            place = places[unit][:2]
            return WordMatch(
                unit.id,
                unit.kind,
                -place[0],
                tuple(self._shared[unit]),
                self._nearness.get(unit.id, "apart"),
                self._chance(unit, blocks[unit.content_id] if unit in in_picture else 1),
                self._enough(unit),
                self._rarity(bisect_right(order, place, key=lambda other: places[other][:2])),
            )

        return [match(unit) for unit in ranked]

    def _is_in_picture(self, unit: _Text) -> bool:
        """Whether it is read together with others."""
        return unit.start_s is None and unit.kind in self._written

    def _read(self, unit: _Text) -> Collection[str]:
        return self._together[unit.content_id] if self._is_in_picture(unit) else self._shared[unit]

    def _places(self) -> dict[_Text, tuple[float, int, float, int]]:
        """By what texts are ordered. Many have the same words, of which the shares are added once."""
        total = math.fsum(self._idf.values())

        @cache
        def share(words: tuple[str, ...]) -> float:
            return math.fsum(self._idf[word] for word in words) / total

        levels = {unit_id: _NEARNESS.index(near) for unit_id, near in self._nearness.items()}
        return {
            unit: (
                -share(tuple(self._read(unit))),
                levels.get(unit.id, len(_NEARNESS)),
                -share(tuple(own)),
                unit.id,
            )
            for unit, own in self._shared.items()
        }

    def _enough(self, unit: _Text) -> float:
        together = len(self._read(unit)) > 1
        return math.log2(self._texts / COINCIDENCES if together else 1 / RARE)

    def _rarity(self, texts: int) -> float:
        everywhere = self._texts + _UNSEEN
        return min(1.0, math.log(everywhere / texts) / math.log(everywhere / FEW))

    def _chance(self, unit: _Text, blocks: int) -> float:
        """Of as many texts having all of these words, were each of them there without the others."""
        words = self._read(unit)
        chance = math.prod(1 - (1 - self._often[word]) ** blocks for word in words)
        # Each word but the first has one place of many in which it stands as it was asked for.
        return chance / AROUND ** (len(words) - 1) if self._nearness.get(unit.id) == "as asked" else chance


def _nearness(session: Session, query: str, words: Sequence[str]) -> dict[int, Nearness]:
    """The units with all words of a query near each other, by how near."""
    phrases = [phrase for word in words if (phrase := phrase_match(word)) is not None]
    if len(words) < 2 or len(phrases) < len(words):
        return {}
    asked = _WORD.findall(query.lower())[:MAX_WORDS]
    first, last = (next(at for at, word in enumerate(run) if word in words) for run in (asked, asked[::-1]))
    as_asked = phrase_match(" ".join(asked[first : len(asked) - last])) or ""
    matches: dict[int, Nearness] = {}
    for match, near in ((f"NEAR({' '.join(phrases)}, {AROUND})", "near"), (as_asked, "as asked")):
        ids = session.scalars(select(PASSAGE.c.rowid).where(PASSAGE.c.passage.op("MATCH")(match)))
        matches |= dict.fromkeys(ids, cast(Nearness, near))
    return matches


def _blocks(session: Session, content_ids: Collection[int]) -> dict[int, int]:
    """How many texts stand in each of these pictures."""
    ids = func.json_each(json.dumps(list(content_ids))).table_valued("value")
    counted = select(Unit.content_id, func.count().label("texts")).where(
        Unit.content_id.in_(select(ids.c.value)),
        Unit.start_s.is_(None),
        Unit.kind.in_(kinds.proving("in_picture")),
    )
    return {row.content_id: row.texts for row in session.execute(counted.group_by(Unit.content_id))}


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
