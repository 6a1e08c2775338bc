"""Full-text search of spoken passages: SQLite FTS5 with Porter stemming."""

import math
import re
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from db.catalog.filters import PASSAGE
from db.catalog.switches import each_findable
from db.catalog.units import Ids
from db.engine.schema import Unit

MAX_WORDS = 32
"""Longer texts are cut: nobody types them, and every word is one look-up."""

# English stop words. For other languages the inverse document frequency does the same.
_COMMON = frozenset(
    "a about am an and are as at be by can did do does for from had has have he her his how i if in into is "
    "it its me my no not of on or our she so some that the their them there they this to too us was we were "
    "what when where which who why will with you your".split()
)


@dataclass(frozen=True)
class WordMatch:
    """A passage that shares words with a text.

    ``coverage`` in (0, 1]: the share of the text's words, weighted by their rarity in the
    library, that the passage has. ``words``: those words, as they were asked for.
    """

    unit_id: int
    coverage: float
    words: tuple[str, ...]


def words_of(query: str) -> list[str]:
    """The words of a text that are worth looking up, without repetition; all of them if all are common."""
    words = list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))
    return [word for word in words if word not in _COMMON][:MAX_WORDS] or words[:MAX_WORDS]


def match_words(session: Session, query: str, limit: int, only: Ids | None = None) -> list[WordMatch]:
    """Passages that share words (by their stems) with ``query``, best first, restricted to ``only``.

    Ordered by coverage with the inverse document frequency of Spärck Jones (1972) as weight,
    then by unit id. Only live passages are returned.
    """
    words = words_of(query)
    allowed = None if only is None else set(only.tolist())
    passages = session.scalars(select(func.count()).select_from(Unit).where(Unit.text.is_not(None))).one()
    matching = (
        select(Unit.id)
        .join(PASSAGE, PASSAGE.c.rowid == Unit.id)
        .where(PASSAGE.c.passage.op("MATCH")(bindparam("word")), each_findable(session))
    )
    shared: dict[int, list[str]] = defaultdict(list)
    idf: dict[str, float] = {}
    for word in words:
        ids = session.scalars(matching, {"word": f'"{word}"'}).all()
        idf[word] = math.log(1 + (passages + 1) / (len(ids) + 0.5))
        for unit_id in ids:
            if allowed is None or unit_id in allowed:
                shared[unit_id].append(word)
    total_weight = sum(idf.values())
    matches = [
        WordMatch(unit_id, sum(idf[word] for word in matched) / total_weight, tuple(matched))
        for unit_id, matched in shared.items()
    ]
    return sorted(matches, key=lambda match: (-match.coverage, match.unit_id))[:limit]
