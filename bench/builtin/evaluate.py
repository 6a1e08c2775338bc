"""Measure retrieval with a builtin model: names alone, the projection alone, and both as shipped.

    python bench/builtin/evaluate.py --images DIR --captions captions.csv [--split dev]
    python bench/builtin/evaluate.py --stamps /usr/share/tuxpaint/stamps

Prints recall at 1, 5 and 10 in per cent and the median rank, text to picture and picture to text.
The stamps are those of Debian's package tuxpaint-stamps-default: pictures of single things, each
with its English name; drawn ones, flags and road signs are left out.
"""

import argparse
import csv
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from db.arrays import unit_length
from db.settings import load_settings
from indexer.encoders.builtin.encoder import BUILTINS, BuiltinEncoder, SecondEncoder
from indexer.encoders.builtin.hubness import EXTRA
from indexer.media.pixels import side_for
from indexer.media.reader import read_image
from search.evaluation.retrieval import ranks

Floats = npt.NDArray[np.float32]

BATCH = 32
STAMP_FOLDERS = ("animals", "clothes", "food", "hobbies", "household", "military", "people")
STAMP_FOLDERS += ("plants", "sports", "town", "vehicles")
NOT_PHOTOGRAPHS = ("cartoon", "flags", "roadsigns")


def read_captions(images: Path, captions: Path, split: str | None) -> list[tuple[Path, str]]:
    """Pictures and captions of a file with the columns image, caption and perhaps split."""
    with captions.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not split or row["split"] == split]
    return [(images / row["image"], row["caption"]) for row in rows]


def read_stamps(folder: Path, half: str) -> list[tuple[Path, str]]:
    """Photographs of single things with their names; ``half`` is tune, test or all."""
    found = []
    for path in sorted(file for name in STAMP_FOLDERS for file in (folder / name).rglob("*.png")):
        described = path.with_suffix(".txt")
        if described.is_file() and not any(word in str(path) for word in NOT_PHOTOGRAPHS):
            name = described.read_text(encoding="utf-8").splitlines()[0].strip().rstrip(".!")
            if half == "all" or (zlib.crc32(path.stem.encode()) % 2 == 0) == (half == "tune"):
                found.append((path, name))
    return found


def open_flat(path: Path) -> Image.Image:
    """The picture as Trove's own decoder gives it: any format, upright, on white."""
    _, picture = read_image(path, min_side=side_for(SecondEncoder), max_megapixels=300)
    return Image.fromarray(picture)


def line(found: npt.NDArray[np.int64]) -> str:
    """R@1, R@5, R@10 and the median rank."""
    recalls = " ".join(f"{100 * np.mean(found <= depth):5.1f}" for depth in (1, 5, 10))
    return f"{recalls} {np.median(found):5.0f}"


def parts(vectors: Floats, named: int) -> dict[str, Floats]:
    """The vectors as shipped, without the hubness correction, and each of their two parts.

    ``named``: length of that of names.
    """
    halves = {"names alone": vectors[:, -named:], "projection alone": vectors[:, EXTRA:-named]}
    halves["both, as they are"] = vectors[:, EXTRA:]
    return {name: unit_length(half) for name, half in halves.items()} | {"both, corrected": vectors}


def evaluate(encoder: BuiltinEncoder, pairs: list[tuple[Path, str]]) -> None:
    """Print the table."""
    paths = sorted({path for path, _ in pairs})
    texts = sorted({text for _, text in pairs})
    belong = set(pairs)
    right = np.array([[(path, text) in belong for path in paths] for text in texts])
    images = np.concatenate(
        [
            encoder.encode_pixels(
                np.stack([encoder.prepare(open_flat(path)) for path in paths[start : start + BATCH]])
            )
            for start in range(0, len(paths), BATCH)
        ]
    )
    queries = parts(encoder.encode_texts(texts), encoder.named_dim)
    print(f"{len(paths)} pictures, {len(texts)} texts")
    print(f"{'':18} {'text to picture':>23}   {'picture to text':>23}")
    for name, rows in parts(images, encoder.named_dim).items():
        scores = queries[name] @ rows.T
        print(f"{name:18} {line(ranks(scores, right))}   {line(ranks(scores.T, right.T))}")


def main() -> None:
    """Evaluate on captioned pictures or on the stamps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path)
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--split")
    parser.add_argument("--stamps", type=Path)
    parser.add_argument("--precision", choices=("float32", "int8"), default="float32")
    parser.add_argument("--model", choices=("builtin", "builtin-2"), default="builtin-2")
    parser.add_argument("--half", choices=("tune", "test", "all"), default="test")
    args = parser.parse_args()
    encoder = BUILTINS[args.model](load_settings().cache, "cpu", args.precision)
    assert isinstance(encoder, BuiltinEncoder)
    if args.stamps:
        evaluate(encoder, read_stamps(args.stamps, args.half))
    else:
        evaluate(encoder, read_captions(args.images, args.captions, args.split))


if __name__ == "__main__":
    main()
