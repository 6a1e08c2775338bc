"""How long people wait for the app by the size of the library: pages, answers, an opened hit, jumps in time.

    python bench/pages.py [--units 10000 100000] [--runs 5] [--cache FOLDER] [--json FILE]

A library of links to eight photographs, with random vectors, from 1970 on. A page is there when all pictures
in sight are. Memory is the resident one of the server's processes and the heap of the page's scripts, before
and after a hundred questions. All of it in one headless Chromium on the same machine, which takes its share.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, Locator, Page

from db.settings import Settings
from indexer.media.reader import read_image
from indexer.media.thumbnails import GRID_SIDE, keep
from indexer.media.types import Picture

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.driver import App, chromium, serving
from tests.support.large import large_library

PLACES = "the beach|a sofa|the grass|snow|ice|a road|a boat|a table|the street|a bed".split("|")
SEARCHES = 100
_STOPPED = "Trove is not running."

_SEEN = """() => {
    const app = document.querySelector("[data-testid=stApp]");
    if (app?.dataset.testScriptState !== "notRunning") { return false; }
    const hosts = [...document.querySelectorAll("*")].filter((element) => element.shadowRoot);
    const roots = [document, ...hosts.map((host) => host.shadowRoot)];
    const all = (what) => roots.flatMap((root) => [...root.querySelectorAll(what)]).filter((element) => {
        const box = element.getBoundingClientRect();
        return box.height > 0 && box.bottom > 60 && box.top < innerHeight;
    });
    const tiles = all(".tile");
    return tiles.length > 0 && tiles.every((tile) => !tile.matches(".blank") && tile.querySelector("img"))
        && all("img").every((image) => image.complete && image.naturalWidth > 0);
}"""
_FIRST = """(words) => {
    const hosts = [...document.querySelectorAll("*")].filter((element) => element.shadowRoot);
    const pictures = `[aria-label="Hits for ${words}"] .tile img`;
    return hosts.flatMap((host) => [...host.shadowRoot.querySelectorAll(pictures)])
        .some((image) => image.complete && image.naturalWidth > 0);
}"""
_GROWN = """(tile) => new Promise((done) => {
    const [began, took] = [performance.now(), []];
    tile.click();
    const look = () => {
        const picture = document.querySelector(".trove-growing img");
        const passed = (performance.now() - began) / 1000;
        const isLarge = (picture && picture.getAnimations().length === 0) || passed > 2;
        if (isLarge && took.length === 0) took.push(passed);
        if (isLarge && (!picture || picture.src.includes("/view/"))) done([...took, passed]);
        else requestAnimationFrame(look);
    };
    look();
})"""
_OPENED = """() => {
    const picture = [...document.querySelectorAll("[role=dialog] *")].filter((element) => element.shadowRoot)
        .flatMap((host) => [...host.shadowRoot.querySelectorAll("img")]);
    return picture.some((image) => image.complete && image.naturalWidth > 0
        && image.getBoundingClientRect().width > 300);
}"""


def timed(act: Callable[[], object], page: Page, done: str, argument: object = None) -> float:
    """Seconds from an act until a condition of the page holds."""
    began = time.perf_counter()
    act()
    page.wait_for_function(done, arg=argument, polling="raf")
    return time.perf_counter() - began


def ask(page: Page, text: str) -> tuple[float, float]:
    """Seconds from Enter to the first picture of the answer, and until all pictures in sight are there."""
    box = page.get_by_role("searchbox")
    box.fill(text)
    began = time.perf_counter()
    box.press("Enter")
    page.wait_for_function(_FIRST, arg=text, polling="raf")
    first = time.perf_counter() - began
    page.wait_for_function(_SEEN, polling="raf")
    return first, time.perf_counter() - began


def answers(page: Page, runs: int) -> dict[str, list[float]]:
    """Five questions that nobody asked before, each after another."""
    took = [ask(page, f"a dog on {place}") for place in PLACES[:runs]]
    return {
        "Enter to the first pictures": [first for first, _ in took],
        "Enter to all in sight": [seen for _, seen in took],
    }


def openings(page: Page, runs: int) -> dict[str, list[float]]:
    """From a click on a tile until its thumbnail has the window, its picture, and what stands around it."""
    grown, all_there = [], []
    for number in range(runs):
        tile = page.locator(f'.tile[data-index="{number}"] .open')
        began = time.perf_counter()
        grown.append(tile.evaluate(_GROWN))
        page.wait_for_function(_OPENED, polling="raf")
        all_there.append(time.perf_counter() - began)
        page.locator(".trove-growing").wait_for(state="detached")
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        page.wait_for_function(_SEEN, polling="raf")
    return {
        "opened hit, thumbnail": [thumbnail for thumbnail, _ in grown],
        "opened hit, large picture": [picture for _, picture in grown],
        "opened hit, with all around it": all_there,
    }


def switches(page: Page, runs: int) -> list[float]:
    """From a click on another page until it is whole; the one that most things are on."""
    heading = "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    heading += " && [...document.querySelectorAll('h2')].some((one) => one.innerText === 'What is looked at')"
    took = []
    for _ in range(runs):
        to = page.get_by_role("link", name="Library", exact=True).first
        took.append(timed(to.click, page, heading))
        page.get_by_role("link", name="Find", exact=True).first.click()
        page.wait_for_function(_SEEN, polling="raf")
    return took


def jumps(page: Page, runs: int) -> list[float]:
    """From a click a quarter or a half of the years away until the pictures of that month are there."""
    bar = page.get_by_role("slider", name="Month")
    box = bar.bounding_box()
    assert box is not None
    took = []
    for number in range(runs):
        across, down = box["x"] + box["width"] - 3, box["y"] + box["height"] * (1 + (number + 1) % 3) / 4
        moved = _SEEN.replace(
            "return tiles", f"return arguments[0].ariaValueText !== {bar_text(bar)!r} && tiles"
        )
        moved = moved.replace("() => {", "function () {")
        took.append(timed(partial(page.mouse.click, across, down), page, moved, bar.element_handle()))
    return took


def bar_text(bar: Locator) -> str:
    """The month that the bar stands at."""
    return bar.get_attribute("aria-valuetext") or ""


def memory(app: App, page: Page) -> dict[str, float]:
    """MB of the server's processes and of the page's scripts."""
    server = psutil.Process(app.pid)
    resident = sum(one.memory_info().rss for one in [server, *server.children(recursive=True)])
    protocol = page.context.new_cdp_session(page)
    protocol.send("HeapProfiler.collectGarbage")
    heap = protocol.send("Runtime.getHeapUsage")["usedSize"]
    protocol.detach()
    return {"server MB": resident / 1e6, "tab MB": heap / 1e6}


def with_thumbnails(media: Path, cache: Path) -> None:
    """Keep the thumbnails of all pictures, as an indexing does; links to one picture have the same."""
    made: dict[int, Picture] = {}
    for path in media.iterdir():
        number = path.stat().st_ino
        if number not in made:
            made[number] = read_image(path, min_side=GRID_SIDE, max_megapixels=100)[1]
        keep(made[number], path, None, cache=cache)


def measure(library: Path, cache: Path, browser: Browser, runs: int) -> dict[str, list[float]]:
    """All figures of one library; seconds, but for those that say MB."""
    found: dict[str, list[float]] = {}
    with ExitStack() as stack:
        running = stack.enter_context(ExitStack())
        app = running.enter_context(serving(library, cache))
        page = stack.enter_context(browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
        page.set_default_timeout(180_000)
        found["start page, first after a start"] = [timed(lambda: page.goto(app.url), page, _SEEN)]
        found["start page"] = [timed(lambda: page.goto(app.url), page, _SEEN) for _ in range(runs)]
        found["jump by a quarter of all years"] = jumps(page, runs)
        ask(page, "warm")
        found |= answers(page, runs)
        found |= openings(page, runs)
        found["page switch"] = switches(page, runs)
        before = memory(app, page)
        for number in range(SEARCHES):
            ask(page, f"{PLACES[number % len(PLACES)]} {number}")
        for what, value in memory(app, page).items():
            found[f"{what}, before and after {SEARCHES} questions"] = [before[what], value]
        other = page.context.new_page()
        other.goto(app.url)
        other.wait_for_function(_SEEN, polling="raf")
        both = [ask(one, f"a cat in {place}")[1] for place in PLACES[:runs] for one in (page, other)]
        found["Enter to all in sight, two tabs in turns"] = both
        other.close()
        running.close()
        page.get_by_text(_STOPPED).wait_for()
        began = time.perf_counter()
        stack.enter_context(serving(library, cache, port=urlsplit(app.url).port))
        page.get_by_text(_STOPPED).wait_for(state="detached")
        page.wait_for_function(_SEEN, polling="raf")
        found["from the server's start until an open tab shows its pictures"] = [time.perf_counter() - began]
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Settings().cache)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    every: dict[int, dict[str, list[float]]] = {}
    with chromium() as browser:
        for units in options.units:
            with tempfile.TemporaryDirectory() as scratch:
                cache = Path(scratch) / "cache"
                library = large_library(Path(scratch), options.cache, units)
                with_thumbnails(Path(scratch) / "media", cache / "thumbnails")
                (cache / "models").symlink_to(options.cache.absolute() / "models")
                every[units] = measure(library, cache, browser, options.runs)
            print(f"\n{units:,} pictures")
            for what, values in every[units].items():
                told = " ".join(f"{value:.2f}" for value in values)
                print(f"{what:62} {statistics.median(values):8.2f}   {told}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(every, indent=1), "utf-8")


if __name__ == "__main__":
    main()
