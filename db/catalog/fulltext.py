"""Full-text search of the texts of units, such as spoken passages: by stems in the language of each text.

How a text becomes terms is told by ``db.words``, and how the index is asked for them by
``db.engine.matching``. Long numbers, which are written with spaces here and without them there, are
compared digit by digit.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids
from db.catalog.switches import each_findable
from db.engine import dialect, matching, textsearch
from db.engine.matching import Match
from db.engine.schema import Unit, UnitKind
from db.engine.textsearch import LANGUAGES, PASSAGE, MatchText
from db.words import numbers
from db.words.asked import MAX_WORDS, run_of, words_of
from db.words.forms import ENGLISH, fold

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


def match_words(
    session: Session,
    query: str,
    limit: int,
    of_kinds: Collection[UnitKind] | None = None,
    only: Ids | None = None,
    *,
    language: str = ENGLISH,
    languages: Sequence[str] | None = None,
    among_hidden: bool = False,
) -> list[WordMatch]:
    """Live units whose texts share words (by their stems) with ``query``, best first; of some kinds or all.

    The stem of a word is that in the language of each text; ``language``, that of the query, tells which of
    its words are in every sentence; ``languages``: those of the texts (``told``), where these are known.

    All that is written in one picture is read together: words that stand apart in it count for each other.
    Ordered by coverage with the inverse document frequency of Spärck Jones (1972) as weight, then by how near
    the words stand, then by what a text has of it alone, then by unit id. ``only`` restricts them further;
    ``among_hidden``: those of hidden files, too.
    Words that are in every text, such as "what is it", find nothing.
    """
    words = words_of(query, language=language)
    of_kinds = tuple(kinds.every()) if of_kinds is None else of_kinds
    allowed = None if only is None else set(only.tolist())
    is_text = Unit.text.is_not(None), Unit.kind.in_(of_kinds)
    live = select(Unit.id, Unit.kind, Unit.content_id, Unit.start_s)
    live = live.where(*is_text, each_findable(session, among_hidden=among_hidden))
    languages = told(session) if languages is None else languages
    # One statement for all words: to make one takes longer than to run it.
    worded = live.where(_is_indexed(Unit, bindparam("match", type_=MatchText())))

    def with_word(asked: str) -> set[_Text]:
        match = None if numbers.pattern(asked) else matching.phrase(asked, languages)
        found = (worded, {"match": match}) if match else (live.where(has(Unit, asked)), {})
        return {_Text(*row) for row in session.execute(*found)}

    found = {word: with_word(word) for word in words}
    for number in numbers.numbers(query, MAX_WORDS):
        whole = with_word(number)
        for word in words_of(number):
            found[word] = found.get(word, set()) | whole
    texts = session.scalars(select(func.count()).select_from(Unit).where(*is_text)).one()
    return _Words(found, texts, _nearness(session, query, words, languages), allowed).best(session, limit)


def told(session: Session) -> Sequence[str]:
    """The languages of all texts, by ISO 639 code."""
    return (session.scalar(select(LANGUAGES)) or "").split(",")


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


def _nearness(
    session: Session, query: str, words: Sequence[str], languages: Sequence[str]
) -> dict[int, Nearness]:
    """The units with all words of a query near each other, by how near."""
    if len(words) < 2:
        return {}
    near, as_asked = matching.near(words, AROUND, languages), matching.phrase(run_of(query, words), languages)
    matches: dict[int, Nearness] = {}
    for match, nearness in ((near, _NEARNESS[1]), (as_asked, _NEARNESS[0])):
        if match is not None:
            matches |= dict.fromkeys(session.scalars(having(match)), nearness)
    return matches


def _blocks(session: Session, content_ids: Collection[int]) -> dict[int, int]:
    """How many texts stand in each of these pictures."""
    if not content_ids:
        return {}
    ids = dialect.id_table(content_ids)
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
    if not matching.is_indexed(asked):  # signs
        return func.instr(func.trove_fold(unit.text), fold(asked)) > 0
    phrase = _is_indexed(unit, textsearch.phrase(asked))
    if (number := numbers.pattern(asked)) is None:
        return phrase
    begun = _is_indexed(unit, textsearch.begun(asked))
    return or_(phrase, and_(begun, dialect.has_pattern(unit.text, number)))


def having(match: Match | ColumnElement[Match]) -> Select[tuple[int]]:
    """The ids of the units whose texts answer a question to the full text index."""
    return select(PASSAGE.c.rowid).where(textsearch.is_matched(match))


def _is_indexed(unit: Any, match: ColumnElement[Match]) -> ColumnElement[bool]:
    is_in: ColumnElement[bool] = unit.id.in_(having(match))
    return is_in
