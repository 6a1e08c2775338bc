"""Fit and judge the verdict's calibration for a model, on captioned pictures.

    python bench/verdict.py --images FOLDER --captions CSV [--model NAME] [--split dev]

Libraries of 30 to 500 pictures are drawn at random, half of the time without the picture of the
query. Half of the pictures serve to fit, the other half to judge; no picture or caption is in both.
Printed: the area under the ROC curve of the plain top score, of the z-score, of the gap between
the first and the second, and of the fitted probability; its expected calibration error (ten bins
of equal width); and the coefficients for ``search/verdict.py``.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from db.settings import Settings
from indexer.ahead import batched, look_ahead
from indexer.encoders.registry import load_encoder
from indexer.workers import DecodePool
from search.evaluate import auroc
from search.pixels import read_pixels
from search.ranking import Background
from search.verdict import stand

SIZES = (30, 100, 250, 500)
DRAWS = 8000
SEED = 0

Floats = npt.NDArray[np.float64]


def draw_libraries(scores: Floats, own: npt.NDArray[np.intp], rng: np.random.Generator) -> dict[str, Floats]:
    """Features of random queries to random libraries, and whether the answer was there."""
    rows = []
    for _ in range(DRAWS):
        query = rng.integers(len(own))
        there = bool(rng.integers(2))
        others = np.delete(np.arange(scores.shape[1]), own[query])
        size = min(int(rng.choice(SIZES)), len(others))
        kept = rng.choice(others, size, replace=False)
        if there:
            kept[0] = own[query]
        found = np.sort(scores[query, kept])[::-1]
        usual = Background(float(found.mean()), float(found.std()), size)
        standing = stand(float(found[0]), usual)
        z = (found[0] - usual.mean) / usual.deviation
        rows.append((there, found[0], z, found[0] - found[1], standing.best, standing.excess))
    columns = np.array(rows, dtype=np.float64).T
    names = ("there", "top score", "z-score", "gap", "best", "excess")
    return dict(zip(names, columns, strict=True))


def fit(features: dict[str, Floats]) -> Floats:
    """Bias, weight of ``best``, weight of ``excess``, by maximum likelihood."""
    x = np.stack([np.ones_like(features["best"]), features["best"], features["excess"]])
    sign = 2 * features["there"] - 1
    return minimize(lambda w: np.logaddexp(0, -sign * (w @ x)).mean(), np.zeros(3)).x


def probability(weights: Floats, features: dict[str, Floats]) -> Floats:
    """The fitted probability that the answer is there."""
    logit = weights[0] + weights[1] * features["best"] + weights[2] * features["excess"]
    return 1 / (1 + np.exp(-logit))


def calibration_error(predicted: Floats, there: Floats) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al. 2017)."""
    bins = np.minimum((predicted * 10).astype(int), 9)
    return float(
        sum(
            (bins == b).mean() * abs(predicted[bins == b].mean() - there[bins == b].mean())
            for b in range(10)
            if (bins == b).any()
        )
    )


def main() -> None:
    """Fit, judge, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--split", help="use only the rows with this value in the column split")
    options = parser.parse_args()
    with options.captions.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if options.split in (None, row.get("split"))]
    names = list(dict.fromkeys(row["image"] for row in rows))
    settings = Settings(device="cpu")
    encoder = load_encoder(options.model, device="cpu", cache=settings.cache)
    with DecodePool.of(settings) as decoders:
        pixels = look_ahead(
            lambda name: read_pixels(options.images / name, encoder, settings, decoders), names, 4
        )
        pictures = np.concatenate([encoder.encode_pixels(np.stack(some)) for some in batched(pixels, 32)])
    texts = encoder.encode_texts([row["caption"] for row in rows])
    rng = np.random.default_rng(SEED)
    half = set(rng.permutation(len(names))[: len(names) // 2].tolist())
    parts = []
    for part in (half, set(range(len(names))) - half):
        chosen = sorted(part)
        place = {names[number]: at for at, number in enumerate(chosen)}
        mine = [number for number, row in enumerate(rows) if row["image"] in place]
        own = np.array([place[rows[number]["image"]] for number in mine])
        parts.append(draw_libraries((texts[mine] @ pictures[chosen].T).astype(np.float64), own, rng))
    fitted = fit(parts[0])
    judged = parts[1]
    there = judged["there"] == 1
    print(f"{len(names)} pictures, {len(rows)} captions, {DRAWS} draws to fit and {DRAWS} to judge")
    for name in ("top score", "z-score", "gap"):
        print(f"{name:12} AUROC {auroc(judged[name][there], judged[name][~there]):.3f}")
    predicted = probability(fitted, judged)
    print(f"{'fitted':12} AUROC {auroc(predicted[there], predicted[~there]):.3f}", end="")
    print(f"  calibration error {calibration_error(predicted, judged['there']):.3f}")
    print(f"Calibration(bias={fitted[0]:.2f}, best={fitted[1]:.2f}, excess={fitted[2]:.2f})")


if __name__ == "__main__":
    main()
