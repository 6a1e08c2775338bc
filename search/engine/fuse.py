"""Reciprocal rank fusion of rankings of units into one list of moments. Pure functions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from db import kinds
from db.catalog.copies import FileRow
from db.catalog.units import UnitRow
from search.answer import Evidence, Hit
from search.engine.ranking import Found, Ranking

RANK_OFFSET = 10
"""The k of reciprocal rank fusion. Cormack, Clarke and Büttcher (SIGIR 2009) use 60 for pools of
a thousand documents; people look at the first dozen, where 60 would make all ranks nearly equal."""

MOMENT_S = 3.0
"""Units of one file within this many seconds of a better one show the same moment."""


@dataclass(frozen=True)
class Candidates:
    """The units that rankings have found: their rows by id, and by id what is shown for each.

    Units that stand by themselves are shown themselves, as is what belongs to nothing that could be shown.
    For what is of another file of a stack, the one that stands for it is shown.
    """

    rows: Mapping[int, UnitRow]
    shown: Mapping[int, UnitRow] = field(default_factory=dict)

    @property
    def by_id(self) -> dict[int, UnitRow]:
        """All rows, of what was found and of what is shown for it."""
        return {**self.rows, **{row.id: row for row in self.shown.values()}}

    def is_of_other(self, unit_id: int) -> bool:
        """Whether a unit is of another file than the one that is shown for it, of the same stack."""
        return self.shown_for(unit_id).content_id != self.rows[unit_id].content_id

    def shown_for(self, unit_id: int) -> UnitRow:
        """What is shown for a unit: the picture for a text in it, the live photo for its film."""
        return self.shown.get(unit_id, self.rows[unit_id])

    def is_timeless(self, unit_id: int, among: Collection[int]) -> bool:
        """Whether a unit among these has no time, so that it would speak for other moments."""
        return unit_id in among and self.rows[unit_id].start_s is None


@dataclass(frozen=True)
class _Vote:
    """What one ranking says for a unit: its evidence, and the share of the score.

    ``files``: those with which the unit is found; of another file of a stack, all of what is shown.
    """

    place: int
    evidence: Evidence
    score: float
    text: str | None
    files: tuple[FileRow, ...]


@dataclass
class _Moment:
    """A moment to be shown: its best unit, and what is shown for it."""

    best: UnitRow
    shown: UnitRow
    votes: list[_Vote]
    unit_ids: set[int]

    @property
    def score(self) -> float:
        """The sum over rankings of the best unit there."""
        return _sum_of_best(self.votes)

    def of_one_file(self) -> "_Moment":
        """The moment with what is found with one of its files: the one that most of the score is for.

        What is said about a copy, as in a note beside it, is no reason to show another one.
        """
        own = [row for row in (self.shown, self.best) if row.content_id == self.shown.content_id]
        files = dict.fromkeys(file for row in own for file in row.files)
        files |= dict.fromkeys(file for vote in self.votes for file in vote.files)
        if len(files) == 1:
            return self
        votes = {file: [vote for vote in self.votes if file in vote.files] for file in files}
        best = max(files, key=lambda file: _sum_of_best(votes[file]))
        return _Moment(self.best.led_by(best.path), self.shown.led_by(best.path), votes[best], self.unit_ids)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The best evidence of each ranking and kind, and what else has more of the words, by rank."""
        kept: list[Evidence] = []
        words: dict[tuple[int, str | None], set[str]] = {}
        for vote in sorted(self.votes, key=lambda vote: vote.evidence.rank):
            key = (vote.place, vote.evidence.kind)
            if key not in words or not words[key].issuperset(vote.evidence.words):
                kept.append(vote.evidence)
                words.setdefault(key, set()).update(vote.evidence.words)
        return tuple(kept)

    @property
    def has_words(self) -> bool:
        """Whether words that were asked for were found there."""
        return any(vote.evidence.words for vote in self.votes)

    @property
    def text(self) -> str | None:
        """The text of the best unit with words that were asked for, or else of the best one with a text."""
        texts = [vote.text for vote in self.votes if vote.text and vote.evidence.words]
        texts += [vote.text for vote in self.votes if vote.text]
        return next(iter(texts), None)


def fuse(
    rankings: Sequence[Ranking], candidates: Candidates, k: int | None = None, hidden: Collection[int] = ()
) -> list[Hit]:
    """The ``k`` best moments over all rankings, by weighted reciprocal rank fusion; all of them without it.

    A moment's score is the sum over rankings of its best unit there, so that a frame and a passage
    that agree rank above either alone. Units without a row are left out, and so is every moment with a
    ``hidden`` unit in it.
    """
    votes = _votes(rankings, candidates)
    ranked = sorted(votes.items(), key=lambda item: (-_total(item[1]), item[0]))
    visible = [(unit_id, votes) for unit_id, votes in ranked if not candidates.is_timeless(unit_id, hidden)]
    moments = [
        moment.of_one_file() for moment in _moments(visible, candidates) if moment.unit_ids.isdisjoint(hidden)
    ]
    # All of the words are as much as the picture that fits best, of which there always is one.
    moments.sort(key=lambda moment: (-moment.score, not moment.has_words, moment.shown.id))
    # The highest possible score: first in every ranking that has candidates.
    highest = sum(ranking.weight for ranking in rankings if ranking.found) / (RANK_OFFSET + 1)
    return [_hit(moment, rank, moment.score / highest) for rank, moment in enumerate(moments[:k], start=1)]


