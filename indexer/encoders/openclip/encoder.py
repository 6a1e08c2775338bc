"""Encoder for any open_clip model, with open_clip's own preprocessing and tokenizer for it.

Weights come from a pretrained tag (from the Hub's local cache if they are there, else downloaded) or
from a local file or folder. open_clip hands out a randomly initialised model with no more than a log
line when it has no weights, so ``require_pretrained`` is always on. On a CPU the exports
in the cache are used in place of PyTorch, see ``exports.py``.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from db.arrays import Vectors, unit_length
from db.errors import ModelError, ModelMissingError, first_line
from db.settings import Precision
from indexer.encoders.base import Pixels
from indexer.encoders.lazy import Once
from indexer.encoders.onnx import accelerated, accelerators, noise
from indexer.encoders.openclip.exports import (
    Tokens,
    Tower,
    exported,
    keep_facts,
    read_facts,
    tokenizer,
)
from indexer.encoders.openclip.torch_towers import TorchTower, half_module, in_half
from indexer.pretrained.acceleration import APPLE_GPU, BFLOAT16, Trial, Unfit, Way
from indexer.pretrained.device import picked
from indexer.pretrained.hub import cached_file, find_checkpoint, require_hub

log = logging.getLogger(__name__)

LOCAL_FOLDER = "local-dir:"
"""open_clip's own prefix for a folder with ``open_clip_config.json``, weights and tokenizer."""

_CHECKPOINTS = ("*.safetensors", "*.bin", "*.pth", "*.pt")
_HALVES = {
    "image": ("text", "transformer", "token_embedding", "text_decoder"),
    "text": ("visual", "text_decoder"),
}
"""For each tower, the parts of open_clip's model classes that it does not need."""
_BATCH = 8
"""Pictures from which on a quicker tower is loaded, which mostly takes PyTorch and seconds."""
_SAMPLES = 64
_SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True)
class Source:
    """Where a model comes from: an architecture with a tag or a checkpoint, or a ``local-dir:`` folder."""

    model: str
    tag: str = ""
    checkpoint: Path | None = None

    @property
    def folder(self) -> Path | None:
        """The folder of a ``local-dir:`` model."""
        return Path(self.model.removeprefix(LOCAL_FOLDER)) if self.model.startswith(LOCAL_FOLDER) else None

    def files(self, name: str) -> list[Path]:
        """The checkpoint files, downloaded if need be; ``name`` is for the messages.

        Raises:
            ModelMissingError: there are none, and none can be had.
        """
        if self.folder:
            paths = sorted(path for pattern in _CHECKPOINTS for path in self.folder.glob(pattern))
        else:
            paths = [self.checkpoint or find_checkpoint(name, self.tag_config())]
        if not paths or not paths[0].is_file():
            where = self.folder or self.checkpoint
            raise ModelMissingError(f"there are no weights at {where}", "Give a safetensors checkpoint.")
        return paths

    def tag_config(self) -> dict[str, Any]:
        """open_clip's record of the tag: where the weights are and how pictures are prepared."""
        import open_clip

        return dict(open_clip.get_pretrained_cfg(self.model, self.tag)) if self.tag else {}

    def config(self) -> dict[str, Any]:
        """``model_cfg`` and ``preprocess_cfg``, merged as open_clip does, without building the model.

        Raises:
            ModelError: open_clip has no such architecture, or the folder's configuration cannot be read.
        """
        import open_clip
        from open_clip.transform import PreprocessCfg, merge_preprocess_dict

        try:
            if self.folder:
                config = json.loads((self.folder / "open_clip_config.json").read_text(encoding="utf-8"))
            else:
                config = {
                    "model_cfg": open_clip.get_model_config(self.model),
                    "preprocess_cfg": self.tag_config(),
                }
            model = config["model_cfg"]
            size = {"size": model["vision_cfg"].get("image_size", 224)}
            preprocess = config.get("preprocess_cfg", {}) | size
            preprocess = merge_preprocess_dict(asdict(PreprocessCfg()), preprocess)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ModelError(
                f"{self.model} has no usable open_clip configuration: {first_line(exc)}",
                "A folder needs open_clip_config.json with model_cfg and preprocess_cfg.",
            ) from exc
        return {"model_cfg": model, "preprocess_cfg": preprocess}


