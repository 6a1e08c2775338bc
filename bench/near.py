"""Choose the near-duplicate threshold: cosines of resized, re-saved, cropped and burst pictures.

    python bench/near.py --images FOLDER --captions CSV [--split dev] [--model NAME] --films FILE...
    python bench/near.py --images FOLDER --captions CSV [--split dev] --similar NAME

Changed versions of every fifth picture against their originals, neighbouring frames of films half a second
apart (as a camera's burst; scenes of the film change in between at times), and all pairs of different
pictures. Printed: the percentiles of their cosines, and for each threshold the share of each kind that
would be one hit; of how many changed ones the original is the nearest of all pictures, which needs no
threshold. Of the different pictures the nearest pairs are named: some may be of one burst. ``--similar``
takes a model of pictures alone.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from captioned import Floats, encode, load, parser
from PIL import Image, ImageEnhance

from indexer.encoders.base import Encoder
from indexer.media.pixels import side_for
from indexer.media.reader import probe, still_at

EVERY = 5
STEP_S = 0.5
THRESHOLDS = (0.8, 0.85, 0.9, 0.91, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
SHOWN = 12


def _resized(share: float) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.resize((int(picture.width * share), int(picture.height * share)))


def _saved(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).convert("RGB")

    return change


def _cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        x, y = int(picture.width * share), int(picture.height * share)
        return picture.crop((x, y, picture.width - x, picture.height - y))

    return change


def _moved(share: float) -> Callable[[Image.Image], Image.Image]:
    """As when the hand moves between two pictures: each lacks a strip of the other."""

    def change(picture: Image.Image) -> Image.Image:
        x, y = int(picture.width * share), int(picture.height * share)
        return picture.crop((x, y, picture.width, picture.height))

    return change


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half the size": _resized(0.5),
    "a quarter of the size": _resized(0.25),
    "JPEG quality 50": _saved(50),
    "JPEG quality 15": _saved(15),
    "brighter by 15 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "shifted by 5 %": _moved(0.05),
    "shifted by 10 %": _moved(0.1),
    "cropped by 5 % a side": _cropped(0.05),
    "cropped by 15 % a side": _cropped(0.15),
}


def neighbours(films: list[Path], encoder: Encoder) -> Floats:
    """Cosines of frames half a second apart."""
    found = []
    for film in films:
        times = np.arange(0.0, (probe(film).duration_s or 0.0) - 0.1, STEP_S)
        stills = [still_at(film, float(at_s), min_side=side_for(encoder)) for at_s in times]
        vectors = encode(encoder, [encoder.prepare(Image.fromarray(still)) for still in stills])
        found.append((vectors[1:] * vectors[:-1]).sum(axis=1))
    return np.concatenate(found)


def main() -> None:
    """Change, encode, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--films", type=Path, nargs="*", default=[])
    arguments.add_argument("--similar", help="a model of pictures alone, as for --role similar")
    options = arguments.parse_args()
    pictures = load(options)
    cosines: dict[str, Floats] = {}
    first: dict[str, float] = {}
    for name, change in CHANGES.items():
        pixels = []
        for path in pictures.paths[::EVERY]:
            with Image.open(path) as picture:
                pixels.append(pictures.encoder.prepare(change(picture.convert("RGB"))))
        changed = encode(pictures.encoder, pixels)
        cosines[name] = (changed * pictures.vectors[::EVERY]).sum(axis=1)
        nearest = (changed @ pictures.vectors.T).argmax(axis=1)
        first[name] = float((nearest == np.arange(len(pictures.paths))[::EVERY]).mean())
    if options.films:
        cosines["frames 0.5 s apart"] = neighbours(options.films, pictures.encoder)
    upper = np.triu_indices(len(pictures.paths), 1)
    cosines["different, all pairs"] = (pictures.vectors @ pictures.vectors.T)[upper]
    print(f"{len(pictures.paths)} pictures, {len(pictures.paths[::EVERY])} of them changed")
    print(f"{'':24}" + "".join(f"{f'p{p}':>8}" for p in (1, 5, 50, 95, 99, 99.9)))
    for name, values in cosines.items():
        print(f"{name:24}" + "".join(f"{np.percentile(values, p):8.3f}" for p in (1, 5, 50, 95, 99, 99.9)))
    print("\nper cent from a threshold on\n" + " " * 24 + "".join(f"{t:>9}" for t in THRESHOLDS))
    for name, values in cosines.items():
        print(f"{name:24}" + "".join(f"{100 * (values >= t).mean():9.4g}" for t in THRESHOLDS))
    print("\nper cent whose original is the nearest of all")
    for name, share in first.items():
        print(f"{name:24}{100 * share:9.4g}")
    print("\nthe nearest of the different ones")
    for place in np.argsort(-cosines["different, all pairs"])[:SHOWN]:
        one, other = (pictures.paths[upper[side][place]].name for side in (0, 1))
        print(f"  {cosines['different, all pairs'][place]:.3f}  {one}  {other}")


if __name__ == "__main__":
    main()
