"""Start-up latency: how long a person waits for the command line, and for the app's first answer.

    python bench/start.py FOLDER [--json FILE]

A library of the pictures in FOLDER is made first. Then, each in a process of its own: ``--help``, a search
for something new, and the same search again, whose query vector is remembered. The files are in the page
cache, as they are on a machine that is in use. The floor is what Python itself takes to start, and what it
takes to import the libraries without which no search runs, doing nothing with them. At last the app is
started again for each run, and in a headless Chromium a question is put as soon as there is a box to type it
into, or when the pictures of the first page are there, too; timed is from Enter to the first hits.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from playwright.sync_api import Page
from timing import Spread, command, commands, spread_of

from db.settings import Settings

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.driver import chromium, serving, settle

LIBRARIES = "typer, pydantic_settings, sqlalchemy.orm, numpy, faiss, PIL.Image, rich.table"
QUERIES = ("a dog on the beach", "children playing", "a red car", "two people talking", "snow", "a boat")
NEW = time.time_ns()
"""Makes questions new: the vectors of earlier ones are remembered beyond this run."""


def measure(folder: Path, scratch: Path) -> dict[str, Spread]:
    """All figures."""
    trove = [sys.executable, "-m", "ui.cli"]
    library = {"TROVE_LIBRARY": f"{scratch}/library", "TROVE_DEVICE": "cpu"}
    command([*trove, "index", str(folder)], library | {"TROVE_OFF": "text"})
    command([*trove, "search", "warm the page cache"], library)
    searches = [[*trove, "search", f"{query} {NEW}"] for query in QUERIES]
    figures = {
        "python": commands([[sys.executable, "-c", "pass"]] * len(QUERIES), {}),
        "python, libraries": commands([[sys.executable, "-c", f"import {LIBRARIES}"]] * len(QUERIES), {}),
        "trove --help": commands([[*trove, "--help"]] * len(QUERIES), {}),
        "search, new words": commands(searches, library),
        "search, the same again": commands(searches, library),
    }
    return figures | app(scratch / "library")


def app(library: Path) -> dict[str, Spread]:
    """From the start of the app to the box, and from a first question to its hits."""
    starts: list[float] = []
    answers: dict[str, list[float]] = {"at once": [], "when the page is there": []}
    with chromium() as browser:
        for when, taken in answers.items():
            for query in QUERIES:
                began = time.perf_counter()
                with serving(library, Settings().cache) as running:
                    page = browser.new_page()
                    page.goto(running.url)
                    page.get_by_role("searchbox").wait_for()
                    starts.append(time.perf_counter() - began)
                    if when != "at once":
                        page.locator(".tile").first.wait_for()
                        settle(page)
                    taken.append(first_hits(page, f"{query} {NEW} {when}"))
                    page.close()
    firsts = {f"app: first question, {when}": spread_of(taken) for when, taken in answers.items()}
    return {"app: until it can be asked": spread_of(starts)} | firsts


def first_hits(page: Page, text: str) -> float:
    """Seconds from a question to the first hits."""
    box = page.get_by_role("searchbox")
    asked = time.perf_counter()
    box.fill(text)
    box.press("Enter")
    page.wait_for_function(
        "([box, text]) => box.dataset.answered === text", arg=[box.element_handle(), text], polling="raf"
    )
    page.locator(".tile").first.wait_for()
    return time.perf_counter() - asked


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(options.folder, Path(scratch))
    print(f"{'seconds':46}{'min':>8}{'median':>8}{'max':>8}{'CPU':>8}")
    for name, it in figures.items():
        numbers = "".join(f"{value:8.2f}" for value in (it.min_s, it.median_s, it.max_s, it.cpu_s))
        print(f"{name:46}{numbers}")
    if options.json:
        named = {name: asdict(found) for name, found in figures.items()}
        options.json.write_text(json.dumps(named, indent=1))


if __name__ == "__main__":
    main()
