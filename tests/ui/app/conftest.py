"""The real app over a real library, in a real Chromium."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, Request, expect

from db.library import Library
from db.settings import Settings
from indexer import pipeline
from indexer.roots import forget
from tests.support import SAMPLES
from tests.support.copying import copy_library
from tests.support.driver import DESKTOP, App, chromium, serving
from tests.support.media import exif, photo, video
from tests.support.words import listed, packet

# On a machine that does other things, too, five seconds are nothing.
expect.set_options(timeout=30_000)

_HERE = ("http://127.0.0.1:", "data:", "blob:", "about:")


@pytest.fixture(scope="session")
def media_folder(shared: Path) -> Path:
    """The samples, a photo with EXIF and a sidecar, a film that browsers cannot play, and two broken ones."""
    folder = shared / "media"
    with FileLock(shared / "media.lock"):
        if not folder.exists():
            _fill(folder)
    return folder


def _fill(folder: Path) -> None:
    shutil.copytree(SAMPLES, folder)
    where_and_how = exif(
        taken_at=datetime(2023, 7, 14, 12),
        camera=("FUJIFILM", "X100V"),
        position=(48.8584, 2.2945),
        exposure=(0.004, 2.8, 200, 23.0),
    )
    photo(folder / "travel.jpg", seed=3, exif=where_and_how)
    today = datetime.today()
    photo(folder / "years-ago.jpg", seed=5, exif=exif(taken_at=today.replace(year=today.year - 4)))
    beside = listed("dc:title", "Our anniversary", kind="Alt") + listed("dc:subject", "Voyage", "Madeleine")
    (folder / "travel.xmp").write_text(packet(beside, xmp__Rating=4), encoding="utf-8")
    video(folder / "old.avi", scenes=(1, 2), scene_s=4.0)
    (folder / "empty.jpg").touch()
    (folder / "letter.jpg").write_text("Dear diary, this is no picture.")


@pytest.fixture(scope="session")
def shown_library(
    shared: Path, tmp_path_factory: pytest.TempPathFactory, sample_library: Settings, media_folder: Path
) -> Path:
    """A library of ``media_folder``, one for each worker, since what people do in the app is kept in it.

    It is made from that of the samples, whose units it has already.
    """
    made = shared / "shown library"
    with FileLock(shared / "shown.lock"):
        if not (shared / "shown.indexed").exists():
            copy_library(sample_library.paths.folder, made)
            with Library(sample_library.model_copy(update={"library": made})) as library:
                pipeline.index(library, [media_folder])
                forget(library, SAMPLES)
            (shared / "shown.indexed").touch()
    return shutil.copytree(made, tmp_path_factory.mktemp("library") / "library")


@pytest.fixture(scope="session")
def app(shown_library: Path, cache: Path) -> Iterator[App]:
    """The app over ``shown_library``."""
    with serving(shown_library, cache) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; its absence is a failure, since nobody would notice a skip."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def window(browser: Browser) -> Iterator[Page]:
    """One window for all tests: a new one compiles Streamlit's scripts anew, which takes a second."""
    with browser.new_context(viewport=DESKTOP) as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        yield page


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window as if it were new, without cookies; it must not ask any other machine for anything."""
    outside: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(_HERE):
            outside.append(request.url)

    window.context.clear_cookies()
    window.set_viewport_size(DESKTOP)
    window.emulate_media(color_scheme="light")
    window.on("request", note)
    yield window
    window.goto("about:blank")
    window.remove_listener("request", note)
    assert outside == []
