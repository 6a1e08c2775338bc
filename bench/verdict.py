"""Fit and evaluate the verdict: can it tell what a library has, and is its probability calibrated?

    python bench/verdict.py --images DIR --captions captions.csv [--split dev] [--model NAME]
        [--stamps /usr/share/tuxpaint/stamps] [--plot docs/reliability-plot.png]

Libraries of 10 to 500 pictures are drawn at random. A concept (``concepts.csv``) is *there* when a
picture shows it; it is *taken out* when every picture of which any caption hints at it was left out of
the library; *elsewhere* are things of which no caption speaks. Half of the draws are there, a quarter
each of the others. It is a twofold cross-validation: draws from one half of the pictures and concepts
are judged by the fit on the other halves, and the two folds are put together. Concepts are drawn as
pictures show them (a picture, then one of its concepts), and once more with equal probability; the fit is
made on both kinds of draws together.

Printed: areas under the ROC curve of the plain top score, the z-score, the gap between the first and the
second, the logistic regression on top score and excess that Trove had before, and the z-score among
background queries that it has now (``standing``); the expected calibration error (ten bins of equal
width, Guo et al. 2017); the same fit carried over to other spaces and, with ``--stamps``, to other
pictures; the hard test of whole captions; pictures as queries; and the figures for
``search/engine/verdict.py``, fitted on all.
"""

import argparse
import csv
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from builtin.evaluate import open_flat, read_stamps
from concepts import Concepts, read_concepts
from scipy.optimize import minimize

from db.settings import load_settings
from indexer.encoders.base import Encoder
from indexer.encoders.builtin.encoder import CONSE_DIM, unit
from indexer.encoders.builtin.towers import load_text_tower
from indexer.encoders.phrasings import encode_phrased
from indexer.encoders.registry import load_encoder
from indexer.media.pixels import read_pixels
from indexer.media.pool import DecodePool
from indexer.null_model import background_queries, fit
from indexer.prefetch import batched, look_ahead
from search.engine.ranking import Match
from search.engine.verdict import ABSENT_BELOW, FOUND_AT, Calibration, z_score
from search.evaluation import measures
from search.evaluation.measures import auroc

SIZES = (10, 30, 100, 250, 500)
DRAWS = 2500
TWIN = 0.8
"""Cosine of the mean sentence embeddings of two pictures' captions from which they show the same."""

Kind = Literal["there", "taken out", "elsewhere"]
KINDS: tuple[Kind, ...] = ("there", "there", "taken out", "elsewhere")
Floats = npt.NDArray[np.floating]
Ids = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

SCORES = ("top score", "z-score", "gap", "standing")


@dataclass(frozen=True)
class Space:
    """Similarities in one space: (queries, pictures) and (background queries, pictures)."""

    queries: Floats
    background: Floats


@dataclass(frozen=True)
class Draws:
    """Scores of random queries in random libraries: (n,) each. ``excess``: see ``before``."""

    kind: npt.NDArray[np.str_]
    scores: dict[str, Floats]

    @property
    def there(self) -> Flags:
        """Whether the library had it."""
        return self.kind == "there"

    def among(self, *kinds: Kind) -> "Draws":
        """Only the draws of some kinds."""
        some = np.isin(self.kind, kinds)
        return Draws(self.kind[some], {name: values[some] for name, values in self.scores.items()})


def joined(parts: Sequence[Draws]) -> Draws:
    """All draws of several parts."""
    names = parts[0].scores
    scores = {name: np.concatenate([part.scores[name] for part in parts]) for name in names}
    return Draws(np.concatenate([part.kind for part in parts]), scores)


def measured(space: Space, query: int, kept: Ids) -> dict[str, float]:
    """All scores of one query in the library of the pictures ``kept``."""
    asked, baseline = space.queries[query, kept], space.background[:, kept]
    null = fit(baseline.max(axis=1), baseline.std(axis=1), np.empty(0))
    null.pictures = len(kept)
    first, second = np.sort(asked)[::-1][:2]
    z = (first - asked.mean()) / max(asked.std(), 1e-3)
    return {
        "top score": first,
        "z-score": z,
        "gap": first - second,
        "excess": z - np.sqrt(2 * np.log(len(kept))),
        "standing": z_score(Match("text", float(first)), null, len(kept)),
    }


def draw(space: Space, choices: Iterator[tuple[Kind, int, Ids]]) -> Draws:
    """Measure (kind, query, library) draws."""
    kinds, rows = [], []
    for kind, query, kept in choices:
        kinds.append(kind)
        rows.append(measured(space, query, kept))
    return Draws(np.array(kinds), {name: np.array([row[name] for row in rows]) for name in rows[0]})


