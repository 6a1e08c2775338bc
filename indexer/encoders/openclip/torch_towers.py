"""The towers of an open_clip model in PyTorch: on a GPU, and on a CPU where no export serves as well."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

from db.arrays import Floats, Vectors
from db.errors import first_line
from indexer.encoders.onnx import LEAST_COSINE, least_cosine
from indexer.pretrained.acceleration import Unfit

if TYPE_CHECKING:
    from torch import Tensor, nn


class TorchTower:
    """One tower of a model in PyTorch.

    On a GPU it runs in half precision, fed from pinned memory; it was not measured there.
    """

    def __init__(self, module: Any, use: str, device: str) -> None:
        self.module = module
        self._encode = module.encode_image if use == "image" else module.encode_text
        self._device = device

    def __call__(self, inputs: Any) -> Vectors:
        import torch

        batch = torch.from_numpy(inputs)
        cuda = self._device == "cuda"
        batch = batch.pin_memory().to(self._device, non_blocking=True) if cuda else batch
        if batch.ndim == 4:
            batch = batch.to(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(self._device, torch.float16, enabled=cuda):
            vectors: Vectors = self._encode(batch).float().cpu().numpy()
        return vectors


def half_module(model: Any, use: str) -> Any:
    """One tower of a model as a module with a ``forward`` of its own, as the ONNX exporter needs it."""
    import torch

    class Half(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, inputs: torch.Tensor) -> Any:
            return self.model.encode_image(inputs) if use == "image" else self.model.encode_text(inputs)

    return Half().eval()


def in_half(
    half: "nn.Module", example: "Tensor", device: str, kind: Literal["bfloat16", "float16"]
) -> Callable[[npt.NDArray[Any]], Floats]:
    """The picture tower of ``half_module`` in 16 bits, which some hardware computes several times as fast.

    bfloat16 has the exponent of float32 and 8 bits of its mantissa: nothing overflows. Weights are rounded
    once; under autocast they would be at every call.

    Raises:
        Unfit: PyTorch cannot compute it so, or it differs too much on the example.
    """
    import torch

    dtype = getattr(torch, kind)
    with torch.inference_mode():
        expected = half(example).numpy()

    def run(pixels: npt.NDArray[Any]) -> Floats:
        batch = torch.from_numpy(pixels).to(device, dtype, memory_format=torch.channels_last)
        with torch.inference_mode():
            vectors: Floats = rounded(batch).float().cpu().numpy()
        return vectors

    try:
        rounded = half.to(device, dtype)
        cosine = least_cosine(expected, run(example.numpy()))
    except RuntimeError as exc:  # an operator that PyTorch has in float32 alone, or not on the device
        raise Unfit(first_line(exc)) from exc
    if not cosine > LEAST_COSINE:
        raise Unfit(f"{kind} agrees only to a cosine of {cosine:.4f}")
    return run
