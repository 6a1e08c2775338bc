"""The builtin drawer: what is shipped is complete, small, and draws what it is asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from db.errors import GenerateError
from search.drawing import weights
from search.drawing.drawer import Drawer
from search.drawing.knowing import Concept, names
from search.drawing.presets import AUTO, BUILTIN, BUILTIN_FOLDER, PRESETS
from ui.wording import drew

LIMIT = 45 * 10**6


def pixels(path: Path) -> np.ndarray:
    """(128, 128, 3) float32."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.float32)


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    """The builtin one, loaded once."""
    return Drawer(BUILTIN, device="cpu")


def test_the_shipped_pipeline_is_complete_and_small() -> None:
    found = weights.read_pipeline(BUILTIN_FOLDER)
    assert found.components == {"scheduler", "transformer", "vae"}
    assert found.variant == "fp16"
    files = [path for path in BUILTIN_FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LIMIT
    for path in files:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="numpy") as tensors:
                kinds = {tensors.get_slice(key).get_dtype() for key in tensors.keys()}  # noqa: SIM118
            assert kinds == {"F16"}
    index = json.loads((BUILTIN_FOLDER / "model_index.json").read_text("utf-8"))
    assert index["_class_name"] == "PixArtAlphaPipeline"


def test_it_draws_what_the_words_say(drawer: Drawer, tmp_path: Path) -> None:
    shown = {}
    for word in ("a red apple", "an evergreen tree", "a blue heart"):
        drawing = drawer.draw(word, path=tmp_path / f"{word}.png", seed=1)
        assert (drawing.model, drawing.width, drawing.height) == (BUILTIN, 128, 128)
        assert drawing.steps == PRESETS[BUILTIN].steps
        shown[word] = pixels(drawing.path)
    for channel, (word, picture) in enumerate(shown.items()):
        assert picture[:4].mean() > 230, f"{word}: a pictogram stands on white"
        inked = picture[picture.min(axis=2) < 200]
        assert len(inked) > 0.05 * 128 * 128, word
        assert inked.mean(axis=0).argmax() == channel, word


def test_it_says_what_it_took_the_words_for(drawer: Drawer, tmp_path: Path) -> None:
    drawing = drawer.draw("a photo of a cupcake", path=tmp_path / "a.png", steps=2)
    assert drawing.concept is not None
    assert drawing.concept.name == "cupcake"
    with Image.open(drawing.path) as image:
        assert image.info["concept"] == "cupcake"
    assert drew(drawing.concept, "*").startswith("The builtin drawer knows single things: drew *cupcake* (")


def test_a_question_is_sketched_if_anything_near_to_it_is_known(drawer: Drawer) -> None:
    sketched = drawer.sketch("cupcake")
    assert sketched.image is not None
    assert sketched.image.size == (128, 128)
    assert sketched.concept == Concept("cupcake", 1.0)
    assert drawer.sketch("cupcake").image.tobytes() == sketched.image.tobytes(), "the same each time"
    refused = drawer.sketch("tax form for the landlord")
    assert refused.image is None
    assert not refused.concept.known
    assert "nothing near to this" in drew(refused.concept)
    with pytest.raises(GenerateError, match="nothing to draw"):
        drawer.sketch(" ")


def test_concepts_have_names_of_which_none_is_two_things() -> None:
    known = [name for name in names() if name]
    assert len(names()) == 2113
    assert len(known) > 1400
    assert len(set(known)) == len(known)


def test_a_seed_draws_the_same_and_another_does_not(drawer: Drawer, tmp_path: Path) -> None:
    drawn = [
        pixels(drawer.draw("a cat", path=tmp_path / f"{i}.png", seed=seed, steps=4).path)
        for i, seed in enumerate((5, 5, 6))
    ]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_auto_takes_what_is_larger_where_it_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    here: set[str] = set()
    monkeypatch.setattr(weights, "installed", lambda model: model in here)
    assert weights.chosen(AUTO) == BUILTIN
    here |= {"sd15", "sd-turbo"}
    assert weights.chosen(AUTO) == "sd-turbo"
    assert weights.chosen(BUILTIN) == BUILTIN
    assert weights.chosen("someone/model") == "someone/model"
