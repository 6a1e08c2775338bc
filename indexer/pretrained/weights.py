"""Finds the weights of a pretrained model: in a folder, in the Hub's cache, or on the Hub for download.

Nothing here imports torch. Safetensors files come first; pickles, which others have published, are only ever
read with PyTorch's ``weights_only``, which runs no code in them.
"""

import json
import logging
from collections.abc import Collection
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from db.errors import ModelError, ModelMissingError
from db.paths import expanded
from indexer.pretrained import hub
from indexer.pretrained.memory import GB, needed_bytes
from indexer.pretrained.presets import AUTO, NONE, PRESETS, PretrainedInfo, Task, of_task, preset_of

log = logging.getLogger(__name__)

CONFIG = "config.json"
OPEN_CLIP_CONFIG = "open_clip_config.json"
_AGAIN = "Download the model again."
_SETS = (
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
)
"""The names of whole checkpoints, the safe ones first; those in parts have an index of that name."""
_BESIDE = ("*.json", "*.txt", "*.model", "*.jinja")
"""What is fetched with the weights: configuration and tokenizer, but no code."""
_HALF = frozenset({"F16", "BF16"})
_PACKED = frozenset({".data", ".tflite"})
"""Endings of detectors in one file, see ``packed_detector``."""


class _NotHereError(ModelMissingError):
    """The weights of a model can be had, but are not on this machine."""


@dataclass(frozen=True)
class Weights:
    """A complete model on this machine. ``name``: as people call it, without its parent folders."""

    name: str
    folder: Path
    files: tuple[Path, ...]
    architecture: str | None = None
    """MODEL/TAG of open_clip, where the folder has no configuration of its own."""

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(file.stat().st_size for file in self.files)

    @property
    def is_open_clip(self) -> bool:
        """Whether it is a model of open_clip, not of transformers."""
        return self.architecture is not None or not (self.folder / CONFIG).is_file()

    def config(self) -> dict[str, Any]:
        """What its configuration says, as transformers and timm write it.

        Raises:
            ModelError: it cannot be read.
        """
        try:
            told = json.loads((self.folder / CONFIG).read_text("utf-8"))
        except (OSError, ValueError) as exc:
            raise ModelError(f"{self.folder / CONFIG} cannot be read: {exc}", "Download it again.") from exc
        return told if isinstance(told, dict) else {}

    @property
    def is_packed(self) -> bool:
        """Whether it is one file without a configuration, for TensorFlow Lite."""
        return self.folder.suffix in _PACKED

    @property
    def is_half(self) -> bool:
        """Whether it is stored in numbers of 16 bits."""
        safe = [file for file in self.files if file.suffix == ".safetensors"]
        return bool(safe) and _HALF.issuperset(_types(safe[0]))


def is_here(info: PretrainedInfo) -> bool:
    """Whether the weights of a preset are on this machine, so that it needs no network."""
    try:
        return _cached(info.name, info.repository, info) is not None
    except ModelError:
        return False


def chosen(model: str, task: Task) -> str:
    """The model itself; for ``auto`` the first preset of the task that is here, else ``none``."""
    if model != AUTO:
        return model
    return next((info.name for info in of_task(task) if is_here(info)), NONE)


def find_weights(model: str, task: Task, *, download: bool = False) -> Weights:
    """The weights of a preset, Hub name or local folder that is on this machine.

    Args:
        download: fetch them where they are not. Nobody should find gigabytes fetched who did not agree to it.

    Raises:
        ModelMissingError: they are not on this machine, or cannot be downloaded now.
        ModelError: ``model`` names nothing, or something that is no such model.
    """
    info = PRESETS.get(model)
    if info is None:
        folder = expanded(model)
        if model and folder.is_dir():
            return read_folder(folder, folder.resolve().name)
        if task == "detect" and folder.suffix in _PACKED and folder.is_file():
            return Weights(folder.name, folder, (folder,))
        hub.require_repository(model, [preset.name for preset in of_task(task)], "model")
        info = preset_of(model)
    elif task not in info.tasks:
        others = [preset.name for preset in of_task(task)]
        raise ModelError(
            f"{model} is no model for that", f"Presets are {', '.join(others)}: see trove models"
        )
    repository = info.repository if info else model
    if (found := _cached(model, repository, info)) is not None:
        return found
    if not download:
        raise _NotHereError(
            f"the weights of {model} are not on this machine", _how_to_fetch(repository, info)
        )
    return fetched(model, repository, info)


def to_download(model: str, task: Task) -> str:
    """What has to be downloaded before a model can be used; empty where it is on this machine.

    Raises:
        ModelError: there is no such model.
    """
    try:
        find_weights(model, task)
    except _NotHereError:
        return told(model)
    return ""


