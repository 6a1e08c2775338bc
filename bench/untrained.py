"""Time what is done with each kind of large model, by tiny untrained ones of the same classes.

    python bench/untrained.py

What is left of the time of a picture when the model itself costs nothing: to prepare it, to call the library
and to read what it gives. The models are those of the tests; twelve pictures of the samples, the median.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from db.settings import Settings
from indexer.encoders.lookalike import LookalikeEncoder
from indexer.encoders.openclip.captioner import load_coca
from indexer.pretrained.boxes import load_detector, load_pointer
from indexer.pretrained.loading import quiet
from indexer.pretrained.vision_language import Turn, load_vision_language
from indexer.pretrained.weights import Weights, find_weights
from tests.support import SAMPLES, tiny_openclip
from tests.support.tiny_pretrained import ANSWERERS, CAPTIONERS, save_florence
from tests.support.tiny_vision import DETECTORS, LOOKALIKES, POINTERS

SIDE = 800
"""Pixels of the shorter side, as analysers give them."""
COUNT = 12
Look = Callable[[Image.Image], object]


def looks(folder: Path) -> Iterator[tuple[str, str, Look]]:
    """(task, family, what is done with a picture) of each model, saved into a folder of its own."""

    def saved(task: str, family: str, save: Callable[[Path], Path]) -> Weights:
        return find_weights(str(save(folder / task / family.replace(" ", "-"))), "caption")

    for family, save in CAPTIONERS.items():
        model = load_vision_language(saved("describe", family, save), "cpu")
        yield "describe", family, lambda picture, model=model: model.captions([picture])
    tiny_openclip.save_model(folder / "coca", "CoCa")
    coca = load_coca(find_weights(str(folder / "coca"), "caption"), "cpu")
    yield "describe", "CoCa", lambda picture: coca.captions([picture])
    for family, save in ANSWERERS.items():
        model = load_vision_language(saved("answer", family, save), "cpu")
        yield (
            "answer, 20 tokens",
            family,
            lambda picture, model=model: list(
                model.answer([Turn("user", "what does the sign say?", (picture,))], 20)
            ),
        )
    for family, save in DETECTORS.items():
        detector = load_detector(saved("things", family, save), "cpu")
        yield "things", family, lambda picture, detector=detector: detector.detect(picture, 0.2)
    for family, save in (POINTERS | {"Florence-2": save_florence}).items():
        pointer = load_pointer(saved("point", family, save), "cpu")
        yield "point", family, lambda picture, pointer=pointer: pointer.point(picture, "a dog", 0.2)
    for family, save in LOOKALIKES.items():
        encoder = LookalikeEncoder(str(save(folder / "alike" / family)), Settings(device="cpu"))
        yield (
            "look alike",
            family,
            lambda picture, encoder=encoder: encoder.encode_pixels(encoder.prepare(picture)[None]),
        )


def _pictures() -> list[Image.Image]:
    paths = sorted((SAMPLES / "pictures").glob("*.jpg"))[:COUNT]
    pictures = [Image.open(path).convert("RGB") for path in paths]
    for picture in pictures:
        picture.thumbnail((2 * SIDE, SIDE))
    return pictures


def main() -> None:
    """Look, time, print."""
    pictures = _pictures()
    with quiet(), tempfile.TemporaryDirectory() as folder:
        for task, family, look in looks(Path(folder)):
            took, used = [], []
            for picture in pictures:
                begun, worked = time.perf_counter(), time.process_time()
                look(picture)
                took.append(time.perf_counter() - begun)
                used.append(time.process_time() - worked)
            print(
                f"{task:20}{family:20}{np.median(took):8.3f} s, {np.median(used):.3f} s of the processor",
                flush=True,
            )


if __name__ == "__main__":
    main()
