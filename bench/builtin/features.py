"""Precompute tower features of captioned pictures, so that training takes minutes.

    python bench/builtin/features.py --images DIR --captions captions.csv --out /tmp/features

``captions.csv`` has the columns image, split (train or dev) and caption. Training pictures are also
seen mirrored and in random crops with other colours; development pictures only as a search sees them.
Deterministic by seed. Writes features-<split>.npz.
"""

import argparse
import csv
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageOps

from db.settings import load_settings
from indexer.encoders.builtin import towers
from indexer.encoders.builtin.encoder import SecondEncoder

BATCH = 32
CAPTIONS = 5
"""Captions a picture; Flickr8k has five."""


def read_captions(path: Path, split: str) -> dict[str, list[str]]:
    """Picture name to its captions, in the order of the names."""
    found = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] == split:
                found[row["image"]].append(row["caption"])
    return {name: found[name][:CAPTIONS] for name in sorted(found)}


def varied(image: Image.Image, view: int, rng: np.random.Generator) -> Image.Image:
    """View 0 is the picture, view 1 its mirror image, the others are crops in changed colours."""
    if view == 0:
        return image
    if view == 1:
        return ImageOps.mirror(image)
    area = rng.uniform(0.4, 1.0) * image.width * image.height
    ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    width = int(min(image.width, np.sqrt(area * ratio)))
    height = int(min(image.height, np.sqrt(area / ratio)))
    left = int(rng.integers(image.width - width + 1))
    top = int(rng.integers(image.height - height + 1))
    image = image.crop((left, top, left + width, top + height))
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(0.75, 1.25))
    return ImageOps.mirror(image) if rng.random() < 0.5 else image


def picture_features(
    encoder: SecondEncoder, tower: towers.ImageTower, paths: list[Path], view: int, seed: int
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]:
    """(n, features) and (n, 1000) of one view of every picture."""

    def prepare(index: int) -> npt.NDArray[np.float32]:
        rng = np.random.default_rng([seed, view, index])
        with Image.open(paths[index]) as image:
            return encoder.prepare(varied(image.convert("RGB"), view, rng))

    features, logits = [], []
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(paths), BATCH):
            rows = range(start, min(start + BATCH, len(paths)))
            found = tower(np.stack(list(pool.map(prepare, rows))))
            features.append(found.features.astype(np.float16))
            logits.append(found.logits.astype(np.float16))
    return np.concatenate(features), np.concatenate(logits)


def main() -> None:
    """Compute and write the features of both splits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--views", type=int, nargs="+", default=[0, 2, 3], help="of a training picture")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cache = load_settings().cache
    encoder = SecondEncoder(cache, "cpu")
    image_tower = towers.load_image_tower(encoder.backbone, cache, "cpu")
    text_tower = towers.load_text_tower(cache)
    args.out.mkdir(parents=True, exist_ok=True)
    for split, views in (("dev", [0]), ("train", args.views)):
        captions = read_captions(args.captions, split)
        paths = [args.images / name for name in captions]
        texts = text_tower([caption for group in captions.values() for caption in group])
        features, logits = [], []
        for view in views:
            seen = picture_features(encoder, image_tower, paths, view, args.seed)
            features.append(seen[0])
            logits.append(seen[1])
            print(f"{split}: view {view}", flush=True)
        np.savez(
            args.out / f"features-{split}.npz",
            names=np.array(list(captions)),
            captions=np.array(list(captions.values())),
            features=np.stack(features, 1),
            logits=np.stack(logits, 1),
            texts=texts.reshape(len(paths), CAPTIONS, *texts.shape[1:]).astype(np.float16),
        )


if __name__ == "__main__":
    main()
