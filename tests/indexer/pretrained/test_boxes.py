"""Boxes of things and of what words say: those of the library's own documented way."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from db.errors import ModelError
from indexer.pretrained.boxes import Box, load_detector, load_pointer
from indexer.pretrained.weights import find_weights
from tests.support import SAMPLES
from tests.support.tiny_pretrained import save_florence
from tests.support.tiny_vision import DETECTORS, POINTERS, THINGS, save_dinov2, some

LEAST = 0.2
NAMES = ("p002.jpg", "p011.jpg", "p025.jpg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's tiny model, saved once."""
    models = tmp_path_factory.mktemp("models")

    def saved(family: str) -> Path:
        if not (models / family).exists():
            (DETECTORS | POINTERS)[family](models / family)
        return models / family

    return saved


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [Image.open(SAMPLES / "pictures" / name).convert("RGB").resize((150, 110)) for name in NAMES]


def corners(box: Box, picture: Image.Image) -> tuple[float, float, float, float]:
    width, height = picture.size
    return box.x * width, box.y * height, (box.x + box.w) * width, (box.y + box.h) * height


def within(found: list[float], picture: Image.Image) -> list[float]:
    return [min(max(0.0, at), float(picture.size[n % 2])) for n, at in enumerate(found)]


Told = tuple[str, float, tuple[float, ...]]


def inside(told: list[Told], picture: Image.Image) -> list[Told]:
    """What the library tells as far as it lies in the picture, the surest first."""
    cut = [(label, score, tuple(within(list(edges), picture))) for label, score, edges in told]
    return sorted(
        (one for one in cut if one[2][2] > one[2][0] and one[2][3] > one[2][1]),
        key=lambda one: (-round(one[1], 4), one[2]),
    )


def ours(boxes: list[Box], picture: Image.Image) -> list[Told]:
    return inside([(box.label, box.score, corners(box, picture)) for box in boxes], picture)


def assert_same(found: list[Told], told: list[Told], *, rounding: float) -> None:
    assert len(found) == len(told)
    for (label, score, edges), (named, sure, at) in zip(found, told, strict=True):
        assert (label, score) == (named, pytest.approx(sure, abs=1e-4))
        assert edges == pytest.approx(at, abs=rounding)


@pytest.mark.parametrize("family", some(DETECTORS, 1))
def test_things_are_those_of_the_pipeline(
    folder: Callable[[str], Path], pictures: list[Image.Image], family: str
) -> None:
    import transformers

    detector = load_detector(find_weights(str(folder(family)), "detect"), "cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        documented = transformers.pipeline("object-detection", model=str(folder(family)), device="cpu")
    seen = set()
    for picture in pictures:
        found = detector.detect(picture, LEAST)
        told = [
            (one["label"], one["score"], tuple(one["box"][name] for name in ("xmin", "ymin", "xmax", "ymax")))
            for one in documented(picture, threshold=LEAST)
        ]
        assert len(found) > 3
        # The pipeline cuts off what comes after the point.
        whole = [box._replace(**whole_pixels(box, picture)) for box in found]
        assert_same(ours(whole, picture), inside(told, picture), rounding=1e-3)
        assert [box.score for box in found] == sorted((box.score for box in found), reverse=True)
        assert {box.label for box in found} <= set(THINGS.values())
        assert detector.detect(picture, 0.9999) == []
        seen |= {round(box.score, 4) for box in found}
    assert len(seen) >= len(pictures), "what it sees depends on the picture"


def whole_pixels(box: Box, picture: Image.Image) -> dict[str, float]:
    left, top, right, bottom = (int(at + 1e-4) for at in corners(box, picture))
    width, height = picture.size
    return {
        "x": left / width,
        "y": top / height,
        "w": (right - left) / width,
        "h": (bottom - top) / height,
    }


def of_card(folder: Path, picture: Image.Image, phrase: str, least: float) -> Any:
    """The boxes as the models' cards have them."""
    import torch
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForZeroShotObjectDetection.from_pretrained(folder).eval()
    inputs = processor(images=picture, text=[[phrase]], return_tensors="pt")
    with torch.inference_mode():
        outputs = model(**inputs)
    size = {"target_sizes": [(picture.height, picture.width)], "threshold": least}
    if "grounding" in folder.name:
        return processor.post_process_grounded_object_detection(
            outputs, inputs.input_ids, text_threshold=0.25, **size
        )[0]
    return processor.post_process_grounded_object_detection(outputs, **size)[0]


@pytest.mark.parametrize("family", some(POINTERS, 1))
def test_what_words_say_is_where_the_library_finds_it(
    folder: Callable[[str], Path], pictures: list[Image.Image], family: str
) -> None:
    pointer = load_pointer(find_weights(str(folder(family)), "ground"), "cpu")
    seen = set()
    for picture in pictures:
        for phrase in ("a red boat", "two people"):
            found = pointer.point(picture, phrase, LEAST)
            card = of_card(folder(family), picture, phrase, LEAST)
            told = zip(card["scores"].tolist(), card["boxes"].tolist(), strict=True)
            documented = inside([(phrase, score, tuple(edges)) for score, edges in told], picture)
            assert_same(ours(found, picture), documented, rounding=0.01)
            seen |= {tuple(round(at, 3) for at in box[1:]) for box in found}
    assert len(seen) > 6, "what it finds depends on the picture"


@pytest.mark.slow
def test_what_florence_writes_is_read_as_the_library_reads_it(
    tmp_path: Path, pictures: list[Image.Image]
) -> None:
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = save_florence(tmp_path / "model", *(f"<loc_{at}>" for at in range(0, 1000, 10)), seed=0)
    pointer = load_pointer(find_weights(str(folder), "ground"), "cpu")
    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    task, seen = "<CAPTION_TO_PHRASE_GROUNDING>", set()
    for picture in pictures[:2]:
        inputs = processor(text=f"{task}a red boat", images=picture, return_tensors="pt")
        with torch.inference_mode():
            made = model.generate(**inputs, max_new_tokens=256, do_sample=False, num_beams=1)
        written = processor.batch_decode(made, skip_special_tokens=False)[0]
        told = processor.post_process_generation(written, task=task, image_size=picture.size)[task]
        found = pointer.point(picture, "a red boat", LEAST)
        documented = [
            (label, *edges)
            for label, edges in zip(told["labels"], told["bboxes"], strict=True)
            if edges[2] > edges[0] and edges[3] > edges[1]
        ]
        ours_told = [(box.label, *corners(box, picture)) for box in found]
        assert [label for label, *_ in ours_told] == [label for label, *_ in documented]
        for (_, *edges), (_, *at) in zip(ours_told, documented, strict=True):
            assert edges == pytest.approx(at, abs=1e-3)
        assert {box.score for box in found} == {None}, "it does not say how sure it is"
        seen |= set(ours_told)
    assert len(seen) > 6, "what it finds depends on the picture"


def test_a_model_of_something_else_is_refused(tmp_path: Path) -> None:
    weights = find_weights(str(save_dinov2(tmp_path / "dinov2")), "detect")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_detector(weights, "cpu")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_pointer(weights, "cpu")