def concept_draws(
    concepts: Concepts, pictures: Ids, chosen: Ids, rng: np.random.Generator, *, alike: bool = False
) -> Iterator[tuple[Kind, int, Ids]]:
    """Draws of the concepts ``chosen`` from these pictures; queries are concepts, then those elsewhere."""
    shown = concepts.shown[np.ix_(chosen, pictures)]
    chosen, shown = chosen[shown.any(axis=1)], shown[shown.any(axis=1)]
    per_picture = shown[:, shown.any(axis=0)] / shown[:, shown.any(axis=0)].sum(axis=0)
    weights = np.ones(len(chosen)) if alike else per_picture.sum(axis=1)
    for _ in range(DRAWS):
        kind = KINDS[rng.integers(len(KINDS))]
        query = int(rng.choice(chosen, p=weights / weights.sum()))
        pool = pictures[~concepts.may_show[query][pictures]] if kind == "taken out" else pictures
        if kind == "elsewhere":
            query = len(concepts.names) + int(rng.integers(len(concepts.elsewhere)))
        kept = rng.choice(pool, min(int(rng.choice(SIZES)), len(pool)), replace=False)
        if kind == "there" and not concepts.shown[query][kept].any():
            kept[0] = rng.choice(pictures[concepts.shown[query][pictures]])
        if len(kept) > 1:
            yield kind, query, kept


def one_of_many(own: Ids, pictures: Ids, rng: np.random.Generator) -> Iterator[tuple[Kind, int, Ids]]:
    """Draws of queries that belong to one picture each, which is there half of the time."""
    mine = np.flatnonzero(np.isin(own, pictures))
    for _ in range(DRAWS):
        query, there = int(rng.choice(mine)), bool(rng.integers(2))
        others = pictures[pictures != own[query]]
        kept = rng.choice(others, min(int(rng.choice(SIZES)), len(others)), replace=False)
        if there:
            kept[0] = own[query]
        yield ("there" if there else "taken out"), query, kept


def logistic(columns: Sequence[Floats], there: Flags) -> Floats:
    """Bias and weights by maximum likelihood."""
    x = np.stack([np.ones(len(there)), *columns])
    sign = 2 * there - 1
    return minimize(lambda w: np.logaddexp(0, -sign * (w @ x)).mean(), np.zeros(len(x))).x


def calibrate(draws: Draws) -> Calibration:
    """Logistic regression on the z-score among background queries."""
    bias, slope = logistic([draws.scores["standing"]], draws.there)
    return Calibration(float(bias), float(slope))


def probabilities(calibration: Calibration, draws: Draws) -> Floats:
    """The probability of each draw."""
    return np.array([calibration.probability(float(value)) for value in draws.scores["standing"]])


def before(fitted_on: Draws, judged: Draws) -> Floats:
    """The former verdict: logistic regression on the top score and the excess over chance, as a logit."""
    weights = logistic([fitted_on.scores["top score"], fitted_on.scores["excess"]], fitted_on.there)
    return weights[0] + weights[1] * judged.scores["top score"] + weights[2] * judged.scores["excess"]


def calibration_error(predicted: Floats, there: Flags) -> float:
    """Expected calibration error over ten bins of equal width."""
    return measures.calibration_error(np.column_stack([predicted, there]))


def area(scores: Floats, there: Flags) -> float:
    """The area under the ROC curve."""
    return auroc(scores[there], scores[~there])


def table(title: str, judged: Draws, predicted: Floats) -> None:
    """Print all scores side by side, and how well the probability is calibrated."""
    print(f"\n{title}: {len(judged.kind)} draws\n{'':24} {'all':>6} {'taken out':>10} {'elsewhere':>10}")
    columns: dict[str, Floats] = {name: judged.scores[name] for name in judged.scores if name != "excess"}
    for name, scores in columns.items():
        figures = [area(scores, judged.there)]
        for kind in ("taken out", "elsewhere"):
            some = judged.there | (judged.kind == kind)
            absent = (judged.kind == kind).any()
            figures.append(area(scores[some], judged.there[some]) if absent else float("nan"))
        print(f"{name:24} {figures[0]:6.3f} {figures[1]:10.3f} {figures[2]:10.3f}")
    said = {
        "found": predicted >= FOUND_AT,
        "unsure": (predicted < FOUND_AT) & (predicted >= ABSENT_BELOW),
        "absent": predicted < ABSENT_BELOW,
    }
    shares = ", ".join(
        f"{word} {s.mean():.0%} ({judged.there[s].mean():.0%} there)" for word, s in said.items()
    )
    print(f"expected calibration error {calibration_error(predicted, judged.there):.3f}; {shares}")


