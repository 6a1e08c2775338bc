"""Pictures that somebody has described: found by the model alone, not by the words that are stored."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from db.catalog import facts
from db.catalog.facts import Fact
from db.engine.schema import Asset
from db.settings import Settings
from search.evaluation.measured import measured
from search.evaluation.retrieval import read_captions
from tests.support import SAMPLES
from trove import Library

CAPTIONS = dict(read_captions(SAMPLES / "captions.csv"))


@pytest.fixture
def settings(sample_library: Settings, tmp_path: Path) -> Settings:
    """A library of the samples of one's own."""
    shutil.copytree(sample_library.paths.folder, tmp_path / "library")
    return sample_library.model_copy(update={"library": tmp_path / "library"})


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    with Library.of(settings) as opened:
        yield opened


def describe(library: Library, texts: Mapping[str, str], *, key: facts.Key = "description") -> None:
    """Have it that somebody wrote these texts about the pictures of these names."""
    with library.core.write() as session:
        assets = {
            path.name: (asset_id, content_id)
            for asset_id, path, content_id in session.execute(select(Asset.id, Asset.path, Asset.content_id))
        }
        for at, (name, text) in enumerate(texts.items()):
            asset_id, content_id = assets[name]
            # In the file itself, or beside it.
            owner = {"content_id": content_id} if at % 2 else {"asset_id": asset_id}
            facts.claim(session, [Fact(key, text, "sidecar")], **owner)


def figures(library: Library) -> dict[str, float]:
    return {line.measure.name: line.value for line in library.evaluate() if line.kind == "described"}


def test_a_picture_is_found_by_what_it_shows_and_not_by_the_words_with_it(library: Library) -> None:
    describe(library, CAPTIONS)
    right = figures(library)
    assert right["R@1"] > 0.6
    assert right["R@1"] <= right["R@5"] <= right["R@10"]


def test_descriptions_of_other_pictures_find_nothing(library: Library) -> None:
    names = list(CAPTIONS)
    exchanged = {name: CAPTIONS[names[at - 20]] for at, name in enumerate(names)}
    describe(library, exchanged)
    assert figures(library)["R@1"] < 0.1


def test_only_what_tells_a_picture_from_others_is_asked(library: Library) -> None:
    names = list(CAPTIONS)
    describe(library, dict.fromkeys(names[:4], "Our trip to the south"))
    describe(library, dict.fromkeys(names[4:6], CAPTIONS[names[4]]))
    describe(library, {names[6]: "Lisa", names[7]: CAPTIONS[names[7]]})
    describe(library, {names[7]: "A title that is worth less"}, key="title")
    describe(library, {names[6]: CAPTIONS[names[6]]}, key="title")
    library.hide(SAMPLES / "pictures" / names[8])
    describe(library, {names[8]: CAPTIONS[names[8]]})
    (count,) = {line.count for line in library.evaluate()}
    assert count == 3


def test_models_that_do_not_answer_now_are_asked_the_same(library: Library) -> None:
    describe(library, CAPTIONS)
    library.models.use("builtin-conse")
    library.evaluate()
    found = measured(library.core)
    old, new = (found[name].figure("described", "R@1") for name in ("builtin", "builtin-conse"))
    assert old is not None
    assert new is not None
    assert (old.questions, new.questions) == (48, 48)
    assert old.value > new.value, "docs/models.md"
    kept = library.core.paths.measured.read_text()
    assert not any(word in kept for text in CAPTIONS.values() for word in text.split() if len(word) > 8)


def test_figures_that_cannot_be_read_are_none(library: Library) -> None:
    library.core.paths.measured.write_text("{")
    assert measured(library.core) == {}
