"""The map of all places in a real browser: come nearer, look at what is where, and search there."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from search.query.language import parse
from tests.support import SAMPLES
from tests.support.driver import PHONE, App, opened, serving, settle, shoot, touch
from tests.support.media import exif
from tests.ui.app.test_access import findings
from ui.app.components import placemap
from ui.app.views import where

pytestmark = pytest.mark.browser

PARIS, VERSAILLES, ROME = (48.8584, 2.2945), (48.8049, 2.1204), (41.9, 12.5)
FIJI, TAVEUNI, REYKJAVIK = (-17.6, 177.45), (-16.8, -179.97), (64.15, -21.94)
AT = (PARIS, PARIS, VERSAILLES, ROME, FIJI, TAVEUNI, REYKJAVIK, None)


@pytest.fixture(scope="module")
def abroad(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[App]:
    """The app over eight pictures, two of them at one spot and one of nobody knows where."""
    folder = tmp_path_factory.mktemp("abroad")
    pictures = sorted((SAMPLES / "pictures").glob("*.jpg"))
    for picture, at in zip(pictures, AT, strict=False):
        with Image.open(picture) as image:
            image.save(folder / picture.name, exif=exif(position=at))
    made = tmp_path_factory.mktemp("library of places")
    settings = Settings(library=made, cache=cache, device="cpu", whisper="none", off=("text",))
    with Library(settings) as library:
        index(library, [folder])
    with serving(settings.paths.folder, cache, TROVE_WHISPER="none", TROVE_OFF="text") as running:
        yield running


def shown(page: Page) -> Locator:
    """Wait until the map is there; returns what lies on it."""
    expect(page.get_by_text(re.compile("in sight"))).to_be_visible(timeout=60_000)
    page.locator(".placemap").scroll_into_view_if_needed()
    settle(page)
    return page.get_by_role("group", name="What was taken where").get_by_role("button")


def sees(page: Page, words: str) -> None:
    expect(page.locator(".placemap .told")).to_have_text(re.compile(words))


def found(page: Page, key: str, tiles: int) -> None:
    """Wait until the page Find shows what a condition leaves."""
    page.wait_for_url("**/?q=*")
    expect(page.get_by_role("searchbox")).to_have_value(re.compile(f"^{key}:"))
    expect(page.locator(".tile")).to_have_count(tiles)


@pytest.mark.slow
def test_the_map_leads_to_what_was_taken_where(page: Page, abroad: App) -> None:
    page.goto(f"{abroad.url}/overview")
    groups = shown(page)
    sees(page, "^All 7 in sight$")
    shoot(page, "map")
    page.get_by_role("button", name="4 taken around Paris, France").press("Enter")
    sees(page, "^4 of 7 in sight")
    page.get_by_role("button", name="3 taken in Paris, France").click()
    sees(page, "^3 of 7 in sight, in ")
    expect(groups).to_have_count(2)
    page.get_by_role("button", name="2 taken in Paris, France").click()
    found(page, "near", 2)
    page.go_back()
    shown(page)
    sees(page, "^3 of 7 in sight, in ")
    page.reload()
    shown(page)
    sees(page, "^3 of 7 in sight, in ")
    page.get_by_role("button", name="All", exact=True).click()
    sees(page, "^All 7")
    expect(page).to_have_url(f"{abroad.url}/overview")
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**/?q=has*")
    expect(page.locator(".tile")).to_have_count(7)
    page.goto(f"{abroad.url}/overview?place=-17,179")
    shown(page)
    sees(page, "^2 of 7 in sight")
    page.get_by_role("button", name="Show these").click()
    found(page, "within", 2)


@pytest.mark.slow
def test_the_map_is_moved_by_keys_and_mouse(page: Page, abroad: App) -> None:
    page.goto(f"{abroad.url}/overview")
    groups = shown(page)
    assert findings(page) == []
    stage = page.locator(".placemap .stage")
    stage.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="4 taken around Paris, France")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="Taken in Reykjavík, Iceland")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("+")
    expect(page.get_by_role("button", name="4 taken around Paris, France")).to_have_count(0)
    page.keyboard.press("0")
    sees(page, "^All 7")
    box = stage.bounding_box()
    assert box is not None
    paris = page.get_by_role("button", name="4 taken around Paris, France").bounding_box()
    assert paris is not None
    x, y = paris["x"] + paris["width"] / 2, paris["y"] + paris["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -1500)
    sees(page, "^4 of 7")
    page.mouse.down()
    page.mouse.move(x + 200, y, steps=4)
    page.mouse.move(x + box["width"], y, steps=4)
    page.mouse.up()
    sees(page, "^0 of 7")
    expect(page.get_by_role("button", name="Show these")).to_be_disabled()
    assert "q=" not in page.url, "who drags a group does not choose it"
    page.get_by_role("button", name="Further away").click()
    page.get_by_role("button", name="All", exact=True).click()
    sees(page, "^All 7")
    page.get_by_role("button", name="Taken in Reykjavík, Iceland").click()
    dialog = opened(page)
    expect(dialog.get_by_text("64.150000,-21.940000")).to_be_visible()
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_text(re.compile(r"^48\.8\d*,2\.\d*$"))).to_be_visible()
    dialog.get_by_role("button", name="On the map").click()
    page.wait_for_url("**/overview?place=48*")
    expect(dialog).to_have_count(0)
    shown(page)
    sees(page, "^3 of 7 in sight, in ")
    assert groups.count() > 0
    # The same place again, though the address stays the same.
    page.get_by_role("button", name="All", exact=True).click()
    sees(page, "^All 7")
    stage.focus()
    page.get_by_role("button", name="Taken in Reykjavík, Iceland").click()
    opened(page).get_by_role("button", name="Next").click()
    dialog.get_by_role("button", name="On the map").click()
    expect(dialog).to_have_count(0)
    sees(page, "^3 of 7 in sight, in ")


@pytest.mark.slow
def test_fingers_scroll_the_page_over_the_whole_map_and_pinch_it(browser: Browser, abroad: App) -> None:
    with browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2
    ) as context:
        page = context.new_page()
        page.goto(f"{abroad.url}/overview")
        shown(page)
        main = page.get_by_test_id("stMain")
        main.evaluate("main => main.scrollBy(0, -40)")
        paris = page.get_by_role("button", name="taken around Paris, France").bounding_box()
        assert paris is not None
        x, y = paris["x"] + paris["width"] / 2, paris["y"] + paris["height"] / 2
        touch(page, [[(x - 5, y), (x + 5, y)], [(x - 20, y), (x + 20, y)], [(x - 40, y), (x + 40, y)]])
        sees(page, "^[345] of 7")
        before = main.evaluate("main => main.scrollTop")
        spot = page.get_by_role("button", name="3 taken in Paris, France").element_handle()
        top = spot.bounding_box()["y"]  # type: ignore[index]
        touch(page, [[(x, y)], [(x, y + 40)], [(x, y + 80)]])
        page.wait_for_function(
            "([spot, top]) => spot.getBoundingClientRect().top > top + 60", arg=[spot, top]
        )
        assert main.evaluate("main => main.scrollTop") == before, "nearer, a finger moves the map"
        page.get_by_role("button", name="All", exact=True).click()  # a tap would only end the gesture
        sees(page, "^All 7")
        touch(page, [[(x, y + 60)], [(x, y + 30)], [(x, y)], [(x, y - 30)]])
        page.wait_for_function(
            "([main, before]) => main.scrollTop > before", arg=[main.element_handle(), before]
        )
        sees(page, "^All 7")


_GROUPED = """([grid, level]) => new Clusters(grid).at(level).map(
    ({ x, y, count, west, east }) => ({ x: x - Math.floor(x), y, count, wide: east - west }))"""


def _grid(at: list[tuple[float, float]]) -> dict[str, object]:
    """What the server sends, not in its order."""
    cells = [round((north + 90) * 100) * 36_000 + round((east + 180) * 100) % 36_000 for north, east in at]
    steps = [cell - before for cell, before in zip(cells, [0, *cells], strict=False)]
    ones = [1] * len(at)
    return {"degree": 100, "around": 36_000, "cells": steps, "units": ones, "counts": ones}


def test_groups_have_all_and_do_not_lie_on_each_other(page: Page) -> None:
    """On every level; also across the date line, and near the poles."""
    page.set_content(f"<script>{placemap.JS.split('export default')[0]}</script>")
    rows = [(north, east) for north in range(-90, 91, 9) for east in range(-180, 180, 11)]
    at = [(float(north), float(east)) for north, east in rows] + [(10.0, 179.9), (10.0, -179.9)]
    for level in range(0, 18, 3):
        groups = page.evaluate(_GROUPED, [_grid(at), level])
        assert sum(group["count"] for group in groups) == len(at)
        cell = 80 / (256 * 2**level)
        for one in groups:
            for other in groups:
                across = (one["x"] - other["x"] + 0.5) % 1 - 0.5
                assert one is other or math.hypot(across, one["y"] - other["y"]) > 0.5 * cell
    (pair,) = page.evaluate(_GROUPED, [_grid(at[-2:]), 3])
    assert pair["count"] == 2
    assert pair["wide"] < 0.001
    assert abs((pair["x"] + 0.5) % 1 - 0.5) < 0.001
    split = page.evaluate(_GROUPED, [_grid(at[-2:]), 12])
    assert [group["count"] for group in split] == [1, 1]


@pytest.mark.parametrize(
    ("sight", "words"),
    [
        ({"all": True}, "has:place"),
        ({"south": -58.7167, "west": -180, "north": 81.69, "east": 180}, 'within:"-58.72,-180,81.7,180"'),
        ({"south": -90, "west": 179.9999, "north": 90, "east": -179}, 'within:"-90,179.99,90,-178.99"'),
        (
            {"south": 48.1, "west": 11.4, "north": 48.2, "east": 11.6},
            'within:"48.09975,11.39975,48.20025,11.60025"',
        ),
    ],
)
def test_what_is_seen_is_a_condition_that_has_it(sight: Mapping[str, float], words: str) -> None:
    assert where.inside(sight) == words
    assert len(parse(words).conditions) == 1


def test_a_spot_is_a_condition_around_it() -> None:
    assert where.around({"latitude": 48.85837, "longitude": 2.2945, "km": 0.104}) == (
        'near:"48.85837,2.2945,104m"'
    )
    assert where.around({"latitude": -0.5, "longitude": 180.0, "km": 12.345}) == 'near:"-0.5,180,12.3km"'
