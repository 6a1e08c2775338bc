"""Draws a picture for a query with any text-to-image pipeline of diffusers.

Whatever ``AutoPipelineForText2Image`` knows can be used, from safetensors only and without
running any code that comes with a model.
"""

import inspect
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from PIL import Image

from db.errors import GenerateError, ModelError, SettingsError, TroveError, first_line
from db.paths import expanded
from db.settings import Device
from indexer.pretrained import memory
from indexer.pretrained.keeper import KEEPER
from indexer.pretrained.loading import quiet
from search.drawing.output import Drawing, check_target, save_drawing
from search.drawing.presets import BUILTIN_FOLDER, PRESETS, preset_of
from search.drawing.preview import OnPreview, Previewer
from search.drawing.weights import Weights, chosen, find_weights

StepCallback = Callable[[int, int], None]
"""Called with the number of steps done and the number of all steps."""

_HALF_BYTES = 2
"""Of a number in the least memory that a model can do with."""
_MAX_SEED = 2**63


class Drawer:
    """A drawing model, loaded on the first drawing and kept for a while. One picture is drawn at a time."""

    def __init__(self, model: str, *, device: Device = "auto", idle_minutes: float = 10.0) -> None:
        """
        Args:
            model: a preset of ``search.drawing.presets``, a Hub name, the folder of a pipeline, or ``auto``.
            device: ``auto`` (CUDA where there is one), ``cpu`` or ``cuda``.
            idle_minutes: how long it is kept in memory after a drawing.
        """
        self.model = chosen(model)
        self._device = device
        self._idle_s = 60 * idle_minutes

    def draw(
        self,
        prompt: str,
        *,
        path: Path,
        steps: int | None = None,
        seed: int | None = None,
        on_step: StepCallback | None = None,
        on_preview: OnPreview | None = None,
    ) -> Drawing:
        """Draw ``prompt`` and save it as a PNG.

        The same model, prompt, steps and seed give the same picture on the same machine.

        Args:
            path: must end in .png; missing folders are made, an earlier drawing is replaced.
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
        _check_request(prompt, steps, seed)
        check_target(path)
        seed = secrets.randbelow(2**32) if seed is None else seed
        with self._pipeline() as pipeline:
            arguments = _call_arguments(pipeline, self.model, steps)
            steps = int(arguments["num_inference_steps"])
            arguments |= _progress_arguments(pipeline, steps, on_step, on_preview)
            started = time.perf_counter()
            image = _sample(pipeline, seed, arguments | {"prompt": prompt})
        drawing = Drawing(
            path=path,
            prompt=prompt,
            model=_shown_name(self.model),
            seed=seed,
            steps=steps,
            seconds=time.perf_counter() - started,
            width=image.width,
            height=image.height,
        )
        save_drawing(image, drawing)
        return drawing

    def _pipeline(self) -> AbstractContextManager[Any]:
        """The pipeline, for one drawing."""
        if self._device == "cuda":
            _require_cuda()
        weights, device = find_weights(self.model), self._device
        return KEEPER.use(
            ("draw", weights.folder, device),
            _shown_name(self.model),
            weights.parameters * _HALF_BYTES,
            lambda: _load_pipeline(weights, device),
            # On a GPU what does not fit waits in the memory of the machine.
            device="cpu",
            idle_s=self._idle_s,
        )


def _check_request(prompt: str, steps: int | None, seed: int | None) -> None:
    if not prompt.strip():
        raise GenerateError("there is nothing to draw", "Say in a few words what the picture should show.")
    if steps is not None and steps < 1:
        raise GenerateError(
            f"cannot draw in {steps} steps", "Give at least 1, or none for what suits the model."
        )
    if seed is not None and not 0 <= seed < _MAX_SEED:
        raise GenerateError(f"the seed {seed} is out of range", "Give a whole number from 0 to 2^63 - 1.")


def _shown_name(model: str) -> str:
    """The model's name without its parent folders, which are private and must not be in a shared picture."""
    folder = expanded(model)
    return folder.resolve().name if model not in PRESETS and folder.is_dir() else model


def _require_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        raise SettingsError("there is no CUDA device on this machine", "Use --device cpu or auto.")


