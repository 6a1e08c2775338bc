"""The pages beside Find and Draw in a real browser: overview, duplicates, model, saved searches, folders."""

import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Locator, Page, expect

from db.library import Library
from db.paths import Paths
from db.settings import Settings
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.driver import (
    PHONE,
    SHOTS,
    App,
    answered,
    metric,
    opened,
    search,
    serving,
    settle,
    shoot,
    touch,
)
from ui.app.routes.installing import DRAWING, ICONS
from ui.watching import watcher_pid

pytestmark = pytest.mark.browser


@pytest.fixture
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


@pytest.fixture
def own_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that library."""
    return tmp_path_factory.mktemp("own library")


@pytest.fixture
def own_app(own_folder: Path, own_library: Path, cache: Path) -> Iterator[App]:
    """The app over a library of ``own_folder``."""
    settings = Settings(library=own_library, cache=cache, device="cpu", whisper="none", off=("text",))
    with Library(settings) as library:
        index(library, [own_folder / "Zoo"])
        index(library, [own_folder])
    with serving(settings.paths.folder, cache, TROVE_WHISPER="none", TROVE_OFF="text") as running:
        yield running


@pytest.mark.slow
def test_the_overview_shows_places_times_and_things(page: Page, app: App) -> None:
    page.goto(f"{app.url}/overview")
    plane = page.locator(".plane canvas")
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
    expect(page.get_by_text("The same picture, saved again, 2 times")).to_be_visible()
    settle(page)
    shoot(page, "duplicates")
    page.get_by_role("radio", name="Also saved again").click()
    expect(page.get_by_role("slider")).to_have_count(0)
    expect(page.get_by_text("2 groups")).to_be_visible()
    page.get_by_role("radio", name="Copies only").click()
    expect(page.get_by_text("1 group", exact=True)).to_be_visible()


@pytest.mark.slow
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
    expect(page.get_by_text("Too little is known yet to say how well it finds")).to_be_visible()
    expect(page.get_by_text("0 pictures that somebody has described: 20 more are needed.")).to_be_visible()
    page.get_by_role("button", name="Measure on 20 of your pictures").click()
    expect(page.get_by_text("Timing builtin-2, builtin-conse …")).to_be_visible()
    rows = page.get_by_role("row")
    for name in ("builtin-2 (yours)", "builtin-conse"):
        expect(rows.filter(has=page.get_by_role("cell", name=name, exact=True))).to_contain_text(
            "about", timeout=120_000
        )
    expect(rows.filter(has_text="COCO 55.4")).to_contain_text("not measured")
    page.get_by_role("heading", name="Model", exact=True).scroll_into_view_if_needed()
    settle(page)
    shoot(page, "models")
    page.get_by_role("combobox", name="Model").fill("nothing/there")
    page.get_by_role("combobox", name="Model").press("Enter")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no model", timeout=60_000)
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="builtin-conse").click()
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("of 3: ")
    expect(page.get_by_text("Your library answers with builtin-conse.")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("the model was changed to builtin-conse")).to_be_visible()
    page.get_by_role("button", name="Use it again").click()
    expect(page.get_by_text("Your library answers with builtin.")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Drop").click()
    expect(page.get_by_role("button", name="Drop")).to_have_count(0)


@pytest.mark.slow
def test_a_folder_is_kept_up_to_date_and_taken_out(
    page: Page, own_app: App, own_folder: Path, own_library: Path
) -> None:
    page.goto(f"{own_app.url}/library")
    files = metric(page, "Files")
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


_UNCOVERED = """() => [...document.querySelectorAll("*")].flatMap((host) => {
    const root = host.shadowRoot;
    const inside = ({ left, top, width, height }) => [0.05, 0.5, 0.95].flatMap((across) =>
        [0.05, 0.5, 0.95].map((down) => root.elementFromPoint(left + across * width, top + down * height)));
    return [...(root?.querySelectorAll(".frame") ?? [])]
        .map((frame) => [frame, frame.getBoundingClientRect()])
        .filter(([, box]) => box.top > 60 && box.bottom < innerHeight - 60)
        .map(([frame, box]) => inside(box).every((seen) => frame.contains(seen)));
})"""


@pytest.mark.slow
def test_a_phone_shows_pictures_uncovered_and_the_pages_below(browser: Browser, app: App) -> None:
    """Tap, stay, choose pages and filters with one thumb; the app can be installed."""
    with browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=3
    ) as context:
        page = context.new_page()
        page.goto(app.url)
        tiles = search(page, "an animal type:image")
        uncovered = page.evaluate(_UNCOVERED)
        assert len(uncovered) > 5
        assert all(uncovered)
        bar = page.get_by_role("navigation", name="Pages")
        expect(bar.get_by_role("link", name="Find")).to_have_attribute("aria-current", "page")
        _held(page, tiles.nth(1).locator(".open"))
        expect(page.get_by_text("1 selected")).to_be_in_viewport()
        assert all(page.evaluate(_UNCOVERED)), "nor does the mark of what is selected"
        tiles.nth(2).locator(".open").tap()
        expect(page.get_by_text("2 selected")).to_be_in_viewport()
        settle(page)
        page.screenshot(path=SHOTS / "phone-selected.png")
        tiles.nth(1).locator(".open").tap()
        name = tiles.nth(2).locator(".name").inner_text()
        page.get_by_role("button", name="Similar", exact=True).tap()
        expect(answered(page, "").first.locator(".name")).not_to_have_text(name)
        _with_one_thumb(page)
        page.get_by_role("button", name="Filters").tap()
        expect(page.get_by_text("Folder", exact=True)).to_be_in_viewport()
        bar.get_by_role("link", name="Library").tap()
        expect(page.get_by_role("heading", name="Folders")).to_be_visible()
        expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
        expect(bar.get_by_role("link", name="Library")).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("button", name="Filters")).to_be_hidden()
        main, below = page.get_by_test_id("stMain").bounding_box(), bar.bounding_box()
        assert main is not None
        assert below is not None
        assert main["y"] + main["height"] <= below["y"]
        assert below["y"] + below["height"] == pytest.approx(PHONE["height"], abs=1)
        _installable(page)


def _held(page: Page, tile: Locator) -> None:
    box = tile.bounding_box()
    assert box is not None
    touch(page, [[(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)]], still_ms=600)
    expect(page.get_by_role("dialog")).to_have_count(0)


def _with_one_thumb(page: Page) -> None:
    """An opened hit is turned on and closed at the bottom of the screen, however far it was scrolled."""
    page.locator(".tile .open").first.tap()
    dialog = opened(page)
    dialog.locator(".st-key-viewer").evaluate("viewer => viewer.scrollTo(0, viewer.scrollHeight)")
    for name in ("Next", "Previous", "Close"):
        button = dialog.get_by_role("button", name=name, exact=name == "Close").bounding_box()
        assert button is not None
        assert button["y"] > PHONE["height"] - 60
    dialog.get_by_role("button", name="Close", exact=True).tap()
    expect(dialog).to_have_count(0)


def _installable(page: Page) -> None:
    protocol = page.context.new_cdp_session(page)
    manifest = protocol.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert [(icon["src"], icon["sizes"]) for icon in json.loads(manifest["data"])["icons"]] == [
        (f"/trove/icon/{side}.png", f"{side}x{side}") for side in (192, 192, 512, 512)
    ]
    errors = protocol.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in errors] == ["in-incognito"], "as every window of a test is"
    workers = page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)")
    assert workers == 0


_ICON = """<style>body {{ margin: 0; background: #fff }} svg {{ display: block; width: 70vw; margin: 15vw }}
</style>{}"""


def test_the_icons_are_those_of_the_drawing(page: Page) -> None:
    """TROVE_SCREENSHOT=1 draws them anew."""
    for side, icon in ICONS.items():
        page.set_viewport_size({"width": side, "height": side})
        page.set_content(_ICON.format(DRAWING.read_text("utf-8")))
        drawn = page.screenshot(path=icon if os.environ.get("TROVE_SCREENSHOT") else None)
        with Image.open(io.BytesIO(drawn)) as now, Image.open(icon) as kept:
            difference = ImageChops.difference(now.convert("RGB"), kept.convert("RGB"))
            assert max(ImageStat.Stat(difference).mean) < 1
