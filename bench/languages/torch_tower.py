"""multilingual-e5-small in PyTorch with bfloat16: for many texts at once it is faster than its ONNX graph."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from indexer.encoders.builtin.sentences.tower import Pieces, SentenceTower
from indexer.encoders.builtin.sentences.weights import Weights, read_weights, weights_file

BATCH = 256


def matrix(weights: Weights, name: str, columns: int) -> Tensor:
    """A stored matrix of 4 bits in bfloat16."""
    blocks = weights.blocks(name, columns)
    values = (blocks.values.astype(np.float32) - 8) * blocks.factors.astype(np.float32)[..., None]
    return torch.from_numpy(values.reshape(len(values), columns)).bfloat16()


def floats(weights: Weights, name: str) -> Tensor:
    """A stored vector of 32-bit floats."""
    return torch.from_numpy(weights.floats(name).copy())


class Layer:
    """One layer, from (n, length, width) to the same."""

    def __init__(self, weights: Weights, name: str) -> None:
        width = weights.width
        self._weights, self._name = weights, name
        self._qkv = torch.cat([matrix(weights, f"{name}.{part}.w", width) for part in "qkv"])
        self._qkv_bias = torch.cat([floats(weights, f"{name}.{part}.b") for part in "qkv"]).bfloat16()
        self._wide = len(weights.floats(f"{name}.fi.b"))
        self._maps = {
            part: (
                matrix(weights, f"{name}.{part}.w", columns),
                floats(weights, f"{name}.{part}.b").bfloat16(),
            )
            for part, columns in (("ao", width), ("fi", width), ("fo", self._wide))
        }
        self._norms = {
            part: (floats(weights, f"{name}.{part}.w"), floats(weights, f"{name}.{part}.b"))
            for part in ("aln", "oln")
        }

    def __call__(self, x: Tensor, bias: Tensor) -> Tensor:
        n, length, width = x.shape
        heads = self._weights.heads
        joined = functional.linear(x.bfloat16(), self._qkv, self._qkv_bias)
        q, k, v = joined.view(n, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        attended = attended.transpose(1, 2).reshape(n, length, width)
        x = self._normed(x + functional.linear(attended, *self._maps["ao"]), "aln")
        wide = functional.gelu(functional.linear(x.bfloat16(), *self._maps["fi"]))
        return self._normed(x + functional.linear(wide, *self._maps["fo"]), "oln")

    def _normed(self, x: Tensor, part: str) -> Tensor:
        return functional.layer_norm(x.float(), x.shape[-1:], *self._norms[part], self._weights.epsilon)


def load_torch_tower() -> SentenceTower:
    """As ``load_sentence_tower``; texts of like length should stand side by side."""
    weights = read_weights(weights_file())
    pieces = Pieces(weights)
    width = weights.width
    words = matrix(weights, "emb.word", width)
    places = floats(weights, "emb.pos").view(-1, width) + floats(weights, "emb.type")[:width]
    norm = floats(weights, "emb.ln.w"), floats(weights, "emb.ln.b")
    layers = [Layer(weights, f"l{number}") for number in range(weights.layers)]

    @torch.inference_mode()
    def run_batch(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        ids = torch.from_numpy(pieces(texts))
        counts = ids != weights.padding
        bias = torch.zeros(len(ids), 1, 1, ids.shape[1]).masked_fill(~counts[:, None, None], -1e4).bfloat16()
        shares = (counts / counts.sum(1, keepdim=True))[:, None]
        x = functional.layer_norm(
            words[ids].float() + places[: ids.shape[1]], (width,), *norm, weights.epsilon
        )
        means = [shares @ x]
        for layer in layers:
            x = layer(x, bias)
            means.append(shares @ x)
        return torch.cat(means, 1).numpy()

    def run(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        starts = range(0, len(texts), BATCH)
        return np.concatenate([run_batch(texts[start : start + BATCH]) for start in starts])

    return run
