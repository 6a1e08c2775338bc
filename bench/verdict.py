"""Fit and evaluate the verdict: can it tell what a library has, and is its probability calibrated?

    python bench/verdict.py --images DIR --captions captions.csv [--split dev] [--model NAME]
        [--stamps /usr/share/tuxpaint/stamps] [--plot docs/reliability-plot.png]

Libraries of 10 to 1,000 pictures are drawn at random, all orders of size alike. A concept (``concepts.csv``)
is *there* when a picture of the library shows it. It is *missing* when no caption of the library hints at it,
and *elsewhere* when no caption of any picture does. Half of the draws are there; the others are any of what
the library has not, as it happens to be: of ten pictures that is most of what there is, of a thousand only
what is rare. The hard draws are those of concepts that were *taken out*, with every picture of which any
caption hints at it: everything around them is still there. It is a twofold cross-validation: draws from one
half of the pictures and concepts are judged by the fit on the other halves, and the two folds are put
together. Each concept is as likely as the others, and once more as pictures show them (a picture, then one of
its concepts); the fit is made on the former.

Printed: areas under the ROC curve of the plain top score, the z-score, the gap between the first and the
second, and the z-score among background queries that Trove uses (``standing``); the expected calibration
error (ten bins of equal width, Guo et al. 2017), of all draws and by the size of the library; the same fit
carried over to other spaces and, with ``--stamps``, to other pictures; the hard test of whole captions;
pictures as queries; and the figures for ``search/engine/verdict.py``, fitted on all pictures and concepts.
"""

import argparse
import csv
import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from builtin.evaluate import open_flat, read_stamps
from concepts import Concepts, read_concepts
from draws import (
    LIBRARIES,
    SCORES,
    Choose,
    Draws,
    Flags,
    Floats,
    Halves,
    Ids,
    Parts,
    Space,
    concept_draws,
    draw,
    joined,
    library_of,
    one_of_many,
    taken_out,
)
from scipy.optimize import minimize
from scipy.special import expit

from db.arrays import unit_length
from db.settings import load_settings
from indexer.encoders.base import Encoder
from indexer.encoders.builtin.encoder import BuiltinEncoder
from indexer.encoders.builtin.towers import load_text_tower
from indexer.encoders.phrasings import encode_phrased
from indexer.encoders.registry import BUILTIN, load_encoder
from indexer.media.pixels import read_pixels
from indexer.media.pool import DecodePool
from indexer.null_model import background_queries
from indexer.prefetch import batched, look_ahead
from search.engine.verdict import ABSENT_BELOW, FOUND_AT, LARGEST, SMALLEST, Calibration
from search.evaluation import measures
from search.evaluation.measures import auroc

TINY = 1e-9
TWIN = 0.8
"""Cosine of the mean sentence embeddings of two pictures' captions from which they show the same."""


def logistic(columns: Sequence[Floats], there: Flags) -> Floats:
    """Bias and weights by maximum likelihood."""
    x = np.stack([np.ones(len(there)), *columns])
    sign = 2 * there - 1
    return minimize(lambda w: np.logaddexp(0, -sign * (w @ x)).mean(), np.zeros(len(x))).x


def calibrate(draws: Draws) -> Calibration:
    """The calibration under which the draws are the likeliest."""
    columns, there = draws.columns, draws.there

    def unlikely(weights: Floats) -> float:
        (least, most), logits = weights[:2], weights[2] + weights[3:] @ columns
        said = least + (most - least) * expit(logits)
        return float(-np.log(np.clip(np.where(there, said, 1 - said), TINY, 1)).mean())

    start = logistic(columns, there)
    bounds = ((0, 0.9), (0.5, 1), *[(None, None)] * len(start))
    ends = itertools.product((0.01, 0.3), (0.9, 0.99))
    fits = (minimize(unlikely, (*both, *start), bounds=bounds) for both in ends)
    least, most, bias, level, slope = map(float, min(fits, key=lambda fit: fit.fun).x)
    return Calibration(bias, level, slope, least, most)


def probabilities(calibration: Calibration, draws: Draws) -> Floats:
    """The probability of each draw."""
    pairs = zip(draws.scores["standing"], draws.count, strict=True)
    return np.array([calibration.probability(float(value), int(count)) for value, count in pairs])


def calibration_error(predicted: Floats, there: Flags) -> float:
    """Expected calibration error over ten bins of equal width."""
    return measures.calibration_error(np.column_stack([predicted, there]))


def area(scores: Floats, there: Flags) -> float:
    """The area under the ROC curve."""
    return auroc(scores[there], scores[~there])


def table(title: str, judged: Draws, predicted: Floats) -> None:
    """Print all scores side by side, and how well the probability is calibrated."""
    there = judged.there
    absent = [kind for kind in ("missing", "elsewhere", "taken out") if (judged.kind == kind).any()]
    print(f"\n{title}: {len(there)} draws\n{'':24} {'all':>6} " + " ".join(f"{kind:>10}" for kind in absent))
    for name, scores in judged.scores.items():
        figures = [area(scores, there)]
        for kind in absent:
            some = there | (judged.kind == kind)
            figures.append(area(scores[some], there[some]))
        print(f"{name:24} {figures[0]:6.3f} " + " ".join(f"{figure:10.3f}" for figure in figures[1:]))
    print(decisions("all sizes", predicted, there))
    bounds = [bound for bound in (SMALLEST, 32, 100, 316, LARGEST) if bound < judged.count.max()]
    for low, high in itertools.pairwise([*bounds, int(judged.count.max()) + 1]):
        some = (judged.count >= low) & (judged.count < high)
        print(decisions(f"{low} to {high - 1} pictures", predicted[some], there[some]))


