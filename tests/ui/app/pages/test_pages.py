"""The pages beside Find and Draw in a real browser: overview, duplicates, model, saved searches, folders."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from db.library import Library
from db.paths import Paths
from db.settings import Settings
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.driver import SHOTS, App, answered, opened, search, serving, settle, shoot
from ui.watching import watcher_pid

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that tests may change, two of them in a folder of their own, one twice, one also small."""
    folder = tmp_path_factory.mktemp("own") / "Photos"
    (folder / "Zoo").mkdir(parents=True)
    for picture in sorted((SAMPLES / "pictures").glob("*.jpg")):
        if picture.name in ("p017.jpg", "p047.jpg"):
            shutil.copy(picture, folder / "Zoo")
        elif picture.name not in ("p022.jpg", "p036.jpg"):
            shutil.copy(picture, folder)
    shutil.copy(folder / "p025.jpg", folder / "Zoo" / "copy.jpg")
    with Image.open(folder / "p011.jpg") as image:
        image.resize((image.width // 2, image.height // 2)).save(folder / "small.jpg", quality=95)
    return folder


@pytest.fixture(scope="module")
def own_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that library."""
    return tmp_path_factory.mktemp("own library")


@pytest.fixture(scope="module")
def own_app(own_folder: Path, own_library: Path, cache: Path) -> Iterator[App]:
    """The app over a library of ``own_folder``."""
    settings = Settings(library=own_library, cache=cache, device="cpu", whisper="none", off=("text",))
    with Library(settings) as library:
        index(library, [own_folder / "Zoo"])
        index(library, [own_folder])
    with serving(settings.paths.folder, cache, TROVE_WHISPER="none", TROVE_OFF="text") as running:
        yield running


def test_the_overview_shows_places_times_and_things(page: Page, app: App) -> None:
    page.goto(f"{app.url}/overview")
    plane = page.locator("canvas")
    expect(plane).to_be_visible(timeout=60_000)
    settle(page)
    page.wait_for_timeout(1000)  # the canvas is drawn when its pictures are there
    shoot(page, "overview")
    plane.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tip img")).to_be_visible()
    page.keyboard.press("Enter")
    dialog = opened(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="2023: 1 file", exact=True).click()
    tiles = answered(page, "date:2023")
    expect(tiles.first.locator(".name")).to_have_text("travel.jpg")
    page.go_back()
    page.wait_for_url("**/overview")
    page.get_by_role("radio", name="koala · 1").click()
    expect(answered(page, "koala").first.locator(".name")).to_have_text("p017.jpg")
    page.go_back()
    page.wait_for_url("**/overview")
    region = page.get_by_role("group", name="What lies where").get_by_role("button", name="bird")
    assert int(region.locator("small").inner_text()) >= 3
    region.click()
    answered(page, "bird")


@pytest.mark.slow
def test_duplicates_are_named_side_by_side(page: Page, own_app: App) -> None:
    page.goto(f"{own_app.url}/duplicates")
    expect(page.get_by_text("2 groups")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("The same file")).to_be_visible()
    expect(page.get_by_text("Nearly the same picture, 2 times")).to_be_visible()
    settle(page)
    shoot(page, "duplicates")
    page.get_by_role("radio", name="Copies only").click()
    expect(page.get_by_text("1 group", exact=True)).to_be_visible()


def test_a_saved_search_learns_and_tells_what_is_new(page: Page, own_app: App, own_folder: Path) -> None:
    page.goto(own_app.url)
    search(page, "an animal")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("textbox", name="Name").fill("Animals")
    page.get_by_role("textbox", name="Name").press("Enter")
    expect(page.get_by_text("Saved. It is on the page Saved")).to_be_visible()
    page.goto(f"{own_app.url}/saved")
    page.get_by_role("button", name="Show").click()
    tiles = page.locator(".tile")
    tiles.first.wait_for()
    page.wait_for_url("**/saved?search=Animals")
    settle(page)
    shoot(page, "saved")
    worst = tiles.last.locator(".name").inner_text()
    tiles.last.hover()
    tiles.last.get_by_role("button", name=f"{worst} is not what is meant").click()
    expect(page.get_by_text("1 taken out")).to_be_visible()
    expect(tiles.locator(".name").get_by_text(worst, exact=True)).to_have_count(0)
    best = tiles.first.locator(".name").inner_text()
    tiles.first.hover()
    tiles.first.get_by_role("button", name=f"{best} is what is meant").click()
    liked = page.get_by_role("button", name=f"{best} is what is meant")
    expect(liked).to_have_attribute("aria-pressed", "true")
    page.get_by_text("1 taken out").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("1 taken out")).to_have_count(0)

    shutil.copy(SAMPLES / "pictures" / "p036.jpg", own_folder)
    page.goto(f"{own_app.url}/library")
    page.get_by_role("button", name="Refresh all").click()
    expect(page.get_by_text("1 new")).to_be_visible(timeout=60_000)
    page.goto(own_app.url)
    expect(page.get_by_text("1 new in Animals")).to_be_visible()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".fresh")).to_have_count(1)


@pytest.mark.slow
def test_the_model_is_changed_with_progress_and_back(page: Page, own_app: App) -> None:
    page.goto(f"{own_app.url}/models")
    expect(page.get_by_text("Your library answers with builtin.")).to_be_visible()
    settle(page)
    shoot(page, "models")
    page.get_by_role("combobox", name="Model").fill("nothing/there")
    page.get_by_role("combobox", name="Model").press("Enter")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no model", timeout=60_000)
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="builtin-conse").click()
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.get_by_text("Your library answers with builtin-conse.")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("the model was changed to builtin-conse")).to_be_visible()
    page.get_by_role("button", name="Use it again").click()
    expect(page.get_by_text("Your library answers with builtin.")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Drop").click()
    expect(page.get_by_role("button", name="Drop")).to_have_count(0)


def test_a_folder_is_kept_up_to_date_and_taken_out(
    page: Page, own_app: App, own_folder: Path, own_library: Path
) -> None:
    page.goto(f"{own_app.url}/library")
    files = page.get_by_test_id("stMetric").filter(has_text="Files").get_by_test_id("stMetricValue")
    before = len(list(own_folder.rglob("*.jpg")))
    expect(files).to_have_text(str(before))
    page.get_by_text("Keep up to date").click()
    shutil.copy(SAMPLES / "pictures" / "p022.jpg", own_folder / "Zoo" / "cow.jpg")

    def refreshed() -> bool:
        page.reload()
        expect(files).to_be_visible()
        return files.inner_text() == str(before + 1)

    for _ in range(30):
        if refreshed():
            break
        page.wait_for_timeout(1000)
    assert refreshed()
    switch = page.get_by_role("switch", name="Keep up to date").or_(page.get_by_role("checkbox"))
    expect(switch).to_be_checked()
    page.get_by_text("Keep up to date").click()
    expect(switch).not_to_be_checked()
    while watcher_pid(Paths(own_library, own_library)) is not None:
        page.wait_for_timeout(200)
    # The other folder holds its pictures, too; without that they are gone.
    for left in (before + 1, 0):
        page.get_by_role("button", name="Remove", exact=True).first.click()
        settle(page)
        page.screenshot(path=SHOTS / "remove.png")
        page.get_by_role("button", name="Remove it from the library").click()
        expect(files).to_have_text(str(left))
        expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(1 if left else 0)
        page.reload()
    assert len(list(own_folder.rglob("*.jpg"))) == before + 1
