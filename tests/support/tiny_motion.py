"""Models of sound and of films of real classes of transformers, tiny and untrained, saved as anybody would.

What they hear and see is nonsense, through the same loading, preparing and reading as the large ones.
"""

from pathlib import Path
from typing import Any

from tests.support.tiny_pretrained import WORDS

SIDE = 32
FRAMES = 4
SOUNDS = {0: "Speech", 1: "Dog", 2: "Thunder", 3: "Bell"}
ACTIONS = {0: "opening a door", 1: "riding a bike", 2: "clapping"}

_VIT = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
}


def _named(names: dict[int, str]) -> dict[str, Any]:
    return {"id2label": names, "label2id": {name: number for number, name in names.items()}}


def _save(folder: Path, kind: Any, config: Any, processor: Any, gain: float = 4) -> Path:
    import torch

    torch.manual_seed(11)
    model = kind(config).eval()
    with torch.no_grad():  # larger than a model begins with, so that what it says depends on what it is given
        for name, values in model.named_parameters():
            if values.ndim > 1 and "norm" not in name:
                values.mul_(gain)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def save_ast(folder: Path) -> Path:
    """AST, a transformer over the patches of a spectrogram."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    shape = {name: value for name, value in _VIT.items() if name != "image_size"}
    config = ASTConfig(**shape, max_length=64, num_mel_bins=16, **_named(SOUNDS))
    extractor = ASTFeatureExtractor(max_length=64, num_mel_bins=16)
    return _save(folder, ASTForAudioClassification, config, extractor)


def save_wav2vec2(folder: Path) -> Path:
    """Wav2Vec 2.0 with a layer that tells several names at once."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

    shape = {name: value for name, value in _VIT.items() if name != "image_size"}
    config = Wav2Vec2Config(
        **shape,
        conv_dim=(16, 16),
        conv_stride=(20, 16),
        conv_kernel=(20, 16),
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=16,
        problem_type="multi_label_classification",
        **_named(SOUNDS),
    )
    return _save(folder, Wav2Vec2ForSequenceClassification, config, Wav2Vec2FeatureExtractor(), gain=2)


def save_vivit(folder: Path) -> Path:
    """ViViT, which sees a clip in tubes."""
    from transformers import VivitConfig, VivitForVideoClassification, VivitVideoProcessor

    config = VivitConfig(**_VIT, num_frames=FRAMES, tubelet_size=[2, 16, 16], **_named(ACTIONS))
    return _save(folder, VivitForVideoClassification, config, _frames(VivitVideoProcessor))


def save_videomae(folder: Path) -> Path:
    """VideoMAE as it was trained further."""
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification, VideoMAEVideoProcessor

    config = VideoMAEConfig(**_VIT, patch_size=16, num_frames=FRAMES, tubelet_size=2, **_named(ACTIONS))
    return _save(folder, VideoMAEForVideoClassification, config, _frames(VideoMAEVideoProcessor))


def save_timesformer(folder: Path) -> Path:
    """TimeSformer, which looks over time and over space in turn."""
    from transformers import (
        TimesformerConfig,
        TimesformerForVideoClassification,
        TimesformerVideoProcessor,
    )

    config = TimesformerConfig(**_VIT, patch_size=16, num_frames=FRAMES, **_named(ACTIONS))
    return _save(folder, TimesformerForVideoClassification, config, _frames(TimesformerVideoProcessor))


def _frames(kind: Any) -> Any:
    return kind(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


TAGGERS = {"ast": save_ast, "wav2vec2": save_wav2vec2}
"""Models that tell sounds by name, by family."""
CLASSIFIERS = {"vivit": save_vivit, "videomae": save_videomae, "timesformer": save_timesformer}
"""Models that tell actions by name, by family."""


def save_clap(folder: Path, *, fused: bool = False) -> Path:
    """CLAP: sounds and texts in one space; ``fused``: the kind that also takes long ones, in four views."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor, RobertaTokenizerFast

    words = _roberta(folder)
    config = ClapConfig(
        text_config=_text(len(words)) | {"pad_token_id": 1, "projection_dim": 32},
        audio_config={
            "window_size": 4,
            "num_mel_bins": 16,
            "spec_size": 128,
            "patch_size": 4,
            "patch_stride": [4, 4],
            "patch_embeds_hidden_size": 8,
            "hidden_size": 16,
            "depths": [1, 1],
            "num_attention_heads": [2, 2],
            "projection_dim": 32,
            "enable_fusion": fused,
        },
        projection_dim=32,
    )
    how = {"truncation": "fusion"} if fused else {"truncation": "rand_trunc"}
    extractor = ClapFeatureExtractor(feature_size=16, **how)
    tokens = RobertaTokenizerFast.from_pretrained(folder)
    return _save(folder, ClapModel, config, ClapProcessor(extractor, tokens), gain=2)


def save_xclip(folder: Path) -> Path:
    """X-CLIP: clips and texts in one space."""
    from transformers import VideoMAEImageProcessor, XCLIPConfig, XCLIPModel, XCLIPProcessor

    from tests.support.tiny_vision import clip_tokens

    tokens = clip_tokens(folder)
    config = XCLIPConfig(
        text_config=_text(len(tokens)) | {"bos_token_id": len(tokens) - 2, "eos_token_id": len(tokens) - 1},
        vision_config=_VIT
        | {
            "patch_size": 16,
            "num_frames": FRAMES,
            "mit_hidden_size": 32,
            "mit_intermediate_size": 37,
            "mit_num_attention_heads": 4,
        },
        projection_dim=32,
    )
    frames = VideoMAEImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return _save(folder, XCLIPModel, config, XCLIPProcessor(frames, tokens), gain=2)


def _text(count: int) -> dict[str, Any]:
    shape = {name: value for name, value in _VIT.items() if name != "image_size"}
    return shape | {"vocab_size": count, "max_position_embeddings": 64}


def _roberta(folder: Path) -> Any:
    """Tokens of single letters, saved in a folder as those of RoBERTa are."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    words = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "<mask>",
        *letters,
        *(f"\u0120{one}" for one in letters),
        *WORDS,
    ]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    return vocabulary
