"""Measures how well faces are told apart, on pictures in which nobody has labelled anybody.

    python bench/people.py IMAGES [--enlarged 3] [--limit N] [--out DIR]

Two faces in different pictures are mostly of two people: the share of such pairs that is near enough to be
joined is an upper bound of false joins, since some are the same person. The pairs are left as a picture in
DIR, to be looked at. Of the same face it is measured how often it is found, and near enough, when its
picture is cut, darker, brighter, blurred, turned, or saved as a poor JPEG. Pictures of one person taken on
different days are not among them: what share of those is joined nobody has measured here.
"""

import argparse
import io
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from db.arrays import Vectors
from db.settings import load_settings
from indexer.encoders.faces.aligned import aligned
from indexer.encoders.faces.detector import Detector, Face
from indexer.encoders.faces.encoder import NAME, FaceEncoder
from indexer.people.grouping import JOINS

LEAST = 80
"""Pixels of a face, after the picture was enlarged."""
_EVERY = (0.92, 0.93, 0.94, 0.95, 0.955, 0.96, 0.965, 0.97)
_VARIED = 80
"""Faces of which changed pictures are made."""


class Seen(NamedTuple):
    """A face of a picture, as the network sees it."""

    picture: int
    face: Face
    cut: np.ndarray


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "cut by a tenth on each side": lambda image: image.crop(
        (image.width // 10, image.height // 10, image.width * 9 // 10, image.height * 9 // 10)
    ),
    "half as bright": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "half as bright again": lambda image: ImageEnhance.Brightness(image).enhance(1.5),
    "blurred by 2 pixels": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "turned by 10 degrees": lambda image: image.rotate(10, Image.Resampling.BICUBIC),
    "turned by 30 degrees": lambda image: image.rotate(30, Image.Resampling.BICUBIC),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "JPEG of quality 40": lambda image: _jpeg(image, 40),
    "half as large": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX),
}


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("--enlarged", type=int, default=3)
    parser.add_argument("--limit", type=int, default=0, help="pictures to take, evenly spread; 0 for all")
    parser.add_argument("--out", type=Path, help="folder for pictures of the nearest pairs")
    parser.add_argument("--pairs", type=int, default=40, help="how many of them")
    args = parser.parse_args()
    paths = sorted(args.images.iterdir())
    paths = paths[:: max(1, len(paths) // args.limit)] if args.limit else paths
    settings = load_settings()
    detector, encoder = Detector(settings.cache), FaceEncoder(NAME, settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    detector.faces(np.zeros((240, 320, 3), np.uint8), 40)

    started, seen = time.process_time(), []
    for number, path in enumerate(paths):
        picture = np.asarray(_enlarged(path, args.enlarged))
        seen += [Seen(number, face, aligned(picture, face)) for face in detector.faces(picture, LEAST)]
    found_s = time.process_time() - started
    started = time.process_time()
    vectors = _vectors(encoder, [one.cut for one in seen])
    told_s = time.process_time() - started
    print(f"{len(paths):,} pictures, {len(seen):,} faces of {LEAST} pixels and more")
    print(
        f"finding: {found_s / len(paths):.3f} s of processor time a picture, reading and enlarging included"
    )
    print(f"telling: {told_s / max(1, len(seen)):.3f} s a face")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {after / 1024:.0f} MB at most, {(after - before) / 1024:.0f} MB more than before")

    _strangers(seen, vectors, args.out, args.pairs)
    _changed(detector, encoder, [paths[one.picture] for one in seen], args.enlarged, seen, vectors)


def _enlarged(path: Path, times: int) -> Image.Image:
    image = Image.open(path).convert("RGB")
    return image.resize((image.width * times, image.height * times), Image.Resampling.LANCZOS)


def _vectors(encoder: FaceEncoder, cuts: Sequence[np.ndarray]) -> Vectors:
    batches = [cuts[at : at + 64] for at in range(0, len(cuts), 64)]
    prepared = ([encoder.prepare(Image.fromarray(cut)) for cut in batch] for batch in batches)
    return np.concatenate([encoder.encode_pixels(np.stack(batch)) for batch in prepared])


def _strangers(seen: Sequence[Seen], vectors: Vectors, out: Path | None, most: int) -> None:
    near = vectors @ vectors.T
    pictures = np.array([one.picture for one in seen])
    rows, columns = np.nonzero(np.triu(pictures[:, None] != pictures[None, :], 1))
    cosines = near[rows, columns]
    print(f"\n{len(cosines):,} pairs of faces in different pictures; median cosine {np.median(cosines):.3f}")
    print("| cosine | pairs from it on | of a million | faces in such a pair |")
    for least in _EVERY:
        own = cosines >= least
        faces = len(np.union1d(rows[own], columns[own]))
        print(f"| {least} | {own.sum():,} | {1e6 * own.mean():.1f} | {faces / len(seen):.1%} |")
    same = np.triu((pictures[:, None] == pictures[None, :]), 1)
    own = near[same]
    print(f"{len(own):,} pairs in one picture, who are two people: {(own >= JOINS).sum()} from {JOINS} on")
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    best = np.argsort(-cosines)[:most]
    sheet = Image.new("RGB", (5 * 310, -(-len(best) // 5) * 165))
    for place, pair in enumerate(best.tolist()):
        x, y = place % 5 * 310, place // 5 * 165
        sheet.paste(Image.fromarray(seen[rows[pair]].cut), (x, y))
        sheet.paste(Image.fromarray(seen[columns[pair]].cut), (x + 150, y))
    sheet.save(out / "nearest.png")
    print(f"the {len(best)} nearest pairs: {cosines[best[0]]:.3f} down to {cosines[best[-1]]:.3f}")


def _changed(
    detector: Detector,
    encoder: FaceEncoder,
    paths: Sequence[Path],
    times: int,
    seen: Sequence[Seen],
    vectors: Vectors,
) -> None:
    chosen = range(0, len(seen), max(1, len(seen) // _VARIED))
    print(f"\nthe same face in a changed picture, {len(chosen)} of each; found, and near enough ({JOINS})")
    print("| change | found | of these near enough | median cosine |")
    for name, change in CHANGES.items():
        cosines = []
        for at in chosen:
            picture = np.asarray(change(_enlarged(paths[at], times)))
            cuts = [aligned(picture, face) for face in detector.faces(picture, LEAST // 2)]
            # Which of them it is nobody says: the nearest one.
            if cuts and (best := float((_vectors(encoder, cuts) @ vectors[at]).max())) > 0.8:
                cosines.append(best)
        near = np.mean(np.array(cosines) >= JOINS) if cosines else 0.0
        print(f"| {name} | {len(cosines) / len(chosen):.1%} | {near:.1%} | {np.median(cosines):.3f} |")


if __name__ == "__main__":
    main()
