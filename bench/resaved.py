"""Measure how many copies that were saved again are found, and how many different pictures pass for one.

    python bench/resaved.py --images FOLDER [--pictures 2000] [--copies 200]

Two halves of as many pictures, of no two the same. By the first one the correlation of sketches was chosen
from which two pictures are copies (``indexer.media.sketches.LEAST``); the second one is what is reported: of
every nth picture a copy of each kind, sought among all pictures as Trove does it (the nearest ones by the
model, then by sketches), and all pairs of different pictures, of which the most alike are named.
"""

import argparse
import io
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from captioned import encode
from PIL import Image, ImageEnhance, ImageOps

from db.arrays import Floats
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.encoders.registry import BUILTIN, load_encoder, near_duplicate
from indexer.media import sketches
from indexer.media.sketches import Levels
from search.engine.resaved import FLOOR, MOST

THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8)
SEED = 7
Change = Callable[[Image.Image], Image.Image]


def _saved(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _smaller(picture: Image.Image, share: float) -> Image.Image:
    return picture.resize((round(picture.width * share), round(picture.height * share)))


def _cut(picture: Image.Image, *edges: float) -> Image.Image:
    """``edges``: how much is cut off left, above, right and below."""
    (width, height), (left, above, right, below) = picture.size, edges
    ends = (left * width, above * height, (1 - right) * width, (1 - below) * height)
    return picture.crop(tuple(map(round, ends)))


CHANGES: dict[str, dict[str, Change]] = {
    "smaller": {
        "half the size, quality 60": lambda picture: _saved(_smaller(picture, 0.5), 60),
        "a quarter of the size": lambda picture: _smaller(picture, 0.25),
    },
    "recompressed": {
        "quality 30": lambda picture: _saved(picture, 30),
        "quality 10": lambda picture: _saved(picture, 10),
    },
    "cut by 10 %": {
        "5 % on each side": lambda picture: _cut(picture, 0.05, 0.05, 0.05, 0.05),
        "10 % on one side": lambda picture: _cut(picture, 0.1, 0, 0, 0),
        "10 % on two sides": lambda picture: _cut(picture, 0.1, 0.1, 0, 0),
        "10 % on each side": lambda picture: _cut(picture, 0.1, 0.1, 0.1, 0.1),
    },
    "framed": {
        "5 %, white": lambda picture: ImageOps.expand(picture, round(0.05 * picture.width), "white"),
        "4 %, above and below 9 %": lambda picture: ImageOps.expand(
            picture, (round(0.04 * picture.width), round(0.09 * picture.height)), "grey"
        ),
        "10 %, black": lambda picture: ImageOps.expand(picture, round(0.1 * picture.width), "black"),
    },
    "brighter": {
        "by 15 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
        "by 40 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.4),
    },
}


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def _looked_at(encoder: Encoder, pictures: list[Image.Image]) -> tuple[Floats, Levels]:
    """Vectors and sketches."""
    drawn = [sketches.levels(sketches.sketch(np.asarray(picture))) for picture in pictures]
    levels = np.stack([one for one in drawn if one is not None])
    return encode(encoder, list(map(encoder.prepare, pictures))), levels


def _correlations(ones: Levels, others: Levels, pairs: np.ndarray) -> Floats:
    return sketches.correlations(ones[pairs[0]], others[pairs[1]])


def measure(encoder: Encoder, paths: list[Path], every: int) -> None:
    """Print what is found of one half."""
    pictures = list(map(_opened, paths))
    begun = time.perf_counter()
    vectors, drawn = _looked_at(encoder, pictures)
    print(f"\n{len(paths)} pictures, {len(pictures[::every])} copies of each kind; cosine or correlation")
    alike = near_duplicate(encoder.name)
    heads = "".join(f"{f'or {t}':>9}" for t in THRESHOLDS)
    print(f"{'':40}{f'cos {alike}':>9}{heads}   missed by the nearest {MOST}")
    for kind, changes in CHANGES.items():
        for name, change in changes.items():
            others, sketched = _looked_at(encoder, list(map(change, pictures[::every])))
            own = np.arange(0, len(paths), every)
            cosines = (others * vectors[own]).sum(axis=1)
            rank = (others @ vectors.T > cosines[:, None] + 1e-6).sum(axis=1)
            near = (cosines >= FLOOR) & (rank < MOST)
            same = np.where(near, sketches.correlations(sketched, drawn[own]), -1)
            found = [cosines >= alike, *((cosines >= alike) | (same >= least) for least in THRESHOLDS)]
            shares = "".join(f"{100 * one.mean():8.1f}%" for one in found)
            print(f"{kind + ': ' + name:40}{shares}   {(~near).sum()}")
    pairs = np.stack(np.triu_indices(len(paths), 1))
    cosines = (vectors @ vectors.T)[pairs[0], pairs[1]]
    begun = time.perf_counter()
    same = _correlations(drawn, drawn, pairs)
    took = time.perf_counter() - begun
    print(f"different: {len(cosines)} pairs, {1e6 * took / len(cosines):.1f} µs each")
    print(f"  cosine from {alike}: {(cosines >= alike).sum()}")
    for least in THRESHOLDS:
        print(
            f"  correlation from {least}: {(same >= least).sum()}, of those also cosine from {FLOOR}: "
            f"{((same >= least) & (cosines >= FLOOR)).sum()}"
        )
    for place in np.argsort(-same)[:6]:
        one, other = (paths[side[place]].name for side in pairs)
        print(f"  {same[place]:.3f} (cosine {cosines[place]:.3f})  {one}  {other}")


def main() -> None:
    """Part, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--copies", type=int, default=200)
    options = parser.parse_args()
    paths = sorted(options.images.iterdir())
    random.Random(SEED).shuffle(paths)  # noqa: S311 - not secret
    encoder = load_encoder(BUILTIN, device="cpu", cache=Settings().cache)
    for start in (0, options.pictures):
        measure(encoder, paths[start : start + options.pictures], options.pictures // options.copies)


if __name__ == "__main__":
    main()
