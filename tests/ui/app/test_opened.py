"""What is opened in the app is remembered where that is wanted, and only for words; without a browser."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from db.catalog import assets, revision
from db.engine.schema import Asset
from db.engine.users import OpenedRow
from db.settings import Settings
from tests.support import SAMPLES
from tests.support.copying import own_copy
from trove import Library
from ui.app import resources
from ui.app.views import viewer


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
    own = own_copy(sample_library, tmp_path / "library")
    with Library.of(own) as opened:
        monkeypatch.setattr(resources, "library", lambda: opened)
        # A page that is run by itself has no other to lead to.
        monkeypatch.setattr(viewer, "offer_anew", lambda *_: None)
        yield opened


def _open(words: str, like: Path | None = None) -> None:
    page = AppTest.from_function(_page, default_timeout=60)
    if words:
        page.query_params["q"] = words
    if like is not None:
        page.query_params["like"] = hashlib.sha256(like.read_bytes()).hexdigest()
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


def test_an_opened_hit_names_its_copies_and_can_be_hidden(library: Library) -> None:
    with library.core.write() as session:
        hit = library.search("a brick lighthouse").hits[1]
        content_id = session.scalar(select(Asset.content_id).where(Asset.path == hit.path))
        stat = assets.FileStat(Path("/drive/copy.jpg"), 1, 1)
        assets.put(session, stat, asset_id=None, state="offline", content_id=content_id)
        revision.touch(session)
    page = AppTest.from_function(_page, default_timeout=60)
    page.query_params["q"] = "a brick lighthouse"
    page.run()
    shown = [component.proto.json for component in page.get("bidi_component")]
    assert sum('"/drive/copy.jpg"' in data for data in shown) == 1
    assert "That one is on a drive that is not connected." in [caption.value for caption in page.caption]
    page.button(key="viewer_hide").click().run()
    assert hit.path not in [hit.path for hit in library.search("a brick lighthouse").hits]
    assert [hidden.path for hidden in library.hidden()] == [hit.path]
    library.unhide(hit.path)
    library.hide(hit.path.parent)
    page.query_params["q"] = "a brick lighthouse is:hidden"
    page.run()
    shown = page.button(key="viewer_hide")
    assert shown.label == f"Show the folder {hit.path.parent.name} again"
    shown.click().run()
    assert library.hidden() == []


def test_a_file_that_cannot_be_reached_is_not_offered(library: Library, tmp_path: Path) -> None:
    page = AppTest.from_function(_page, default_timeout=60)
    page.query_params["q"] = "type:image"
    page.run()
    of_file = {"Open the file", "Download"}
    assert of_file <= {link.proto.label for link in page.get("link_button")}
    assert page.table[0].value.iloc[-1].to_list() == ["Why", r"it keeps type\:image"]
    with library.core.write() as session:
        hit = library.search("type:image").hits[1]
        values = {"path": tmp_path / "drive" / hit.path.name, "state": "offline"}
        session.execute(update(Asset).where(Asset.path == hit.path).values(values))
        revision.touch(session)
    page.run()
    assert not of_file & {link.proto.label for link in page.get("link_button")}
    assert "not connected" in page.info[0].value


def test_browsing_and_similar_ones_are_not(library: Library) -> None:
    library.openings.remember(True)
    _open("type:image")
    _open("", SAMPLES / "pictures" / "p025.jpg")
    assert _remembered(library) == []
