"""Running the app and using it as a person would."""

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from tests.support import ROOT

SHOTS = ROOT / "test-output"

DESKTOP: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 390, "height": 844}

_START_S = 60.0

# Playwright asks for an element again after a whole second, for what a function says as often as it is told.
_ASKED_MS = 50
_SETTLED_MS = 100
_ALL = """const all = (what) => {
        const hosts = [...document.querySelectorAll("*")].filter((element) => element.shadowRoot);
        const roots = [document, ...hosts.map((host) => host.shadowRoot)];
        return roots.flatMap((root) => [...root.querySelectorAll(what)]);
    };"""
_ANSWERED = f"""(text) => {{
    {_ALL}
    const label = text ? `Hits for ${{text}}` : "Hits";
    return all("input[type=search]")[0]?.dataset.answered === text
        && all(".gallery").some((one) => one.ariaLabel === label) && all(".tile").length > 0;
}}"""
# Streamlit draws a component's HTML before its script listens.
_READY = f"""() => {{
    {_ALL}
    return all("input[type=search]")[0]?.dataset.answered !== undefined;
}}"""
_OPENED = """() => {
    const names = [...document.querySelectorAll("[role=dialog] button")].map((button) => button.innerText);
    return ["Next", "Similar to this"].every((name) => names.some((one) => one.includes(name)));
}"""
# For a while, since what comes from the server is drawn a little later. Playwright waits for no promise.
_SETTLED = f"""(call) => {{
    {_ALL}
    const seen = (what) => all(what).filter((one) => one.getBoundingClientRect().top < window.innerHeight);
    const isSettled = () => {{
        const app = document.querySelector("[data-testid=stApp]");
        const isStale = document.querySelector("[data-stale=true]") !== null;
        if (app?.dataset.testScriptState !== "notRunning" || isStale) return false;
        return seen(".tile.blank").length === 0
            && seen("img").every((image) => image.complete && (image.src || !image.closest(".tile")));
    }};
    const now = performance.now();
    if (!isSettled()) window.settled = undefined;
    else if (window.settled?.call !== call) window.settled = {{ call, at: now }};
    return now - (window.settled?.at ?? now) >= {_SETTLED_MS};
}}"""

_calls = itertools.count()

_FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run".split()
)


@dataclass(frozen=True)
class App:
    """A running app."""

    url: str
    pid: int


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium, ``TROVE_CHROMIUM`` or the one of the system."""
    path = os.environ.get("TROVE_CHROMIUM") or shutil.which("chromium")
    assert path is not None, "no Chromium: install the package chromium, or set TROVE_CHROMIUM to its program"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def serving(
    library: Path | str,
    cache: Path,
    *arguments: str,
    prefix: Sequence[str] = (),
    module: str = "ui.cli",
    port: int | None = None,
    **environment: str,
) -> Iterator[App]:
    """Run ``trove ui`` with more arguments, by way of a ``prefix`` command, until the end of the block.

    ``module``: another command line in place of Trove's own. ``port``: that of an app that was stopped.
    """
    port = port or free_port()
    command = [sys.executable, "-m", module, "--library", str(library), "ui", "--no-browser"]
    settings = {"TROVE_CACHE": str(cache), "TROVE_DEVICE": "cpu", "HF_HUB_OFFLINE": "1"}
    command = [*prefix, *command, "--port", str(port), *arguments]
    with running(command, os.environ | settings | environment, port) as app:
        yield app


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], port: int, folder: Path = ROOT
) -> Iterator[App]:
    """The app that a command starts on a port, until the end of the block."""
    process = subprocess.Popen(command, env=environment, cwd=folder)
    try:
        app = App(f"http://127.0.0.1:{port}", process.pid)
        _wait_until_up(app, process)
        yield app
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(app: App, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the app ended before it answered"
        try:
            with urllib.request.urlopen(f"{app.url}/_stcore/health") as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as exc:
            if exc.code == 401:  # it is up, and wants a password
                return
            time.sleep(0.1)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app did not answer in time")


def search(page: Page, text: str) -> Locator:
    """Type a question, press Enter, and wait for the answer; returns the tiles."""
    box = ready(page)
    box.fill(text)
    box.press("Enter")
    return answered(page, text)


def ready(page: Page) -> Locator:
    """Wait until the page is complete; returns the query box, which listens then."""
    page.wait_for_function(_READY, polling=_ASKED_MS)
    settle(page)
    return page.get_by_role("searchbox")


def answered(page: Page, text: str) -> Locator:
    """Wait until the question is answered; returns the tiles."""
    page.wait_for_function(_ANSWERED, arg=text, polling=_ASKED_MS)
    settle(page)
    expect(page.locator(".st-key-verdict")).to_be_visible()
    tiles = page.locator(".tile")
    expect(page.locator('.tile[data-index="0"]'), "tiles of an earlier answer are left").to_have_count(1)
    return tiles


def opened(page: Page) -> Locator:
    """Wait until a hit is open, with its buttons; returns the dialog.

    A browser loads what draws buttons with the first of them: until then no key turns to the next hit.
    """
    page.wait_for_function(_OPENED, polling=_ASKED_MS)
    settle(page)
    return page.get_by_role("dialog")


def settle(page: Page) -> None:
    """Wait until Streamlit has nothing left to do and the pictures in sight are there."""
    page.wait_for_function(_SETTLED, arg=next(_calls), polling=_ASKED_MS)


def metric(page: Page, label: str) -> Locator:
    """The value of a metric of this run; while one is drawn, those of the run before stand beside it."""
    fresh = page.locator("[data-testid=stElementContainer][data-stale=false]").get_by_test_id("stMetric")
    return fresh.filter(has_text=re.compile(rf"^\s*{label}")).get_by_test_id("stMetricValue")


def touch(page: Page, path: list[list[tuple[float, float]]], *, still_ms: float = 0) -> None:
    """Put fingers down, move them along a path, leave them there for a while, and lift them."""
    protocol = page.context.new_cdp_session(page)
    for at, fingers in enumerate(path):
        points = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(fingers)]
        kind = "touchMove" if at else "touchStart"
        protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_timeout(still_ms)
    protocol.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    protocol.detach()


def seconds(clock: str) -> int:
    """``1:02`` as seconds."""
    minutes, rest = clock.split(":")
    return 60 * int(minutes) + int(rest)


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page, and with ``TROVE_SHOTS=1`` two more: dark, and as on a phone."""
    SHOTS.mkdir(exist_ok=True)
    # What fades in or moves is taken as it will be in the end.
    page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")
    if not os.environ.get("TROVE_SHOTS"):
        return
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=SHOTS / f"{name}-dark.png", animations="disabled")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    page.screenshot(path=SHOTS / f"{name}-phone.png", animations="disabled")
    page.set_viewport_size(DESKTOP)
