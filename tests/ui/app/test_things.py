"""Things that a model sees, as the app names them, draws boxes around them, and asks for more of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from db.catalog.units import Region
from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.driver import App, opened, search, serving, settle, shoot
from tests.support.seen import add_things
from tests.ui.app.test_access import check

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DOGS = (("dog", 0.98, Region(0.1, 0.3, 0.3, 0.5)), ("dog", 0.81, Region(0.55, 0.35, 0.3, 0.4)))
BALL = ("sports ball", 0.74, Region(0.45, 0.8, 0.1, 0.12))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[App]:
    """The app over two pictures of which a model has seen things."""
    folder = tmp_path_factory.mktemp("seen")
    media = folder / "media"
    media.mkdir()
    for name in ("p011.jpg", "p025.jpg"):
        shutil.copy(SAMPLES / "pictures" / name, media / name)
    settings = Settings(
        library=folder / "library", cache=cache, device="cpu", whisper="none", off=("text", "names")
    )
    with Library(settings) as library:
        index(library, [media])
        add_things(library, media / "p011.jpg", (*DOGS, BALL))
        add_things(library, media / "p025.jpg", DOGS[:1])
    with serving(settings.paths.folder, cache) as running:
        yield running


def test_things_are_named_and_boxed(page: Page, seen: App) -> None:
    page.goto(seen.url)
    expect(search(page, "thing:dog>=2")).to_have_count(1)
    search(page, 'thing:"sports ball"').first.locator(".open").click()
    dialog = opened(page)
    expect(dialog.get_by_text("A model says so, and may be wrong.")).to_be_visible()
    # What was asked for is marked at once, the rest when people want it.
    expect(dialog.locator("polygon.found")).to_have_count(1)
    dialog.get_by_text("Boxes around them").click()
    expect(dialog.locator("polygon.found")).to_have_count(4)
    expect(dialog.locator("svg.overlay text.name")).to_have_text(["dog 98 %", "dog 81 %", "sports ball 74 %"])
    settle(page)
    shoot(page, "things")
    check(page, "opened things")
    dialog.get_by_text("Boxes around them").click()
    expect(dialog.locator("polygon.found")).to_have_count(1)
    # Its button leads to all that have as many of it.
    dialog.get_by_role("button", name="dog × 2").click()
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.get_by_text("Things in it")).to_have_count(0)
