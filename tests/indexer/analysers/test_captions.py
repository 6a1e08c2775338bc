"""Descriptions by a model: made of pictures and shots, found, marked as a machine's, and put right."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trove
from db import kinds
from db.errors import ModelMissingError, SettingsError
from db.settings import Settings
from indexer.analysers.captions import SIDE, Captions
from indexer.media.reader import still_at
from indexer.pretrained import weights
from indexer.pretrained.vision_language import load_vision_language
from indexer.pretrained.weights import find_weights
from search.results.texts import described
from tests.support.command import as_json, check_error
from tests.support.command import trove as run
from tests.support.media import video
from tests.support.tiny_pretrained import save_blip

COLOURS = {"red": (255, 0, 0), "black": (0, 0, 0)}
SCENES = (5, 12, 0)
(KIND,) = kinds.made_by(Captions.name)


def ground(colour: str) -> np.ndarray:
    return np.full((48, 64, 3), COLOURS[colour], np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_blip(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def says(model: Path) -> dict[str, str]:
    """What the model says of each colour."""
    loaded = load_vision_language(find_weights(str(model), "caption"), "cpu")
    return {colour: loaded.captions([Image.fromarray(ground(colour))])[0] for colour in COLOURS}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, cache: Path, model: Path) -> Settings:
    """The settings of a library of two pictures and a film of three shots, described."""
    folder = tmp_path_factory.mktemp("described")
    (folder / "media").mkdir()
    for colour in ("red", "black"):
        Image.fromarray(ground(colour)).save(folder / "media" / f"{colour}.png")
    video(folder / "media" / "film.mp4", SCENES)
    off = ("text", "names", "frames")
    made = Settings(
        library=folder / "library",
        cache=cache,
        device="cpu",
        whisper="none",
        off=off,
        captioner=str(model),
    )
    with trove.Library.of(made) as library:
        report = library.index([folder / "media"])
    assert report.failed == 0
    assert report.units[KIND] == 5
    return made


@pytest.fixture
def library(settings: Settings) -> Iterator[trove.Library]:
    with trove.Library.of(settings) as opened:
        yield opened


def test_pictures_and_shots_are_described(
    library: trove.Library, settings: Settings, says: dict[str, str], model: Path
) -> None:
    media = settings.library.parent / "media"
    for colour in COLOURS:
        (only,) = described(library.core, media / f"{colour}.png")
        assert (only.text, only.start_s, only.is_corrected) == (says[colour], None, False)
    shown = described(library.core, media / "film.mp4")
    assert [one.start_s for one in shown] == pytest.approx([0.0, 2.0, 4.0], abs=0.3)
    assert [one.end_s for one in shown] == pytest.approx([2.0, 4.0, 6.0], abs=0.3)
    loaded = load_vision_language(find_weights(str(model), "caption"), "cpu")
    frames = [
        library.service.decoders.run(still_at, media / "film.mp4", at_s, min_side=SIDE)
        for at_s in (1.0, 3.0, 5.0)
    ]
    assert [one.text for one in shown] == [loaded.captions([Image.fromarray(one)])[0] for one in frames]


def test_a_description_is_found_marked_and_proves_nothing(
    library: trove.Library, settings: Settings, says: dict[str, str]
) -> None:
    answer = library.search(says["red"].replace(":", " "), k=5)
    best = answer.hits[0]
    found = [fact for fact in best.why if fact.kind == KIND]
    assert {fact.text for fact in found} == {says["red"]}
    (held,) = library.models.held()
    assert held.vectors == 2 + 5, "descriptions have vectors: they are found by meaning, too"
    assert answer.verdict != "found", "a machine's words prove nothing"
    assert len({hit.path for hit in library.search(f"has:{KIND}", apart=True).hits}) == 3

    told = run(settings, "why", f'"{says["red"]}"', settings.library.parent / "media" / "red.png")
    assert "which a machine has written" in told.stdout
    value = as_json(run(settings, "search", f'"{says["red"]}"', "--json"))
    marked = [one for hit in value["hits"] for one in hit["evidence"] if one["kind"] == KIND]
    assert marked and all(one["machine"] is True for one in marked)


def test_people_put_a_description_right(settings: Settings, says: dict[str, str]) -> None:
    picture = settings.library.parent / "media" / "black.png"
    words = "the quay at Whitby by night"
    assert run(settings, "set", picture, "--text", words).returncode == 0
    with trove.Library.of(settings) as library:
        answer = library.search('"quay at Whitby"')
        (fact,) = [one for one in answer.hits[0].why if one.source == "keywords"]
        assert (answer.hits[0].path, fact.text, fact.corrected) == (picture, words, True)
        assert answer.verdict == "found", "these are somebody's words"
        others = library.search(says["black"]).hits
        assert says["black"] not in {one.text for hit in others for one in hit.why}, "the machine's is hidden"
        # It outlives another look of the model.
        assert library.analysers.redo("captions") == 3
        library.index()
        assert [one.text for one in described(library.core, picture)] == [words]
    told = run(settings, "why", '"quay at Whitby"', picture)
    assert "machine" not in told.stdout
    assert run(settings, "set", picture, "--undo").returncode == 0
    with trove.Library.of(settings) as library:
        assert [one.text for one in described(library.core, picture)] == [says["black"]]


def test_a_shot_is_put_right_and_taken_away(library: trove.Library, settings: Settings) -> None:
    film = settings.library.parent / "media" / "film.mp4"

    def told() -> list[str]:
        return [one.text for one in described(library.core, film)]

    first, second, third = told()
    before = library.corrections.passage(film, "snow", at_s=3.0)
    assert told() == [first, "snow", third]
    away = library.corrections.passage(film, "", at_s=3.0)
    assert told() == [first, third]
    library.corrections.undo(away)
    library.corrections.undo(before)
    assert told() == [first, second, third]
    with pytest.raises(SettingsError, match=r"no machine has described film\.mp4"):
        library.corrections.passage(film, "snow")


def test_without_a_model_it_says_what_to_choose(settings: Settings, tmp_path: Path) -> None:
    new = settings.model_copy(update={"library": tmp_path / "library", "captioner": "none"})
    told = run(new, "analysers", "on", "captions")
    assert told.returncode == 0
    assert "choose a model that describes pictures with TROVE_CAPTIONER, such as blip" in told.stdout


def test_what_a_model_takes_is_told_before(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    for captioner, told in (
        (settings.captioner, "tiny takes about 0.0 GB of memory"),
        ("blip", "blip (0.99 GB, licence: BSD-3-Clause) is downloaded first"),
        ("blib", ""),
    ):
        new = settings.model_copy(update={"library": tmp_path / "library", "captioner": captioner})
        with trove.Library.of(new) as library:
            states = {state.name: state for state in library.analysers.every()}
        assert (states["captions"].costs, states["captions"].lacking, states["text"].costs) == (told, "", "")


def test_a_model_that_is_not_here_is_told_before_anything_is_read(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelMissingError, match="weights of blip are not on this machine") as caught:
        Captions(settings.model_copy(update={"captioner": "blip"})).require()
    assert "0.99 GB, licence: BSD-3-Clause" in caught.value.hint


def test_nothing_is_downloaded_that_nobody_has_agreed_to(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    fetched: list[str] = []

    def fetch(model: str, *_: object) -> None:
        fetched.append(model)
        raise ModelMissingError("the line is busy")

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(weights, "fetched", fetch)
    monkeypatch.setenv("TROVE_CAPTIONER", "blip")
    new = settings.model_copy(update={"library": tmp_path / "library"})
    media = settings.library.parent / "media"
    check_error(run(new, "index", media), "the weights of blip are not on this machine")
    on = ("analysers", "on", "captions")
    check_error(run(new, *on), "blip (0.99 GB, licence: BSD-3-Clause)", "To download it, add --yes")
    assert fetched == []
    agreed = run(new, *on, "--yes")
    assert "Downloading blip (0.99 GB, licence: BSD-3-Clause) once." in agreed.stderr
    assert "the line is busy" in agreed.stderr
    assert fetched == ["blip"]
