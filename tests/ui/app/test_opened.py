"""What is opened in the app is remembered where that is wanted, and only for words; without a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from db.engine.schema import OpenedRow
from db.settings import Settings
from tests.support import SAMPLES
from trove import Library
from ui.app import resources


def _page() -> None:
    """The second hit of the question, opened as the page Find does."""
    from ui.app.views import question
    from ui.app.views.viewer import open_hit

    asked = question.current()
    _, listing = question.listing(asked)
    open_hit(listing, listing.answer.hits[1].unit_id, asked)


@pytest.fixture
def library(sample_library: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A library of the samples, which the app shows."""
    shutil.copytree(sample_library.paths.folder, tmp_path / "library")
    own = sample_library.model_copy(update={"library": tmp_path / "library"})
    with Library.of(own) as opened:
        monkeypatch.setattr(resources, "library", lambda: opened)
        yield opened


def _open(words: str, like: Path | None = None) -> None:
    page = AppTest.from_function(_page, default_timeout=60)
    if words:
        page.query_params["q"] = words
    page.session_state["asked_like"] = like
    page.run()
    assert not page.exception
    assert page.button(key="viewer_similar").label == "Similar to this", "the hit is shown"


def _remembered(library: Library) -> list[tuple[str, int]]:
    with library.core.read() as session:
        return [(row.query, row.rank) for row in session.scalars(select(OpenedRow))]


def test_words_are_remembered_once_that_is_wanted(library: Library) -> None:
    _open("a brick lighthouse")
    assert _remembered(library) == []
    library.openings.remember(True)
    _open("a brick lighthouse")
    _open("a brick lighthouse")
    assert _remembered(library) == [("a brick lighthouse", 2)]


def test_browsing_and_similar_ones_are_not(library: Library) -> None:
    library.openings.remember(True)
    _open("type:image")
    _open("", SAMPLES / "pictures" / "p025.jpg")
    assert _remembered(library) == []
