"""The two builtin towers in PyTorch, and their export to ONNX.

Imports torch at its top, so it is itself imported only to export, or to encode pictures on a GPU.

Both towers return the pooled features of several depths beside their last one: early layers keep
colour, texture and single words, which a projection trained on few pictures makes good use of.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from timm import create_model
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from indexer.encoders.onnx import export

FIRST_STAGE = 3
"""Stages of EfficientNet-Lite from this one on are pooled; the ones before see only edges."""


class ImageTower(nn.Module):
    """EfficientNet-Lite (Tan and Le 2019, without squeeze-and-excitation), trained on ImageNet-1k.

    (n, 3, S, S) pixels to (n, stages + 1280) averages over the picture of four stages and of the last
    layer, and (n, 1000) ImageNet logits.
    """

    def __init__(self, variant: str, weights: Path) -> None:
        super().__init__()
        net: Any = create_model(f"tf_efficientnet_{variant}", pretrained=False)
        # The same tensors in the same order under other names.
        tensors = torch.load(weights, weights_only=True, map_location="cpu")
        net.load_state_dict(dict(zip(net.state_dict(), tensors.values(), strict=True)))
        self.net = net

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        net: Any = self.net
        x = net.bn1(net.conv_stem(pixels))
        pooled = []
        for number, stage in enumerate(net.blocks):
            x = stage(x)
            if number >= FIRST_STAGE:
                pooled.append(x.mean((2, 3)))
        last = net.bn2(net.conv_head(x)).mean((2, 3))
        return torch.cat([*pooled, last], 1), net.classifier(last)


class TextTower(nn.Module):
    """all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019).

    (n, length) int64 token ids, padded with 0, to (n, 7, 384): the average over the tokens of the
    input embedding and of each of the six layers. The last one is the sentence embedding.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        config = BertConfig.from_json_file(folder / "config.json")
        # The exporter cannot trace the fused attention with a mask of changing length.
        config._attn_implementation = "eager"
        self.net = BertModel(config)
        tensors = load_file(folder / "model.safetensors")
        tensors.pop("embeddings.position_ids", None)  # a constant that newer versions no longer store
        self.net.load_state_dict(tensors)

    def forward(self, ids: Tensor) -> Tensor:
        mask = (ids != 0).long()
        states = self.net(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        weight = mask.unsqueeze(-1).to(states[0].dtype)
        count = weight.sum(1).clamp(min=1)
        return torch.stack([(state * weight).sum(1) / count for state in states], 1)


def export_image_tower(variant: str, weights: Path, size: int, target: Path) -> None:
    """Export a picture tower to ONNX: ``input`` to ``features`` and ``logits``; any number of rows."""
    example = torch.zeros(2, 3, size, size)
    export(ImageTower(variant, weights), example, ["n"], ["features", "logits"], target)


def export_text_tower(folder: Path, target: Path, weights: Path) -> None:
    """Export the text tower to ONNX: ``input`` to ``layers``; any number of rows and of tokens.

    ``weights``: as for ``export``.
    """
    example = torch.tensor([[101, 2023, 3185, 102], [101, 2003, 102, 0]])
    export(TextTower(folder), example, ["n", "length"], ["layers"], target, weights)
