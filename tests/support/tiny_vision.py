"""Models of pictures of real classes of transformers and timm, tiny and untrained, saved as anybody would.

What they see is nonsense, through the same loading, preparing and reading as the large ones.
"""

from pathlib import Path
from typing import Any

SIDE = 32
THINGS = {0: "dog", 1: "cat", 2: "boat"}

_VIT = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
}


def _save(folder: Path, kind: Any, config: Any, *processors: Any) -> Path:
    import torch

    torch.manual_seed(7)
    model = kind(config).eval()
    with torch.no_grad():  # larger than a model begins with, so that what it says depends on the picture
        for name, values in model.named_parameters():
            if values.ndim > 1 and "norm" not in name:
                values.mul_(4)
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
