"""Pipelines of diffusers, loaded from a folder of weights and kept while they are used.

Their own loaders do the loading: of safetensors only, and without running code that comes with a model.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from db.errors import GenerateError, ModelError, SettingsError, TroveError, first_line
from db.paths import expanded
from db.settings import Device
from indexer.pretrained import memory
from indexer.pretrained import weights as pretrained
from indexer.pretrained.keeper import KEEPER
from indexer.pretrained.loading import quiet
from search.drawing.clips import FRAMES_PER_S
from search.drawing.memory import out_of_memory, smaller_models
from search.drawing.musicgen import load_musicgen
from search.drawing.presets import BUILTIN_FOLDER, PRESETS, Makes
from search.drawing.sounds import MUSIC_MODEL, SOUND_PIPELINES
from search.drawing.weights import INDEX, Weights, find_weights

_HALF_BYTES = 2
"""Of a number in the least memory that a model can do with."""

ALSO: Mapping[str, tuple[Makes, ...]] = MappingProxyType(
    {
        "UnCLIPPipeline": ("picture",),
        "UnCLIPImageVariationPipeline": ("picture",),
        "StableDiffusionImageVariationPipeline": ("picture",),
        "AmusedPipeline": ("picture",),
        "DiTPipeline": ("picture",),
        **dict.fromkeys(FRAMES_PER_S, ("clip",)),
        **dict.fromkeys(SOUND_PIPELINES, ("sound", "music")),
        MUSIC_MODEL: ("music",),
    }
)
"""What the pipelines make that are used beside those that ``AutoPipelineForText2Image`` knows."""

_TITLES: Mapping[Makes, str] = MappingProxyType(
    {
        "picture": "a text-to-image pipeline",
        "clip": "a text-to-video pipeline",
        "sound": "a text-to-audio pipeline",
        "music": "a text-to-music model",
    }
)


def pipeline_for(makes: Makes, model: str, device: Device, idle_s: float) -> AbstractContextManager[Any]:
    """The pipeline of a model, for as long as the block runs.

    Raises:
        ModelMissingError: the weights are not on this machine and cannot be downloaded now.
        ModelError: the model is unknown, or makes something else.
        SettingsError: the device does not exist here.
        GenerateError: there is not enough memory.
    """
    if device == "cuda":
        _require_cuda()
    weights = find_weights(model)
    return KEEPER.use(
        ("draw", makes, weights.folder, device),
        shown_name(model),
        weights.parameters * _HALF_BYTES,
        lambda: _load(weights, device, makes),
        # On a GPU what does not fit waits in the memory of the machine.
        device="cpu",
        idle_s=idle_s,
        smaller=smaller_models,
    )


def shown_name(model: str) -> str:
    """The model's name without its parent folders, which are private and must not be in a shared picture."""
    folder = expanded(model)
    return folder.resolve().name if model not in PRESETS and folder.is_dir() else model


def _require_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        raise SettingsError("there is no CUDA device on this machine", "Use --device cpu or auto.")


def _load(weights: Weights, device: Device, makes: Makes) -> Any:
    import diffusers  # noqa: F401  # before quiet(), which silences what is there
    import torch

    on_cuda = device != "cpu" and torch.cuda.is_available()
    if weights.whole is not None:
        _require(_class_of_whole(weights.whole), weights.folder, makes)
        return load_musicgen(weights.whole, "cuda" if on_cuda else "cpu")
    dtype = _cuda_dtype(weights) if on_cuda else _cpu_dtype(weights)
    with quiet():
        try:
            pipeline = _loader(weights.folder, makes).from_pretrained(
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
                raise out_of_memory() from exc
            raise ModelError(
                f"{weights.folder} cannot be loaded as {_TITLES[makes]}: {first_line(exc)}",
                "It needs a pipeline that diffusers knows by itself, without code of its own; "
                "if it is one, download it again.",
            ) from exc
    return pipeline


def _loader(folder: Path, makes: Makes) -> Any:
    """The class of diffusers that finds the right one for the pipeline in a folder."""
    from diffusers import AutoPipelineForText2Image, DiffusionPipeline

    name = json.loads((folder / INDEX).read_text("utf-8")).get("_class_name")
    if makes == "picture" and not (isinstance(name, str) and name in ALSO):
        return AutoPipelineForText2Image
    _require(name, folder, makes)
    if name.startswith("UnCLIP"):
        _find_unclip()
    return DiffusionPipeline


def _class_of_whole(weights: pretrained.Weights) -> object:
    """The class of transformers that a model was saved by."""
    return next(iter(weights.config().get("architectures") or ()), "model of transformers")


def _require(name: object, folder: Path, makes: Makes) -> None:
    if not isinstance(name, str) or makes not in ALSO.get(name, ()):
        raise ModelError(
            f"{folder} cannot be loaded as {_TITLES[makes]}: it is a {name}", "See trove models."
        )


def _own_parts(folder: Path, dtype: Any) -> dict[str, Any]:
    """Components of the builtin pipeline that are not in its folder; empty for all others."""
    if folder != BUILTIN_FOLDER:
        return {}
    from search.drawing.pictograms import own_parts

    return own_parts(folder, dtype)


def _find_unclip() -> None:
    """Have diffusers find unCLIP's parts where the indexes of its pipelines say, since it has moved them."""
    from diffusers import UnCLIPPipeline, pipelines

    if not hasattr(pipelines, "unclip"):
        pipelines.unclip = sys.modules[UnCLIPPipeline.__module__.rpartition(".")[0]]


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
        f"Close other programs, or {smaller_models(free)}.",
    )


def _move_to_cuda(pipeline: Any, weights: Weights) -> None:
    import torch

    if weights.parameters * torch.float16.itemsize + memory.WORKING_BYTES <= memory.free_bytes("cuda"):
        pipeline.to("cuda")
    else:
        pipeline.enable_model_cpu_offload()


def run(pipeline: Any, seed: int, arguments: Mapping[str, Any]) -> Any:
    """Call a pipeline with a seed, its failures as errors for people.

    Raises:
        GenerateError: it fails, or the memory is not enough.
        TroveError: whatever a callback among the arguments raises.
    """
    import torch

    # On the CPU whatever the device, so that a seed means the same noise on all of them.
    generator = torch.Generator("cpu").manual_seed(seed)
    with quiet():
        try:
            return pipeline(**arguments, generator=generator)
        except TroveError:
            raise
        except Exception as exc:  # anything: each pipeline fails in its own way
            if memory.is_out_of_memory(exc):
                memory.let_go(exc)
                raise out_of_memory(pipeline) from exc
            raise GenerateError(
                f"the model could not draw it: {first_line(exc)}",
                "Try fewer or other words, or other steps.",
            ) from exc
