"""What a pipeline of diffusers is called with: words or a class, steps, size, and a picture to start from.

Pipelines name the same things differently, or lack them; their own signatures say which.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from PIL import Image, ImageDraw, ImageOps

from db.errors import GenerateError
from db.near import did_you_mean
from indexer.pretrained.loading import quiet
from search.drawing.clips import FRAMES_PER_S
from search.drawing.presets import preset_of
from search.drawing.preview import OnPreview, Previewer

StepCallback = Callable[[int, int], None]
"""Called with the number of steps done and the number of all steps."""

_MULTIPLE = 64
"""Sides of pictures to start from are multiples of it, which every pipeline takes."""
_SIDE = 512
"""Of pictures of a pipeline that does not say it."""
_STEPS = "num_inference_steps"
_FRAMES = "num_frames"
_OWN_PAIRS: Mapping[str, tuple[str, str | None]] = {
    "AmusedPipeline": ("AmusedImg2ImgPipeline", "AmusedInpaintPipeline"),
    "LTXPipeline": ("LTXImageToVideoPipeline", None),
}
"""What starts from a picture, and inpaints, of classes whose pairs ``AutoPipeline`` does not know."""

_OWN_DECODER = frozenset({"KandinskyCombinedPipeline", "KandinskyV22CombinedPipeline"})
"""Classes that draw regions anew only with a decoder trained for it, which takes more than latents."""
_PLAIN_CHANNELS = 4


@dataclass(frozen=True)
class Start:
    """A picture to start from, in place of noise alone (image to image, SDEdit, arXiv 2108.01073)."""

    picture: Image.Image
    strength: float | None = None
    """How much of it is drawn anew, above 0 to 1; None takes the pipeline's own."""
    region: tuple[float, float, float, float] | None = None
    """Draw only this part anew (inpainting): x, y, width and height, each 0 to 1. None: all of it."""

    def check(self) -> None:
        """Raises GenerateError where the strength or the region is out of range."""
        if self.strength is not None and not 0 < self.strength <= 1:
            raise GenerateError(
                f"the strength {self.strength:g} is out of range", "Give a number above 0, up to 1."
            )
        if self.region is not None:
            x, y, width, height = self.region
            if not (x >= 0 and y >= 0 and width > 0 and height > 0 and x + width <= 1 and y + height <= 1):
                raise GenerateError(
                    "the region is not inside the picture", "Give X,Y,WIDTH,HEIGHT, each from 0 to 1."
                )


def parameters(pipeline: Any) -> Mapping[str, inspect.Parameter]:
    """What the call of a pipeline accepts, by name."""
    return inspect.signature(pipeline.__call__).parameters


def starting_from(pipeline: Any, start: Start | None) -> Any:
    """The pipeline of the same parts that takes a picture, where there is one to start from.

    Raises:
        GenerateError: there is none of this family.
    """
    name = type(pipeline).__name__
    if start is None or (needs_picture(pipeline) and not (name in FRAMES_PER_S and start.region)):
        return pipeline
    import diffusers

    try:
        if start.region and name in _OWN_DECODER and pipeline.unet.config.in_channels == _PLAIN_CHANNELS:
            raise ValueError(name)
        if name in _OWN_PAIRS:
            own = _OWN_PAIRS[name][start.region is not None]
            if own is None:
                raise ValueError(name)
            kind = getattr(diffusers, own)
        else:
            kind = (
                diffusers.AutoPipelineForInpainting if start.region else diffusers.AutoPipelineForImage2Image
            )
        with quiet():
            paired = kind.from_pipe(pipeline)
    except ValueError as exc:
        what = "draw a region anew" if start.region else "start from a picture"
        raise GenerateError(
            f"a model of this kind ({name}) cannot {what}",
            "For clips LTX-Video can, and models made for it: see trove models."
            if name in FRAMES_PER_S
            else "Models like Stable Diffusion, aMUSEd and Flux can: see trove models.",
        ) from exc
    paired.set_progress_bar_config(disable=True)
    return paired


def needs_picture(pipeline: Any) -> bool:
    """Whether it draws nothing without a picture: it varies one, or makes a clip of one."""
    accepted = parameters(pipeline)
    return "image" in accepted and ("prompt" not in accepted or type(pipeline).__name__ in FRAMES_PER_S)


