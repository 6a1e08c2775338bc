"""Words that were said: SQLite FTS5 with Porter stemming over the spoken passages."""

import math
import re
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.catalog.units import Ids

MAX_WORDS = 32
"""Longer texts are cut: nobody types them, and every word is one look-up."""

# Words so common in English that sharing them says nothing. Rarity does the same for other languages.
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
    """Passages that share words (by their stems) with ``query``, best first; of those in ``only`` if given.

    Ordered by coverage with the inverse document frequency of Spärck Jones (1972) as weight,
    then shorter passages first. Only what can be found now is returned.
    """
    words = words_of(query)
    allowed = None if only is None else set(only.tolist())
    total = session.execute(text("SELECT count(*) FROM unit WHERE text IS NOT NULL")).scalar_one()
    having: dict[int, list[str]] = defaultdict(list)
    rarity: dict[str, float] = {}
    for word in words:
        ids = session.scalars(text(_MATCH), {"word": f'"{word}"'}).all()
        rarity[word] = math.log(1 + (total + 1) / (len(ids) + 0.5))
        for unit_id in ids:
            if allowed is None or unit_id in allowed:
                having[unit_id].append(word)
    whole = sum(rarity.values())
    matches = [
        WordMatch(unit_id, sum(rarity[word] for word in found) / whole, tuple(found))
        for unit_id, found in having.items()
    ]
    return sorted(matches, key=lambda match: (-match.coverage, match.unit_id))[:limit]


_MATCH = """
    SELECT passage.rowid FROM passage JOIN unit ON unit.id = passage.rowid
    WHERE passage MATCH :word AND EXISTS (
        SELECT 1 FROM asset
        WHERE asset.content_id = unit.content_id AND asset.state IN ('indexed', 'offline'))
"""
