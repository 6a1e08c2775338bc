"""Three machines index into one library, one is killed: all is there once, whichever it was and whenever."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from tests.support.crash import make_media
from tests.support.machines import Found, Machines, adds_up, play
from tests.support.server import NOTHING, Server

OFF = "text,names,sounds,movement,soundprints"
_ROUNDS = [7, *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(20) if seed != 7]]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, films and a recording, with a copy and a broken file."""
    return make_media(tmp_path_factory.mktemp("machines") / "media")


@pytest.fixture(scope="module")
def undisturbed(
    media: Path, server: Server, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Found]:
    """What one machine makes of them, by itself."""
    folder = tmp_path_factory.mktemp("alone")
    with server.lending("alone") as address:
        own = Settings(library=folder, cache=cache, device="cpu", off=OFF, batch=2)
        with Library(own.model_copy(update={"shared": address})) as library:
            assert index(library, [media]).failed == 1
        yield Machines(address, cache, folder, OFF).found()


@pytest.mark.parametrize("seed", _ROUNDS)
def test_a_machine_that_is_killed_loses_nothing_and_doubles_nothing(
    seed: int, media: Path, undisturbed: Found, server: Server, cache: Path, tmp_path: Path
) -> None:
    with server.lending("machines", NOTHING) as address:
        machines = Machines(address, cache, tmp_path, OFF)
        report = play(machines, media, random.Random(seed))  # noqa: S311 - no secret
        found = machines.found()
        left = machines.ask("SELECT (SELECT count(*) FROM job), (SELECT count(*) FROM worker)")
    assert found == undisturbed
    assert adds_up(report), report
    # Who surveys after another knows of the broken file already.
    assert (report["found"], report["failed"] + report["skipped"]) == (13, 1)
    assert left == [(0, 0)]
