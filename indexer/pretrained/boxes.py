"""Models that draw boxes: detectors, which know some things by name, and those that find what words say.

Any class of transformers behind ``AutoModelForObjectDetection`` (DETR, RT-DETR, YOLOS) or behind
``AutoModelForZeroShotObjectDetection`` (Grounding DINO, OWLv2), and Florence-2, which writes places as words.
The boxes are those that the library's own processor reads from a model's output, one picture and one phrase
at a time.
"""

import inspect
import re
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from PIL import Image

from indexer.pretrained.loading import load_model, load_processor, used
from indexer.pretrained.weights import Weights

_FAILS = "cannot look at the picture"
_PHRASE_SCORE = 0.25
"""Of a word of the phrase in a box, as Grounding DINO's own processor has it."""
_FLORENCE = "florence2"
_LOCATE = "<CAPTION_TO_PHRASE_GROUNDING>"
"""What Florence-2 is told to do."""
_MOST_TOKENS = 256
"""Of what it writes: some fifty boxes."""


class Box(NamedTuple):
    """What is at a place of a picture: left edge, top edge, width and height, each 0 to 1, and how sure.

    ``score``: None where a model does not say it.
    """

    label: str
    score: float | None
    x: float
    y: float
    w: float
    h: float


class Detector:
    """A detector that is loaded. Not thread-safe: ``Pretrained.use`` lets one thread in."""

    sure: ClassVar[float | None] = None
    """The score from which it is nearly always right, where that was measured."""

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        self.name = name
        self._model = model
        self._processor = processor

    def detect(self, picture: Image.Image, least: float) -> list[Box]:
        """The things that it knows and sees, the surest first.

        Raises:
            ModelError: it cannot look at the picture.
        """
        with used(self.name, _FAILS):
            return self._detect(picture, least)

    def _detect(self, picture: Image.Image, least: float) -> list[Box]:
        inputs = self._processor(images=[picture], return_tensors="pt")
        (found,) = self._processor.post_process_object_detection(
            _run(self._model, inputs), threshold=least, target_sizes=[picture.size[::-1]]
        )
        names = self._model.config.id2label
        labels = [names[int(label)] for label in found["labels"]]
        return _boxes(labels, found["scores"].tolist(), found["boxes"].tolist(), picture)


class Pointer:
    """A model that finds what words say. Not thread-safe: ``Pretrained.use`` lets one thread in."""

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        self.name = name
        self._model = model
        self._processor = processor

    def point(self, picture: Image.Image, phrase: str, least: float) -> list[Box]:
        """Where the picture shows what a phrase says, the surest first.

        Raises:
            ModelError: it cannot look at the picture.
        """
        with used(self.name, _FAILS):
            return self._point(picture, phrase, least)

    def _point(self, picture: Image.Image, phrase: str, least: float) -> list[Box]:
        told = [[phrase.lower()]]
        inputs = self._processor(images=[picture], text=told, truncation=True, return_tensors="pt")
        read: dict[str, Any] = {"threshold": least, "target_sizes": [picture.size[::-1]], "text_labels": told}
        if _reads_words(self._processor):
            read |= {"input_ids": inputs["input_ids"], "text_threshold": _PHRASE_SCORE}
        (found,) = self._processor.post_process_grounded_object_detection(_run(self._model, inputs), **read)
        scores = found["scores"].tolist()
        return _boxes([phrase] * len(scores), scores, found["boxes"].tolist(), picture)


class PlaceWriter(Pointer):
    """Florence-2 (Xiao et al. 2023, arXiv 2311.06242), which writes places as words.

    It does so for each thing that a caption names, and says of none how sure it is.
    """

    def _point(self, picture: Image.Image, phrase: str, least: float) -> list[Box]:  # noqa: ARG002
        import torch

        asked = _LOCATE + re.sub(r"[<>]", " ", phrase)  # in these stand its own words
        inputs = self._processor(images=[picture], text=[asked], return_tensors="pt")
        inputs = inputs.to(self._model.device, dtype=self._model.dtype)
        with torch.inference_mode():
            made = self._model.generate(**inputs, max_new_tokens=_MOST_TOKENS, do_sample=False, num_beams=1)
        (written,) = self._processor.batch_decode(made, skip_special_tokens=False)
        told = self._processor.post_process_generation(written, task=_LOCATE, image_size=picture.size)[
            _LOCATE
        ]
        return _boxes(told["labels"], [None] * len(told["bboxes"]), told["bboxes"], picture)


def load_detector(weights: Weights, device: str) -> Detector:
    """A detector by the weights that were found.

    Raises:
        ModelError: they cannot be loaded, or are none of a detector.
    """
    model = load_model(weights, "AutoModelForObjectDetection", device)
    return Detector(weights.name, model, load_processor(weights, "AutoImageProcessor"))


def load_pointer(weights: Weights, device: str) -> Pointer:
    """A model that finds what words say, by the weights that were found.

    Raises:
        ModelError: they cannot be loaded, or find nothing by words.
    """
    writes = not weights.is_open_clip and weights.config().get("model_type") == _FLORENCE
    auto = "AutoModelForImageTextToText" if writes else "AutoModelForZeroShotObjectDetection"
    kind = PlaceWriter if writes else Pointer
    return kind(weights.name, load_model(weights, auto, device), load_processor(weights))


def _reads_words(processor: Any) -> bool:
    """Whether its processor tells the words of each box from the text that was given."""
    made = inspect.signature(processor.post_process_grounded_object_detection)
    return "text_threshold" in made.parameters


def _run(model: Any, inputs: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model(**inputs.to(model.device, dtype=model.dtype))


def _boxes(
    names: Sequence[str],
    scores: Sequence[float | None],
    edges: Sequence[Sequence[float]],
    picture: Image.Image,
) -> list[Box]:
    """Boxes as shares of the picture, the surest first; what is beyond its edges is not in it."""
    width, height = picture.size
    boxes = []
    for name, score, corners in zip(names, scores, edges, strict=True):
        left, right = (min(1.0, max(0.0, at / width)) for at in corners[::2])
        top, bottom = (min(1.0, max(0.0, at / height)) for at in corners[1::2])
        if right > left and bottom > top:
            boxes.append(Box(name, score, left, top, right - left, bottom - top))
    return sorted(boxes, key=lambda box: -(box.score or 0.0))
