"""The app over a library on a server, which stops and comes back."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.command import trove
from tests.support.driver import metric, opened, ready, search, serving, shoot
from tests.support.server import NOTHING, Server

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_the_app_shows_a_library_on_a_server_and_says_when_that_has_stopped(
    page: Page, settings: Settings, server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in sorted((SAMPLES / "pictures").glob("*.jpg"))[:5]:
        shutil.copy(path, folder)
    with server.lending("app", NOTHING) as address:
        with Library(settings.model_copy(update={"shared": address})) as library:
            index(library, [folder])
        with serving(address, settings.cache, XDG_DATA_HOME=str(tmp_path / "data")) as app:
            page.goto(app.url)
            tiles = search(page, "name:p001*")
            expect(tiles).to_have_count(1)
            tiles.first.click()
            expect(opened(page)).to_contain_text("p001.jpg")
            page.goto(f"{app.url}/library")
            expect(metric(page, "Pictures")).to_have_text("5")
            expect(page.get_by_text("What is known of them is kept in postgresql://")).to_be_visible()
            page.goto(app.url)
            box = ready(page)
            said = page.get_by_role("alert")
            server.stop("immediate")
            try:
                box.fill("a dog")
                box.press("Enter")
                expect(said).to_have_count(1)
                expect(said).to_contain_text("cannot be reached")
                expect(said).to_contain_text("Check that the server runs")
                shoot(page, "server stopped")
                page.goto(f"{app.url}/library")
                expect(said).to_have_count(1)
                expect(said).to_contain_text("cannot be reached")
            finally:
                server.start()
            page.goto(app.url)
            search(page, "a dog")
            expect(said).to_have_count(0)


@pytest.mark.slow
def test_the_app_tells_who_else_has_said_something(
    page: Page, settings: Settings, server: Server, tmp_path: Path
) -> None:
    picture = Path(shutil.copy(SAMPLES / "pictures" / "p001.jpg", tmp_path))
    with server.lending("said", NOTHING) as address:
        own = settings.model_copy(update={"shared": address})
        for command in (("index", tmp_path), ("saved", "add", "cats", "a cat")):
            assert trove(own, *command).returncode == 0
        with server.editors("said", "anna", "ben") as (anna, ben):
            hers = own.model_copy(update={"shared": anna})
            assert trove(hers, "set", picture, "--date", "2001-02-03").returncode == 0
            with serving(ben, settings.cache, XDG_DATA_HOME=str(tmp_path / "data")) as app:
                page.goto(f"{app.url}/saved")
                expect(page.get_by_text("a cat · 0 up, 0 down · by trove")).to_be_visible()
                page.goto(app.url)
                search(page, "name:p001*").first.click()
                expect(opened(page)).to_contain_text("3 February 2001 · anna says so")
