"""Measure retrieval by a text and a drawing together, from the best possible drawing to the worst.

    python bench/imagine.py --images DIR --captions captions.csv [--split dev] [--model NAME]
        [--drawer FOLDER]

Three stand-ins for a generator: another captioned picture, the one with the caption nearest to the
query's by the builtin sentence model (what a good generator could draw; it is taken out of the
library for that query); with ``--drawer`` a text-to-image pipeline; and a picture chosen at random
(a generator that draws something else). The weight of the drawing is chosen on the first half of
the pictures' captions, and reported on the other, with the fusion that Trove answers with.
"""

import argparse
import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.arrays import unit_length
from db.catalog.units import UnitRow
from db.settings import load_settings
from indexer.encoders.base import Encoder
from indexer.encoders.builtin.towers import load_text_tower
from indexer.encoders.registry import BUILTIN, load_encoder
from indexer.media.pixels import read_pixels
from indexer.media.pool import DecodePool
from indexer.prefetch import batched, look_ahead
from search.engine.fuse import Candidates, fuse
from search.engine.ranking import Background, Found, Ranking

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
DEPTH = 200
SHOWN = 10
NOISES = 20
"""Drawings of one pipeline: a random one draws much the same whatever it is asked."""

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.intp]


def ranking(source: str, weight: float, scores: Floats, hidden: int | None) -> Ranking:
    """The best pictures by these scores, without the hidden one."""
    order = [int(i) for i in np.argsort(-scores)[: DEPTH + 1] if i != hidden][:DEPTH]
    baseline = Background(float(scores.mean()), float(scores.std()), len(scores))
    return Ranking(source, weight, [Found(i, float(scores[i])) for i in order], baseline)


def places(texts: Floats, drawings: Floats, pictures: Floats, own: Ids, hidden: Ids, weight: float) -> Ids:
    """The place of each query's own picture in the fused list, from 1; beyond the tenth, 11."""
    units = {
        i: UnitRow(i, i, "image", None, None, None, None, "image", (Path(str(i)),), None)
        for i in range(len(pictures))
    }
    found = []
    for text, drawing, right, out in zip(texts @ pictures.T, drawings @ pictures.T, own, hidden, strict=True):
        asked = [ranking("text_to_image", 1.0, text, int(out))]
        asked += [ranking("drawing", weight, drawing, int(out))] if weight else []
        hits = [hit.unit_id for hit in fuse(asked, Candidates(units), SHOWN)]
        found.append(hits.index(right) + 1 if right in hits else SHOWN + 1)
    return np.array(found)


def line(found: Ids) -> str:
    """R@1, R@5, R@10 and nDCG@10 in per cent."""
    gains = np.where(found <= SHOWN, 1 / np.log2(found + 1), 0.0)
    recalls = " ".join(f"{100 * np.mean(found <= depth):6.1f}" for depth in (1, 5, 10))
    return f"{recalls} {100 * gains.mean():8.1f}"


def drawn(folder: Path, prompts: Sequence[str], encoder: Encoder) -> Floats:
    """Drawings of the prompts by a pipeline, as vectors."""
    from search.drawing.drawer import Drawer

    drawer = Drawer(str(folder), device="cpu")
    settings = load_settings()
    with tempfile.TemporaryDirectory() as kept:
        paths = [Path(kept) / f"{number}.png" for number in range(len(prompts))]
        for seed, (prompt, path) in enumerate(zip(prompts, paths, strict=True)):
            drawer.draw(prompt, path=path, steps=3, seed=seed)
        with DecodePool.of(settings) as decoders:
            pixels = [read_pixels(path, encoder, settings, decoders) for path in paths]
        return encoder.encode_pixels(np.stack(pixels))


def main() -> None:
    """Choose, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--split")
    parser.add_argument("--model", default=BUILTIN)
    parser.add_argument("--drawer", type=Path)
    args = parser.parse_args()
    with args.captions.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if args.split in (None, row.get("split"))]
    names = list(dict.fromkeys(row["image"] for row in rows))
    settings = load_settings()
    encoder = load_encoder(args.model, device="cpu", cache=settings.cache)
    with DecodePool.of(settings) as decoders:
        pixels = look_ahead(
            lambda name: read_pixels(args.images / name, encoder, settings, decoders), names, 4
        )
        pictures = np.concatenate([encoder.encode_pixels(np.stack(some)) for some in batched(pixels, 32)])
    captions = [row["caption"] for row in rows]
    of = np.array([names.index(row["image"]) for row in rows])
    meaning = unit_length(load_text_tower(settings.cache)(captions)[:, -1])
    first = np.unique(of, return_index=True)[1]  # the first caption of every picture asks
    own, texts = of[first], encoder.encode_texts([captions[i] for i in first])
    near = meaning[first] @ meaning.T
    near[of[None, :] == own[:, None]] = -1
    related = of[near.argmax(axis=1)]
    rng = np.random.default_rng(0)
    wrong = (own + rng.integers(1, len(names), len(own))) % len(names)
    stands = {"related picture": (pictures[related], related)}
    if args.drawer:
        some = drawn(args.drawer, [captions[i] for i in first[:NOISES]], encoder)
        nothing = np.full(len(own), -1)
        stands["drawn by the pipeline"] = (some[np.arange(len(own)) % NOISES], nothing)
    stands["picture at random"] = (pictures[wrong], wrong)
    half = rng.permutation(len(own)) < len(own) // 2
    print(f"{len(names)} pictures, {half.sum()} queries to choose with, {(~half).sum()} to report")
    print(f"{'':22} weight {'R@1':>6} {'R@5':>6} {'R@10':>6} {'nDCG@10':>8}   (chosen with: nDCG@10)")
    for name, (drawings, hidden) in stands.items():
        for weight in WEIGHTS:
            parts = [
                places(texts[part], drawings[part], pictures, own[part], hidden[part], weight)
                for part in (half, ~half)
            ]
            print(f"{name:22} {weight:6.2f} {line(parts[1])}   ({line(parts[0]).split()[-1]})", flush=True)


if __name__ == "__main__":
    main()
