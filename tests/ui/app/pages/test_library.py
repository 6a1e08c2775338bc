"""The Library page, and the first minutes with an empty library, in a real browser."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.command import trove
from tests.support.driver import App, answered, metric, search, serving, settle, shoot
from tests.support.media import photo
from tests.ui.app.test_access import findings

pytestmark = pytest.mark.browser

_MANY = 100
"""Pictures, so that indexing takes long enough to be paused."""


def _count(page: Page, label: str) -> str:
    settle(page)
    return metric(page, label).inner_text()


@pytest.mark.slow
def test_counts_folders_and_failures(page: Page, app: App, media_folder: Path) -> None:
    page.goto(f"{app.url}/library")
    expect(page.get_by_text("What is known of them is kept in")).to_be_visible()
    assert _count(page, "Pictures") == "50"
    assert int(_count(page, "Video frames")) >= 10
    assert int(_count(page, "Spoken passages")) >= 10
    assert (_count(page, "Files"), _count(page, "Failed")) == ("54", "2")
    expect(page.get_by_test_id("stMarkdown").get_by_text(str(media_folder))).to_be_visible()
    settle(page)
    for name, reason in {"empty.jpg": "The file is empty.", "letter.jpg": "Not a picture"}.items():
        failures = page.get_by_test_id("stExpander").filter(has_text=reason)
        expect(failures).to_contain_text("1 file")
        expect(failures.get_by_role("row").filter(has_text=str(media_folder / name))).to_be_visible()
    page.get_by_role("button", name=re.compile(r"^\d folders$")).click()
    branch = page.locator("[class*=st-key-branch_]").filter(has_text="pictures")
    expect(branch).to_contain_text("48 files")
    expect(page.get_by_text("3 files of kinds that Trove does not read: 2 .csv, 1 .md.")).to_be_visible()
    shoot(page, "library")
    branch.get_by_role("link", name="Show these").click()
    answered(page, f'in:"{media_folder / "pictures"}"')
    expect(page.get_by_role("searchbox")).to_have_value(f'in:"{media_folder / "pictures"}"')


@pytest.mark.slow
def test_what_looks_at_the_files_can_be_switched_off(page: Page, app: App) -> None:
    page.goto(f"{app.url}/library")
    settle(page)
    frames = page.get_by_text("What films show")
    frames.scroll_into_view_if_needed()
    expect(page.get_by_text("3 files").first).to_be_visible()
    before = _count(page, "Video frames")
    frames.click()
    expect(metric(page, "Video frames")).to_have_count(0)
    page.reload()
    settle(page)
    expect(page.get_by_role("switch", name="What films show")).not_to_be_checked()
    page.get_by_text("What films show").click()
    expect(metric(page, "Video frames")).to_have_text(before)


def test_a_bad_folder_is_explained(page: Page, app: App) -> None:
    page.goto(f"{app.url}/library")
    folder = page.get_by_role("textbox", name="Folder with pictures")
    folder.fill("/nowhere/at *all*")
    folder.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is no folder /nowhere/at *all* on this machine")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve pictures and one that is broken."""
    photos = tmp_path / "My photos"
    photos.mkdir()
    for number in (*range(1, 12), 25):
        (picture,) = (SAMPLES / "pictures").glob(f"p{number:03}.*")
        shutil.copy(picture, photos)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    return photos


def test_from_an_empty_library_to_the_first_hit(
    page: Page, photos: Path, tmp_path: Path, cache: Path
) -> None:
    with serving(
        tmp_path / "library", cache, TROVE_WHISPER="none", TROVE_OFF="text", TROVE_GENERATOR="sd-turbo"
    ) as app:
        page.goto(app.url)
        expect(page.get_by_text("Nothing is in your library yet")).to_be_visible()
        settle(page)
        shoot(page, "empty")
        folder = page.get_by_role("textbox", name="Folder with pictures")
        folder.fill(str(photos))
        page.get_by_role("button", name="Index this folder").click()
        progress = page.get_by_test_id("stProgress")
        expect(progress).to_be_visible()
        page.screenshot(path="test-output/indexing.png")
        # Indexing goes on in a process of its own: a reload finds it again.
        page.reload()
        expect(progress.or_(page.get_by_role("searchbox"))).to_be_visible()
        expect(page.get_by_role("searchbox")).to_be_visible(timeout=120_000)
        tiles = search(page, "a brick lighthouse")
        expect(tiles.first.locator(".name")).to_have_text("p025.jpg")

        page.get_by_test_id("stTopNav").get_by_role("link", name="Draw").click()
        # The model that the settings name stands first.
        expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile("^sd-turbo "))


