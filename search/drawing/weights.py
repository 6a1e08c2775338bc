"""Finds the weights of a drawing model: in a folder, in the Hub's cache, or on the Hub for download.

Nothing here imports torch unless it has to download. Only safetensors files count as
weights: the older formats are pickles, which run code when they are loaded.
"""

import json
import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from db.errors import ModelError, ModelMissingError
from db.paths import expanded
from indexer.pretrained import hub
from indexer.pretrained import weights as pretrained
from indexer.pretrained.weights import parameters
from search.drawing.presets import AUTO, BUILTIN, BUILTIN_FOLDER, PRESETS, Makes, preset_of

logger = logging.getLogger(__name__)

INDEX = "model_index.json"
_WEIGHTS = re.compile(
    r"(?:diffusion_pytorch_)?model(?:\.(?P<variant>\w+))?(?:-\d+-of-(?P<shards>\d+))?\.safetensors"
)
_PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth"})
_AGAIN = "Download the model again."


@dataclass(frozen=True)
class Weights:
    """A complete pipeline on this machine, in the folder layout of diffusers."""

    folder: Path
    variant: str | None
    """Suffix of the files to load, such as ``fp16``, or None for plain ones."""
    parameters: int
    components: frozenset[str]
    whole: pretrained.Weights | None = None
    """Of a model of transformers, which is no pipeline of several."""


def installed(model: str) -> bool:
    """Whether ``model`` can be loaded without a download.

    Raises:
        ModelError: no such model can be, or its files can never be loaded.
    """
    try:
        return _local(model) is not None
    except ModelMissingError:
        return False


def chosen(model: str, makes: Makes = "picture") -> str:
    """The model itself; for ``auto`` the first preset that is on this machine, else the builtin one.

    The builtin model comes last, as it draws no photographs.

    Raises:
        ModelMissingError: none is here that makes this.
    """
    if model != AUTO:
        return model
    fit = [info.name for info in PRESETS.values() if info.makes == makes and info.asked_by == "words"]
    if (found := next((name for name in fit if name != BUILTIN and installed(name)), None)) is not None:
        return found
    if makes == "picture":
        return BUILTIN
    raise ModelMissingError(
        f"no model that makes {makes if makes == 'music' else f'{makes}s'} is on this machine",
        f"Choose one with --model: {', '.join(fit)}, or a folder with one; trove models lists them.",
    )


def find_weights(model: str) -> Weights:
    """The weights of a preset, Hub name or local folder, downloaded if they are not here yet.

    Raises:
        ModelMissingError: they are not on this machine and cannot be downloaded now.
        ModelError: ``model`` names nothing, or something that is no pipeline in safetensors.
    """
    return _local(model) or _download(model)


def _local(model: str) -> Weights | None:
    """Weights on this machine; None when ``model`` is a Hub name with none, or not all, in the cache."""
    if model == BUILTIN:
        return read_pipeline(BUILTIN_FOLDER)
    if model not in PRESETS:
        folder = expanded(model)
        if model and folder.is_dir():  # Path("") would be the current folder
            return read_pipeline(folder)
        _require_repository(model, folder)
    return _cached(_repository(model))


def _require_repository(model: str, path: Path) -> None:
    if path.is_file():
        raise ModelError(
            f"{model} is a single file, not a pipeline",
            "Give the folder of a pipeline saved by diffusers; its from_single_file and "
            "save_pretrained convert such a file.",
        )
    hub.require_repository(model, PRESETS, "drawing model")


def _repository(model: str) -> str:
    return PRESETS[model].repository if model in PRESETS else model


def _cached(repository: str) -> Weights | None:
    files = (INDEX, pretrained.CONFIG)
    index = next(filter(None, (hub.cached_file(repository, name) for name in files)), None)
    if index is None:
        return None
    try:
        return read_pipeline(index.parent)
    except ModelMissingError as exc:
        logger.info("the cached copy of %s is incomplete: %s", repository, exc)
        return None


def read_pipeline(folder: Path) -> Weights:
    """Inspect the pipeline in ``folder`` without loading it.

    Raises:
        ModelMissingError: a part of it is missing.
        ModelError: it is no pipeline, or its weights are pickles.
    """
    if not (folder / INDEX).is_file() and (folder / pretrained.CONFIG).is_file():
        return _of_transformers(pretrained.read_folder(folder, folder.resolve().name))
    components = _components(folder)
    sets = [_weight_sets(folder, name) for name in sorted(components) if _is_model(folder / name)]
    # Plain files only when every model has them: half a download may have left some of each.
    variants = ["", *sorted({variant for by_variant in sets for variant in by_variant} - {""})]
    for variant in variants:
        if all(variant in by_variant or "" in by_variant for by_variant in sets):
            files = [file for by_variant in sets for file in by_variant.get(variant) or by_variant[""]]
            return Weights(folder, variant or None, sum(map(parameters, files)), components)
    raise ModelMissingError(f"{folder} holds different variants of its parts", _AGAIN)