def _votes(rankings: Sequence[Ranking], candidates: Candidates) -> dict[int, list[_Vote]]:
    votes: dict[int, list[_Vote]] = defaultdict(list)
    for place, ranking in enumerate(rankings):
        for rank, found in enumerate(ranking.found, start=1):
            if (unit := candidates.rows.get(found.unit_id)) is None:
                continue
            evidence = _evidence(ranking, rank, found, unit)
            files = unit.files
            if candidates.is_of_other(unit.id):
                evidence = replace(evidence, path=unit.path)
                files = candidates.shown_for(unit.id).files
            weight = kinds.named(unit.kind).weight * share(ranking, found)
            score = weight / (RANK_OFFSET + rank)
            votes[unit.id].append(_Vote(place, evidence, score, unit.text, files))
    return votes


def _sum_of_best(votes: Iterable[_Vote]) -> float:
    best: dict[int, float] = {}
    for vote in votes:
        best[vote.place] = max(vote.score, best.get(vote.place, 0.0))
    return sum(best.values())


def _evidence(ranking: Ranking, rank: int, found: Found, unit: UnitRow) -> Evidence:
    return Evidence(
        ranking.source,
        rank,
        round(found.value, 4),
        found.words,
        above=ranking.background.share_below(found.value) if ranking.background else None,
        kind=unit.kind,
        unit_id=unit.id,
        start_s=unit.start_s,
        end_s=unit.end_s,
        region=unit.region,
        text=unit.text,
        language=unit.language,
        corrected=unit.is_corrected,
    )


def share(ranking: Ranking, found: Found) -> float:
    """How much a unit of a ranking counts, whatever its rank: the ranking's weight, or a part of it.

    Ranks alone would let two weak second places outweigh the one picture that clearly fits. So a similarity
    counts by its lead over the baseline's mean, as a share of the best one's lead. What is sure by itself
    counts by its value, squared as half of the words say little, as far as it is rare or nothing else fits.
    """
    if found.certainty is not None:
        rare = found.rarity**2
        return ranking.weight * found.value**2 * (rare + (1 - rare) * ranking.doubt)
    baseline, best = ranking.background, ranking.found[0].value
    if baseline is None or best <= baseline.mean:
        return ranking.weight
    # Values in evidence are rounded, so that the best one may seem to surpass itself.
    lead = (found.value - baseline.mean) / (best - baseline.mean)
    return ranking.weight * min(1.0, max(0.0, lead))


def fitting(ranking: Ranking, least: float) -> Ranking:
    """The units of a ranking that count at least so much: 1 is for the best of a ranking of that weight."""
    return replace(ranking, found=[found for found in ranking.found if share(ranking, found) >= least])


def _total(votes: Iterable[_Vote]) -> float:
    return sum(vote.score for vote in votes)


def _moments(ranked: Sequence[tuple[int, list[_Vote]]], candidates: Candidates) -> list[_Moment]:
    """Group each unit with a better one of its file that is near. Only that one counts: no chain grows.

    What has no time, such as the title of a film, speaks for all of its moments, and is one of its own only
    where there are none.
    """
    of_content: dict[int, list[_Moment]] = defaultdict(list)
    timeless: list[tuple[UnitRow, list[_Vote]]] = []
    for unit_id, votes in ranked:
        shown = candidates.shown_for(unit_id)
        if shown.start_s is None:
            timeless.append((candidates.rows[unit_id], votes))
        else:
            _add(of_content[shown.content_id], candidates.rows[unit_id], shown, votes)
    timed = set(of_content)
    for unit, votes in timeless:
        shown = candidates.shown_for(unit.id)
        if shown.content_id not in timed:
            _add(of_content[shown.content_id], unit, shown, votes)
            continue
        for moment in of_content[shown.content_id]:
            moment.votes += votes
    return [moment for moments in of_content.values() for moment in moments]


def _add(moments: list[_Moment], unit: UnitRow, shown: UnitRow, votes: Sequence[_Vote]) -> None:
    near = next((moment for moment in moments if same_moment(moment.shown, shown)), None)
    if near is None:
        near = _Moment(unit, shown, [], set())
        moments.append(near)
    near.votes += votes
    near.unit_ids |= {unit.id, shown.id}


def same_moment(one: UnitRow | Hit, other: UnitRow | Hit) -> bool:
    """Whether two units, or hits, of one file show the same moment."""
    if one.start_s is None or other.start_s is None:
        return True
    one_end, other_end = one.end_s or one.start_s, other.end_s or other.start_s
    return one.start_s < other_end + MOMENT_S and other.start_s < one_end + MOMENT_S


def _hit(moment: _Moment, rank: int, score: float) -> Hit:
    return hit_of(moment.shown, rank, round(score, 4), text=moment.text, why=moment.evidence)


def hit_of(row: UnitRow, rank: int, score: float, *, text: str | None, why: tuple[Evidence, ...]) -> Hit:
    """The hit that shows a unit, by the file that answers for it."""
    return Hit(
        rank=rank,
        score=score,
        kind=row.kind,
        path=row.path,
        start_s=row.start_s,
        end_s=row.end_s,
        text=text,
        why=why,
        unit_id=row.id,
        media=row.media,
        taken_at=row.file.taken_at,
        copies=tuple(file.path for file in row.copies),
        offline=row.file.offline,
    )