@pytest.mark.slow
def test_a_folder_changes_goes_away_comes_back_and_is_left_out(
    page: Page, settings: Settings, photos: Path, tmp_path: Path, cache: Path
) -> None:
    with Library(settings) as library:
        index(library, [photos])
    with serving(settings.paths.folder, cache, TROVE_WHISPER="none", TROVE_OFF="text") as app:
        page.goto(f"{app.url}/library")
        expect(page.get_by_text("13 files in")).to_be_visible()
        expect(page.get_by_text("12 new, 1 failed")).to_be_visible()
        (photos / "broken.jpg").unlink()
        shutil.copy(photos / "p001.jpg", photos / "copy.jpg")
        page.get_by_role("button", name="Refresh all").click()
        expect(page.get_by_text("1 already known, 12 unchanged")).to_be_visible(timeout=60_000)
        assert (_count(page, "Files"), _count(page, "Failed")) == ("13", "0")

        away = photos.rename(tmp_path / "away")
        page.get_by_role("button", name="Refresh all").click()
        expect(page.get_by_text("13 files of").first).to_contain_text("are on a drive that is not connected")
        assert _count(page, "Files") == "13"
        settle(page)
        away.rename(photos)
        (photos / "copy.jpg").unlink()
        page.get_by_role("button", name="They are gone").click()
        page.get_by_role("button", name="Take them out of the library").click()
        expect(page.get_by_text("12 already known, 1 gone")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("not connected")).to_be_hidden()

        page.get_by_role("button", name="Leave out").click()
        page.get_by_role("textbox", name="What is not looked at").fill("/p025.*")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("1 file is newly left out")).to_be_visible()
        wanted = page.get_by_role("textbox", name="A folder in it")
        wanted.fill("p001.jpg")
        wanted.press("Tab")
        page.get_by_role("button", name="Take it out").click()
        expect(page.get_by_text("1 file is no longer in your library")).to_be_visible()
        settle(page)
        assert _count(page, "Files") == "10"
        page.keyboard.press("Escape")
        page.get_by_text("Show what is left out").click()
        expect(page.get_by_role("row").filter(has_text="/p025.*")).to_contain_text("By a pattern of yours")


@pytest.mark.slow
def test_indexing_is_paused_and_resumed(page: Page, tmp_path: Path, cache: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(_MANY):
        photo(photos / f"{number}.jpg", seed=number)
    with serving(tmp_path / "library", cache, TROVE_WHISPER="none", TROVE_OFF="text", TROVE_BATCH="8") as app:
        page.goto(app.url)
        folder = page.get_by_role("textbox", name="Folder with pictures")
        folder.fill(str(photos))
        page.get_by_role("button", name="Index this folder").click()
        expect(page.get_by_test_id("stProgress")).to_contain_text(re.compile(r"[1-9]\d* of \d+ files"))
        page.get_by_role("button", name="Pause").click()
        shown = page.get_by_test_id("stProgress")
        expect(shown).to_contain_text("files · paused", timeout=30_000)
        done = int(re.findall(r"\d+", shown.inner_text())[0])
        assert 0 < done < _MANY
        page.goto(f"{app.url}/library")
        expect(shown).to_contain_text(f"{done} of {_MANY} files · paused")
        assert _count(page, "Pictures") == str(done)
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        assert findings(page, "[data-testid=stMain]") == []
        shoot(page, "indexing-paused")
        page.goto("about:blank")
        asked = Settings(library=tmp_path / "library", cache=cache)
        assert trove(asked, "resume", process=True).stdout == "Indexing goes on.\n"
        page.goto(f"{app.url}/library")
        expect(shown).not_to_contain_text("paused")
        page.get_by_role("button", name="Pause").click()
        expect(shown).to_contain_text("files · paused", timeout=30_000)
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text(f"{_MANY} files in")).to_be_visible(timeout=120_000)
        assert _count(page, "Pictures") == str(_MANY)


@pytest.mark.slow
def test_indexing_is_stopped_while_it_is_paused_and_goes_on(page: Page, tmp_path: Path, cache: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(_MANY):
        photo(photos / f"{number}.jpg", seed=number)
    with serving(tmp_path / "library", cache, TROVE_WHISPER="none", TROVE_OFF="text", TROVE_BATCH="8") as app:
        page.goto(app.url)
        page.get_by_role("textbox", name="Folder with pictures").fill(str(photos))
        page.get_by_role("button", name="Index this folder").click()
        shown = page.get_by_test_id("stProgress")
        expect(shown).to_contain_text(re.compile(r"[1-9]\d* of \d+ files"))
        page.get_by_role("button", name="Pause").click()
        expect(shown).to_contain_text("files · paused", timeout=30_000)
        page.get_by_role("button", name="Stop").click()
        # Leaving at once would drop the click with the page's connection.
        expect(shown).to_be_hidden(timeout=30_000)
        page.goto(f"{app.url}/library")
        stopped = page.get_by_text("What was done is kept")
        expect(stopped).to_be_visible()
        done = int(re.findall(r"\d+", stopped.inner_text())[0])
        assert 0 < done < _MANY
        assert _count(page, "Pictures") == str(done)
        page.reload()
        expect(stopped).to_be_visible()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text(f"{_MANY - done} new, {done} unchanged")).to_be_visible(timeout=120_000)
        assert _count(page, "Pictures") == str(_MANY)
