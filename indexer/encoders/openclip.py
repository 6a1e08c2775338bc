"""Any model that open_clip knows, with open_clip's own preprocessing and tokenizer for it.

Weights come from a pretrained tag (from the Hub's local cache if they are there, else downloaded) or
from a local file or folder. open_clip hands out a randomly initialised model with no more than a log
line when it has no weights, so ``require_pretrained`` is always on.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from db.errors import ModelError, ModelMissingError
from indexer.encoders.base import Pixels, Vectors
from indexer.encoders.hub import cached_file, find_checkpoint, require_hub
from indexer.encoders.lazy import Once

LOCAL_FOLDER = "local-dir:"
"""open_clip's own prefix for a folder with ``open_clip_config.json``, weights and tokenizer."""

_CHECKPOINTS = ("*.safetensors", "*.bin", "*.pth", "*.pt")
_HALVES = {
    "image": ("text", "transformer", "token_embedding", "text_decoder"),
    "text": ("visual", "text_decoder"),
}
"""For each use, the parts of open_clip's model classes that it does without."""
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
            found = sorted(path for pattern in _CHECKPOINTS for path in self.folder.glob(pattern))
        else:
            found = [self.checkpoint or find_checkpoint(name, self.tag_config())]
        if not found or not found[0].is_file():
            where = self.folder or self.checkpoint
            raise ModelMissingError(f"there are no weights at {where}", "Give a safetensors checkpoint.")
        return found

    def tag_config(self) -> dict[str, Any]:
        """open_clip's record of the tag: where the weights are and how pictures are prepared."""
        import open_clip

        return dict(open_clip.get_pretrained_cfg(self.model, self.tag)) if self.tag else {}

    def config(self) -> dict[str, Any]:
        """``model_cfg`` and ``preprocess_cfg``, put together as open_clip does, without building the model.

        Raises:
            ModelError: open_clip has no such architecture, or the folder's configuration cannot be read.
        """
        import open_clip
        from open_clip.transform import PreprocessCfg, merge_preprocess_dict

        try:
            if self.folder:
                given = json.loads((self.folder / "open_clip_config.json").read_text(encoding="utf-8"))
            else:
                given = {
                    "model_cfg": open_clip.get_model_config(self.model),
                    "preprocess_cfg": self.tag_config(),
                }
            model = given["model_cfg"]
            size = {"size": model["vision_cfg"].get("image_size", 224)}
            prepared = merge_preprocess_dict(asdict(PreprocessCfg()), given.get("preprocess_cfg", {}) | size)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ModelError(
                f"{self.model} has no usable open_clip configuration: {_line(exc)}",
                "A folder needs open_clip_config.json with model_cfg and preprocess_cfg.",
            ) from exc
        return {"model_cfg": model, "preprocess_cfg": prepared}


class OpenClipEncoder:
    """See ``base.Encoder``. ``name`` is what it is known by; ``device`` is ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ModelError: the configuration of the source cannot be read.
    """

    def __init__(self, name: str, source: Source, device: str = "auto") -> None:
        self.name = name
        self._source = source
        self._config = source.config()
        self._device = Once(lambda: _pick_device(device))
        self._fingerprint = Once(self._make_fingerprint)
        self._preprocess = Once(self._load_preprocess)
        self._tokenizer = Once(self._load_tokenizer)
        self._image_tower = Once(lambda: self._load_half("image"))
        self._text_tower = Once(lambda: self._load_half("text"))

    @property
    def fingerprint(self) -> str:
        """See ``base.Encoder``. Made of the content of the checkpoint: a copy elsewhere is the same model.

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
        import torch

        pixels = torch.from_numpy(batch).to(self._device(), memory_format=torch.channels_last)
        return self._encode(self._image_tower().encode_image, pixels)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Encoder``."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        tokens = self._tokenizer()(list(texts)).to(self._device())
        return self._encode(self._text_tower().encode_text, tokens)

    def _encode(self, encode: Any, inputs: Any) -> Vectors:
        import torch

        device = self._device()
        with torch.inference_mode(), torch.autocast(device, torch.float16, enabled=device == "cuda"):
            found = encode(inputs)
        # Scaled here and not by open_clip: rows normalised in half precision are off unit length.
        rows: Vectors = torch.nn.functional.normalize(found.float(), dim=-1).cpu().numpy()
        return rows

    def _make_fingerprint(self) -> str:
        described = json.dumps(self._config, sort_keys=True, default=str).encode()
        return hashlib.sha256(
            described + b"".join(_sample(f) for f in self._source.files(self.name))
        ).hexdigest()[:16]

    def _load_half(self, use: str) -> Any:
        """The model without the parts that ``use`` does without: a search holds no picture tower."""
        import open_clip
        import torch

        files = self._source.files(self.name)
        try:
            model = open_clip.create_model(
                self._source.model,
                pretrained=None if self._source.folder else str(files[0]),
                # With a path instead of a tag open_clip would not know which activation was trained.
                force_quick_gelu=bool(self._source.tag_config().get("quick_gelu")),
                require_pretrained=True,
                weights_only=True,
            )
        except Exception as exc:  # whatever torch, safetensors, timm or transformers make of the file
            raise ModelError(
                f"the weights of {self.name} cannot be loaded: {_line(exc)}",
                "The checkpoint must be of this architecture: safetensors or a plain PyTorch state dict.",
            ) from exc
        for part in _HALVES[use]:
            if part in dict(model.named_children()):
                setattr(model, part, None)
        return model.to(device=self._device(), memory_format=torch.channels_last).eval()

    def _load_preprocess(self) -> Any:
        from open_clip.transform import PreprocessCfg, image_transform_v2

        return image_transform_v2(PreprocessCfg(**self._config["preprocess_cfg"]), is_train=False)

    def _load_tokenizer(self) -> Any:
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
            raise ModelError(f"the tokenizer of {self.name} cannot be loaded: {_line(exc)}", hint) from exc


def _pick_device(device: str) -> str:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("PyTorch sees no CUDA device", "Use the device auto or cpu (TROVE_DEVICE).")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def _sample(path: Path) -> bytes:
    """Digest of the size and of pieces all over the file: 4 GB stay unread, other weights still differ."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek(max(0, (size - _SAMPLE_BYTES) * number // (_SAMPLES - 1)))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.digest()


def _line(exc: BaseException) -> str:
    """The first line of an error, for a message of one line."""
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:300]
