"""The app over ten thousand pictures: it scrolls like over ten, and asks only for what is in sight."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.support.driver import SHOTS, answered, search, serving, settle, shoot
from tests.support.large import large_library

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANY = 10_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The folder of a library of ten thousand files."""
    return large_library(tmp_path_factory.mktemp("many"), cache, MANY)


def browsed(page: Page) -> None:
    """Go through the years of the start page by keys and the mouse, and look at what is fetched for that."""
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/hits/" in request.url else None)
    bar = page.get_by_role("slider", name="Month")
    shoot(page, "time")
    bar.focus()
    # The latest comes first: 10,000 pictures later, by the mouse in the middle and the keys from there.
    newest = bar.get_attribute("aria-valuetext")
    box = bar.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(bar).not_to_have_attribute("aria-valuetext", newest or "")
    page.keyboard.press("PageDown")
    year = (bar.get_attribute("aria-valuetext") or "").split()[-1]
    expect(bar).to_have_attribute("aria-valuetext", f"December {year}")
    heading = page.get_by_role("heading", name=f"December {year}", exact=True)
    first = heading.locator("xpath=..").locator(".tile:not(.blank)").first
    expect(first).to_be_visible()
    settle(page)
    placed = heading.bounding_box()
    assert placed is not None
    assert 60 < placed["y"] < 90, "the month begins at the top, whatever has come before it since"
    assert int(first.get_attribute("data-index") or 0) > 2_000
    assert len(fetched) < 12, "what lies between is not fetched"
    shoot(page, "time-jumped")
    _stays_while_people_go_up(page)
    bar.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("heading", name="Without a date")).to_be_in_viewport()
    expect(bar).to_have_attribute("aria-valuetext", "Without a date")
    settle(page)
    page.keyboard.press("Home")
    expect(bar).to_have_attribute("aria-valuetext", newest or "")
    expect(page.locator('.st-key-gallery .tile[data-index="0"]')).to_be_visible()


def _stays_while_people_go_up(page: Page) -> None:
    """What is in sight moves by as much as people scroll, though the rows above it are only guessed yet."""
    where = "tile => Math.round(tile.getBoundingClientRect().top)"
    for _ in range(4):
        tiles = page.locator(".st-key-gallery .tile:not(.blank)")
        in_sight = tiles.evaluate_all("all => all.findIndex((it) => it.getBoundingClientRect().top > 60)")
        tile = tiles.nth(in_sight).element_handle()
        before = tile.evaluate(where)
        page.mouse.wheel(0, -300)
        page.wait_for_function(
            "([tile, before]) => !tile.isConnected || tile.getBoundingClientRect().top > before + 250",
            arg=[tile, before],
        )
        settle(page)
        if tile.evaluate("tile => tile.isConnected"):
            assert abs(tile.evaluate(where) - before - 300) <= 2


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


def pictures_come_first(page: Page) -> None:
    """Further hits are asked for when the pictures in sight are there, which else would wait for these."""
    held: list[Route] = []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/thumbnail/*", lambda route: held.append(route))
    page.get_by_role("searchbox").fill("a harbour")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator('.gallery[aria-label="Hits for a harbour"] .tile img[src]').nth(10)).to_be_visible()
    first = next(at for at, url in enumerate(asked) if "/thumbnail/" in url)
    assert not [url for url in asked[first:] if "/hits/" in url]
    with page.expect_request("**/hits/*"):
        page.route("**/thumbnail/*", lambda route: route.continue_())  # the last one counts
        for route in held:
            route.continue_()
    page.unroute("**/thumbnail/*")


def test_ten_thousand_hits_scroll(page: Page, large: Path, cache: Path) -> None:
    thumbnails: list[str] = []

    def note(request: Request) -> None:
        if "/thumbnail/" in request.url:
            thumbnails.append(request.url)

    page.on("request", note)
    with serving(large, cache) as app:
        page.goto(app.url)
        page.get_by_role("searchbox").wait_for(timeout=120_000)  # torch and all are read from a cold disk
        tiles = page.locator(".tile")
        tiles.first.wait_for()  # what people see before they ask: the latest
        settle(page)
        browsed(page)
        search(page, "warm")  # the models are loaded
        pictures_come_first(page)
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
