"""Hits in the order of a fact, such as their date: all that fit are known, so that any part can be shown.

Where nothing is described, the library itself is sorted, and only the hits of the part that is asked for are
looked up: so a year of a hundred thousand pictures is shown as fast as the latest. Where something is, all
that fit are fused and grouped first, and then sorted.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from db.catalog import filters, orders, revision
from db.catalog.orders import ORDERS, Facts, Order
from search.answer import Hit
from search.engine import feedback, sources
from search.engine.embed import Question
from search.engine.fuse import fitting
from search.engine.pipeline import DEEPEST, Retrieved, ranked
from search.engine.ranking import Found, Ranking
from search.engine.scope import Scope
from search.engine.stacking import led

_MOST_GROUPED = 2_000
"""Hits of which near-duplicates are grouped; among more, by their dates, these stand side by side anyway."""

_KEPT = 4
"""Arrangements that are kept, for the next part of them."""

Days = tuple[tuple[date | None, int], ...]


@dataclass(frozen=True)
class Arrangement:
    """All hits of a sorted question: their units in order, and how many are of each day.

    ``gathered``: the hits, where they had to be fused to be known, with what they were fused from.
    """

    unit_ids: tuple[int, ...]
    days: Days
    gathered: tuple[Retrieved, tuple[Hit, ...]] | None = None

    def part(self, question: Question, scope: Scope) -> tuple[Retrieved, list[Hit]]:
        """The hits from ``start`` on, ``k`` at most, with what they come from."""
        start, stop = question.query.start, question.query.start + question.query.k
        if self.gathered is not None:
            retrieved, every = self.gathered
            return replace(retrieved, question=question, scope=scope), list(every[start:stop])
        part = self.unit_ids[start:stop]
        found = [Found(unit_id, 1.0, certainty=1.0) for unit_id in part]
        retrieved = Retrieved.of(_apart(question), scope, [Ranking("listed", 1.0, found, proof="nothing")])
        candidates = retrieved.candidates
        shown = (candidates.shown_for(unit_id).id for unit_id in part if unit_id in candidates.rows)
        places = {unit_id: place for place, unit_id in enumerate(shown)}
        hits = sorted(retrieved.hits(), key=lambda hit: places[hit.unit_id])
        return retrieved, [replace(hit, rank=rank) for rank, hit in enumerate(hits, start + 1)]

    def place(self, unit_id: int) -> int | None:
        """The place of a unit, counted from 0; None if it is not among them."""
        return self.unit_ids.index(unit_id) if unit_id in self.unit_ids else None


class Arrangements:
    """The latest arrangements of a library, each until the library changes. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Arrangement] = OrderedDict()

    def of(self, question: Question, scope: Scope) -> Arrangement:
        """That of a sorted question; made anew where it asks with a file, which may be another one by now."""
        query = question.query
        if query.image is not None or query.like is not None:
            return arranged(question, scope)
        models = tuple(model.space.id for model in scope.models.values())
        # Words such as "last month" mean something else tomorrow.
        asked = (replace(query, k=1, start=0), scope.wanted, date.today())
        key = (revision.current(scope.session), models, asked)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = arranged(question, scope)
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def arranged(question: Question, scope: Scope) -> Arrangement:
    """All hits of a sorted question, in its order."""
    order = ORDERS[question.query.order]
    if question.describes or filters.asked_words(scope.wanted.filters):
        return _gathered(question, scope, order)
    placed = sources.arranged(scope, order)
    shown: dict[int, tuple[int, Facts]] = {}
    instead = led(scope, {item.content_id for item in placed}) if question.query.stacks else {}
    found = {item.content_id for item in placed}
    for item in placed:
        content_id, unit_id = instead.get(item.content_id, (item.content_id, item.unit_id))
        # What stands for others is in its own place, if it is found itself.
        if content_id == item.content_id or content_id not in found:
            shown.setdefault(content_id, (unit_id, item.facts))
    unit_ids = tuple(unit_id for unit_id, _ in shown.values())
    return Arrangement(unit_ids, _days(order, (facts for _, facts in shown.values())))


def _gathered(question: Question, scope: Scope, order: Order) -> Arrangement:
    retrieved = _fitting(question, scope) if question.describes else _worded(question, scope)
    hits, rows = retrieved.hits(), retrieved.candidates.by_id
    added = orders.added(scope.session, {rows[hit.unit_id].content_id for hit in hits})

    def facts(hit: Hit) -> Facts:
        row = rows[hit.unit_id].led_by(hit.path)
        return Facts.of(row.file, *added[row.content_id])

    known = [(facts(hit), hit) for hit in hits]
    known.sort(key=lambda item: order.key(item[0]), reverse=order.falling)
    placed = tuple(replace(hit, rank=rank) for rank, (_, hit) in enumerate(known, start=1))
    days = _days(order, (facts for facts, _ in known))
    return Arrangement(tuple(hit.unit_id for hit in placed), days, (retrieved, placed))


def _fitting(question: Question, scope: Scope) -> Retrieved:
    """What fits a question.

    That has the lead over the baseline that the hits of a saved search have, ``feedback.SHARE`` of the best
    one's, or what counts as much, so that texts fit less where pictures do. The sources are asked for more
    until there is nothing left that fits.
    """
    depth = DEEPEST
    while True:
        rankings = ranked(question, scope, depth)
        fit = [fitting(ranking, feedback.SHARE) for ranking in rankings]
        full = (len(ranking.found) >= depth for ranking in rankings)
        if not any(
            more and len(all_of_it.found) == len(ranking.found)
            for more, all_of_it, ranking in zip(full, fit, rankings, strict=True)
        ):
            break
        depth *= 4
    return _retrieved(question, scope, fit)


def _worded(question: Question, scope: Scope) -> Retrieved:
    """All units that have the words that a condition asks for."""
    return _retrieved(question, scope, ranked(question, scope, max(1, len(scope.ids))))


def _retrieved(question: Question, scope: Scope, rankings: Sequence[Ranking]) -> Retrieved:
    most = max((len(ranking.found) for ranking in rankings), default=0)
    return Retrieved.of(_apart(question) if most > _MOST_GROUPED else question, scope, rankings)


def _apart(question: Question) -> Question:
    return replace(question, query=replace(question.query, apart=True))


def _days(order: Order, facts: Iterable[Facts]) -> Days:
    if order.day is None:
        return ()
    return tuple((day, sum(1 for _ in same)) for day, same in groupby(map(order.day, facts)))
