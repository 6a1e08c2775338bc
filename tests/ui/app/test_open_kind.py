"""A kind that is registered from outside, in the running app: see ``tests/system/test_open_kind.py``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from tests.support import scents
from tests.support.driver import DESKTOP, SHOTS, search, serving


@pytest.fixture
def scented(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The address of the app over three pictures with scents."""
    scents.register()
    try:
        with Library(settings) as library:
            index(library, [scents.make_pictures(tmp_path / "media")])
    finally:
        scents.unregister()
    with serving(settings.paths.folder, settings.cache, module="tests.support.scents") as app:
        yield app.url


@pytest.mark.slow
def test_it_has_a_tile_a_filter_and_its_words_in_the_viewer(scented: str, browser: Browser) -> None:
    page = browser.new_page(viewport=DESKTOP)
    page.goto(scented)
    tiles = search(page, "scent:petrol")
    expect(tiles).to_have_count(1)
    expect(tiles.first).to_contain_text("petrol")
    expect(page.get_by_test_id("stSidebar").get_by_text("Scent", exact=True)).to_be_visible()
    tiles.first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("road.png").first).to_be_visible()
    expect(dialog.get_by_text("petrol").first).to_be_visible()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "open-kind.png")
    page.close()