def _of_transformers(whole: pretrained.Weights) -> Weights:
    if any(file.suffix in _PICKLES for file in whole.files):
        raise ModelError(
            f"the weights in {whole.folder} are pickles, which can run code when loaded",
            "Use a model that is published as safetensors.",
        )
    return Weights(whole.folder, None, sum(map(parameters, whole.files)), frozenset(), whole)


def _components(folder: Path) -> frozenset[str]:
    """Names of the parts that the pipeline's index lists."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        # A part is [library, class]; an absent one [null, null]; everything else is an option.
        names = (name for name, kind in index.items() if isinstance(kind, list) and kind and kind[0])
        return frozenset(name for name in names if not name.startswith("_"))
    except FileNotFoundError as exc:
        raise ModelError(
            f"{folder} is no drawing model: it has no {INDEX}",
            "Give the folder of a text-to-image pipeline, or of another kind, saved by diffusers.",
        ) from exc
    except (OSError, ValueError, AttributeError) as exc:
        raise ModelError(f"{folder / INDEX} cannot be read: {exc}", _AGAIN) from exc


def _is_model(part: Path) -> bool:
    """Models have a config.json; schedulers, tokenizers and image processors name theirs differently."""
    if not part.is_dir():
        raise ModelMissingError(f"{part.parent} is incomplete: {part.name} is missing", _AGAIN)
    return (part / "config.json").is_file()


def _weight_sets(folder: Path, name: str) -> dict[str, list[Path]]:
    """The complete sets of weight files of one part, by variant; the plain one is ''."""
    sets: dict[str, list[Path]] = defaultdict(list)
    shard_counts: dict[str, int] = {}
    files = sorted((folder / name).iterdir())
    for file in files:
        if match := _WEIGHTS.fullmatch(file.name):
            variant = match["variant"] or ""
            sets[variant].append(file)
            shard_counts[variant] = int(match["shards"] or 1)
    complete = {variant: shards for variant, shards in sets.items() if len(shards) >= shard_counts[variant]}
    if complete:
        return complete
    if not sets and any(file.suffix in _PICKLES for file in files):
        raise ModelError(
            f"the weights of {name} in {folder} are pickles, which can run code when loaded",
            "Use a model that is published as safetensors.",
        )
    raise ModelMissingError(f"{folder} is incomplete: the weights of {name} are missing", _AGAIN)


def _download(model: str) -> Weights:
    """Fetch the safetensors files of a Hub repository into the cache that all Hub programs share."""
    repository = _repository(model)
    files = hub.files_of(repository, f"the weights of {model} are not on this machine", _how_to_fetch(model))
    if INDEX not in files and pretrained.CONFIG in files:
        return _of_transformers(pretrained.fetched(model, repository))
    if INDEX not in files:
        raise ModelError(
            f"{repository} is no drawing model: it has no {INDEX}", "Name a text-to-image model of diffusers."
        )
    safe = [name for name in files if name.endswith(".safetensors")]
    if not safe:
        raise ModelError(
            f"{repository} publishes its weights as pickles, which can run code when loaded",
            "Use a model that is published as safetensors.",
        )
    from diffusers import DiffusionPipeline

    half = any(".fp16." in name for name in safe)
    logger.info("downloading %s%s", repository, _size(model))
    try:
        folder = DiffusionPipeline.download(
            repository, use_safetensors=True, variant="fp16" if half else None
        )
    except Exception as exc:  # the kinds differ between versions of the Hub's client
        raise ModelMissingError(f"the download of {repository} failed: {exc}", _how_to_fetch(model)) from exc
    return read_pipeline(Path(folder))


def _how_to_fetch(model: str) -> str:
    info = preset_of(model)
    weights = "*/*.fp16.safetensors" if info and info.half and not info.plain else "*/*.safetensors"
    patterns = " ".join(f"--include '{pattern}'" for pattern in ("*.json", "*.txt", "*.model", weights))
    return (
        f"With a network, run: hf download {_repository(model)} {patterns}{_size(model)}; "
        "or give the folder of a drawing model that is here."
    )


def _size(model: str) -> str:
    info = preset_of(model)
    return f" ({info.download_gb:g} GB)" if info and info.download_gb is not None else ""