def halves(names: Sequence[str]) -> tuple[Ids, Ids]:
    """Two halves, chosen by the names' checksums."""
    odd = np.array([zlib.crc32(name.encode()) % 2 == 1 for name in names])
    return np.flatnonzero(odd), np.flatnonzero(~odd)


@dataclass(frozen=True)
class Judged:
    """Cross-validated draws, judged by the fit on the other half, and the two fits."""

    draws: Draws
    predicted: Floats
    fits: tuple[Calibration, Calibration]
    """``fits[half]`` judges this half; it was made on the other."""
    final: Calibration
    """Fitted on both halves, for use and not for judging."""


def halved(make: Callable[[int, np.random.Generator], Draws]) -> tuple[Draws, Draws]:
    """The draws of both halves, each with a seed of its own."""
    return make(0, np.random.default_rng(0)), make(1, np.random.default_rng(1))


def crossed(made: tuple[Draws, Draws]) -> Judged:
    """Cross-validate: judge each half by the fit on the other."""
    fits = (calibrate(made[1]), calibrate(made[0]))
    judged = [
        replace(one, scores=one.scores | {"before": before(other, one)}) for one, other in (made, made[::-1])
    ]
    return Judged(joined(judged), carried(fits, made), fits, calibrate(joined(made)))


def carried(fits: tuple[Calibration, Calibration], made: tuple[Draws, Draws]) -> Floats:
    """The probabilities of both halves, by fits that were made on other pictures and concepts."""
    return np.concatenate([probabilities(fit, half) for fit, half in zip(fits, made, strict=True)])


def twins(captions: Sequence[str], own: Ids, settings_cache: Path) -> Flags:
    """(pictures, pictures): whether the captions of two pictures say the same, see ``TWIN``."""
    meant = load_text_tower(settings_cache)(captions)[:, -1]
    mean = unit(np.stack([meant[own == picture].mean(axis=0) for picture in range(own.max() + 1)]))
    alike = mean @ mean.T >= TWIN
    np.fill_diagonal(alike, val=False)
    return alike


