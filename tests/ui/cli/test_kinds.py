"""The choices of --kind: those of the table, whoever filled it."""

from collections.abc import Iterator

import pytest

from db import kinds
from db.kinds import Kind
from db.settings import Settings
from indexer.analysers import registry as registry
from tests.support.command import trove
from ui.cli.kinds import beginning_with, known, names


@pytest.fixture
def note() -> Iterator[None]:
    """A kind that somebody has registered."""
    kinds.register("notes", [Kind("note", "note", {}, "by_people")])
    yield
    kinds.unregister("notes")


def test_a_wrong_kind_is_one_line_with_the_choices(settings: Settings) -> None:
    wrong = trove(settings, "search", "x", "--kind", "poem")
    assert wrong.returncode == 2
    error = [line for line in wrong.stderr.splitlines() if line.startswith("Error: ")]
    assert error == ["Error: Invalid value for '--kind': 'poem' is not one of 'image', 'frame', 'speech'."]
    assert f"<{'|'.join(names())}>" in trove(settings, "search", "--help").stdout


@pytest.mark.usefixtures("note")
def test_a_new_kind_is_a_choice(settings: Settings) -> None:
    assert known("note") == "note"
    assert beginning_with("no") == ["note"]
    assert "|note>" in trove(settings, "similar", "--help").stdout
    assert trove(settings, "search", "x", "--kind", "note").returncode == 0
