"""Killed at any moment, Trove loses nothing: some rounds of what ``bench/kill.py`` does for hours."""

import random
from pathlib import Path

import pytest

from tests.support.crash import Arena

# 3.3 seconds of processor a round: each starts Trove at least twice.
_ROUNDS = [
    ("save", 2),
    *[
        pytest.param(*more, marks=pytest.mark.slow)
        for more in (
            ("model", 0),
            ("phases", 0),
            ("phases", 3),
            ("rebuild", 0),
            ("index", 0),
            ("index", 1),
            ("save", 5),
            ("save", 7),
            ("save", 10),
        )
    ],
]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Arena:
    """Undisturbed libraries to compare with."""
    return Arena(tmp_path_factory.mktemp("kill"), cache, off="text")


@pytest.mark.parametrize(("scenario", "seed"), _ROUNDS)
def test_nothing_is_lost_by_a_kill(scenario: str, seed: int, arena: Arena) -> None:
    assert arena.play(scenario, random.Random(f"{scenario} {seed}"), step=seed) == []  # noqa: S311


def test_every_step_of_a_save_is_reached(arena: Arena) -> None:
    """The steps that are tested are there: a save that became shorter would test nothing."""
    assert arena.play("save", random.Random(0), step=7) == []  # noqa: S311
    assert arena.kills == 1
