"""Names of sounds and of what happens, with their scores: those of the library's own pipelines."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from db.errors import ModelError
from indexer.pretrained.labels import Label, load_classifier, load_tagger
from indexer.pretrained.weights import find_weights
from tests.support.tiny_motion import ACTIONS, CLASSIFIERS, FRAMES, SOUNDS, TAGGERS
from tests.support.tiny_vision import save_dinov2, some


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a model, made once."""
    made: dict[str, Path] = {}

    def of(family: str) -> Path:
        if family not in made:
            save = {**TAGGERS, **CLASSIFIERS}[family]
            made[family] = save(tmp_path_factory.mktemp("models") / family)
        return made[family]

    return of


def pipeline(task: str, folder: Path) -> Any:
    import transformers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return transformers.pipeline(task, model=str(folder), device="cpu")


def heard(seed: int, seconds: float = 1.0) -> np.ndarray:
    """Noise of its own colour."""
    noise = np.random.default_rng(seed).standard_normal(round(16_000 * seconds)).astype(np.float32)
    return 0.1 * np.convolve(noise, np.ones(1 + 8 * seed, np.float32), mode="same")


def clip(seed: int) -> list[Image.Image]:
    pixels = np.random.default_rng(seed).integers(0, 256, (FRAMES, 48, 64, 3), dtype=np.uint8)
    return [Image.fromarray(frame) for frame in pixels]


def same(found: list[Label], documented: list[dict[str, Any]]) -> None:
    wanted = {one["label"]: one["score"] for one in documented}
    assert {label.name: label.score for label in found} == pytest.approx(wanted, abs=1e-4)
    scores = [label.score for label in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("family", TAGGERS)
def test_sounds_are_those_of_the_pipeline(family: str, folder: Callable[[str], Path]) -> None:
    tagger = load_tagger(find_weights(str(folder(family)), "sounds"), "cpu")
    documented = pipeline("audio-classification", folder(family))
    each = [tagger.labels(heard(seed)) for seed in range(3)]
    for seed, labels in enumerate(each):
        same(labels, documented(heard(seed), top_k=None))
    assert {label.name for label in each[0]} == set(SOUNDS.values())
    assert len({tuple(label.score for label in labels) for labels in each}) == 3, "they depend on the sound"
    total = sum(label.score for label in each[0])
    assert (total == pytest.approx(1.0)) is (family == "ast"), "one of them, or any number at once"


@pytest.mark.parametrize("family", some(CLASSIFIERS, 2))
def test_actions_are_those_of_the_pipeline(family: str, folder: Callable[[str], Path]) -> None:
    import torch

    classifier = load_classifier(find_weights(str(folder(family)), "actions"), "cpu")
    documented = pipeline("video-classification", folder(family))
    assert classifier.count == FRAMES
    each = [classifier.labels(clip(seed)) for seed in range(3)]
    for seed, labels in enumerate(each):
        # What the pipeline does once it has decoded a film.
        inputs = documented.video_processor(clip(seed), return_tensors="pt")
        with torch.inference_mode():
            made = documented._forward(inputs)
        same(labels, documented.postprocess(made, top_k=len(ACTIONS)))
    assert {label.name for label in each[0]} == set(ACTIONS.values())
    assert len({tuple(label.score for label in labels) for labels in each}) == 3, "they depend on the clip"


def test_models_of_something_else_are_refused(tmp_path: Path, folder: Callable[[str], Path]) -> None:
    weights = find_weights(str(save_dinov2(tmp_path / "dinov2")), "sounds")
    for load in (load_tagger, load_classifier):
        with pytest.raises(ModelError, match="cannot be loaded"):
            load(weights, "cpu")
    tagger = load_tagger(find_weights(str(folder("ast")), "sounds"), "cpu")
    with pytest.raises(ModelError, match="the model ast failed"):
        tagger.labels(np.zeros((2, 2, 2), np.float32))
