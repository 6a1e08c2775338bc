"""Memory of a drawing: estimated before it is begun, refused where it is not there, with what would fit.

Beside the weights nearly all of it is what the decoder of an autoencoder holds at once while latents become
pixels. The pipeline's own decoder is run on tensors of PyTorch's ``meta`` device, which have shapes and no
memory, so that this needs no table of models.
"""

import json
import logging
import math
import weakref
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, cast

from db.errors import GenerateError
from indexer.pretrained import memory
from indexer.pretrained.loading import quiet
from search.drawing.clips import latent_frames
from search.drawing.presets import PRESETS, DrawerInfo
from search.drawing.preview import decoded, latents_of

log = logging.getLogger(__name__)

_DECODERS = ("vae", "vqvae", "movq")
"""Parts of pipelines that make pixels of latents."""
_TRACED_SIDE = 16
"""Of the latents that are decoded without memory: what it takes grows with the area, and this is quick."""
_OVERHEAD = 1.3
"""What is really taken, to what tensors hold: 1.07 GB to 0.81, by the decoder of Stable Diffusion at 512
pixels on a CPU, whose convolutions reorder what they are given."""
_MULTIPLE = 64


def require_room(pipeline: Any, size: tuple[int, int], frames: int = 1) -> None:
    """Check that a picture, or a clip of so many frames, can be decoded with the memory that is free.

    Args:
        pipeline: a loaded pipeline of diffusers.
        size: height and width in pixels.
        frames: of a clip.

    Raises:
        GenerateError: it cannot; the hint says what would fit.
    """
    needed = decoding_bytes(pipeline, size, frames)
    free = memory.free_bytes(_device(pipeline))
    if needed is None or needed <= free:
        return
    height, width = size
    what = f"{frames} frames" if frames > 1 else "a picture"
    raise GenerateError(
        f"{what} of {width} x {height} pixels need{'s' if frames == 1 else ''} about "
        f"{needed / memory.GB:.1f} GB of memory beside the model, and {free / memory.GB:.1f} GB are free",
        _what_fits(pipeline, size, frames, needed, free),
    )


def out_of_memory(pipeline: Any = None) -> GenerateError:
    """What to say when the memory was not enough after all, with what would fit."""
    on_gpu = pipeline is not None and _device(pipeline) != "cpu"
    return GenerateError(
        "there is not enough memory for this",
        "A smaller size takes less; or close other programs, "
        + ("use --device cpu, " if on_gpu or pipeline is None else "")
        + f"or {smaller_models(memory.free_bytes('cpu'))}.",
    )


def smaller_models(free: float) -> str:
    """Which presets fit into so many bytes, by the sizes of their files in 16 bits, for a hint."""
    known = [
        info.name
        for info in PRESETS.values()
        if info.makes == "picture" and (needed := least_bytes(info)) is not None and needed <= free
    ]
    return f"choose a smaller model ({', '.join(known)} would fit)" if known else "choose a smaller model"


def least_bytes(info: DrawerInfo) -> float | None:
    """Memory that a preset can do with, in 16 bits; None where the size of its files was not read."""
    if not info.download_gb:
        return None
    return info.download_gb * memory.GB * (1.0 if info.half else 0.5) + memory.WORKING_BYTES


def decoding_bytes(pipeline: Any, size: tuple[int, int], frames: int = 1) -> float | None:
    """Bytes that decoding pixels takes, weights not counted; None where the decoder is of an unknown form."""
    decoder = next(filter(None, (getattr(pipeline, name, None) for name in _DECODERS)), None)
    if decoder is None:
        return None
    # Some are too coarse in 16 bits, and decode in 32.
    upcast = getattr(decoder.config, "force_upcast", False) and str(decoder.dtype) == "torch.float16"
    try:
        taken, pixels = _traced(
            cast(Hashable, type(decoder)),
            json.dumps(dict(decoder.config), default=str),
            None if upcast else decoder.dtype,
            latent_frames(pipeline, frames),
        )
    except Exception:  # anything: decoders differ, and an estimate must not cost the drawing
        log.debug("no estimate", exc_info=True)
        return None
    return _OVERHEAD * taken * size[0] * size[1] / pixels


@lru_cache(maxsize=8)
def _traced(kind: Any, config: str, dtype: Any, frames: int) -> tuple[float, int]:
    """The most bytes that are held at once while small latents are decoded, and the pixels of a frame."""
    import torch

    with torch.device("meta"), torch.no_grad(), quiet():
        decoder = kind.from_config(json.loads(config)).to(dtype or torch.float32).eval()
        latents = latents_of(decoder, _TRACED_SIDE, frames)
        with (held := _held()):
            height, width = decoded(decoder, latents).shape[-2:]
    return held.most, height * width


def _held() -> Any:
    """A context that counts the bytes of all tensors made in it which are alive, and the most that were."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Held(TorchDispatchMode):  # type: ignore[no-untyped-call]
        now = most = 0

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self._known: set[int] = set()

        def __torch_dispatch__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = call(*args, **(kwargs or {}))
            for tensor in made if isinstance(made, tuple | list) else (made,):
                if isinstance(tensor, torch.Tensor):
                    self._hold(tensor.untyped_storage())
            return made

        def _hold(self, storage: Any) -> None:
            # Views have the storage of another tensor.
            if (key := storage._cdata) not in self._known:
                self._known.add(key)
                self.now += storage.nbytes()
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self._let_go, key, storage.nbytes())

        def _let_go(self, key: int, size: int) -> None:
            self._known.discard(key)
            self.now -= size

    return Held()


def _device(pipeline: Any) -> str:
    """Where a pipeline computes: its weights may wait elsewhere."""
    return str(getattr(getattr(pipeline, "_execution_device", None), "type", "cpu"))


def _what_fits(pipeline: Any, size: tuple[int, int], frames: int, needed: float, free: float) -> str:
    """The largest size that fits, and what else would."""
    height, width = size
    side = math.isqrt(int(height * width * free / needed)) // _MULTIPLE * _MULTIPLE
    fits = [f"a size of {side} would fit" if side else "close other programs"]
    if frames > 1:
        fits.append("fewer seconds take less")
    if _device(pipeline) != "cpu" and needed <= memory.free_bytes("cpu"):
        fits.append("so would --device cpu")
    told = ", ".join(fits)
    return told[0].upper() + told[1:] + "."