def picture_draws(similar: Floats, alike: Flags, chosen: Ids, rng: np.random.Generator) -> Draws:
    """Pictures as queries, by (pictures, pictures) similarities: there when a twin of it is."""
    asked = chosen[alike[np.ix_(chosen, chosen)].any(axis=1)]
    kinds, rows = [], []
    for _ in range(DRAWS // 2):
        query, there = int(rng.choice(asked)), bool(rng.integers(2))
        pool = chosen[(chosen != query) & (there | ~alike[query][chosen])]
        kept = rng.choice(pool, min(int(rng.choice(SIZES)), len(pool)), replace=False)
        if there and not alike[query][kept].any():
            kept[0] = rng.choice(pool[alike[query][pool]])
        each = similar[np.ix_(kept, kept)]
        np.fill_diagonal(each, val=-1)
        asked_of, near = np.sort(similar[query, kept])[::-1], each.max(axis=1)
        kinds.append("there" if there else "taken out")
        z = (asked_of[0] - asked_of.mean()) / asked_of.std()
        rows.append((asked_of[0], z, asked_of[0] - asked_of[1], z, (asked_of[0] - near.mean()) / near.std()))
    names = ("top score", "z-score", "gap", "excess", "standing")
    return Draws(np.array(kinds), dict(zip(names, np.array(rows).T, strict=True)))


def stamps_draws(encoder: Encoder, folder: Path, background: Floats, rng: np.random.Generator) -> Draws:
    """Pictures of another kind, cut out on white, asked for by their names: the fit was made without them."""
    pairs = read_stamps(folder, "all")
    encoded = [
        encoder.encode_pixels(np.stack([encoder.prepare(open_flat(path)) for path, _ in some]))
        for some in batched(iter(pairs), 32)
    ]
    pictures = np.concatenate(encoded)
    names = encode_phrased(encoder, [name for _, name in pairs])
    space = Space(names @ pictures.T, background @ pictures.T)
    # A name may be given twice, and "a brown bear" is a bear: all of one last word go together.
    last = np.array([name.lower().split(",")[0].split()[-1].rstrip("s") for _, name in pairs])
    everything = np.arange(len(pairs))

    def choices() -> Iterator[tuple[Kind, int, Ids]]:
        for _, query, kept in one_of_many(everything, everything, rng):
            there = bool(rng.integers(2))
            if there:
                kept[0] = query
            kept = kept if there else kept[last[kept] != last[query]]
            yield ("there" if there else "taken out"), query, kept

    return draw(space, choices())


def plot(path: Path, predicted: Floats, there: Flags) -> None:
    """Reliability diagram: observed share over predicted probability, and how often each was predicted."""
    from matplotlib import pyplot

    edges = np.linspace(0, 1, measures.BINS + 1)
    bins = np.minimum((predicted * measures.BINS).astype(int), measures.BINS - 1)
    used = np.unique(bins)
    figure, axes = pyplot.subplots(figsize=(5, 5), layout="constrained")
    shares = np.bincount(bins, minlength=measures.BINS) / len(bins)
    axes.stairs(shares, edges, fill=True, color="#d9e2ec", label="share of draws")
    axes.plot((0, 1), (0, 1), color="#9aa5b1", label="what was said")
    said, was = ([float(some[bins == b].mean()) for b in used] for some in (predicted, there))
    axes.plot(said, was, "o-", color="#c2410c", label="share that was there")
    axes.set(xlabel="said: confidence", ylabel="was so", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Fit, judge, print, plot."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--split", help="use only the rows with this value in the column split")
    parser.add_argument("--stamps", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    with options.captions.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if options.split in (None, row.get("split"))]
    names = list(dict.fromkeys(row["image"] for row in rows))
    captions = [row["caption"] for row in rows]
    own = np.array([names.index(row["image"]) for row in rows])
    settings = load_settings()
    encoder = load_encoder(options.model, device="cpu", cache=settings.cache)
    with DecodePool.of(settings) as decoders:
        read = look_ahead(
            lambda name: read_pixels(options.images / name, encoder, settings, decoders), names, 4
        )
        pictures = np.concatenate([encoder.encode_pixels(np.stack(some)) for some in batched(read, 32)])
    concepts = read_concepts(captions, own)
    background = encode_phrased(encoder, background_queries())
    queries = encode_phrased(encoder, concepts.names + concepts.elsewhere)
    space = Space(queries @ pictures.T, background @ pictures.T)
    by_picture, by_concept = halves(names), halves(concepts.names)
    print(
        f"{len(names)} pictures, {len(concepts.names)} concepts, {len(concepts.elsewhere)} things elsewhere"
    )

    def asked(space: Space, *, alike: bool = False) -> Callable[[int, np.random.Generator], Draws]:
        return lambda half, rng: draw(
            space, concept_draws(concepts, by_picture[half], by_concept[half], rng, alike=alike)
        )

    shown, each = halved(asked(space)), halved(asked(space, alike=True))
    texts = crossed((joined([shown[0], each[0]]), joined([shown[1], each[1]])))
    by_all = replace(crossed(shown), fits=texts.fits, predicted=carried(texts.fits, shown))
    table("concepts as pictures show them", by_all.draws, by_all.predicted)
    if options.plot:
        plot(options.plot, by_all.predicted, by_all.draws.there)
    table("each concept alike", joined(each), carried(texts.fits, each))
    if options.model == "builtin":
        for name, part in (("ConSE alone", slice(-CONSE_DIM, None)), ("projection alone", slice(-CONSE_DIM))):
            seen, baseline, sought = (unit(rows[:, part]) for rows in (pictures, background, queries))
            made = halved(asked(Space(sought @ seen.T, baseline @ seen.T)))
            table(f"{name}: another space, the same fits", joined(made), carried(texts.fits, made))
    if options.stamps:
        stamps = stamps_draws(encoder, options.stamps, background, np.random.default_rng(0))
        table("stamps: other pictures, the same fit", stamps, probabilities(texts.final, stamps))
    whole = replace(space, queries=encode_phrased(encoder, captions) @ pictures.T)
    made = halved(lambda half, rng: draw(whole, one_of_many(own, by_picture[half], rng)))
    hard = crossed(made)
    table("whole captions", hard.draws, hard.predicted)
    alike, similar = twins(captions, own, settings.cache), pictures @ pictures.T
    like = crossed(halved(lambda half, rng: picture_draws(similar, alike, by_picture[half], rng)))
    table("pictures as queries", like.draws, like.predicted)
    print(f"\n{options.model}: {texts.final}\nPICTURE = {like.final}")


if __name__ == "__main__":
    main()
