"""Things that a detector sees: made of pictures and shots, counted, asked for by name, and switched off."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import trove
from db.settings import Settings
from indexer.analysers import things as analyser
from indexer.analysers.things import SIDE, Things
from indexer.media.reader import still_at
from indexer.pretrained.boxes import Detector, load_detector
from indexer.pretrained.weights import find_weights
from search.engine.things import things
from search.results.texts import described
from tests.support import SAMPLES
from tests.support.command import as_json
from tests.support.command import trove as run
from tests.support.media import video
from tests.support.tiny_vision import save_detr

LEAST = 0.3
NAMES = ("p002.jpg", "p011.jpg", "p025.jpg")
(KIND,) = Things.kinds


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_detr(tmp_path_factory.mktemp("models") / "tiny-detr")


@pytest.fixture(scope="module")
def detector(model: Path) -> Detector:
    return load_detector(find_weights(str(model), "detect"), "cpu")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, cache: Path, model: Path) -> Iterator[Settings]:
    """The settings of a library of three pictures and a film of three shots, looked at."""
    folder = tmp_path_factory.mktemp("things")
    (folder / "media").mkdir()
    for name in NAMES:
        with Image.open(SAMPLES / "pictures" / name) as picture:
            picture.convert("RGB").resize((150, 110)).save(folder / "media" / Path(name).with_suffix(".png"))
    video(folder / "media" / "film.mp4", (5, 12, 0))
    made = Settings(
        library=folder / "library",
        cache=cache,
        device="cpu",
        whisper="none",
        off=("text", "names"),
        detector=str(model),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analyser, "LEAST", LEAST)
        with trove.Library.of(made) as library:
            assert library.index([folder / "media"]).failed == 0
        yield made


@pytest.fixture
def library(settings: Settings) -> Iterator[trove.Library]:
    with trove.Library.of(settings) as opened:
        yield opened


def seen_in(library: trove.Library, name: str) -> Counter[str]:
    media = library.core.settings.library.parent / "media"
    return Counter(thing.name for thing in things(library.core, media / name))


def test_things_are_those_that_the_detector_sees(
    library: trove.Library, settings: Settings, detector: Detector
) -> None:
    media = settings.library.parent / "media"
    for name in NAMES:
        path = (media / name).with_suffix(".png")
        found = things(library.core, path)
        with Image.open(path) as picture:
            boxes = detector.detect(picture.convert("RGB"), LEAST)
        assert len(found) == len(boxes) > 0
        for thing, box in zip(found, boxes, strict=True):
            assert (thing.name, thing.start_s) == (box.label, None)
            assert thing.score == pytest.approx(box.score, abs=1e-3)
            assert thing.region == pytest.approx(box[2:], abs=1e-3)
        assert described(library.core, path) == [], "a thing is no description"


def test_of_a_film_each_shot_is_looked_at_once(
    library: trove.Library, settings: Settings, detector: Detector
) -> None:
    film = settings.library.parent / "media" / "film.mp4"
    found = things(library.core, film)
    moments = sorted({thing.at_s for thing in found if thing.at_s is not None})
    assert len(moments) == 3
    for at_s in moments:
        own = [thing for thing in found if thing.at_s == at_s]
        frame = Image.fromarray(still_at(film, at_s, min_side=SIDE))
        assert len(own) == len(detector.detect(frame, LEAST))
        assert {(thing.start_s or 0.0) <= at_s <= (thing.end_s or 0.0) for thing in own} == {True}


def test_they_are_asked_for_by_name_and_number(library: trove.Library) -> None:
    names = [*(Path(name).with_suffix(".png").name for name in NAMES), "film.mp4"]
    counts = {name: seen_in(library, name) for name in names}
    (common, most), *_ = sum(counts.values(), Counter()).most_common()
    assert most > 3

    def found(query: str) -> set[str]:
        return {hit.path.name for hit in library.search(query, k=50).hits}

    pictures = set(names[:-1])
    assert found(f"thing:{common}") == {name for name in names if counts[name][common]}
    assert found(f"thing:{common}s type:image") == {name for name in pictures if counts[name][common]}
    least = max(counts[name][common] for name in pictures)
    at_least = {name for name in pictures if counts[name][common] >= least}
    assert found(f"thing:{common}>={least} type:image") == at_least != set()
    assert found(f"thing:{common}<={least - 1} type:image") == pictures - at_least
    assert found("thing:zebra") == set()
    for wrong in ("thing:dog>=many", "thing:>=2"):
        with pytest.raises(trove.QueryError, match=r"dog>=2|thing:dog"):
            library.search(wrong)


def test_words_find_them_with_their_place_and_as_a_machines(
    settings: Settings, library: trove.Library
) -> None:
    name = next(iter(seen_in(library, "p002.png")))
    hits = as_json(run(settings, "search", name, "--json"))["hits"]
    why = [one for hit in hits for one in hit["evidence"] if one["kind"] == KIND.name]
    assert why
    assert all(one["machine"] and one["text"] == name and len(one["region"]) == 4 for one in why)
    values = as_json(run(settings, "values", "thing", "--json"))["values"]
    assert {one["value"] for one in values} == set(
        sum((seen_in(library, file) for file in ("p002.png", "p011.png", "p025.png", "film.mp4")), Counter())
    )


def test_without_a_model_it_says_what_to_choose(settings: Settings) -> None:
    without = settings.model_copy(update={"detector": "none"})
    assert "TROVE_DETECTOR" in Things.lacking(without)
    assert Things.is_left_out(without)
    assert not Things.is_left_out(settings)
    told = run(without, "analysers").stdout
    assert "things makes nothing yet: choose a model that finds things" in " ".join(told.split())


def test_switched_off_they_are_not_found(library: trove.Library) -> None:
    name = next(iter(seen_in(library, "p002.png")))
    library.analysers.off("things")
    assert not library.search(f"thing:{name}").hits
    assert seen_in(library, "p002.png") == Counter()
    library.analysers.on("things")
    assert library.search(f"thing:{name}").hits
