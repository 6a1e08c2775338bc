"""Sounds and clips in one space with texts: the same vectors as the library's own code gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from db.arrays import Vectors, unit_length
from db.errors import ModelError
from db.settings import Settings
from indexer.encoders.heard import RATE, HeardEncoder
from indexer.encoders.moving import MovingEncoder
from tests.support.tiny_motion import FRAMES, save_clap, save_xclip
from tests.support.tiny_vision import save_dinov2

SETTINGS = Settings(device="cpu")
TEXTS = ["a dog barking", "opening a door", "thunder"]
FAMILIES: dict[str, Callable[[Path], Path]] = {
    "clap": save_clap,
    "clap fused": lambda folder: save_clap(folder, fused=True),
    "xclip": save_xclip,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a model, made once."""
    made: dict[str, Path] = {}

    def of(family: str) -> Path:
        if family not in made:
            made[family] = FAMILIES[family](tmp_path_factory.mktemp("models") / family)
        return made[family]

    return of


def documented(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoProcessor

    return AutoModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)


def of_texts(folder: Path) -> Vectors:
    import torch

    model, processor = documented(folder)
    with torch.inference_mode():
        made = model.get_text_features(**processor.tokenizer(TEXTS, padding=True, return_tensors="pt"))
    return unit_length(made.pooler_output.numpy())


@pytest.mark.parametrize("family", ["clap", "clap fused"])
def test_sounds_are_those_of_the_library(folder: Callable[[str], Path], family: str) -> None:
    import torch

    rng = np.random.default_rng(0)
    sounds = [
        0.2 * np.convolve(rng.standard_normal(round(RATE * seconds)), np.ones(width), mode="same")
        for seconds, width in ((1.0, 1), (3.5, 9), (10.0, 40))
    ]
    sounds = [sound.astype(np.float32) for sound in sounds]
    encoder = HeardEncoder(str(folder(family)), SETTINGS)
    found = encoder.encode_pixels(np.stack([encoder.prepare(sound) for sound in sounds]))
    model, processor = documented(folder(family))
    wanted = []
    for sound in sounds:
        inputs = processor.feature_extractor(sound, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            wanted.append(model.get_audio_features(**inputs).pooler_output.numpy()[0])
    assert found.shape == (3, encoder.dim)
    assert np.abs(found - unit_length(np.stack(wanted))).max() < 1e-4
    assert np.abs(found[0] - found[2]).max() > 1e-3, "it hears the sound"
    assert np.abs(encoder.encode_texts(TEXTS) - of_texts(folder(family))).max() < 1e-4


def test_clips_are_those_of_the_library(folder: Callable[[str], Path]) -> None:
    import torch

    pixels = np.random.default_rng(1).integers(0, 256, (3, FRAMES, 48, 64, 3), dtype=np.uint8)
    clips = [[Image.fromarray(frame) for frame in clip] for clip in pixels]
    encoder = MovingEncoder(str(folder("xclip")), SETTINGS)
    found = encoder.encode_pixels(np.stack([encoder.prepare(clip) for clip in clips]))
    model, processor = documented(folder("xclip"))
    wanted = []
    for clip in clips:
        with torch.inference_mode():
            made = model.get_video_features(**processor(videos=clip, return_tensors="pt"))
        wanted.append(made.pooler_output.numpy()[0])
    assert found.shape == (3, encoder.dim)
    assert np.abs(found - unit_length(np.stack(wanted))).max() < 1e-4
    assert np.abs(found[0] - found[1]).max() > 1e-3, "it sees the clip"
    assert np.abs(encoder.encode_texts(TEXTS) - of_texts(folder("xclip"))).max() < 1e-4
    twice = [frame for frame in clips[0] for _ in range(2)]
    assert encoder.prepare(twice).shape == encoder.prepare(clips[0]).shape, "of more frames it takes some"


def test_models_of_something_else_are_refused(folder: Callable[[str], Path], tmp_path: Path) -> None:
    pictures = str(save_dinov2(tmp_path / "dinov2"))
    with pytest.raises(ModelError, match="cannot"):
        HeardEncoder(pictures, SETTINGS).prepare(np.zeros(RATE, np.float32))
    with pytest.raises(ModelError, match="cannot"):
        HeardEncoder(str(folder("xclip")), SETTINGS).prepare(np.zeros(RATE, np.float32))
    with pytest.raises(ModelError, match="cannot compare clips with words"):
        MovingEncoder(str(folder("clap")), SETTINGS).encode_pixels(np.zeros((1, 4, 3, 32, 32), np.float32))
    for wrong in (HeardEncoder(str(folder("xclip")), SETTINGS), MovingEncoder(str(folder("clap")), SETTINGS)):
        with pytest.raises(ModelError, match="cannot compare"):
            wrong.require()
    HeardEncoder(str(folder("clap")), SETTINGS).require()
    MovingEncoder(str(folder("xclip")), SETTINGS).require()
