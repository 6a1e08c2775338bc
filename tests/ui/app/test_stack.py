"""The files of a hit that belong together, in the app; without a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import trove
from db.library import Library
from indexer.pipeline import index
from tests.support import media
from ui.app import resources
from ui.app.routes import feeds
from ui.app.views import question


def _page() -> None:
    import streamlit as st

    from search.results.listing import GrowingListing
    from ui.app import resources
    from ui.app.views import question, stack
    from ui.app.views.filters import filters

    asked = question.current()
    filters(asked)
    listing = GrowingListing(
        lambda k: resources.library().service.search(question.everything().query(k)), total=9
    )
    (whole,) = listing.hits(0, 9)
    for copy in (*stack.opened(whole).copies, *whole.copies):
        st.code(str(copy))
    stack.strip(whole, stack.opened(whole), on_open=lambda: None)


@pytest.fixture
def opened(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trove.Library]:
    """A library of a shot as RAW and JPEG, with hidden copies of them."""
    folder = tmp_path / "media"
    (folder / "h").mkdir(parents=True)
    media.photo(folder / "a.dng", 1, size=(64, 64))
    media.photo(folder / "a.jpg", 1, size=(64, 64))
    for name in ("a.dng", "a.jpg"):
        shutil.copy(folder / name, folder / "h" / name)
    index(library, [folder])
    with trove.Library.of(library.settings) as opened:
        opened.hide(folder / "h")
        monkeypatch.setattr(resources, "library", lambda: opened)
        yield opened


def test_members_can_be_opened_and_shown(opened: trove.Library) -> None:
    page = AppTest.from_function(_page, default_timeout=60).run()
    assert not page.exception
    assert "2 files that belong together" in [caption.value for caption in page.caption]
    assert [page.button(key=f"stack_open_{at}").disabled for at in (0, 1)] == [True, False]
    page.button(key="stack_open_1").click().run()
    assert [page.button(key=f"stack_open_{at}").disabled for at in (0, 1)] == [False, True]
    assert list(page.code) == [], "hidden copies are not told"
    page.button(key="stack_show_1").click().run()
    assert not page.exception
    (hit,) = opened.search("type:image").hits
    assert hit.path.suffix == ".dng"
    by_date = opened.search("type:image", order="date")
    assert (by_date.total, [hit.path.suffix for hit in by_date.hits]) == (1, [".dng"])
    assert opened.search("type:image", order="date", stacks=False).total == 2
    assert [tile["stack"] for tile in feeds.tiles([hit])] == [2]


def test_each_file_by_itself_is_one_click(opened: trove.Library) -> None:
    page = AppTest.from_function(_page, default_timeout=60).run()
    page.sidebar.toggle(key="filter_stacks").set_value(False).run()
    assert page.query_params["stacks"] == "apart"
    (hit,) = opened.search(question.Question("type:image", None, None, stacks=False).query(9)).hits
    assert (len(hit.similar), hit.stack) == (1, ()), "they look alike, and are grouped by that alone"
