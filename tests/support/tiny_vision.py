"""Models of pictures of real classes of transformers and timm, tiny and untrained, saved as anybody would.

What they see is nonsense, through the same loading, preparing and reading as the large ones.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_pretrained import WORDS

SIDE = 32
THINGS = {0: "dog", 1: "cat", 2: "boat"}

_VIT = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
}


def _save(folder: Path, kind: Any, config: Any, *processors: Any, gain: float = 4) -> Path:
    import torch

    torch.manual_seed(7)
    model = kind(config).eval()
    with torch.no_grad():  # larger than a model begins with, so that what it says depends on the picture
        for name, values in model.named_parameters():
            if values.ndim > 1 and "norm" not in name:
                values.mul_(gain)
            if name.endswith("bias") and values.shape == (len(THINGS) + 1,):
                values[-1] -= 4  # that it is nothing
    model.save_pretrained(folder)
    for processor in processors:
        processor.save_pretrained(folder)
    return folder


def _squares(kind: Any) -> Any:
    size = {"height": SIDE, "width": SIDE}
    return kind(size=size, crop_size=size, do_center_crop=False)


def save_dinov2(folder: Path) -> Path:
    """DINOv2, whose class token says what a picture is."""
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    processor = BitImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return _save(folder, Dinov2Model, Dinov2Config(**_VIT, patch_size=8), processor)


def save_beit(folder: Path) -> Path:
    """BEiT as it was pretrained: without a layer that pools."""
    from transformers import BeitConfig, BeitForMaskedImageModeling, BeitImageProcessor

    config = BeitConfig(**_VIT, patch_size=8, vocab_size=50, use_mask_token=True)
    return _save(folder, BeitForMaskedImageModeling, config, _squares(BeitImageProcessor))


def save_beit_classifier(folder: Path) -> Path:
    """BEiT as it was trained further: the mean of its patches."""
    from transformers import BeitConfig, BeitForImageClassification, BeitImageProcessor

    config = BeitConfig(**_VIT, patch_size=8, use_mean_pooling=True, num_labels=3)
    return _save(folder, BeitForImageClassification, config, _squares(BeitImageProcessor))


def save_mae(folder: Path) -> Path:
    """MAE, which hides three quarters of a picture when it learns."""
    from transformers import ViTImageProcessor, ViTMAEConfig, ViTMAEForPreTraining

    config = ViTMAEConfig(
        **_VIT,
        patch_size=8,
        decoder_hidden_size=32,
        decoder_intermediate_size=37,
        decoder_num_hidden_layers=1,
        decoder_num_attention_heads=4,
    )
    return _save(folder, ViTMAEForPreTraining, config, _squares(ViTImageProcessor))


def save_timm(folder: Path, architecture: str = "vit_tiny_patch16_224") -> Path:
    """A model of timm in a folder, as timm puts it on the Hub."""
    import timm
    import torch
    from timm.models import save_for_hf

    torch.manual_seed(7)
    own: dict[str, Any] = {"img_size": 48, "embed_dim": 48, "depth": 2, "num_heads": 3}
    model = timm.create_model(architecture, pretrained=False, num_classes=5, **own)
    save_for_hf(model, folder, model_config={"model_args": own}, safe_serialization=True)
    return folder


LOOKALIKES = {
    "dinov2": save_dinov2,
    "beit": save_beit,
    "beit further": save_beit_classifier,
    "mae": save_mae,
    "timm vit": save_timm,
    "timm beit": lambda folder: save_timm(folder, "beit_base_patch16_224"),
}
"""Models that see pictures alone, by family."""


def _named() -> dict[str, Any]:
    return {"id2label": THINGS, "label2id": {name: number for number, name in THINGS.items()}}


def save_detr(folder: Path) -> Path:
    """DETR on a small ResNet."""
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor, ResNetConfig

    backbone = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", out_features=["stage2"]
    )
    config = DetrConfig(
        use_timm_backbone=False,
        backbone=None,
        use_pretrained_backbone=False,
        backbone_config=backbone,
        d_model=32,
        num_queries=12,
        **_of_layers("encoder"),
        **_of_layers("decoder"),
        **_named(),
    )
    processor = DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    return _save(folder, DetrForObjectDetection, config, processor)


def _of_layers(half: str) -> dict[str, int]:
    return {f"{half}_layers": 1, f"{half}_attention_heads": 2, f"{half}_ffn_dim": 32}


def save_yolos(folder: Path) -> Path:
    """YOLOS, a plain transformer."""
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor

    config = YolosConfig(
        **_VIT | {"image_size": [64, 96]}, patch_size=16, num_detection_tokens=12, **_named()
    )
    processor = YolosImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    return _save(folder, YolosForObjectDetection, config, processor)


def save_rt_detr(folder: Path) -> Path:
    """RT-DETR on a small ResNet."""
    from transformers import (
        RTDetrConfig,
        RTDetrForObjectDetection,
        RTDetrImageProcessor,
        RTDetrResNetConfig,
    )

    backbone = RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = RTDetrConfig(
        backbone_config=backbone,
        encoder_hidden_dim=32,
        encoder_in_channels=[8, 16, 16],
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        d_model=32,
        decoder_in_channels=[32, 32, 32],
        decoder_layers=1,
        decoder_ffn_dim=32,
        decoder_attention_heads=2,
        num_queries=12,
        num_denoising=0,
        **_named(),
    )
    processor = RTDetrImageProcessor(size={"height": 64, "width": 64})
    return _save(folder, RTDetrForObjectDetection, config, processor, gain=1.3)


DETECTORS = {"detr": save_detr, "yolos": save_yolos, "rt_detr": save_rt_detr}
"""Models that find the things that they know, by family."""


def save_grounding_dino(folder: Path) -> Path:
    """Grounding DINO on a small Swin and BERT."""
    from transformers import (
        BertConfig,
        BertTokenizerFast,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
        SwinConfig,
    )

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", *WORDS]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            window_size=7,
            image_size=64,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[2, 2, 2, 2],
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            vocab_size=len(words),
        ),
        d_model=32,
        num_queries=12,
        **_of_layers("encoder"),
        **_of_layers("decoder") | {"decoder_layers": 2},
    )
    processor = GroundingDinoProcessor(
        GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96}),
        BertTokenizerFast(str(folder / "vocab.txt")),
    )
    return _save(folder, GroundingDinoForObjectDetection, config, processor, gain=1.5)


def clip_tokens(folder: Path, *, length: int = 32) -> Any:
    """Tokens of CLIP's kind, of single letters."""
    from transformers import CLIPTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    files = (str(folder / "vocab.json"), str(folder / "merges.txt"))
    return CLIPTokenizerFast(*files, pad_token="!", model_max_length=length)  # noqa: S106 - a sign


def save_owlv2(folder: Path) -> Path:
    """OWLv2, a model of pictures and texts that gives a box for each patch."""
    from transformers import (
        Owlv2Config,
        Owlv2ForObjectDetection,
        Owlv2ImageProcessor,
        Owlv2Processor,
    )

    tokens = clip_tokens(folder, length=16)
    text = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": len(tokens),
        "max_position_embeddings": 16,
        "bos_token_id": len(tokens) - 2,
        "eos_token_id": len(tokens) - 1,
        "pad_token_id": 0,
    }
    config = Owlv2Config(
        text_config=text, vision_config=_VIT | {"image_size": 64, "patch_size": 16}, projection_dim=32
    )
    processor = Owlv2Processor(Owlv2ImageProcessor(size={"height": 64, "width": 64}), tokens)
    return _save(folder, Owlv2ForObjectDetection, config, processor, gain=2)


POINTERS = {"grounding dino": save_grounding_dino, "owlv2": save_owlv2}
"""Models that find what words say, by family."""


def some(families: Iterable[str], most: int) -> list[Any]:
    """The families to be tested each time; those after the first ones are left to all tests."""
    return [
        family if at < most else pytest.param(family, marks=pytest.mark.slow)
        for at, family in enumerate(families)
    ]
