"""Draws a picture for a query, or makes a clip or sounds, with pipelines of diffusers and with MusicGen.

Whatever ``AutoPipelineForText2Image`` knows can be used, and the families listed in ``pipelines``, from
safetensors only and without running any code that comes with a model.
"""

import secrets
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from db.errors import GenerateError
from db.settings import Device
from search.drawing.calls import (
    Start,
    StepCallback,
    enough_steps,
    frames_of,
    heeds_negatives,
    look_arguments,
    needs_picture,
    parameters,
    size_of,
    start_arguments,
    starting_from,
    step_arguments,
    steps_of,
    telling,
    words_of,
)
from search.drawing.clips import clip_of, frames_argument
from search.drawing.knowing import Concept, concept_of
from search.drawing.memory import require_room
from search.drawing.output import Drawing, Made, check_target, save_drawing
from search.drawing.pipelines import pipeline_for, run, shown_name
from search.drawing.presets import BUILTIN, SEEN, Makes
from search.drawing.preview import OnPreview
from search.drawing.sounds import Sound, length_argument, sound_of
from search.drawing.weights import chosen

_MAX_SEED = 2**63
_LARGEST = 4096
"""Pixels of a side: no model draws so large, and the system kills what takes more memory than it has."""
_LONGEST_PROMPT = 4_000
"""Characters. Models read 50 to 400 words, and some take memory with the square of what they are given."""
_LONGEST_S = 300
"""Of a clip or sound; models make a few seconds at once."""


@dataclass(frozen=True)
class Sketched:
    """A preview of a question."""

    image: Image.Image | None
    """None: the model knows nothing that is near to it."""
    concept: Concept | None
    """What the builtin model took it for; None of other models."""
    model: str


class Drawer:
    """A drawing model, loaded on the first drawing and kept for a while. One picture is drawn at a time."""

    def __init__(
        self, model: str, makes: Makes = "picture", *, device: Device = "auto", idle_minutes: float = 10.0
    ) -> None:
        """
        Args:
            model: a preset of ``search.drawing.presets``, a Hub name, the folder of a pipeline, or ``auto``.
            makes: what it is to make.
            device: ``auto`` (CUDA where there is one), ``cpu`` or ``cuda``.
            idle_minutes: how long it is kept in memory after a drawing.

        Raises:
            ModelMissingError: it is ``auto``, and no model is here that makes this.
        """
        self.makes: Makes = makes
        self.model = chosen(model, makes)
        self._device = device
        self._idle_s = 60 * idle_minutes

    def draw(
        self,
        prompt: str,
        *,
        path: Path,
        without: str = "",
        start: Start | None = None,
        size: int | None = None,
        length_s: float | None = None,
        steps: int | None = None,
        seed: int | None = None,
        on_step: StepCallback | None = None,
        on_preview: OnPreview | None = None,
    ) -> Drawing:
        """Draw ``prompt`` and save it as a PNG, a clip as an MP4, sounds as FLAC.

        The same model, prompt, steps and seed give the same picture on the same machine.

        Args:
            path: must end in .png, .mp4 or .flac; missing folders are made, an earlier drawing is replaced.
            without: what it should not show, for models that take a negative prompt; the drawing says
                whether it was heeded.
            start: a picture to start from, in place of noise alone.
            size: the side of the picture in pixels, or the long side of the picture to start from; None
                takes what suits the model.
            length_s: of a clip or sound, in seconds, as near as the model can; None takes its own.
            steps: of denoising; None takes what suits the model.
            seed: of the noise, 0 to 2^63 - 1; None takes a random one.
            on_step: may raise a TroveError to stop the drawing.
            on_preview: gets small pictures of the unfinished drawing, at most one a second; some pipelines
                have none.

        Raises:
            ModelMissingError: the weights are not on this machine and cannot be downloaded now.
            ModelError: the model is unknown, or cannot be loaded as a text-to-image pipeline.
            SettingsError: the device does not exist here.
            GenerateError: the picture cannot be drawn or saved.
        """
        _check_request(prompt, steps, seed, start, length_s, size, without)
        check_target(path, self.makes)
        seed = secrets.randbelow(2**32) if seed is None else seed
        with self._pipeline() as loaded:
            concept = concept_of(loaded, prompt) if self.model == BUILTIN else None
            pipeline = starting_from(loaded, start)
            arguments, total = self._arguments(pipeline, prompt, without, start, size, steps)
            if self.makes == "clip":
                arguments |= frames_argument(pipeline, length_s)
            elif self.makes != "picture":
                arguments |= length_argument(parameters(pipeline), length_s)
                on_preview = None
            self._require_room(pipeline, arguments)
            with telling(pipeline, arguments, total, on_step, on_preview) as callbacks:
                started = time.perf_counter()
                made = self._accept(run(pipeline, seed, arguments | callbacks), pipeline)
        drawing = Drawing(
            path=path,
            prompt=prompt,
            model=shown_name(self.model),
            seed=seed,
            steps=steps_of(arguments, pipeline),
            seconds=time.perf_counter() - started,
            width=0 if isinstance(made, Sound) else made.width,
            height=0 if isinstance(made, Sound) else made.height,
            without=without.strip() if heeds_negatives(pipeline, without) else "",
            composite=start is not None,
            region=start.region if start is not None else None,
            concept=concept,
            makes=self.makes,
            length_s=None if isinstance(made, Image.Image) else made.length_s,
        )
        save_drawing(made, drawing)
        return drawing

    def _accept(self, result: Any, pipeline: Any) -> Made:
        if self.makes == "picture":
            return _accept(result)
        return clip_of(result, pipeline) if self.makes == "clip" else sound_of(result, pipeline)

    def sketch(
        self,
        prompt: str,
        *,
        without: str = "",
        start: Start | None = None,
        seed: int = 0,
        on_step: StepCallback | None = None,
        on_preview: OnPreview | None = None,
    ) -> Sketched:
        """Draw ``prompt`` unsaved, as a preview of a question, if the model knows what is meant.

        Arguments and errors as ``draw``.
        """
        _check_request(prompt, None, seed, start, without=without)
        with self._pipeline() as loaded:
            concept = concept_of(loaded, prompt) if self.model == BUILTIN else None
            if concept is not None and not concept.known:
                return Sketched(None, concept, shown_name(self.model))
            pipeline = starting_from(loaded, start)
            arguments, total = self._arguments(pipeline, prompt, without, start, None, None)
            self._require_room(pipeline, arguments)
            with telling(pipeline, arguments, total, on_step, on_preview) as callbacks:
                image = _accept(run(pipeline, seed, arguments | callbacks))
        return Sketched(image, concept, shown_name(self.model))

    def _arguments(
        self,
        pipeline: Any,
        prompt: str,
        without: str,
        start: Start | None,
        size: int | None,
        steps: int | None,
    ) -> tuple[dict[str, Any], int]:
        """What the pipeline is called with, without callbacks, and the number of steps."""
        arguments, total = step_arguments(pipeline, self.model, steps)
        arguments |= words_of(pipeline, prompt, without)
        if start is None:
            if needs_picture(pipeline):
                raise GenerateError(
                    "this model starts from a picture, not from words alone",
                    "Give it a picture to start from.",
                )
            return arguments | look_arguments(pipeline, self.model, size), total
        look = look_arguments(pipeline, self.model, size if "width" in parameters(pipeline) else None)
        arguments |= look | start_arguments(pipeline, start, size or look.get("width"))
        return arguments | enough_steps(arguments, parameters(pipeline)), total

    def _require_room(self, pipeline: Any, arguments: Mapping[str, Any]) -> None:
        if self.makes in SEEN:
            require_room(pipeline, size_of(pipeline, arguments), frames_of(pipeline, arguments))

    def _pipeline(self) -> AbstractContextManager[Any]:
        """The pipeline, for one drawing."""
        return pipeline_for(self.makes, self.model, self._device, self._idle_s)