def costs(model: str, task: Task) -> str:
    """What a model takes of this machine that people should know before, in a clause; errors the same."""
    if what := to_download(model, task):
        return f"{what} is downloaded first"
    found = find_weights(model, task)
    return f"{found.name} takes about {needed_bytes(found.size) / GB:.1f} GB of memory"


def told(model: str) -> str:
    """A model with its size and licence, as far as they are known: blip (0.99 GB, licence: BSD-3-Clause)."""
    return f"{model}{_terms(preset_of(model))}"


def read_folder(folder: Path, name: str, architecture: str | None = None) -> Weights:
    """Inspect the model in ``folder`` without loading it.

    Raises:
        ModelMissingError: a part of it is missing.
        ModelError: it is no model.
    """
    if architecture is None and not any((folder / file).is_file() for file in (CONFIG, OPEN_CLIP_CONFIG)):
        raise ModelError(
            f"{folder} is no model: it has no {CONFIG}",
            "Give the folder of a model as transformers or open_clip save one.",
        )
    for whole in _SETS:
        if (index := folder / f"{whole}.index.json").is_file():
            return Weights(name, folder, _parts(index), architecture)
        if (folder / whole).is_file():
            return Weights(name, folder, (folder / whole,), architecture)
    if (folder / OPEN_CLIP_CONFIG).is_file() and (files := sorted(folder.glob("*.safetensors"))):
        return Weights(name, folder, tuple(files[:1]), architecture)  # which open_clip takes by any name
    raise ModelMissingError(f"{folder} is incomplete: its weights are missing", _AGAIN)


def parameters(file: Path) -> int:
    """How many numbers a safetensors file has.

    Raises:
        ModelError: it is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as tensors:
            return sum(prod(tensors.get_slice(key).get_shape()) for key in tensors.keys())  # noqa: SIM118
    except (OSError, SafetensorError) as exc:
        raise ModelError(f"{file} is damaged: {exc}", _AGAIN) from exc


def _types(file: Path) -> Collection[str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as tensors:
            return {str(tensors.get_slice(key).get_dtype()) for key in tensors.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as exc:
        raise ModelError(f"{file} is damaged: {exc}", _AGAIN) from exc


def _parts(index: Path) -> tuple[Path, ...]:
    try:
        names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        files = tuple(index.parent / Path(name).name for name in names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ModelError(f"{index} cannot be read: {exc}", _AGAIN) from exc
    if missing := [file.name for file in files if not file.is_file()]:
        raise ModelMissingError(f"{index.parent} is incomplete: {missing[0]} is missing", _AGAIN)
    return files


def _cached(model: str, repository: str, info: PretrainedInfo | None) -> Weights | None:
    architecture = info.architecture if info else None
    names = _SETS if architecture else (CONFIG, OPEN_CLIP_CONFIG)
    found = next(filter(None, (hub.cached_file(repository, name) for name in names)), None)
    if found is None:
        return None
    try:
        return read_folder(found.parent, model, architecture)
    except ModelMissingError as exc:
        log.info("the cached copy of %s is incomplete: %s", repository, exc)
        return None


def fetched(model: str, repository: str, info: PretrainedInfo | None = None) -> Weights:
    """The weights of a model, fetched into the cache that all Hub programs share; of several the safest.

    Raises:
        ModelMissingError: it cannot be downloaded now.
        ModelError: there is none that can be used.
    """
    hint = _how_to_fetch(repository, info)
    names = hub.files_of(repository, f"the weights of {model} are not on this machine", hint)
    weights = next((whole for whole in _SETS if {whole, f"{whole}.index.json"} & set(names)), None)
    if weights is None:
        raise ModelError(f"{repository} has no weights that can be used", "Name a model of transformers.")
    stem, suffix = weights.rsplit(".", 1)
    log.info("downloading %s%s", repository, _terms(info))
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(repository, allow_patterns=[*_BESIDE, weights, f"{stem}-*-of-*.{suffix}"])
    except Exception as exc:  # the kinds differ between versions of the Hub's client
        raise ModelMissingError(f"the download of {repository} failed: {exc}", hint) from exc
    return read_folder(Path(folder), model, info.architecture if info else None)


def _how_to_fetch(repository: str, info: PretrainedInfo | None) -> str:
    return (
        f"With a network, run: hf download {repository}{_terms(info)}; "
        "or give the folder of a model that is here."
    )


def _terms(info: PretrainedInfo | None) -> str:
    """How large a preset is, and under which licence."""
    if info is None:
        return ""
    size = f"{info.download_gb:g} GB, " if info.download_gb else ""
    return f" ({size}licence: {info.licence})"
