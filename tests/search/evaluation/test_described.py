"""Pictures that somebody has described: found by the model alone, not by the words that are stored."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from db.catalog import facts, runs
from db.catalog.facts import Fact
from db.engine.schema import Asset, RunRow
from db.settings import Settings
from indexer.runs import computer
from search.evaluation.measured import ENOUGH, Measured, measured, to_embed
from search.evaluation.retrieval import read_captions
from tests.support import SAMPLES
from tests.support.command import as_json, trove
from tests.support.copying import own_copy
from trove import Library

CAPTIONS = dict(read_captions(SAMPLES / "captions.csv"))


@pytest.fixture
def settings(sample_library: Settings, tmp_path: Path) -> Settings:
    """A library of the samples of one's own."""
    return own_copy(sample_library, tmp_path / "library")


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


@pytest.mark.slow
def test_models_that_do_not_answer_now_are_asked_the_same(library: Library) -> None:
    describe(library, CAPTIONS)
    library.models.use("builtin-conse")
    library.evaluate()
    found = measured(library.core)
    old, new = (found[name].figure("described", "R@1") for name in ("builtin-2", "builtin-conse"))
    assert old is not None
    assert new is not None
    assert (old.questions, new.questions) == (48, 48)
    assert old.value > new.value, "docs/models.md"
    kept = library.core.paths.measured.read_text()
    assert not any(word in kept for text in CAPTIONS.values() for word in text.split() if len(word) > 8)


def test_commands_say_what_the_library_has_measured(library: Library, settings: Settings) -> None:
    describe(library, CAPTIONS)
    assert library.questions() == {"thumbed": 0, "opened": 0, "described": 48}
    shown = trove(settings, "eval").stdout
    first = measured(library.core)["builtin-2"].figure("described", "R@1")
    assert first is not None
    assert first.enough
    assert "described: 48 pictures that somebody has described" in shown
    assert f"builtin-2: Of 48 pictures that somebody has described, {100 * first.value:.0f} %" in shown
    assert "0 questions for which you opened something: 20 more are needed." in shown
    listed = trove(settings, "model", "list").stdout
    assert f"{100 * first.value:.0f} % of 48 ({100 * first.low:.0f} to {100 * first.high:.0f} %)" in listed
    (model,) = as_json(trove(settings, "model", "list", "--json"))["models"]
    assert (model["model"], model["state"], model["seconds"]) == ("builtin-2", "active", None)
    assert {key: model["figures"][0][key] for key in ("kind", "measure", "questions")} == {
        "kind": "described",
        "measure": "R@1",
        "questions": 48,
    }


def test_of_too_few_questions_nothing_is_claimed(library: Library, settings: Settings) -> None:
    describe(library, {name: CAPTIONS[name] for name in list(CAPTIONS)[: ENOUGH - 1]})
    shown = trove(settings, "eval").stdout
    assert "Of 19 pictures" not in shown
    assert "19 pictures that somebody has described: 1 more is needed." in shown
    assert "% of 19" not in trove(settings, "model", "list").stdout


@pytest.mark.slow
def test_how_long_a_model_takes_is_told_for_all_that_there_is_now(library: Library) -> None:
    (trial,) = library.models.time(["builtin-2"], 4)
    speed = library.models.measured()["builtin-2"].speed
    assert speed is not None
    assert speed.by == "sample"
    assert speed.seconds == pytest.approx(trial.full_index_s, rel=0.02)
    library.forget(SAMPLES / "pictures")
    fewer = library.models.measured()["builtin-2"].speed
    assert fewer is not None
    assert fewer.seconds < speed.seconds / 2
    kept = library.core.paths.measured
    kept.write_text(kept.read_text().replace(json.dumps(computer()), '"another one"'))
    assert library.models.measured() == {}, "rates of another computer say nothing about this one"


@pytest.mark.parametrize("embedded", [400, 100])
def test_a_change_of_the_model_tells_its_time_if_it_was_long(library: Library, embedded: int) -> None:
    with library.core.write() as session:
        run = session.get_one(RunRow, runs.start_run(session, 1, embedded))
        report = {"model": "other", "embedded": embedded, "computer": computer()}
        runs.end_run(session, run.id, json.dumps(report))
        session.flush()
        session.refresh(run)
        assert run.finished_at is not None
        run.started_at = run.finished_at - timedelta(seconds=embedded * 0.05)
        pictures, texts = to_embed(session)
    speed = library.models.measured().get("other", Measured()).speed
    if embedded < 200:
        assert speed is None, "most of the time went into loading it"
    else:
        assert speed is not None
        assert (speed.by, speed.seconds) == ("change", pytest.approx((pictures + texts) * 0.05, rel=0.01))


@pytest.mark.parametrize("kept", ["{", "[]", '{"figures": {"builtin-2": 3}}', '{"speed": {"builtin-2": {}}}'])
def test_figures_that_cannot_be_read_are_none(library: Library, kept: str) -> None:
    library.core.paths.measured.write_text(kept)
    assert measured(library.core) == {}
