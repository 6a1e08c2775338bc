"""What a model says that pictures, and the shots of films, show: found by its words and by its meaning.

A machine's words prove nothing, and are marked as such wherever they stand; people may put them right.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import ClassVar, Protocol

from PIL import Image

from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.kinds import CLIP, PASSAGE, Kind
from db.settings import Settings
from indexer.analysers.base import Draft, TextPayload
from indexer.analysers.by_model import ByModel
from indexer.analysers.medium import Medium
from indexer.analysers.middles import middles
from indexer.media.types import Picture
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.memory import in_batches
from indexer.pretrained.weights import Weights

SIDE = 768
"""Pixels of the shorter side of what is described; models see less."""
AT_ONCE = 4
"""Shots of a film that are described together, which takes less time than one by one; fewer where memory is
short. How far a film is can be told only after each."""
_FORMAT = 1
"""Grows whenever the units that are made of the same captions change."""


class Captioner(Protocol):
    """What describes pictures."""

    def captions(self, pictures: Sequence[Image.Image]) -> list[str]:
        """What each picture shows, in a sentence."""


class Captions(ByModel):
    """Makes a unit of what a model says that a picture shows, and of each shot of a film."""

    name = "captions"
    label = "what a model says that is shown"
    kinds = (Kind("machine_caption", "description", {CLIP: PASSAGE}, "machine"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video"})
    task = "caption"
    setting = "captioner"
    does = "describes pictures"
    _model: Pretrained[Captioner]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = f"{settings.captioner} {_FORMAT}"

    @staticmethod
    def load(weights: Weights, device: str) -> Captioner:
        """See ``load_captioner``."""
        return load_captioner(weights, device)

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit of a picture; of a film one a shot, or one for several in a row told the same of."""
        if medium.header.kind == "video":
            yield from map(_draft, _joined(self._of_film(medium, progress)))
        else:
            (text,) = self._described([medium.picture(SIDE)])
            if text:
                yield _draft(NewUnit(self.kinds[0].name, text=text))
        progress(1.0)

    def _of_film(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[NewUnit]:
        shown = middles(medium, SIDE)
        while some := list(islice(shown, AT_ONCE)):
            texts = self._described([picture for _, _, picture in some])
            for (shot, at_s, _), text in zip(some, texts, strict=True):
                if text:
                    yield NewUnit(
                        self.kinds[0].name, start_s=shot.start_s, end_s=shot.end_s, at_s=at_s, text=text
                    )
            progress(medium.share(some[-1][0].end_s))

    def _described(self, pictures: Sequence[Picture]) -> list[str]:
        images = [Image.fromarray(picture) for picture in pictures]
        with self._model.use() as captioner:
            return list(in_batches(self._model.model, images, AT_ONCE, captioner.captions))


def load_captioner(weights: Weights, device: str) -> Captioner:
    """What describes pictures, by the weights that were found.

    Raises:
        ModelError: they cannot be loaded, or describe nothing.
    """
    if weights.is_open_clip:
        from indexer.encoders.openclip.captioner import load_coca

        return load_coca(weights, device)
    from indexer.pretrained.vision_language import load_vision_language

    return load_vision_language(weights, device)


def _joined(units: Iterator[NewUnit]) -> Iterator[NewUnit]:
    """Units of which those in a row with the same text are one."""
    waiting: NewUnit | None = None
    for unit in units:
        if waiting is not None and waiting.text == unit.text:
            waiting = replace(waiting, end_s=unit.end_s)
            continue
        if waiting is not None:
            yield waiting
        waiting = unit
    if waiting is not None:
        yield waiting


def _draft(unit: NewUnit) -> Draft:
    return Draft(unit, TextPayload(unit.text or ""))