class OpenClipEncoder:
    """An open_clip model as an encoder, see ``base.Encoder``.

    Args:
        name: the name that a library stores, see ``registry.py``.
        source: where its configuration and weights come from.
        device: ``auto``, ``cpu`` or ``cuda``.
        cache: folder for exports that run on a CPU without PyTorch; None for none.
        precision: of batches of pictures on a CPU, where there is a cache; ``auto`` measures what pays.

    Raises:
        ModelError: the configuration of the source cannot be read.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        device: str = "auto",
        cache: Path | None = None,
        precision: Precision = "float32",
    ) -> None:
        self.name = name
        self._precision = precision
        self._is_free = device == "auto"
        self._source = source
        self._cache = cache
        self._facts = read_facts(cache, name) if cache else None
        self._config = self._facts.config if self._facts else source.config()
        self._device = Once(lambda: picked(device))
        self._fingerprint = Once(self._make_fingerprint)
        self._preprocess = Once(self._load_preprocess)
        self._tokenizer = Once(self._load_tokenizer)
        self._image_tower = Once(lambda: self._load_tower("image"))
        self._batch_tower = Once(self._load_batch_tower)
        self._text_tower = Once(lambda: self._load_tower("text"))

    @property
    def fingerprint(self) -> str:
        """See ``base.Encoder``. A hash of configuration and checkpoint: a copy elsewhere is the same model.

        Raises:
            ModelMissingError: the weights are not on this machine and cannot be downloaded.
        """
        return self._fingerprint()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._config["model_cfg"]["embed_dim"])

    @property
    def image_size(self) -> int:
        """Side in pixels of the square that the picture tower sees."""
        size = self._config["preprocess_cfg"]["size"]
        return int(size if isinstance(size, int) else size[0])

    def prepare(self, image: Image.Image) -> Pixels:
        """See ``base.Encoder``."""
        pixels: Pixels = self._preprocess()(image.convert("RGB")).numpy()
        return pixels

    def encode_pixels(self, batch: Pixels) -> Vectors:
        """See ``base.Encoder``."""
        if not len(batch):
            return np.empty((0, self.dim), np.float32)
        many = len(batch) >= _BATCH or self._batch_tower.made
        tower = self._batch_tower() if many else self._image_tower()
        return unit_length(tower(batch))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Encoder``."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return unit_length(self._text_tower()(self._tokenizer()(list(texts))))

    def _make_fingerprint(self) -> str:
        if self._facts is not None:
            return self._facts.fingerprint
        config = json.dumps(self._config, sort_keys=True, default=str).encode()
        files = self._source.files(self.name)
        digest = hashlib.sha256(config + b"".join(_sample(file) for file in files)).hexdigest()[:16]
        if self._cache is not None:
            folder = self._source.folder
            config_files = [folder / "open_clip_config.json"] if folder else []
            keep_facts(self._cache, self.name, self._config, digest, [*files, *config_files])
        return digest

    def _cache_path(self, part: str) -> Path | None:
        """Where an export for the CPU is cached; None where PyTorch is to be used."""
        if self._cache is None or self._device() != "cpu":
            return None
        # The tokenizer needs no weights, and must not ask for them.
        text = json.dumps([self._source.model, self._config["model_cfg"]["text_cfg"]], sort_keys=True)
        tokens = hashlib.sha256(text.encode()).hexdigest()[:16]
        key = tokens if part == "tokens" else self.fingerprint
        return self._cache / "models" / f"openclip-{key}-{part}"

    def _load_tower(self, use: str) -> Tower:
        if (path := self._cache_path(f"{use}.onnx")) is not None:
            try:
                return exported(path, lambda: self._half_with_example(use), batches=use == "image")
            except Unfit as why:
                log.info("the %s tower of %s runs in PyTorch: %s", use, self.name, why)
        return TorchTower(self._load_half(use), use, self._device())

    def _load_batch_tower(self) -> Tower:
        """The tower for many pictures: as it runs quickest here, else the one for few."""
        path = self._cache_path("image.onnx")
        if path is None or self._precision == "float32":
            return self._image_tower()
        ways: dict[Way, Callable[[], Tower]] = {
            BFLOAT16: lambda: in_half(*self._half_with_example("image"), "cpu", "bfloat16")
        }
        if self._is_free:
            ways[APPLE_GPU] = lambda: in_half(*self._half_with_example("image"), "mps", "float16")
            ways |= {
                way: partial(self._accelerated, path, provider) for way, provider in accelerators().items()
            }
        shape = (_BATCH, 3, self.image_size, self.image_size)
        return Trial(self.name, path, shape, self._image_tower, ways).quickest(self._precision)

    def _accelerated(self, path: Path, provider: str) -> Tower:
        self._load_tower("image")  # makes the export
        run = accelerated(path, provider, ["vectors"], noise(self.image_size))
        return lambda inputs: run(inputs)[0]

    def _half_with_example(self, use: str) -> tuple[Any, Any]:
        import torch

        if use == "image":
            example = torch.from_numpy(noise(self.image_size))
        else:
            example = torch.from_numpy(self._tokenizer()(["a photo of a dog", "snow"]))
        return half_module(self._load_half(use), use), example

    def _load_half(self, use: str) -> Any:
        """The model with one tower only, ``image`` or ``text``: a text search holds no picture tower."""
        import torch

        model = load_whole(self._source, self.name)
        for part in _HALVES[use]:
            if part in dict(model.named_children()):
                setattr(model, part, None)
        return model.to(device=self._device(), memory_format=torch.channels_last).eval()

    def _load_preprocess(self) -> Any:
        return preprocessing(self._config)

    def _load_tokenizer(self) -> Callable[[list[str]], Tokens]:
        if (path := self._cache_path("tokens")) is not None:
            try:
                return tokenizer(path, self._original_tokenizer)
            except Unfit:
                pass
            except OSError as exc:
                log.info("the tokenizer of %s is not kept: %s", self.name, exc)
        original = self._original_tokenizer()
        return lambda texts: original(texts).numpy()

    def _original_tokenizer(self) -> Any:
        import open_clip

        options = {}
        repository = self._config["model_cfg"]["text_cfg"].get("hf_tokenizer_name")
        hint = "Run once with a network, or give local-dir:FOLDER with the tokenizer files in the folder."
        if repository and not self._source.folder:
            if cached_file(repository, "tokenizer_config.json"):
                options["local_files_only"] = True  # else the Hub is asked about every cached file
            else:
                require_hub(f"the tokenizer of {self.name} is not on this machine", hint)
        try:
            return open_clip.get_tokenizer(self._source.model, **options)
        except Exception as exc:  # transformers raises what its many tokenizers raise
            raise ModelError(
                f"the tokenizer of {self.name} cannot be loaded: {first_line(exc)}", hint
            ) from exc


def load_whole(source: Source, name: str) -> Any:
    """A model with all of its parts, on the CPU; ``name`` is for the messages.

    Raises:
        ModelError: its weights are missing, or cannot be loaded.
    """
    import open_clip

    files = source.files(name)
    try:
        return open_clip.create_model(
            source.model,
            pretrained=None if source.folder else str(files[0]),
            # With a path instead of a tag open_clip would not know which activation was trained.
            force_quick_gelu=bool(source.tag_config().get("quick_gelu")),
            require_pretrained=True,
            weights_only=True,
        )
    except Exception as exc:  # whatever torch, safetensors, timm or transformers make of the file
        raise ModelError(
            f"the weights of {name} cannot be loaded: {first_line(exc)}",
            "The checkpoint must be of this architecture: safetensors or a plain PyTorch state dict.",
        ) from exc


def preprocessing(config: dict[str, Any]) -> Any:
    """How pictures are prepared for a model of such a configuration, see ``Source.config``."""
    from open_clip.transform import PreprocessCfg, image_transform_v2

    return image_transform_v2(PreprocessCfg(**config["preprocess_cfg"]), is_train=False)


def _sample(path: Path) -> bytes:
    """SHA-256 of a file's size and of samples all over it: 4 GB stay unread, other weights still differ."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek(max(0, (size - _SAMPLE_BYTES) * number // (_SAMPLES - 1)))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.digest()
