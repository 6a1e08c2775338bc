"""How finely pictures have to be decoded for a model: cosines of vectors by the side they come with.

    python bench/finer.py --pictures FOLDER... [--sides 2000 512 320 256] [--model NAME]

Every picture is decoded with each shorter side, as ``read_image`` does it, and encoded; the vectors are
compared with those of the first side. Pictures whose shorter side has fewer than ``--least`` pixels are left
out, since they would be decoded alike.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from db.arrays import Vectors
from db.errors import MediaError
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.encoders.registry import BUILTIN, load_encoder
from indexer.media.reader import probe, read_image
from indexer.prefetch import batched

_BATCH = 32
_MOST_MEGAPIXELS = 500


def large(folders: list[Path], least: int) -> list[Path]:
    """The pictures below the folders whose shorter side has at least so many pixels."""
    found = []
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            header = probe(path)
        except MediaError:
            continue
        if header.kind == "image" and min(header.width or 0, header.height or 0) >= least:
            found.append(path)
    return found


def vectors(paths: list[Path], encoder: Encoder, side: int) -> Vectors:
    """(n, dim) of the pictures, decoded with a shorter side."""
    pixels = (
        encoder.prepare(Image.fromarray(read_image(path, min_side=side, max_megapixels=_MOST_MEGAPIXELS)[1]))
        for path in paths
    )
    return np.concatenate([encoder.encode_pixels(np.stack(some)) for some in batched(pixels, _BATCH)])


def main() -> None:
    """Decode, encode, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, nargs="+", required=True)
    parser.add_argument("--sides", type=int, nargs="+", default=[2000, 1024, 512, 400, 320, 288, 256])
    parser.add_argument("--least", type=int, default=600)
    parser.add_argument("--model", default=BUILTIN)
    options = parser.parse_args()
    encoder = load_encoder(options.model, device="cpu", cache=Settings().cache)
    paths = large(options.pictures, options.least)
    print(f"{len(paths)} pictures; the model sees {encoder.image_size} px")
    print(f"{'side':>6}{'mean':>9}{'p5':>9}{'least':>9}")
    finest = vectors(paths, encoder, options.sides[0])
    for side in options.sides[1:]:
        cosines = (vectors(paths, encoder, side) * finest).sum(axis=1)
        print(
            f"{side:6}{cosines.mean():9.4f}{np.percentile(cosines, 5):9.4f}{cosines.min():9.4f}", flush=True
        )


if __name__ == "__main__":
    main()