def _load_pipeline(weights: Weights, device: Device) -> Any:
    import torch

    on_cuda = device != "cpu" and torch.cuda.is_available()
    dtype = _cuda_dtype(weights) if on_cuda else _cpu_dtype(weights)
    with quiet():
        try:
            from diffusers import AutoPipelineForText2Image

            pipeline = AutoPipelineForText2Image.from_pretrained(
                weights.folder,
                variant=weights.variant,
                use_safetensors=True,
                dtype=dtype,
                **_own_parts(weights.folder, dtype),
            )
            pipeline.set_progress_bar_config(disable=True)
            if on_cuda:
                _move_to_cuda(pipeline, weights)
        except TroveError:
            raise
        except Exception as exc:  # anything: the files are whatever was downloaded
            if memory.is_out_of_memory(exc):
                raise _out_of_memory() from exc
            raise ModelError(
                f"{weights.folder} cannot be loaded as a text-to-image pipeline: {first_line(exc)}",
                "It needs a pipeline that diffusers knows by itself, without code of its own; "
                "if it is one, download it again.",
            ) from exc
    return pipeline


def _own_parts(folder: Path, dtype: Any) -> dict[str, Any]:
    """Components of the builtin pipeline that are not in its folder; empty for all others."""
    if folder != BUILTIN_FOLDER:
        return {}
    from search.drawing.pictograms import own_parts

    return own_parts(folder, dtype)


def _cuda_dtype(weights: Weights) -> Any:
    import torch

    # Models with a UNet were made for float16. Transformers were trained in bfloat16, and the
    # activations of some (Flux, T5) leave the range of float16.
    wide = "transformer" in weights.components and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if wide else torch.float16


def _cpu_dtype(weights: Weights) -> Any:
    """float32 where it fits. Checked first, because a system out of memory kills instead of raising."""
    import torch

    free = memory.free_bytes("cpu")
    for dtype in (torch.float32, torch.bfloat16):
        if weights.parameters * dtype.itemsize + memory.WORKING_BYTES <= free:
            return dtype
    needed = (weights.parameters * torch.bfloat16.itemsize + memory.WORKING_BYTES) / memory.GB
    raise GenerateError(
        f"the model needs about {needed:.1f} GB of memory and {free / memory.GB:.1f} GB are free",
        "Close other programs, or choose a smaller model.",
    )


def _move_to_cuda(pipeline: Any, weights: Weights) -> None:
    import torch

    if weights.parameters * torch.float16.itemsize + memory.WORKING_BYTES <= memory.free_bytes("cuda"):
        pipeline.to("cuda")
    else:
        pipeline.enable_model_cpu_offload()


def _call_arguments(pipeline: Any, model: str, steps: int | None) -> dict[str, Any]:
    """Steps, guidance and size: the preset's where the model is one, else the pipeline's defaults."""
    info, accepted = preset_of(model), _parameters(pipeline)
    # PixArt would draw in one of the sizes of its paper and bring that to the size that was asked for.
    arguments = {"use_resolution_binning": False} if "use_resolution_binning" in accepted else {}
    if info is None:
        return arguments | {"num_inference_steps": steps or accepted["num_inference_steps"].default}
    return arguments | {
        "num_inference_steps": steps or info.steps,
        "guidance_scale": info.guidance,
        "width": info.size,
        "height": info.size,
    }


def _parameters(pipeline: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(pipeline.__call__).parameters


def _progress_arguments(
    pipeline: Any, steps: int, on_step: StepCallback | None, on_preview: OnPreview | None
) -> dict[str, Any]:
    """Callback arguments that make the pipeline report its steps; empty for the few that have none."""
    if on_step is None:
        return {}
    show = Previewer(on_preview) if on_preview is not None else None

    def at_end(running: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
        # Some schedulers need a step or two more than they were asked for.
        total = getattr(running, "num_timesteps", steps)
        on_step(step + 1, total)
        if show is not None and step + 1 < total:
            show(running, tensors.get("latents"))
        return tensors

    accepted = _parameters(pipeline)
    if "callback_on_step_end" in accepted:
        return {"callback_on_step_end": at_end}
    if "callback" in accepted:  # the older pipelines, such as PixArt
        return {
            "callback": lambda step, timestep, latents: at_end(pipeline, step, timestep, {"latents": latents})
        }
    return {}


def _sample(pipeline: Any, seed: int, arguments: dict[str, Any]) -> Image.Image:
    import torch

    # On the CPU whatever the device, so that a seed means the same noise on all of them.
    generator = torch.Generator("cpu").manual_seed(seed)
    with quiet():
        try:
            result = pipeline(**arguments, generator=generator)
        except TroveError:
            raise
        except Exception as exc:  # anything: each pipeline fails in its own way
            if memory.is_out_of_memory(exc):
                raise _out_of_memory() from exc
            raise GenerateError(
                f"the model could not draw it: {first_line(exc)}",
                "Try fewer or other words, or other steps.",
            ) from exc
    return _accept(result)


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


def _out_of_memory() -> GenerateError:
    return GenerateError(
        "there is not enough memory to draw",
        "Close other programs, choose a smaller model, or use --device cpu.",
    )
