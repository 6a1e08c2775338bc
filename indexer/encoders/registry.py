"""Model registry: the names of models, the presets, and the encoder for a name.

A name is one of

- ``builtin-2``, ``builtin`` (the first of its kind) or ``builtin-conse``: download nothing;
- a preset, such as ``fast``;
- ``MODEL/TAG``: a pretrained model of open_clip, such as ``ViT-B-32/laion2b_s34b_b79k``;
- ``MODEL@FILE``: an open_clip architecture with a checkpoint of your own;
- ``local-dir:FOLDER``, or just the folder: one with ``open_clip_config.json``, weights and tokenizer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from db.errors import ModelError
from db.near import did_you_mean
from db.paths import expanded
from db.settings import Precision
from indexer.encoders.base import Encoder
from indexer.encoders.packages import package_files

FIRST_BUILTIN = "builtin"
BUILTIN = "builtin-2"
CONSE = "builtin-conse"
_FOLDER = "local-dir:"
_FORMS = (
    "Use a preset, MODEL/TAG of open_clip, MODEL@/path/to/checkpoint or a folder with open_clip_config.json."
)


NEAR_DUPLICATE = 0.99
"""Threshold for models that were not measured: rather two hits than one that hides another picture."""


@dataclass(frozen=True)
class ModelInfo:
    """A preset: the model, its size, licence, languages and published recall.

    ``flickr_r1`` and ``coco_r1`` are text-to-image R@1 in per cent; None where it is not published.
    """

    name: str
    """The preset's name."""
    model: str
    """The name that a library stores, see the module."""
    size_mb: int
    """Weights to download or install, in 10^6 bytes."""
    licence: str
    commercial_use: bool
    """Whether the licence of the weights allows it."""
    languages: str
    dim: int
    flickr_r1: float | None
    coco_r1: float | None
    source: str
    """Where the figures were published or measured."""
    note: str
    repository: str | None = None
    """Of the weights on the Hugging Face Hub; None where they come as packages."""
    successor: str | None = None
    """The preset that does the same better at no cost; told to who has a library of this one."""
    near_duplicate: float = NEAR_DUPLICATE
    """Cosine from which two pictures are near-duplicates: a burst, or one resized, cropped, re-saved."""


_OPEN_CLIP_RESULTS = "open_clip, docs/openclip_retrieval_results.csv"
_SIGLIP2_RESULTS = "big_vision, README_siglip2.md (B/16 and So400m/16 at 256 px)"

PRESETS: Mapping[str, ModelInfo] = MappingProxyType(
    {
        info.name: info
        for info in (
            ModelInfo(
                name=BUILTIN,
                model=BUILTIN,
                size_mb=125,
                # The weights' own licence allows it. Some want weights without such a history: CONSE.
                licence="Apache-2.0; its projection learnt from Flickr8k, research data: see docs/models.md",
                commercial_use=True,
                languages="English",
                dim=1024,
                flickr_r1=None,
                coco_r1=None,
                source="docs/models.md",
                note="Needs no download; finds plain scenes and things by name, far below the others.",
                near_duplicate=0.9,  # bench/near.py
            ),
            ModelInfo(
                name=FIRST_BUILTIN,
                model=FIRST_BUILTIN,
                size_mb=115,
                licence="Apache-2.0; its projection learnt from Flickr8k, research data: see docs/models.md",
                commercial_use=True,
                languages="English",
                dim=899,
                flickr_r1=None,
                coco_r1=None,
                source="docs/models.md",
                note="The builtin model of libraries made before there was a second; finds less.",
                successor=BUILTIN,
                near_duplicate=0.91,  # bench/near.py
            ),
            ModelInfo(
                name=CONSE,
                model=CONSE,
                size_mb=110,
                licence="Apache-2.0",
                commercial_use=True,
                languages="English",
                dim=384,
                flickr_r1=None,
                coco_r1=None,
                source="docs/models.md",
                note="The builtin model without what it learnt from Flickr8k: things by name, few scenes.",
            ),
            ModelInfo(
                name="fast",
                model="ViT-B-32/laion2b_s34b_b79k",
                size_mb=605,
                licence="MIT",
                commercial_use=True,
                languages="English",
                dim=512,
                flickr_r1=66.8,
                coco_r1=39.3,
                source=_OPEN_CLIP_RESULTS,
                note="The smallest step up; comfortable on a CPU.",
                repository="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
            ),
            ModelInfo(
                name="multilingual",
                model="ViT-B-16-SigLIP2-256/webli",
                size_mb=1500,
                licence="Apache-2.0",
                commercial_use=True,
                languages="109 languages",
                dim=768,
                flickr_r1=None,
                coco_r1=53.2,
                source=_SIGLIP2_RESULTS,
                note="Queries in other languages than English; also better in English than fast.",
                repository="timm/ViT-B-16-SigLIP2-256",
            ),
            ModelInfo(
                name="best",
                model="ViT-SO400M-16-SigLIP2-256/webli",
                size_mb=4540,
                licence="Apache-2.0",
                commercial_use=True,
                languages="109 languages",
                dim=1152,
                flickr_r1=None,
                coco_r1=55.4,
                source=_SIGLIP2_RESULTS,
                note="Wants a GPU to index a large library.",
                repository="timm/ViT-SO400M-16-SigLIP2-256",
            ),
            ModelInfo(
                name="mobile",
                model="MobileCLIP-S2/datacompdr",
                size_mb=398,
                licence="Apple Machine Learning Research Model licence (apple-amlr)",
                commercial_use=False,
                languages="English",
                dim=512,
                flickr_r1=73.4,
                coco_r1=45.4,
                source="apple/ml-mobileclip, results/mobileclip_s2.jsonl",
                note="Weights for research only.",
                repository="apple/MobileCLIP-S2-OpenCLIP",
            ),
        )
    }
)


