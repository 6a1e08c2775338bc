"""Where in a picture it is, as boxes: by a model that is told the words, by things, or else as a map."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trove
from db.catalog.units import Region
from db.errors import ModelMissingError
from db.settings import Settings
from indexer.pretrained.boxes import load_pointer
from indexer.pretrained.weights import find_weights
from search.explain import pointing
from search.explain.pointing import Place, boxed
from tests.support import SAMPLES
from tests.support.command import as_json
from tests.support.command import trove as run
from tests.support.seen import add_things
from tests.support.tiny_vision import POINTERS

DOG = Region(0.05, 0.3, 0.25, 0.5)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Settings:
    """The settings of a library of a dog, in which a model has seen one, and a lighthouse."""
    folder = tmp_path_factory.mktemp("pointing")
    (folder / "media").mkdir()
    for name in ("p011.jpg", "p025.jpg"):
        with Image.open(SAMPLES / "pictures" / name) as picture:
            picture.convert("RGB").save(folder / "media" / name)
    off = ("text", "names")
    made = Settings(library=folder / "library", cache=cache, device="cpu", whisper="none", off=off)
    with trove.Library.of(made) as library:
        library.index([folder / "media"])
        add_things(library.core, folder / "media" / "p011.jpg", [("dog", 0.9, DOG), ("cat", 0.8, DOG)])
    return made


@pytest.fixture
def media(settings: Settings) -> Path:
    return settings.library.parent / "media"


@pytest.fixture
def library(settings: Settings) -> Iterator[trove.Library]:
    with trove.Library.of(settings) as opened:
        yield opened


def test_things_say_where_their_names_are(library: trove.Library, media: Path) -> None:
    found = library.why("show me dogs", media / "p011.jpg")
    assert found.places == (Place("show me dogs", "dog", DOG, 0.9, "things"),)
    assert found.heat is None
    assert [place.name for place in library.why("ein Hund am Strand", media / "p011.jpg").places] == ["dog"]
    shown = found.overlay()
    assert shown is not None
    pixels = np.asarray(shown).astype(int)
    height, width = pixels.shape[:2]
    left = pixels[round(0.6 * height), round(DOG.x * width)]
    assert (left[:2] > 200).all() and left[2] < 80, "a yellow line on the left of it"
    # Without either it is the map.
    other = library.why("a lighthouse", media / "p011.jpg")
    assert (other.places, other.heat is None) == ((), False)


def test_the_command_says_where(settings: Settings, media: Path, tmp_path: Path) -> None:
    told = run(settings, "why", "a dog", media / "p011.jpg", "-o", tmp_path / "where.png").stdout
    assert "A dog: on the left (90 % sure), where a model sees: dog" in told
    assert (tmp_path / "where.png").is_file()
    (place,) = as_json(run(settings, "why", "a dog", media / "p011.jpg", "--json"))["places"]
    assert (place["part"], place["by"], place["region"]) == ("a dog", "things", list(DOG))


@pytest.mark.slow
@pytest.mark.parametrize("family", POINTERS)
def test_a_model_that_is_told_the_words_comes_first(
    settings: Settings, media: Path, tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pointing, "LEAST", 0.1)
    model = POINTERS[family](tmp_path / "model")
    with trove.Library.of(settings.model_copy(update={"pointer": str(model)})) as library:
        found = library.why('"a red boat" +"two people"', media / "p011.jpg")
        by_itself = found.picture
    assert by_itself is not None
    loaded = load_pointer(find_weights(str(model), "ground"), "cpu")
    told = [
        (phrase, box)
        for phrase in ("a red boat", "two people")
        for box in loaded.point(by_itself, phrase, 0.1)[: pointing.MOST]
    ]
    assert len(found.places) == len(told) > 0
    for place, (phrase, box) in zip(found.places, told, strict=True):
        assert (place.part, place.by) == (phrase, "pointer")
        assert place.region == pytest.approx(box[2:], abs=1e-4)
        assert place.score == pytest.approx(box.score, abs=1e-3)


def test_a_model_that_is_missing_is_said(settings: Settings, media: Path) -> None:
    with (
        trove.Library.of(settings.model_copy(update={"pointer": "owlv2"})) as library,
        pytest.raises(ModelMissingError, match="owlv2"),
    ):
        library.why("a dog", media / "p011.jpg")


def test_each_part_has_a_colour_of_its_own() -> None:
    found = [
        Place("a dog", "a dog", Region(0.1, 0.1, 0.3, 0.3), 0.9, "pointer"),
        Place("雪", "雪", Region(0.5, 0.5, 0.4, 0.4), None, "pointer"),
    ]
    pixels = np.asarray(boxed(Image.new("RGB", (400, 300)), found)).astype(int)
    assert pixels[100, 40].tolist() == [255, 214, 0]
    assert pixels[200, 200].tolist() == [0, 229, 255]