def words_of(pipeline: Any, prompt: str, without: str) -> dict[str, Any]:
    """The arguments that say what to draw: a prompt, or the class of that name.

    Raises:
        GenerateError: a class is asked for that the model has not learnt, or it needs a picture to vary.
    """
    accepted = parameters(pipeline)
    if "class_labels" in accepted:
        return {"class_labels": [_class_of(pipeline, prompt)]}
    if "prompt" not in accepted:
        return {}
    return {"prompt": prompt} | ({"negative_prompt": without} if heeds_negatives(pipeline, without) else {})


def heeds_negatives(pipeline: Any, without: str) -> bool:
    """Whether there is a negative prompt, and the pipeline takes one."""
    return bool(without.strip()) and "negative_prompt" in parameters(pipeline)


def _class_of(pipeline: Any, name: str) -> int:
    labels: Mapping[str, int] = pipeline.labels or {}
    known = {label.casefold(): number for label, number in labels.items()}
    if (number := known.get(name.strip().casefold())) is not None:
        return number
    some, count = ", ".join(list(labels)[:5]), len(set(labels.values()))
    raise GenerateError(
        f"this model draws {count:,} classes by their names, and {shorten(name, 60)!r} is none of them",
        did_you_mean(name, labels) or f"Such as: {some}.",
    )


def step_arguments(pipeline: Any, model: str, steps: int | None) -> tuple[dict[str, Any], int]:
    """The arguments that set the steps, and how many there are in all.

    unCLIP draws in three stages: the steps that people choose are those of its decoder.

    Raises:
        GenerateError: it has none that can be chosen.
    """
    accepted = parameters(pipeline)
    name = next((name for name in (_STEPS, f"decoder_{_STEPS}") if name in accepted), _STEPS)
    if name not in accepted:  # MusicGen
        if steps is not None:
            raise GenerateError("this model makes no steps that can be chosen", "Leave --steps away.")
        return {}, 1
    info = preset_of(model)
    wanted = steps or (info.steps if info else None) or accepted[name].default
    if name == _STEPS:
        return {name: wanted}, wanted
    others = sum(value.default for key, value in accepted.items() if key.endswith(_STEPS) and key != name)
    return {name: wanted}, wanted + others


def steps_of(arguments: Mapping[str, Any], pipeline: Any) -> int:
    """How many steps a pipeline was told to make, or has made where it is not told."""
    told = (value for name, value in arguments.items() if name.endswith(_STEPS))
    return int(next(told, getattr(pipeline, "num_timesteps", 1)))


def look_arguments(pipeline: Any, model: str, size: int | None) -> dict[str, Any]:
    """Guidance and size: the preset's where the model is one, else the pipeline's defaults."""
    info, accepted = preset_of(model), parameters(pipeline)
    # PixArt would draw in one of the sizes of its paper and bring that to the size that was asked for.
    arguments: dict[str, Any] = (
        {"use_resolution_binning": False} if "use_resolution_binning" in accepted else {}
    )
    if info is not None and info.guidance is not None and "guidance_scale" in accepted:
        arguments["guidance_scale"] = info.guidance
    side = size or (info.size if info else None)
    if side is not None and "width" in accepted:
        arguments |= {"width": side, "height": side}
    elif size is not None:
        raise GenerateError("this model makes one size only", "Leave --size away.")
    return arguments


def start_arguments(pipeline: Any, start: Start, side: int | None) -> dict[str, Any]:
    """The picture to start from in a size that the pipeline takes, its strength, and the region's mask."""
    accepted = parameters(pipeline)
    picture = _fitted(start.picture, pipeline) or _sized(start.picture, side or _side_of(pipeline))
    arguments: dict[str, Any] = {"image": picture}
    if start.strength is not None and "strength" in accepted:
        arguments["strength"] = start.strength
    if start.region is not None:
        arguments["mask_image"] = mask_of(start.region, picture.size)
    if "width" in accepted:
        width, height = picture.size
        # It takes one for the other (diffusers 0.42), so that a wide picture would come out tall.
        swapped = type(pipeline).__name__ == "KandinskyV22Img2ImgCombinedPipeline"
        arguments |= {"width": height, "height": width} if swapped else {"width": width, "height": height}
    return arguments


