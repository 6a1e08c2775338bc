"""Measure relevance feedback on saved searches: how thumbs change the ranking and the threshold.

    python bench/feedback.py --images FOLDER --captions CSV [--split dev] [--model NAME]

The things of ``bench/terms.py`` are saved searches, and the pictures of which at least two captions name
one are its right hits. People put thumbs on the ten best, up or down by that, twice in a row. Pictures that
were judged no longer count; of the rest are printed, for Rocchio's weights and others: the average
precision, and precision, recall and F1 of those above the threshold (with a spread of 0.01 thumbs do not
move it). The things are split at random into those to choose with and those to report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
from captioned import Captioned, Floats, load, parser
from terms import THINGS, Shows, seen

from db.catalog.filters import ALL
from db.kinds import CLIP, PICTURE
from search.engine import feedback
from search.engine.feedback import Judged, adjusted, threshold
from search.engine.ranking import Background
from search.engine.scope import Part, Scope

ROUNDS = 2
JUDGED = 10
SHARES = (0.2, 0.3, 0.4, 0.5)
SPREADS = (0.01, 0.15, 0.3, 0.5, 1.0)
WEIGHTS = ((0.75, 0.15), (0.75, 0.0), (0.75, 0.5), (0.3, 0.15), (1.5, 0.15), (0.0, 0.0))
SEED = 0


class InMemory:
    """The part of a view of the vectors that a query's vector and its baseline need."""

    def __init__(self, vectors: Floats) -> None:
        self._vectors = vectors

    def sample(self, _modality: str, _size: int) -> Floats:
        """All of them: up to a thousand, as a search has it."""
        return self._vectors[:1000]

    def search(self, _modality: str, queries: Floats, _limit: int) -> list[list[tuple[int, float]]]:
        """The best one for each query."""
        return [[(0, float(row.max()))] for row in queries @ self._vectors.T]


@dataclass(frozen=True)
class Round:
    """Scores of all pictures after some thumbs; ``cut``: the threshold; ``left``: those not judged."""

    z_scores: npt.NDArray[np.float64]
    cut: float
    left: Shows


def rounds(pictures: Captioned, scope: Scope, text: Floats, right: Shows) -> list[Round]:
    """Ask, judge the ten best, and again."""
    asked = [[Part({"picture": text}, 1.0, "text")]]
    judged: list[int] = []
    found = []
    for _ in range(ROUNDS + 1):
        ids = np.array(judged, dtype=np.int64)
        some = Judged(CLIP, PICTURE, pictures.vectors[ids], right[ids])
        vectors = scope.combined(CLIP, PICTURE, adjusted(asked, [some]))
        baseline = scope.background(CLIP, PICTURE, vectors, 0)
        assert isinstance(baseline, Background)
        z_scores = (pictures.vectors @ vectors[0] - baseline.mean) / baseline.deviation
        left = ~np.isin(np.arange(len(right)), ids)
        found.append(Round(z_scores, threshold(scope, asked, some), left))
        best = np.argsort(-z_scores)
        judged += [int(i) for i in best if left[i]][:JUDGED]
    return found


def average_precision(z_scores: npt.NDArray[np.float64], right: Shows) -> float:
    """The mean, over the right ones, of the precision at their ranks."""
    ordered = right[np.argsort(-z_scores)]
    return float((np.cumsum(ordered) / np.arange(1, len(ordered) + 1))[ordered].mean())


def quality(above: Shows, right: Shows) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    hits = (above & right).sum()
    precision, recall = hits / max(above.sum(), 1), hits / right.sum()
    return float(precision), float(recall), float(2 * hits / (above.sum() + right.sum()))


def main() -> None:
    """Judge, count, print."""
    pictures = load(parser(__doc__).parse_args())
    shows = seen(pictures.captions)
    texts = dict(zip(THINGS, pictures.encoder.encode_texts(list(THINGS)), strict=True))
    half = np.random.default_rng(SEED).permutation(len(THINGS)) < len(THINGS) // 2
    view = InMemory(pictures.vectors)
    model = SimpleNamespace(vectors=SimpleNamespace(at=lambda _session: view))
    scope = Scope(None, {CLIP: model}, ALL)  # type: ignore[arg-type, dict-item]
    print(f"{len(pictures.paths)} pictures, {half.sum()} things to choose with, {(~half).sum()} to report")
    for beta, gamma in WEIGHTS:
        feedback.BETA, feedback.GAMMA = beta, gamma
        every = [rounds(pictures, scope, texts[thing], shows[thing]) for thing in THINGS]
        told = []
        for number in range(ROUNDS + 1):
            scores = np.array(
                [
                    _precision(found[number], found[-1].left, shows[thing])
                    for thing, found in zip(THINGS, every, strict=True)
                ]
            )
            told.append(f"{100 * scores[~half].mean():.1f} ({100 * scores[half].mean():.1f})")
        print(f"liked * {beta:g}, disliked * {gamma:g}: average precision {' -> '.join(told)}", flush=True)
    feedback.BETA, feedback.GAMMA = WEIGHTS[0]
    for share, spread in product(SHARES, SPREADS):
        feedback.SHARE, feedback.SPREAD = share, spread
        every = [rounds(pictures, scope, texts[thing], shows[thing]) for thing in THINGS]
        print(
            f"share {share:g}, spread {spread:g}: "
            + "; ".join(_line(every, number, shows, half) for number in range(ROUNDS + 1)),
            flush=True,
        )


def _precision(found: Round, left: Shows, right: Shows) -> float:
    """Over what nobody has judged in the end, so that the rounds can be compared."""
    return average_precision(found.z_scores[left], right[left])


def _line(every: Sequence[list[Round]], number: int, shows: dict[str, Shows], half: Shows) -> str:
    rows = []
    for thing, found in zip(THINGS, every, strict=True):
        left = found[-1].left
        rows.append(quality((found[number].z_scores >= found[number].cut)[left], shows[thing][left]))
    told, chosen = (100 * np.array(rows)[part].mean(axis=0) for part in (~half, half))
    return f"{JUDGED * number} thumbs P {told[0]:.1f} R {told[1]:.1f} F1 {told[2]:.1f} ({chosen[2]:.1f})"


if __name__ == "__main__":
    main()
