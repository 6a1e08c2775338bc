"""Baseline to compare indexing with: a plain script, one step after the other, as introductions show it.

    python bench/plain.py pictures|video|speech FOLDER [--onnx]

No database, no hashes, no guard against hostile files, no scene detection. Pictures are opened with Pillow
and encoded in batches into FAISS; every frame of a film is decoded and one in ten seconds encoded; recordings
are given to ``WhisperModel(...).transcribe``. The weights are those of the builtin models, in eager PyTorch,
which is how they come, or with ``--onnx`` in Trove's own export, which shows what the rest of Trove costs.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import av
import faiss
import numpy as np
from PIL import Image

from db.settings import Settings
from indexer.encoders.builtin.encoder import BuiltinEncoder, SecondEncoder
from indexer.encoders.builtin.towers import torch_image_tower
from indexer.encoders.lazy import Once
from indexer.prefetch import batched

BATCH = 32
SECONDS_APART = 10.0


class EagerEncoder(SecondEncoder):
    """The builtin encoder with its picture tower in eager PyTorch."""

    def __init__(self, cache: Path) -> None:
        super().__init__(cache, "cpu")
        self._image_tower = Once(lambda: torch_image_tower(self.backbone, "cpu"))


def photos(folder: Path) -> Iterator[Image.Image]:
    """All JPEGs."""
    for path in sorted(folder.rglob("*.jpg")):
        with Image.open(path) as picture:
            yield picture.convert("RGB")


def stills(folder: Path) -> Iterator[Image.Image]:
    """One frame in ten seconds."""
    for path in sorted(folder.iterdir()):
        next_s = 0.0
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                if frame.time >= next_s:
                    yield frame.to_image()
                    next_s += SECONDS_APART


def encode(pictures: Iterator[Image.Image], encoder: BuiltinEncoder) -> faiss.Index:
    """An index of the pictures."""
    index = faiss.IndexFlatIP(encoder.dim)
    for some in batched(pictures, BATCH):
        index.add(encoder.encode_pixels(np.stack([encoder.prepare(picture) for picture in some])))
    return index


def transcribe(folder: Path, cache: Path) -> list[str]:
    """Texts of the segments of all files."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(cache / "whisper-base"), device="cpu", compute_type="int8")
    return [segment.text for path in sorted(folder.iterdir()) for segment in model.transcribe(str(path))[0]]


def main() -> None:
    """Index, and discard the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=["pictures", "video", "speech"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--onnx", action="store_true")
    options = parser.parse_args()
    cache = Settings().cache
    if options.kind == "speech":
        transcribe(options.folder, cache)
        return
    encoder = SecondEncoder(cache, "cpu") if options.onnx else EagerEncoder(cache)
    encode((photos if options.kind == "pictures" else stills)(options.folder), encoder)


if __name__ == "__main__":
    main()
