"""The real app over a real library, in a real Chromium."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from db.library import Library
from db.settings import Settings
from indexer import pipeline
from indexer.roots import remove_root
from tests.support import SAMPLES
from tests.support.driver import DESKTOP, App, chromium, serving
from tests.support.media import exif, photo, video

# On a machine that does other things, too, five seconds are nothing.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def media_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples, a photo with EXIF, a film that browsers cannot play, and two that cannot be read."""
    folder = tmp_path_factory.mktemp("media")
    shutil.copytree(SAMPLES, folder, dirs_exist_ok=True)
    where_and_how = exif(
        taken_at=datetime(2023, 7, 14, 12),
        camera=("FUJIFILM", "X100V"),
        position=(48.8584, 2.2945),
        exposure=(0.004, 2.8, 200, 23.0),
    )
    photo(folder / "travel.jpg", seed=3, exif=where_and_how)
    video(folder / "old.avi", scenes=(1, 2), scene_s=4.0)
    (folder / "empty.jpg").touch()
    (folder / "letter.jpg").write_text("Dear diary, this is no picture.")
    return folder


@pytest.fixture(scope="session")
def shown_library(
    tmp_path_factory: pytest.TempPathFactory, sample_library: Settings, media_folder: Path
) -> Path:
    """A library of ``media_folder``; what the samples look like and say is known from theirs."""
    folder = tmp_path_factory.mktemp("library") / "library"
    shutil.copytree(sample_library.folder, folder)
    settings = sample_library.model_copy(update={"folder": folder})
    with Library(settings) as library:
        pipeline.index(library, [media_folder])
        remove_root(library, SAMPLES)
    return folder


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


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh window, which must not ask any other machine for anything."""
    outside: list[str] = []
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("request", lambda it: None if _is_here(it.url) else outside.append(it.url))
    yield page
    context.close()
    assert outside == []


def _is_here(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))
