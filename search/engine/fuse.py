"""Reciprocal rank fusion of rankings of units into one list of moments. Pure functions."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from db.catalog.units import UnitRow
from search.answer import Evidence, Hit, Source
from search.engine.ranking import Ranking

RANK_OFFSET = 10
"""The k of reciprocal rank fusion. Cormack, Clarke and Büttcher (SIGIR 2009) use 60 for pools of
a thousand documents; people look at the first dozen, where 60 would make all ranks nearly equal."""

MOMENT_S = 3.0
"""Units of one file within this many seconds of a better one show the same moment."""


@dataclass
class _Moment:
    best: UnitRow
    text: str | None
    evidence: dict[Source, Evidence]
    unit_ids: set[int]


def fuse(
    rankings: Sequence[Ranking], units: Mapping[int, UnitRow], k: int, hidden: Collection[int] = ()
) -> list[Hit]:
    """The ``k`` best moments over all rankings, by weighted reciprocal rank fusion.

    A moment's score is the sum over sources of its best unit there, so that a frame and a passage
    that agree rank above either alone. Units missing from ``units`` are left out, and so is every
    moment with a ``hidden`` unit in it.
    """
    sources = {ranking.source: ranking for ranking in rankings}
    evidence: dict[int, dict[Source, Evidence]] = defaultdict(dict)
    for ranking in rankings:
        for rank, candidate in enumerate(ranking.found, start=1):
            baseline = ranking.background
            evidence[candidate.unit_id][ranking.source] = Evidence(
                ranking.source,
                rank,
                round(candidate.value, 4),
                candidate.words,
                above=baseline.share_below(candidate.value) if baseline else None,
            )
    moments = _moments(
        sorted(
            ((units[unit_id], facts) for unit_id, facts in evidence.items() if unit_id in units),
            key=lambda pair: (-_score(pair[1], sources), pair[0].id),
        )
    )
    moments = [moment for moment in moments if moment.unit_ids.isdisjoint(hidden)]
    moments.sort(key=lambda moment: (-_score(moment.evidence, sources), moment.best.id))
    # The highest possible score: first in every source that has candidates.
    highest = sum(ranking.weight for ranking in rankings if ranking.found) / (RANK_OFFSET + 1)
    return [
        _hit(moment, rank, _score(moment.evidence, sources) / highest)
        for rank, moment in enumerate(moments[:k], start=1)
    ]


def _score(evidence: Mapping[Source, Evidence], sources: Mapping[Source, Ranking]) -> float:
    return sum(
        sources[source].weight * _prominence(fact.value, sources[source]) / (RANK_OFFSET + fact.rank)
        for source, fact in evidence.items()
    )


def _prominence(value: float, ranking: Ranking) -> float:
    """A score's lead over the baseline mean, as a share of the best one's lead, 0 to 1.

    Ranks alone would let two weak second places outweigh the one picture that clearly fits. Keywords
    count by the share of them that was said, squared as in the verdict: half of them say little.
    """
    if ranking.source == "keywords":
        return value**2
    baseline, best = ranking.background, ranking.found[0].value
    if baseline is None or best <= baseline.mean:
        return 1.0
    # Values in evidence are rounded, so that the best one may seem to surpass itself.
    return min(1.0, max(0.0, (value - baseline.mean) / (best - baseline.mean)))


def _moments(ranked: Sequence[tuple[UnitRow, dict[Source, Evidence]]]) -> list[_Moment]:
    """Group each unit with a better one of its file that is near. Only that one counts: no chain grows."""
    of_content: dict[int, list[_Moment]] = defaultdict(list)
    for unit, evidence in ranked:
        moments = of_content[unit.content_id]
        near = next((moment for moment in moments if same_moment(moment.best, unit)), None)
        if near is None:
            moments.append(_Moment(unit, unit.text, dict(evidence), {unit.id}))
            continue
        near.text = near.text or unit.text
        near.unit_ids.add(unit.id)
        for source, fact in evidence.items():
            if source not in near.evidence or fact.rank < near.evidence[source].rank:
                near.evidence[source] = fact
    return [moment for moments in of_content.values() for moment in moments]


def same_moment(one: UnitRow | Hit, other: UnitRow | Hit) -> bool:
    """Whether two units, or hits, of one file show the same moment."""
    if one.start_s is None or other.start_s is None:
        return True
    one_end, other_end = one.end_s or one.start_s, other.end_s or other.start_s
    return one.start_s < other_end + MOMENT_S and other.start_s < one_end + MOMENT_S


def _hit(moment: _Moment, rank: int, score: float) -> Hit:
    unit = moment.best
    return Hit(
        rank=rank,
        score=round(score, 4),
        kind=unit.kind,
        path=unit.paths[0],
        start_s=unit.start_s,
        end_s=unit.end_s,
        text=moment.text,
        why=tuple(sorted(moment.evidence.values(), key=lambda fact: fact.rank)),
        unit_id=unit.id,
        media=unit.media,
        taken_at=unit.taken_at,
        copies=unit.paths[1:],
    )