def draw_several(
    drawer: Drawer,
    prompt: str,
    count: int,
    *,
    path: Path,
    seed: int | None = None,
    on_step: StepCallback | None = None,
    **how: Any,
) -> list[Drawing]:
    """Draw ``prompt`` so many times, with seeds that follow each other, into files numbered from 1.

    One after the other: that takes no more memory than one, and the seed of each draws it again alone.
    Arguments and errors are those of ``Drawer.draw``; of one, the file has no number.
    """
    if count == 1:
        return [drawer.draw(prompt, path=path, seed=seed, on_step=on_step, **how)]
    first = secrets.randbelow(2**32) if seed is None else seed
    drawings = []
    for number in range(count):

        def tell(done: int, total: int, before: int = number) -> None:
            if on_step is not None:
                on_step(before * total + done, count * total)

        drawings.append(
            drawer.draw(
                prompt,
                path=path.with_stem(f"{path.stem}-{number + 1}"),
                seed=first + number,
                on_step=None if on_step is None else tell,
                **how,
            )
        )
    return drawings


def _check_request(
    prompt: str,
    steps: int | None,
    seed: int | None,
    start: Start | None,
    length_s: float | None = None,
    size: int | None = None,
    without: str = "",
) -> None:
    if start is not None:
        start.check()
    if not prompt.strip() and start is None:
        raise GenerateError("there is nothing to draw", "Say in a few words what the picture should show.")
    if (length := max(len(prompt), len(without))) > _LONGEST_PROMPT:
        raise GenerateError(
            f"{length:,} characters are too long to draw",
            f"Give up to {_LONGEST_PROMPT:,}; models read some hundred words at most.",
        )
    if steps is not None and steps < 1:
        raise GenerateError(
            f"cannot draw in {steps} steps", "Give at least 1, or none for what suits the model."
        )
    if length_s is not None and not 0 < length_s <= _LONGEST_S:
        raise GenerateError(
            f"a length of {length_s:g} s is out of range", f"Give above 0 up to {_LONGEST_S} seconds."
        )
    if size is not None and not 0 < size <= _LARGEST:
        raise GenerateError(
            f"a size of {size} pixels is out of range", f"Give a number of pixels up to {_LARGEST}."
        )
    if seed is not None and not 0 <= seed < _MAX_SEED:
        raise GenerateError(f"the seed {seed} is out of range", "Give a whole number from 0 to 2^63 - 1.")


def _accept(result: Any) -> Image.Image:
    """The picture, unless the safety checker or a numerical failure has blackened it."""
    image: Image.Image = result.images[0].convert("RGB")
    if any(getattr(result, "nsfw_content_detected", None) or ()):
        raise GenerateError(
            "the model's safety checker withheld the picture",
            "Try another seed or other words; it can be wrong.",
        )
    if image.getbbox() is None:  # the box around everything that is not zero
        raise GenerateError("the model returned a black picture", "Try another seed, or --device cpu.")
    return image
