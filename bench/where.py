"""Measure how often what a question names is found on its half of two pictures pasted side by side.

    python bench/where.py --images FOLDER --captions CSV [--model NAME] [--pointer NAME] [--detector NAME]

Neighbours of the table of captions are pasted together, and each one's caption asked: by the map of what the
search model looks at (the half with more of it), by a model that is told the words (the half with the surest
box), and by things (the half with the surest one that the caption names), where a model is named; without
the map by ``--model none``.
"""

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from db.settings import Settings
from indexer.analysers.things import LEAST, Things
from indexer.encoders.registry import BUILTIN, load_encoder
from indexer.media.reader import read_image
from indexer.pretrained.boxes import Box, load_pointer
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.presets import NONE
from search.explain import pointing
from search.explain.heatmap import GRID, heat_map

SIDE = 300
Way = Callable[[Image.Image, str], float | None]
"""How far to the left it is, 0 to 1; None where nothing was found."""


def _squares(folder: Path, name: str) -> Image.Image:
    pixels = read_image(folder / name, min_side=SIDE, max_megapixels=300)[1]
    return Image.fromarray(pixels).resize((SIDE, SIDE))


def _middle(boxes: list[Box]) -> float | None:
    return 1 - (boxes[0].x + boxes[0].w / 2) if boxes else None


def _by_map(model: str, settings: Settings) -> Way:
    encoder = load_encoder(model, device="cpu", cache=settings.cache)

    def by_map(picture: Image.Image, caption: str) -> float | None:
        heat = heat_map(encoder, picture, encoder.encode_texts([caption]))
        return float(heat[:, : GRID // 2].sum() / heat.sum()) if heat.sum() else None

    return by_map


def _ways(options: argparse.Namespace) -> dict[str, Way]:
    settings, ways = Settings(device="cpu"), dict[str, Way]()
    if options.model != NONE:
        ways[f"the map of {options.model}"] = _by_map(options.model, settings)
    if options.pointer:
        pointer = Pretrained(options.pointer, "ground", settings, load_pointer)

        def by_words(picture: Image.Image, caption: str) -> float | None:
            with pointer.use() as model:
                return _middle(model.point(picture, caption, pointing.LEAST))

        ways[f"boxes of {options.pointer}"] = by_words
    if options.detector:
        detector = Pretrained(options.detector, "detect", settings, Things.load)

        def by_things(picture: Image.Image, caption: str) -> float | None:
            with detector.use() as model:
                boxes = model.detect(picture, model.sure or LEAST)
            return _middle([box for box in boxes if box.label in caption.lower()])

        ways[f"things of {options.detector}"] = by_things
    return ways


def main() -> None:
    """Paste, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--model", default=BUILTIN)
    parser.add_argument("--pointer")
    parser.add_argument("--detector")
    options = parser.parse_args()
    with options.captions.open(newline="") as file:
        rows = list({row["image"]: row["caption"] for row in csv.DictReader(file)}.items())
    pairs = list(zip(rows[::2], rows[1::2], strict=False))
    print(f"{len(pairs)} pairs, {2 * len(pairs)} questions")
    for name, way in _ways(options).items():
        right = found = 0
        for (left, of_left), (other, of_other) in pairs:
            picture = Image.new("RGB", (2 * SIDE, SIDE))
            picture.paste(_squares(options.images, left), (0, 0))
            picture.paste(_squares(options.images, other), (SIDE, 0))
            for caption, on_left in ((of_left, True), (of_other, False)):
                at = way(picture, caption)
                found += at is not None
                right += at is not None and (at > 1 / 2) == on_left
        share = 100 * right / max(1, found)
        print(f"{name}: something found {found}, on the right half {right} ({share:.0f} %)")


if __name__ == "__main__":
    main()
