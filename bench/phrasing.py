"""Does the way of asking change the verdict? What each step of reading a question gives.

    python bench/phrasing.py --images images --captions captions.csv --split dev [--model builtin]

Things of ``concepts.csv`` are asked for in the fifteen ways of ``quality/phrasings.py``, of libraries of 30,
100 and 500 pictures drawn at random: once where one shows the thing, once where none is left of which any
caption hints at it; and things that no caption speaks of. Null model and questions are made in the same way;
the calibration is fitted on one half of the things and judged on the other. Printed: the share of verdicts
that differ from that of the bare name, the share that is decided, AUROC, and expected calibration error.
"""

import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from captioned import load, parser
from concepts import Concepts, read_concepts
from draws import Draws, Flags, Floats, Ids
from verdict import calibrate, calibration_error, probabilities

from indexer.encoders.base import Encoder
from indexer.encoders.phrasings import phrasings
from indexer.null_model import background_queries, fit
from search.engine.ranking import Match
from search.engine.verdict import ABSENT_BELOW, FOUND_AT, z_score
from search.evaluation.measures import auroc
from search.query.asking import asked_for

sys.path.append(str(Path(__file__).parent / "quality"))

from phrasings import BARE, WAYS, countable

SIZES = (30, 100, 500)
LEAST_SHOWN = 3

STEPS: dict[str, Callable[[str], Sequence[str]]] = {
    "as typed": lambda text: (text,),
    "without words of asking": lambda text: (asked_for(text),),
    "and one, many": lambda text: phrasings(asked_for(text))[:2],
    "and with an article": lambda text: phrasings(asked_for(text))[:3],
    "and as a sentence (used)": lambda text: phrasings(asked_for(text)),
}
"""The texts whose mean is a question's vector."""


def drawn(concepts: Concepts, count: int) -> list[tuple[str, bool, npt.NDArray[np.intp]]]:
    """Things, whether they are there, and the pictures of a library."""
    rng, rows = np.random.default_rng(0), []
    everything = np.arange(count)
    for at, name in enumerate(concepts.names):
        if not countable(name) or concepts.shown[at].sum() < LEAST_SHOWN:
            continue
        for there in (True, False):
            pool = everything if there else np.flatnonzero(~concepts.may_show[at])
            for size in SIZES:
                kept = rng.choice(pool, min(size, len(pool)), replace=False)
                if there and not concepts.shown[at][kept].any():
                    kept[0] = rng.choice(np.flatnonzero(concepts.shown[at]))
                rows.append((name, there, kept))
    for name in filter(countable, concepts.elsewhere):
        rows += [(name, False, rng.choice(everything, size, replace=False)) for size in SIZES]
    return rows


def means(encoder: Encoder, texts: Sequence[Sequence[str]]) -> Floats:
    """The mean directions of texts."""
    vectors = iter(encoder.encode_texts([text for own in texts for text in own]))
    rows = np.stack([np.mean([next(vectors) for _ in own], axis=0) for own in texts])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main() -> None:
    """Measure every step, print one line each."""
    options = parser(__doc__).parse_args()
    pictures = load(options)
    captions = [caption for own in pictures.captions for caption in own]
    own = np.array([at for at, some in enumerate(pictures.captions) for _ in some])
    rows = drawn(read_concepts(captions, own), len(pictures.vectors))
    there = np.array([is_there for _, is_there, _ in rows])
    sizes = np.array([len(kept) for *_, kept in rows])
    half = np.array([zlib.crc32(name.encode()) % 2 == 1 for name, _, _ in rows])
    names = sorted({name for name, _, _ in rows})
    print(f"{options.model}: {len(names)} things, {len(rows)} libraries, {len(WAYS)} ways")
    print(f"{'':26} {'flips':>6} {'decided':>8} {'bare':>6} {'AUROC':>6} {'ECE':>6}")
    for step, ways in STEPS.items():
        background = means(pictures.encoder, [ways(text) for text in background_queries()])
        asked = {
            name: means(pictures.encoder, [ways(ask(name).strip('"')) for ask in WAYS.values()])
            for name in names
        }
        scores = np.column_stack(
            [standings(asked[name], background, pictures.vectors[kept]) for name, _, kept in rows]
        )
        print(f"{step:26} {line(scores, there, sizes, half)}", flush=True)


def standings(asked: Floats, background: Floats, pictures: Floats) -> Floats:
    """(ways,) z-scores of the best picture by each way among the best ones of background queries."""
    similarities = background @ pictures.T
    null = fit(similarities.max(axis=1), similarities.std(axis=1), np.empty(0), len(pictures))
    best = (asked @ pictures.T).max(axis=1)
    return np.array([z_score(Match("text", float(own)), null, len(pictures)) for own in best])


def line(scores: Floats, there: Flags, sizes: Ids, half: Flags) -> str:
    """The figures of one step: (ways, libraries) z-scores, the calibration fitted on the other half."""
    predicted = np.empty_like(scores)
    for own in (half, ~half):
        fitted = calibrate(draws(scores[:, ~own], there[~own], sizes[~own]))
        shares = probabilities(fitted, draws(scores[:, own], there[own], sizes[own]))
        predicted[:, own] = shares.reshape(len(scores), -1)
    said = (predicted >= FOUND_AT).astype(int) - (predicted < ABSENT_BELOW)
    bare = said[list(WAYS).index(BARE)]
    flips = np.delete(said != bare, list(WAYS).index(BARE), axis=0).mean()
    error = calibration_error(predicted.ravel(), np.tile(there, len(scores)))
    area = auroc(scores[:, there].ravel(), scores[:, ~there].ravel())
    return f"{flips:6.1%} {(said != 0).mean():8.2f} {(bare != 0).mean():6.2f} {area:6.3f} {error:6.3f}"


def draws(scores: Floats, there: Flags, sizes: Ids) -> Draws:
    """Draws of the libraries, once for each way."""
    kinds = np.where(np.tile(there, len(scores)), "there", "missing")
    return Draws(kinds, np.tile(sizes, len(scores)), {"standing": scores.ravel()})


if __name__ == "__main__":
    main()