def enough_steps(arguments: Mapping[str, Any], accepted: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """So many steps that, at the strength asked for, at least one is left: of 1 at 0.5 none would be."""
    if "strength" not in accepted or _STEPS not in arguments:
        return {}
    strength = arguments.get("strength", accepted["strength"].default)
    return {_STEPS: max(arguments[_STEPS], math.ceil(1 / strength))}


def mask_of(region: tuple[float, float, float, float], size: tuple[int, int]) -> Image.Image:
    """White where a picture of this size is drawn anew."""
    mask = Image.new("L", size, 0)
    x, y, width, height = region
    left, top = round(x * size[0]), round(y * size[1])
    right, bottom = round((x + width) * size[0]) - 1, round((y + height) * size[1]) - 1
    ImageDraw.Draw(mask).rectangle((left, top, max(left, right), max(top, bottom)), fill=255)
    return mask


def _side_of(pipeline: Any) -> int:
    """The side of the pictures that a pipeline draws by itself."""
    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    sample = getattr(pipeline, "default_sample_size", None) or getattr(
        getattr(network, "config", None), "sample_size", None
    )
    scale = getattr(pipeline, "vae_scale_factor", None)
    return sample * scale if isinstance(sample, int) and isinstance(scale, int) else _SIDE


def size_of(pipeline: Any, arguments: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width of what a pipeline draws when it is called with these arguments."""
    accepted = parameters(pipeline)
    width, height = _own_size(pipeline) or (_side_of(pipeline),) * 2
    own = {"height": height, "width": width}
    height, width = (
        arguments.get(name) or (accepted[name].default if name in accepted else None) or side
        for name, side in own.items()
    )
    return height, width


def frames_of(pipeline: Any, arguments: Mapping[str, Any]) -> int:
    """How many frames a pipeline makes when it is called with these arguments; 1 of a picture."""
    default = parameters(pipeline)[_FRAMES].default if _FRAMES in parameters(pipeline) else 1
    return int(arguments.get(_FRAMES) or default or 1)


def _sized(picture: Image.Image, side: int) -> Image.Image:
    """A picture whose long side is about ``side``, both sides being multiples of 64."""
    scale = side / max(picture.size)
    width, height = (max(1, round(scale * each / _MULTIPLE)) * _MULTIPLE for each in picture.size)
    return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def _fitted(picture: Image.Image, pipeline: Any) -> Image.Image | None:
    """The middle of a picture in the one size that a model knows; None where it knows others (CogVideoX)."""
    own = _own_size(pipeline)
    return own and ImageOps.fit(picture.convert("RGB"), own, Image.Resampling.LANCZOS)


def _own_size(pipeline: Any) -> tuple[int, int] | None:
    """Width and height that a model makes unless it is told otherwise, where its settings name both."""
    config = getattr(getattr(pipeline, "transformer", None), "config", None)
    width, height = getattr(config, "sample_width", None), getattr(config, "sample_height", None)
    if not isinstance(width, int) or not isinstance(height, int):
        return None
    scale = pipeline.vae_scale_factor_spatial
    return width * scale, height * scale


@contextmanager
def telling(
    pipeline: Any,
    arguments: Mapping[str, Any],
    steps: int,
    on_step: StepCallback | None,
    on_preview: OnPreview | None,
) -> Iterator[dict[str, Any]]:
    """Have a pipeline report its steps while it is called with ``arguments`` in the block; yields those that
    it needs for that.

    The few without a callback (unCLIP, DiT) are followed by their progress bars.
    """
    if on_step is None:
        yield {}
        return
    show = Previewer(on_preview, size_of(pipeline, arguments)) if on_preview is not None else None

    def at_end(running: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
        # Some schedulers need a step or two more than they were asked for.
        total = getattr(running, "num_timesteps", steps)
        on_step(step + 1, total)
        if show is not None and step + 1 < total:
            show(running, tensors.get("latents"))
        return tensors

    accepted = parameters(pipeline)
    if "callback_on_step_end" in accepted:
        yield {"callback_on_step_end": at_end}
    elif "callback" in accepted:  # the older pipelines, such as PixArt
        yield {
            "callback": lambda step, timestep, latents: at_end(pipeline, step, timestep, {"latents": latents})
        }
    else:
        with _counted(pipeline, steps, on_step):
            yield {}


@contextmanager
def _counted(pipeline: Any, steps: int, on_step: StepCallback) -> Iterator[None]:
    """Tell of every step of a pipeline's progress bars, which may be several, one after the other."""
    done, plain = 0, pipeline.progress_bar

    def each(iterable: Iterable[Any]) -> Iterator[Any]:
        nonlocal done
        for item in iterable:
            yield item
            done += 1
            on_step(done, max(done, steps))

    def bar(iterable: Iterable[Any] | None = None, total: int | None = None) -> Any:
        return plain(total=total) if iterable is None else each(iterable)

    pipeline.progress_bar = bar
    try:
        yield
    finally:
        del pipeline.progress_bar
