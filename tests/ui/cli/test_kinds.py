"""Kinds and conditions of the tables, whoever filled them, as the command line takes and tells them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from db import kinds
from db.catalog.filters import UnitRule
from db.catalog.units import NewUnit, Region
from db.engine.schema import MediaKind
from db.kinds import Kind
from db.library import Library
from db.settings import Settings
from indexer.analysers import registry
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from search.query import conditions
from search.query.conditions import Condition
from tests.support.command import as_json, trove
from tests.support.media import photo
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
    choices = ", ".join(repr(name) for name in kinds.every())
    assert error == [f"Error: Invalid value for '--kind': 'poem' is not one of {choices}."]
    assert f"<{'|'.join(names())}>" in trove(settings, "search", "--help").stdout


@pytest.mark.usefixtures("note")
def test_a_new_kind_is_a_choice(settings: Settings) -> None:
    assert known("note") == "note"
    assert beginning_with("no") == ["note"]
    assert "|note>" in trove(settings, "similar", "--help").stdout
    Library(settings).close()
    assert trove(settings, "search", "x", "--kind", "note").returncode == 0


class Signs(Analyser):
    """Makes a unit of what stands in a picture, found by its words alone."""

    name = "signs"
    label = "signs in pictures"
    kinds = (Kind("sign", "sign", {}, "in_picture"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 0

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:  # noqa: ARG002
        """The same sign in all of them."""
        yield Draft(NewUnit("sign", text="Harbour closed", region=Region(0.1, 0.2, 0.3, 0.4)), None)
        progress(1.0)


@pytest.fixture
def signed(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A picture with a sign in it, twice in the library, and a condition for signs; the picture's path."""
    (tmp_path / "media").mkdir()
    photo(tmp_path / "media" / "a.jpg", 1)
    shutil.copyfile(tmp_path / "media" / "a.jpg", tmp_path / "media" / "b.jpg")
    registry.register(Signs)
    conditions.register(
        Condition(
            "sign",
            "where this stands on a sign",
            ("sign:closed", 'sign:"way out"'),
            lambda value, _context: UnitRule(("sign",), value),
        )
    )
    assert trove(settings, "index", tmp_path / "media").returncode == 0
    yield tmp_path / "media" / "a.jpg"
    conditions.unregister("sign")
    registry.unregister("signs")


@pytest.mark.usefixtures("signed")
def test_help_lists_a_new_condition(settings: Settings) -> None:
    for command in (["search"], ["why"], ["saved", "add"]):
        listed = " ".join(trove(settings, *command, "--help").stdout.split())
        assert 'sign:closed, sign:"way out" where this stands on a sign' in listed
        assert 'said:"happy birthday" where exactly this was said' in listed
    assert "sign:closed" not in trove(settings, "similar", "--help").stdout


def test_what_was_found_is_in_the_json(settings: Settings, signed: Path) -> None:
    assert trove(settings, "saved", "add", "harbours", "harbour").returncode == 0
    found = {
        "source": "words",
        "kind": "sign",
        "start_s": None,
        "end_s": None,
        "region": [0.1, 0.2, 0.3, 0.4],
        "words": ["harbour"],
        "text": "Harbour closed",
    }
    copies = [str(signed.with_name("b.jpg"))]
    for command in (["search", "harbour sign:closed"], ["saved", "show", "harbours"]):
        (hit,) = as_json(trove(settings, *command, "--json"))["hits"]
        assert (hit["kind"], hit["path"], hit["copies"]) == ("image", str(signed), copies)
        read = [fact for fact in hit["evidence"] if fact["source"] == "words"]
        assert [fact | {"unit": 0} for fact in read] == [found | {"unit": 0}]
        assert "sign" in {fact["kind"] for fact in hit["evidence"]}
    reasons = as_json(trove(settings, "why", "harbour", signed, "--json"))
    assert (reasons["words"], reasons["copies"]) == (["harbour"], copies)
    assert found | {"unit": read[0]["unit"]} in reasons["evidence"]
    assert all(list(fact)[:2] == ["source", "rank"] and "unit" not in fact for fact in reasons["why"])
    assert as_json(trove(settings, "similar", signed, "--json"))["hits"] == []


def test_words_are_told_by_what_has_them(settings: Settings, signed: Path) -> None:
    told = trove(settings, "why", "harbour", signed).stdout
    assert "These words are written in it: harbour" in told
    assert "said" not in told
