"""Models that are already on this machine, in the local cache of the Hugging Face Hub."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from indexer.pretrained.hub import DEFAULT_NAMES
from search.drawing.weights import INDEX

_ENCODER_FILES = frozenset(("open_clip_config.json", *DEFAULT_NAMES))


@dataclass(frozen=True)
class CachedModel:
    """A model in the cache. ``name``: as ``--model`` takes it; ``size_mb``: what it takes on disk."""

    name: str
    use: Literal["search", "draw"]
    size_mb: int


def cached_models() -> list[CachedModel]:
    """The models in the Hub's cache that Trove can use, by name."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return []
    models: list[CachedModel] = []
    for repository in repositories:
        files = {file.file_name for revision in repository.revisions for file in revision.files}
        size_mb = round(repository.size_on_disk / 1e6)
        if files & _ENCODER_FILES:
            models += [CachedModel(name, "search", size_mb) for name in _open_clip_names(repository.repo_id)]
        elif INDEX in files:
            models.append(CachedModel(repository.repo_id, "draw", size_mb))
    return sorted(models, key=lambda model: (model.use, model.name))


def _open_clip_names(repository: str) -> Iterator[str]:
    """The names under which open_clip knows a repository's weights."""
    import open_clip

    for model, tag in open_clip.list_pretrained():
        config = open_clip.get_pretrained_cfg(model, tag)
        # "owner/repository/" followed by the file's name where it is not the default one.
        if "/".join(str(config.get("hf_hub", "")).split("/")[:2]) == repository:
            yield f"{model}/{tag}"
