"""Full-text search of the texts of units, such as spoken passages: SQLite FTS5 with Porter stemming."""

import math
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Integer, String, bindparam, column, func, select, table
from sqlalchemy.orm import Session

from db import kinds
from db.catalog.switches import each_findable
from db.catalog.units import Ids
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


_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese."""


@dataclass(frozen=True)
class WordMatch:
    """A unit whose text shares words with a query.

    ``coverage`` in (0, 1]: the share of the query's words, weighted by their rarity in the
    library, that the text has. ``words``: those words, as they were asked for.
    """

    unit_id: int
    kind: UnitKind
    coverage: float
    words: tuple[str, ...]


def words_of(query: str) -> list[str]:
    """The words of a text that are worth looking up, without repetition; all of them if all are common."""
    words = list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))
    return [word for word in words if word not in _COMMON][:MAX_WORDS] or words[:MAX_WORDS]


def match_words(
    session: Session,
    query: str,
    limit: int,
    of_kinds: Collection[UnitKind] | None = None,
    only: Ids | None = None,
) -> list[WordMatch]:
    """Live units whose texts share words (by their stems) with ``query``, best first; of some kinds or all.

    Ordered by coverage with the inverse document frequency of Spärck Jones (1972) as weight,
    then by unit id. ``only`` restricts them further.
    """
    words = words_of(query)
    of_kinds = tuple(kinds.every()) if of_kinds is None else of_kinds
    allowed = None if only is None else set(only.tolist())
    is_text = Unit.text.is_not(None), Unit.kind.in_(of_kinds)
    texts = session.scalars(select(func.count()).select_from(Unit).where(*is_text)).one()
    matching = (
        select(Unit.id, Unit.kind)
        .join(PASSAGE, PASSAGE.c.rowid == Unit.id)
        .where(PASSAGE.c.passage.op("MATCH")(bindparam("word")), is_text[1], each_findable(session))
    )
    shared: dict[tuple[int, UnitKind], list[str]] = defaultdict(list)
    idf: dict[str, float] = {}
    for word in words:
        units = session.execute(matching, {"word": f'"{word}"'}).all()
        idf[word] = math.log(1 + (texts + 1) / (len(units) + 0.5))
        for unit in units:
            if allowed is None or unit.id in allowed:
                shared[unit.id, unit.kind].append(word)
    total_weight = sum(idf.values())
    matches = [
        WordMatch(unit_id, kind, sum(idf[word] for word in matched) / total_weight, tuple(matched))
        for (unit_id, kind), matched in shared.items()
    ]
    return sorted(matches, key=lambda match: (-match.coverage, match.unit_id))[:limit]


def phrase_match(value: str) -> str | None:
    """The text as an FTS5 phrase, a prefix query if it ends with ``*``; None if FTS5 cannot split it."""
    if not re.search(r"\w", value) or _NO_SPACES.search(value):
        return None
    quoted = value.rstrip("*").replace('"', " ").replace("\0", " ")
    return f'"{quoted}"{"*" if value.endswith("*") else ""}'
