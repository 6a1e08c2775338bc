"""The app over ten thousand pictures: it scrolls like over ten, and asks only for what is in sight."""

import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request

from db.catalog import spaces
from db.library import Library
from db.settings import Settings
from indexer.encoders.active import encoder_for
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.driver import SHOTS, answered, search, serving, settle
from tests.support.media import photo
from tests.support.rows import add_many, directions

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANY = 10_000


@pytest.fixture(scope="module")
def large_library(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Ten thousand files, all links to a few pictures, with random vectors."""
    folder = tmp_path_factory.mktemp("many")
    settings = Settings(library=folder / "library", cache=cache, device="cpu", whisper="none", off=("text",))
    (folder / "media").mkdir()
    photo(folder / "media" / "real.jpg")
    library = Library(settings)
    index(library, [folder / "media"])
    pictures = [shutil.copy(picture, folder) for picture in sorted((SAMPLES / "pictures").glob("*.jpg"))[:8]]
    paths = []
    for number in range(MANY):
        paths.append(folder / "media" / f"{number:05}.jpg")
        paths[-1].hardlink_to(pictures[number % len(pictures)])
    with library.write() as session:
        space = spaces.active(session)
        assert space is not None
        add_many(session, paths, directions(MANY, encoder_for(library, space).dim), space.id)
    library.vectors(space).save()
    library.close()
    return settings.paths.folder


def timed(page: Page, text: str) -> tuple[float, float]:
    """Seconds from pressing Enter to the first hits, and until the pictures in sight are there."""
    box = page.get_by_role("searchbox")
    box.fill(text)
    started = time.perf_counter()
    box.press("Enter")
    page.wait_for_function(
        "([box, text]) => box.dataset.answered === text", arg=[box.element_handle(), text], polling="raf"
    )
    page.locator(".tile").first.wait_for()
    first = time.perf_counter() - started
    answered(page, text)
    return first, time.perf_counter() - started


def test_ten_thousand_hits_scroll(page: Page, large_library: Path, cache: Path) -> None:
    thumbnails: list[str] = []

    def note(request: Request) -> None:
        if "/thumbnail/" in request.url:
            thumbnails.append(request.url)

    page.on("request", note)
    with serving(large_library, cache) as app:
        page.goto(app.url)
        page.get_by_role("searchbox").wait_for(timeout=120_000)  # torch and all are read from a cold disk
        tiles = page.locator(".tile")
        tiles.first.wait_for()  # what people see before they ask: the latest
        settle(page)
        search(page, "warm")  # the models are loaded
        took = [
            timed(page, f"a dog on {place}") for place in ("the beach", "a sofa", "the grass", "snow", "ice")
        ]
        told = " ".join(f"{first:.2f}/{seen:.2f}" for first, seen in took)
        (SHOTS / "first-answer.txt").write_text(f"s to the first hits/until all in sight are seen: {told}")
        tiles = page.locator(".tile")
        first = tiles.first.locator(".name").inner_text()
        furthest, deadline = 0, time.monotonic() + 300
        while furthest < MANY and time.monotonic() < deadline:
            page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop += 40_000")
            page.wait_for_timeout(100)
            there = tiles.evaluate_all("tiles => tiles.map((tile) => Number(tile.dataset.index))")
            assert len(there) < 150, "what is far away is not in the page"
            furthest = max(there)
        # One more than generated: the real one.
        assert furthest == MANY
        assert len(set(thumbnails)) < MANY / 2
        page.screenshot(path=SHOTS / "many-end.png")
        page.keyboard.press("/")
        page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 0")
        tiles.first.wait_for()
        assert tiles.first.locator(".name").inner_text() == first
        search(page, "type:image").first.wait_for()