def decisions(title: str, predicted: Floats, there: Flags) -> str:
    """The calibration error, and how often each verdict is said and the concept is there."""
    said = {
        "found": predicted >= FOUND_AT,
        "unsure": (predicted < FOUND_AT) & (predicted >= ABSENT_BELOW),
        "absent": predicted < ABSENT_BELOW,
    }
    shares = ", ".join(
        f"{word} {s.mean():.0%} ({there[s].mean():.0%} there)" for word, s in said.items() if s.any()
    )
    return f"{title:24} calibration error {calibration_error(predicted, there):.3f}; {shares}"


def halves(names: Sequence[str]) -> Halves:
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


def halved(make: Callable[[int, np.random.Generator], Draws]) -> Parts:
    """The draws of both halves, each with a seed of its own."""
    return make(0, np.random.default_rng(0)), make(1, np.random.default_rng(1))


def crossed(made: Parts) -> Judged:
    """Cross-validate: judge each half by the fit on the other."""
    fits = (calibrate(made[1]), calibrate(made[0]))
    return Judged(joined(made), carried(fits, made), fits, calibrate(joined(made)))


def carried(fits: tuple[Calibration, Calibration], made: Parts) -> Floats:
    """The probabilities of both halves, by fits that were made on other pictures and concepts."""
    return np.concatenate([probabilities(fit, half) for fit, half in zip(fits, made, strict=True)])


def twins(captions: Sequence[str], own: Ids, settings_cache: Path) -> Flags:
    """(pictures, pictures): whether the captions of two pictures say the same, see ``TWIN``."""
    meant = load_text_tower(settings_cache)(captions)[:, -1]
    mean = unit_length(np.stack([meant[own == picture].mean(axis=0) for picture in range(own.max() + 1)]))
    alike = mean @ mean.T >= TWIN
    np.fill_diagonal(alike, val=False)
    return alike


def picture_draws(similar: Floats, alike: Flags, chosen: Ids, rng: np.random.Generator) -> Draws:
    """Pictures as queries, by (pictures, pictures) similarities: there when a twin of it is."""
    asked = chosen[alike[np.ix_(chosen, chosen)].any(axis=1)]
    kinds, counts, rows = [], [], []
    for _ in range(LIBRARIES // 2):
        query, there = int(rng.choice(asked)), bool(rng.integers(2))
        kept = library_of(chosen[(chosen != query) & (there | ~alike[query][chosen])], rng)
        if there and not alike[query][kept].any():
            kept[0] = rng.choice(chosen[alike[query][chosen]])
        each = similar[np.ix_(kept, kept)]
        np.fill_diagonal(each, val=-1)
        asked_of, near = np.sort(similar[query, kept])[::-1], each.max(axis=1)
        kinds.append("there" if there else "taken out")
        counts.append(len(kept))
        z = (asked_of[0] - asked_of.mean()) / asked_of.std()
        rows.append((asked_of[0], z, asked_of[0] - asked_of[1], (asked_of[0] - near.mean()) / near.std()))
    return Draws(np.array(kinds), np.array(counts), dict(zip(SCORES, np.array(rows).T, strict=True)))


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
    same, everything = last[:, None] == last, np.arange(len(pairs))
    concepts = Concepts([name for _, name in pairs], same, same, [])
    return draw(space, concept_draws(concepts, everything, everything, rng))


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
    parser.add_argument("--model", default=BUILTIN)
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
    by_picture, by_concept = halves(names), halves(concepts.names + concepts.elsewhere)
    print(
        f"{len(names)} pictures, {len(concepts.names)} concepts, {len(concepts.elsewhere)} things elsewhere"
    )

    def asked(space: Space, choose: Choose = concept_draws, pictures: Halves = by_picture) -> Parts:
        return halved(lambda half, rng: draw(space, choose(concepts, pictures[half], by_concept[half], rng)))

    texts = crossed(asked(space))
    table("libraries as they are, each concept alike", texts.draws, texts.predicted)
    of_all = crossed(asked(space, pictures=(np.arange(len(names)), np.arange(len(names)))))
    table("the same of all pictures, where only the concepts were halved", of_all.draws, of_all.predicted)
    if options.plot:
        plot(options.plot, of_all.predicted, of_all.draws.there)
    for title, choose in (
        ("concepts as pictures show them", partial(concept_draws, by_picture=True)),
        ("taken out", taken_out),
    ):
        made = asked(space, choose)
        table(f"{title}: the same fits", joined(made), carried(texts.fits, made))
    if isinstance(encoder, BuiltinEncoder):
        own_parts = {"names": slice(-encoder.named_dim, None), "projection": slice(-encoder.named_dim)}
        for name, part in own_parts.items():
            seen, baseline, sought = (unit_length(rows[:, part]) for rows in (pictures, background, queries))
            made = asked(Space(sought @ seen.T, baseline @ seen.T))
            table(f"{name} alone: another space, the same fits", joined(made), carried(texts.fits, made))
    if options.stamps:
        stamps = stamps_draws(encoder, options.stamps, background, np.random.default_rng(0))
        table("stamps: other pictures, the same fit", stamps, probabilities(of_all.final, stamps))
    whole = replace(space, queries=encode_phrased(encoder, captions) @ pictures.T)
    made = halved(lambda half, rng: draw(whole, one_of_many(own, by_picture[half], rng)))
    hard = crossed(made)
    table("whole captions", hard.draws, hard.predicted)
    alike, similar = twins(captions, own, settings.cache), pictures @ pictures.T
    like = crossed(halved(lambda half, rng: picture_draws(similar, alike, by_picture[half], rng)))
    table("pictures as queries", like.draws, like.predicted)
    print(f"\n{options.model}: {of_all.final}\nPICTURE = {like.final}")


if __name__ == "__main__":
    main()
