"""What is missed where a picture gets the vector of one that looks the same from far away.

    python bench/neighbours.py --images FOLDER --captions CSV [--count 96] [--json FILE]

Pictures are changed in known ways: saved again with noise, made brighter, moved, or with a part of another
one in them. Told is how many of these count as the same, by the measure of ``indexer.embed``, the cosine of
the vector taken to the one that they would have had, and R@1 and R@10 of the captions among the changed
pictures, with their own vectors and with those taken.
"""

import argparse
import csv
import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from db.arrays import Vectors
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.encoders.registry import load_encoder
from indexer.media.stills import fields_of, looks_same

Pixels = npt.NDArray[np.uint8]
Change = Callable[[Pixels, Pixels], Pixels]
_RANDOM = np.random.default_rng(1)
_BATCH = 32


def saved_again(picture: Pixels, _other: Pixels) -> Pixels:
    """With noise of 4 of 255, and as a JPEG."""
    data = io.BytesIO()
    noisy = np.clip(picture + _RANDOM.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(data, "JPEG", quality=85)
    with Image.open(data) as saved:
        return np.asarray(saved.convert("RGB"))


def brighter(picture: Pixels, _other: Pixels) -> Pixels:
    """By 6 %."""
    return np.clip(picture * 1.06, 0, 255).astype(np.uint8)


def moved(picture: Pixels, other: Pixels, share: float) -> Pixels:
    """By a share of its width, with noise, and saved again."""
    height, width = picture.shape[:2]
    step = max(1, round(share * width))
    return saved_again(picture[step:height, step:width], other)


def pasted(picture: Pixels, other: Pixels, share: float) -> Pixels:
    """A share of it is another picture."""
    height, width = (round(side * share**0.5) for side in picture.shape[:2])
    top, left = (
        _RANDOM.integers(0, side - own) for side, own in zip(picture.shape, (height, width), strict=False)
    )
    made = picture.copy()
    made[top : top + height, left : left + width] = np.asarray(Image.fromarray(other).resize((width, height)))
    return made


CHANGES: dict[str, Change] = {
    "saved again with noise": saved_again,
    "6 % brighter": brighter,
    "moved by 0.5 %": partial(moved, share=0.005),
    "moved by 1 %": partial(moved, share=0.01),
    "1 % of another": partial(pasted, share=0.01),
    "2 % of another": partial(pasted, share=0.02),
}


def encoded(encoder: Encoder, pictures: list[Pixels]) -> Vectors:
    """(n, dim) vectors."""
    prepared = [encoder.prepare(Image.fromarray(picture)) for picture in pictures]
    return np.concatenate(
        [
            encoder.encode_pixels(np.stack(prepared[at : at + _BATCH]))
            for at in range(0, len(prepared), _BATCH)
        ]
    )


def recall(texts: Vectors, pictures: Vectors) -> tuple[float, float]:
    """R@1 and R@10 in per cent, the n-th picture being right for the n-th text."""
    fits = texts @ pictures.T
    rank = (fits > np.diag(fits)[:, None]).sum(axis=1)
    return float(100 * (rank < 1).mean()), float(100 * (rank < 10).mean())


def main() -> None:
    """Change, encode, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--count", type=int, default=96)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with options.captions.open(encoding="utf-8") as file:
        captions = {row["image"]: row["caption"] for row in csv.DictReader(file)}
    names = [name for name in captions if (options.images / name).exists()][: options.count]
    pictures = [np.asarray(Image.open(options.images / name).convert("RGB")) for name in names]
    encoder = load_encoder("builtin-2", device="cpu", cache=Settings().cache)
    own, figures = encoded(encoder, pictures), {}
    texts = encoder.encode_texts([captions[name] for name in names])
    for label, change in CHANGES.items():
        others = [*pictures[1:], pictures[0]]
        now = [change(picture, other) for picture, other in zip(pictures, others, strict=True)]
        same = np.array(
            [looks_same(fields_of(one), fields_of(other)) for one, other in zip(pictures, now, strict=True)]
        )
        vectors = encoded(encoder, now)
        cosines = (vectors * own).sum(axis=1)[same]
        found = recall(texts, vectors), recall(texts, np.where(same[:, None], own, vectors))
        figures[label] = {
            "same": float(same.mean()),
            "cosines": cosines.tolist(),
            "recall": dict(zip(("own", "taken"), found, strict=True)),
        }
        least = (
            f"cosine {cosines.min():.3f} to {cosines.max():.3f}, mean {cosines.mean():.3f}"
            if same.any()
            else ""
        )
        print(
            f"{label:24}{same.mean():5.0%} the same; R@1, R@10: own {found[0]}, taken {found[1]}; {least}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
