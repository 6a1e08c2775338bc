"""A library with all on: stopped in each phase and gone on with, searched, and switched off again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import trove
from db.catalog import spaces
from indexer import analyse, phases, prepare
from indexer.analysers import actions, sound_tags, things
from indexer.analysers.base import Analyser
from indexer.flow import Look
from search.query.query import Query
from tests.support.all_on import fill, roles, settings_of

pytestmark = pytest.mark.slow


@contextmanager
def stopped_in(phase: int) -> Iterator[None]:
    """Stop a run, as Ctrl-C does, when the second look of a phase begins."""
    looks: list[str] = []

    def look(analyser: Analyser, *rest: Any, **more: Any) -> Look:
        if analyser.phase == phase:
            looks.append(analyser.name)
            if len(looks) > 1:
                raise KeyboardInterrupt
        return analyse.look(analyser, *rest, **more)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(prepare, "look", look)
        patch.setattr(phases, "look", look)
        yield


def made(library: trove.Library) -> tuple[dict[str, int], dict[str, int]]:
    """How many units there are of each kind, and vectors of each role."""
    units = {kind: count for kind, count in library.status().units.items() if count}
    with library.core.read() as session:
        return units, {space.role: count for space, count in spaces.every(session).items()}


def test_stopped_in_each_phase_it_goes_on(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(things, "LEAST", 0.3)
    monkeypatch.setattr(sound_tags, "LEAST", 0.3)
    monkeypatch.setattr(actions, "LEAST", 0.34)
    media, models = fill(tmp_path / "media"), roles(tmp_path)
    whole = settings_of(tmp_path / "whole", cache)
    with trove.Library.of(whole) as library:
        library.index([media / "3.jpg"])
        for role, model in models.items():
            library.models.use(model, role=role)
        report = library.index([media])
        assert report.failed == 0
        assert {name: state.failed for name, state in states(library).items() if state.failed} == {}
        wanted = made(library)
    units, vectors = wanted
    expected = "image frame machine_caption thing sound piece_of_sound shot action film_clip soundprint"
    assert set(expected.split()) <= set(units)
    assert vectors["similar"] == units["image"] + units["frame"]
    assert (vectors["sound"], vectors["motion"]) == (units["piece_of_sound"], units["film_clip"])

    with trove.Library.of(settings_of(tmp_path / "stopped", cache)) as library:
        library.index([media / "3.jpg"])
        for role, model in models.items():
            library.models.use(model, role=role)
        for phase in range(4):
            with stopped_in(phase):
                library.index([media])
            left = {state.phase for state in states(library).values() if state.left}
            assert left, f"stopped in phase {phase} there is something left"
        library.index([media])
        assert made(library) == wanted, "whenever it was stopped, all of it is there once"

        _searched(library, media)
        _switched_off(library, models)


def states(library: trove.Library) -> dict[str, trove.AnalyserState]:
    return {state.name: state for state in library.analysers.every()}


def _searched(library: trove.Library, media: Path) -> None:
    """What each of them has made is found, and proves nothing."""
    told = {fact.source for hit in library.search("a bell type:audio").hits for fact in hit.why}
    assert "text_to_sound" in told, "where no picture can be found, whatever sounds most like it is"
    film = library.search(Query(like=media / "film.mp4", apart=True)).hits
    assert {fact.source for hit in film for fact in hit.why} >= {"image_to_image", "sound_to_sound"}
    for kind in ("action", "sound", "thing", "piece_of_sound", "film_clip", "machine_caption"):
        answer = library.search(f"has:{kind}")
        assert answer.hits, kind
        assert answer.verdict == "nearest"
    assert {hit.path.name for hit in library.search("has:film_clip").hits} == {"film.mp4"}


def _switched_off(library: trove.Library, models: dict[str, str]) -> None:
    """Nothing of what they have made is found, and with ``--delete`` nothing is left of it."""
    for name in ("captions", "things", "sound_tags", "actions", "hearing", "clips", "movement", "sounds"):
        library.analysers.off(name, delete=True)
    for role, model in models.items():
        library.models.drop(model, role=role)
    units, vectors = made(library)
    assert set(units) <= {"image", "frame", "soundprint", "file_name"}
    assert set(vectors) == {"clip"}
    assert library.search("opening a door").hits, "it answers as before"
    assert library.index().failed == 0
    assert made(library) == (units, vectors), "and makes none of it again"