def canonical_name(name: str) -> str:
    """The name that a library stores for a preset, an alias or a local path. Imports no torch.

    Raises:
        ModelError: it has none of the forms of a name, or open_clip has no such architecture.
    """
    name = name.strip()
    if name in PRESETS:
        return PRESETS[name].model
    if name.startswith(_FOLDER) or (expanded(name) / "open_clip_config.json").is_file():
        return f"{_FOLDER}{expanded(name.removeprefix(_FOLDER)).resolve()}"
    model, separator, path = name.partition("@")
    if separator and path:
        return f"{_architecture(model)}@{expanded(path).resolve()}"
    model, separator, tag = name.partition("/")
    if separator and tag:
        return f"{_architecture(model)}/{tag.lower().replace('-', '_')}"  # as open_clip spells tags
    raise _unknown(name, [*PRESETS, *_architectures()])


def is_here(info: ModelInfo, cache: Path) -> bool:
    """Whether the weights of a preset are on this machine, so that it needs no network. Imports no torch."""
    if info.repository is None:
        return True
    from indexer.encoders.openclip.exports import read_facts
    from indexer.pretrained.hub import cached_checkpoint

    return read_facts(cache, info.model) is not None or cached_checkpoint(info.repository) is not None


def preset_of(model: str) -> ModelInfo | None:
    """What is known of the model of that (stored) name; None where it is no preset."""
    return next((info for info in PRESETS.values() if info.model == model), None)


def better_than(model: str) -> str | None:
    """The preset that does better at no cost than the model of that (stored) name, if there is one."""
    info = preset_of(model)
    return info.successor if info else None


def near_duplicate(model: str) -> float:
    """Cosine from which two pictures are near-duplicates to the model of that (stored) name."""
    info = preset_of(model)
    return NEAR_DUPLICATE if info is None else info.near_duplicate


def load_encoder(
    name: str, *, device: str = "auto", cache: Path, precision: Precision = "float32"
) -> Encoder:
    """The encoder of that name. Its towers are loaded on first use.

    Args:
        name: see the module.
        device: ``auto``, ``cpu`` or ``cuda``.
        cache: folder of files that can be rebuilt: the models' exports for the CPU.
        precision: of the picture tower on a CPU; ``auto`` measures what pays.

    Raises:
        ModelError: there is no such model; the message names near ones.
    """
    name = canonical_name(name)
    if name in (BUILTIN, FIRST_BUILTIN, CONSE):
        from indexer.encoders.builtin.encoder import BUILTINS

        return BUILTINS[name](cache, device, precision)
    from indexer.encoders.openclip.encoder import OpenClipEncoder, Source
    from indexer.encoders.openclip.exports import read_facts

    if name.startswith(_FOLDER):
        return OpenClipEncoder(name, Source(name), device, cache, precision)
    model, at, path = name.partition("@")
    if at:
        return OpenClipEncoder(name, Source(model, checkpoint=Path(path)), device, cache, precision)
    model, _, tag = name.partition("/")
    if read_facts(cache, name) is None:
        _require_tag(name, model, tag)
    return OpenClipEncoder(name, Source(model, tag=tag), device, cache, precision)


def _require_tag(name: str, model: str, tag: str) -> None:
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(model)
    if tag not in tags:
        raise _unknown(name, [f"{model}/{known}" for known in tags])


def _architecture(model: str) -> str:
    known = _architectures()
    spelled = {candidate.lower(): candidate for candidate in known}.get(model.lower())
    if spelled is None:
        raise _unknown(model, known)
    return spelled


def _architectures() -> list[str]:
    """open_clip's architectures, read from its folder: importing it takes seconds."""
    return sorted(path.stem for path in package_files("open_clip_torch", "open_clip/model_configs/*.json"))


def _unknown(name: str, known: list[str]) -> ModelError:
    return ModelError(f"there is no model {name!r}", f"{did_you_mean(name, known)} {_FORMS}".strip())
