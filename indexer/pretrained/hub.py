"""Weights from the Hugging Face Hub: from its local cache without network access, else downloaded.

``hf_hub_download`` asks the network about files it already has, and without a network retries each
of them for most of a minute. Here a cached file is used as it is, and before anything is downloaded
one short request finds out whether the Hub can be reached at all.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from db.errors import ModelError, ModelMissingError
from db.near import did_you_mean
from db.paths import expanded

REACH_TIMEOUT_S = 5.0
"""Longest wait for the Hub's first answer, after which this machine counts as offline."""

_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")

DEFAULT_NAMES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def find_checkpoint(name: str, tag: Mapping[str, Any]) -> Path:
    """The checkpoint file of an open_clip pretrained configuration, downloaded if need be.

    Args:
        name: the model's name, for the messages.
        tag: as ``open_clip.get_pretrained_cfg`` returns it; its ``hf_hub`` is ``owner/repository/[file]``.

    Raises:
        ModelMissingError: it is not on this machine and cannot be downloaded.
    """
    repository, _, file = tag["hf_hub"].rpartition("/")
    if path := cached_checkpoint(repository, file):
        return path
    hint = (
        f"Run once with a network to download {repository}, "
        f"or use a checkpoint you have: --model {name.split('/')[0]}@/path/to/file.safetensors"
    )
    require_hub(f"the weights of {name} are not on this machine", hint)
    from open_clip.pretrained import download_pretrained

    try:
        return Path(download_pretrained(tag))
    except Exception as exc:  # every library below has its own network and disk errors
        raise ModelMissingError(f"the weights of {name} could not be downloaded: {exc}", hint) from exc


def cached_checkpoint(repository: str, file: str = "") -> Path | None:
    """The checkpoint of a Hub repository in the local cache, of the usual names or as ``file`` says."""
    return next(filter(None, (cached_file(repository, one) for one in _candidates(file))), None)


def cached_file(repository: str, file: str) -> Path | None:
    """Path of a file of a Hub repository in the local cache; None where it is not there."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repository, file)
    return Path(path) if isinstance(path, str) else None


def require_hub(message: str, hint: str) -> None:
    """Check within ``REACH_TIMEOUT_S`` seconds that the Hub can be reached.

    Raises:
        ModelMissingError: it cannot, or ``HF_HUB_OFFLINE`` is set.
    """
    from huggingface_hub import constants, get_session, is_offline_mode

    if is_offline_mode():
        raise ModelMissingError(f"{message}, and HF_HUB_OFFLINE forbids to download", hint)
    try:
        get_session().head(constants.ENDPOINT, timeout=REACH_TIMEOUT_S)
    except Exception as exc:  # requests' or httpx's errors, by the library's version
        raise ModelMissingError(f"{message}, and the Hub cannot be reached", hint) from exc


def require_repository(model: str, presets: Iterable[str], what: str) -> None:
    """Check that a name which is neither a preset nor a folder can be that of a Hub repository.

    Args:
        presets: their names, for what was perhaps meant.
        what: such names are of, for the messages: ``drawing model``.

    Raises:
        ModelMissingError: it is a path, and nothing is there.
        ModelError: it is no name.
    """
    path, presets = expanded(model), list(presets)
    if path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1 or "\\" in model:
        raise ModelMissingError(f"there is no folder {model}", f"Check the path of the {what}.")
    if not _REPOSITORY.fullmatch(model):
        forms = f"Presets are {', '.join(presets)}; a Hub name ORG/NAME or a folder will also do."
        raise ModelError(f"there is no {what} {model!r}", f"{did_you_mean(model, presets)} {forms}".strip())


def files_of(repository: str, message: str, hint: str) -> list[str]:
    """Names of the files in a Hub repository; this is also the test of whether the Hub can be reached.

    Raises:
        ModelMissingError: it cannot (``message`` says what is missing, ``hint`` how to get it), or its owners
            ask for more.
        ModelError: there is no such repository.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        siblings = HfApi().model_info(repository, timeout=REACH_TIMEOUT_S).siblings
    except GatedRepoError as exc:
        raise ModelMissingError(
            f"{repository} is only given to those who accept its terms",
            "Accept them on its page on the Hugging Face Hub, then run: hf auth login",
        ) from exc
    except RepositoryNotFoundError as exc:
        raise ModelError(
            f"there is no model {repository} on the Hugging Face Hub",
            "Check its name; a private one needs: hf auth login",
        ) from exc
    except Exception as exc:  # the HTTP library beneath differs between versions of the Hub's client
        raise ModelMissingError(f"{message}, and the Hugging Face Hub cannot be reached", hint) from exc
    return [file.rfilename for file in siblings or ()]


def _candidates(file: str) -> tuple[str, ...]:
    if not file:
        return DEFAULT_NAMES
    return (str(Path(file).with_suffix(".safetensors")), file)
