"""Load and encode captioned pictures, for several of the benchmarks."""

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from db.settings import Settings
from indexer.encoders.base import Encoder, Pixels
from indexer.encoders.lookalike import LookalikeEncoder
from indexer.encoders.registry import BUILTIN, load_encoder
from indexer.prefetch import batched, look_ahead

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Captioned:
    """``vectors``: (n, dim) of the pictures ``paths``; ``captions``: those of each."""

    encoder: Encoder
    paths: list[Path]
    captions: list[list[str]]
    vectors: Floats


def parser(about: str | None) -> argparse.ArgumentParser:
    """Command-line parser with the options that these benchmarks share."""
    options = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--images", type=Path, required=True)
    options.add_argument("--captions", type=Path, required=True, help="CSV with the columns image,caption")
    options.add_argument("--split", help="use only the rows with this value in the column split")
    options.add_argument("--model", default=BUILTIN)
    options.add_argument("--precision", choices=("float32", "int8"), default="float32")
    return options


def load(options: argparse.Namespace) -> Captioned:
    """Read the pictures and captions that the options name, and encode the pictures."""
    captions: dict[str, list[str]] = defaultdict(list)
    with options.captions.open(newline="") as file:
        for row in csv.DictReader(file):
            if options.split in (None, row.get("split")):
                captions[row["image"]].append(row["caption"])
    settings = Settings(device="cpu")
    if getattr(options, "similar", None):
        encoder: Encoder = LookalikeEncoder(options.similar, settings)
    else:
        encoder = load_encoder(options.model, device="cpu", cache=settings.cache, precision=options.precision)
    paths = [options.images / name for name in captions]

    def prepared(path: Path) -> Pixels:
        with Image.open(path) as picture:
            return encoder.prepare(picture.convert("RGB"))

    vectors = encode(encoder, list(look_ahead(prepared, paths, 4)))
    return Captioned(encoder, paths, list(captions.values()), vectors)


def encode(encoder: Encoder, pixels: list[Pixels]) -> Floats:
    """(n, dim) vectors of prepared pictures."""
    return np.concatenate([encoder.encode_pixels(np.stack(some)) for some in batched(pixels, 32)])
