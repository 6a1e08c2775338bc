"""The Find page in a real browser."""

import csv
import os
import re
import zipfile
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.support import ROOT, SAMPLES
from tests.support.driver import (
    DESKTOP,
    PHONE,
    SHOTS,
    App,
    answered,
    opened,
    ready,
    search,
    seconds,
    settle,
    shoot,
)
from ui.wording import how_cut

pytestmark = pytest.mark.browser


def _name(tiles: Locator) -> Locator:
    return tiles.first.locator(".name")


def _open(page: Page, tile: Locator) -> Locator:
    tile.locator(".open").click()
    return opened(page)


def test_words_find_their_picture_while_they_are_typed(page: Page, app: App) -> None:
    page.goto(app.url)
    ready(page)
    shoot(page, "start")
    page.keyboard.press("/")
    page.keyboard.type("a brick lighthouse")
    tiles = answered(page, "a brick lighthouse")
    expect(_name(tiles)).to_have_text("p025.jpg")
    expect(page.get_by_text("Found", exact=True)).to_be_visible()
    expect(tiles.first.get_by_text("Picture")).to_be_visible()
    page.keyboard.press("Enter")
    # The question is in the address: reloading, or a bookmark, asks it again.
    page.wait_for_url("**/?q=a+brick+lighthouse")
    page.reload()
    expect(_name(tiles)).to_have_text("p025.jpg")
    settle(page)
    shoot(page, "find")


def test_an_answer_leaves_letters_that_were_typed_meanwhile(page: Page, app: App) -> None:
    page.goto(app.url)
    box = ready(page)
    box.evaluate(
        """async (box) => {
            const type = (words) => { box.value = words; box.dispatchEvent(new Event("input")); };
            type("a red");
            await new Promise((done) => { setTimeout(done, 310); });  // just after it was asked
            type("a red flower");
        }"""
    )
    answered(page, "a red flower")
    assert box.input_value() == "a red flower"


@pytest.mark.slow
def test_pictures_keep_their_proportions(page: Page, app: App) -> None:
    page.goto(app.url)
    search(page, "an animal type:image")
    off = page.wait_for_function(
        """() => {
            const all = [...document.querySelectorAll("*")];
            const grids = all.filter((it) => it.shadowRoot?.querySelector(".gallery"));
            const images = grids.flatMap((it) => [...it.shadowRoot.querySelectorAll(".frame img")]);
            return images.every((image) => image.naturalWidth) && images.map((image) => {
                const box = image.getBoundingClientRect();
                return Math.abs(box.width / box.height / (image.naturalWidth / image.naturalHeight) - 1);
            });
        }"""
    ).json_value()
    assert len(off) > 8
    assert max(off) < 0.05


def test_the_keyboard_goes_all_the_way(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "glowing blue jellyfish type:image")
    page.get_by_role("searchbox").press("ArrowDown")
    expect(tiles.nth(0).locator(".open")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(tiles.nth(1).locator(".open")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    expect(tiles.nth(0).locator(".open")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = opened(page)
    expect(dialog.get_by_role("img", name="p013.heic")).to_be_visible()
    second = tiles.nth(1).locator(".name").inner_text()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("img", name=second)).to_be_visible()
    opened(page)
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_role("img", name="p013.heic")).to_be_visible()
    opened(page)
    dialog.get_by_role("button", name="Turn").focus()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Similar to a part")).to_be_focused()
    dialog.get_by_role("button", name="Close", exact=True).focus()
    page.keyboard.press("Shift+Tab")
    expect(dialog.locator(":focus").first).to_be_attached()
    dialog.locator(".stage").focus()
    page.keyboard.press("Space")
    expect(dialog.get_by_role("button", name="Slideshow", pressed=True)).to_be_visible()
    expect(dialog.get_by_role("img", name=second)).to_be_visible()
    dialog.locator(".stage").click()
    expect(dialog.get_by_role("button", name="Slideshow", pressed=False)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(tiles.nth(1).locator(".open")).to_be_focused()
    _to_a_folder(page)


def _to_a_folder(page: Page) -> None:
    """From the hits, with the keyboard alone."""
    page.keyboard.press("/")
    folder = page.get_by_role("combobox", name="Folder")
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if folder.evaluate("box => box === document.activeElement"):
            break
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**in%3A**")


@pytest.mark.slow
def test_closing_a_hit_runs_the_page_once(page: Page, app: App) -> None:
    # A second run would stop the first before it has reached the grid, or open the hit again for a moment.
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda message: sent.append(message)))
    page.goto(app.url)
    tiles = search(page, "an animal type:image")
    for _ in range(3):
        _open(page, tiles.nth(2))
        sent.clear()
        page.keyboard.press("Escape")
        expect(tiles.nth(2).locator(".open")).to_be_focused()
        page.wait_for_function("history.state.closed")
        settle(page)
        assert len(sent) == 1


@pytest.mark.slow
def test_a_closed_hit_leaves_no_step_behind(page: Page, app: App) -> None:
    page.goto(app.url)
    _open_and_close(page, search(page, "an animal type:image"))
    # At once, while the page may still be drawn without the hit.
    search(page, "a red flower")
    _open_and_close(page, page.locator(".tile"))
    page.reload()
    answered(page, "a red flower")
    _open_and_close(page, page.locator(".tile"))
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_role("heading", name="Folders")).to_be_visible()
    for earlier in ("a red flower", "an animal type:image"):
        page.go_back()
        answered(page, earlier)
        assert "hit=" not in page.url
    _open_and_close(page, page.locator(".tile"))
    page.go_back()
    expect(page.get_by_text("are waiting")).to_be_visible()


def _open_and_close(page: Page, tiles: Locator) -> None:
    _open(page, tiles.nth(2))
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "hit=" not in url)


@pytest.mark.slow
def test_the_keyboard_keeps_its_place_when_the_window_changes(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal type:image")
    page.get_by_role("searchbox").press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(tiles.nth(1).locator(".open")).to_be_focused()
    wide = tiles.first.bounding_box()
    page.set_viewport_size(PHONE)
    page.wait_for_function("width => document.body.clientWidth < width", arg=DESKTOP["width"])
    settle(page)
    assert tiles.first.bounding_box() != wide
    expect(tiles.nth(1).locator(".open")).to_be_focused()
    page.set_viewport_size(DESKTOP)


def test_back_closes_an_opened_hit_and_forward_opens_it_again(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal")
    tile = page.locator('.tile[data-index="12"]')
    tile.scroll_into_view_if_needed()
    scrolled = page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
    name = tile.locator(".name").inner_text()
    dialog = _open(page, tile)
    link = page.url
    # Turning to the next hit is no step of its own.
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != link)
    page.go_back()
    expect(dialog).to_have_count(0)
    assert parse_qs(urlsplit(page.url).query) == {"q": ["an animal"]}
    expect(page.locator('.tile[data-index="13"] .open')).to_be_focused()
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == scrolled
    page.go_forward()
    opened(page)
    # Closed, it is no step any more: the one before is the start page.
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.wait_for_url(lambda url: "hit=" not in url)
    page.go_back()
    expect(page.get_by_text("are waiting")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.go_forward()
    answered(page, "an animal")
    # Who comes back from another page finds what was asked.
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_role("heading", name="Folders")).to_be_visible()
    page.get_by_role("link", name="Find").click()
    answered(page, "an animal")
    # A link opens it anywhere; one to what is not there says so.
    page.goto(link)
    expect(opened(page).get_by_text(name, exact=True).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(tiles.first).to_be_visible()
    page.goto(f"{app.url}/?q=an+animal&hit=999999999")
    expect(page.get_by_text("What this link opens is not in your library any more.")).to_be_visible()


@pytest.mark.slow
def test_a_large_picture_does_not_wait_for_what_stands_around_it(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "a brick lighthouse type:image")
    shown = """(button) => new Promise((done) => {
        button.click();
        const look = () => {
            const picture = document.querySelector(".trove-growing img");
            if (!picture || picture.src.includes("/view/")) done(picture?.naturalWidth ?? 0);
            else requestAnimationFrame(look);
        };
        look();
    })"""
    thumbnail = tiles.first.locator("img").evaluate("image => image.naturalWidth")
    assert tiles.first.locator(".open").evaluate(shown) > thumbnail
    opened(page)


@pytest.mark.slow
def test_the_opened_picture_is_shown_with_what_is_known(page: Page, app: App, media_folder: Path) -> None:
    page.goto(app.url)
    tiles = search(page, "glowing blue jellyfish type:image")
    expect(_name(tiles)).to_have_text("p013.heic")
    # The thumbnail is large before the server has answered.
    grows = """button => {
        button.click();
        return document.querySelector(".trove-growing img")?.src === button.querySelector("img").src;
    }"""
    assert tiles.first.locator(".open").evaluate(grows)
    dialog = opened(page)
    expect(page.locator(".trove-growing")).to_have_count(0)
    # Browsers cannot show HEIC: what they get is decoded here.
    picture = dialog.get_by_role("img", name="p013.heic")
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 300", arg=picture.element_handle())
    expect(dialog.get_by_text(str(media_folder / "pictures" / "p013.heic"))).to_be_visible()
    expect(dialog.get_by_text("it looks like the words")).to_be_visible()
    _all_in_sight(page, dialog)
    page.keyboard.press("?")
    expect(dialog.get_by_role("note", name="Keys")).to_contain_text("slideshow")
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("note", name="Keys")).to_be_hidden()
    shoot(page, "picture")
    _looked_at_from_near(page, picture)
    # Dragged out of the browser it is the file itself.
    dragged = picture.evaluate(
        """image => {
            const dataTransfer = new DataTransfer();
            image.dispatchEvent(new DragEvent("dragstart", { dataTransfer, bubbles: true, composed: true }));
            return dataTransfer.getData("DownloadURL");
        }"""
    )
    kind, name, address = dragged.split(":", 2)
    assert (kind, name) == ("image/heic", "p013.heic")
    assert page.request.get(address).body() == (media_folder / "pictures" / "p013.heic").read_bytes()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy the picture").press("Enter")
    expect(dialog.get_by_text("The picture is copied.")).to_be_visible()
    types = page.evaluate("navigator.clipboard.read().then((items) => items.flatMap((item) => item.types))")
    assert types == ["image/png"]
    dialog.get_by_text("Where in the picture it is").click()
    expect(dialog.get_by_role("img", name="Where in p013.heic it is")).to_be_visible(timeout=60_000)
    settle(page)
    page.screenshot(path=SHOTS / "heat.png")


def _all_in_sight(page: Page, dialog: Locator) -> None:
    """The picture is large, and what people need is beside it; nothing has to be scrolled for that."""
    for width, height, share in ((1440, 900, 0.55), (1280, 720, 0.5), (390, 844, 0.5)):
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        stage = dialog.locator(".stage").bounding_box()
        assert stage is not None
        assert stage["width"] * stage["height"] > share * width * height
        assert stage["y"] + stage["height"] <= height
        for name in ("Previous", "Next", "Similar to this") if width > 390 else ("Previous", "Next"):
            expect(dialog.get_by_role("button", name=re.compile(f"^{name}"))).to_be_in_viewport(ratio=1)
    page.set_viewport_size(DESKTOP)


def _looked_at_from_near(page: Page, picture: Locator) -> None:
    """Keys and wheel enlarge and turn the picture that is open; the arrows go on when all of it is seen."""

    def size() -> tuple[float, float]:
        box = picture.bounding_box()
        assert box is not None
        return box["width"], box["height"]

    fitting = size()
    page.keyboard.press("+")
    assert size() == pytest.approx([1.5 * side for side in fitting], rel=1e-3)
    page.keyboard.press("ArrowRight")  # moves what is enlarged
    page.keyboard.press("0")
    page.keyboard.press("r")
    width, height = size()
    assert width / height == pytest.approx(fitting[1] / fitting[0], rel=1e-3)
    for _ in range(3):
        page.keyboard.press("r")
    assert size() == pytest.approx(fitting, rel=1e-3)
    picture.hover()
    page.mouse.wheel(0, -300)
    assert size()[0] > 1.2 * fitting[0]
    page.keyboard.press("1")
    pixels = picture.evaluate("image => image.getBoundingClientRect().width * devicePixelRatio")
    page.wait_for_function(
        "([image, pixels]) => Math.abs(image.naturalWidth - pixels) < 2",
        arg=[picture.element_handle(), pixels],
    )
    picture.dblclick()
    assert size() == pytest.approx(fitting, rel=1e-3)


@pytest.mark.slow
def test_camera_and_place_of_a_photo(page: Page, app: App) -> None:
    page.goto(f"{app.url}/?q=name:travel.jpg")
    tiles = answered(page, "name:travel.jpg")
    dialog = _open(page, tiles.first)
    expect(dialog.get_by_text("FUJIFILM X100V · by its EXIF data")).to_be_visible()
    expect(dialog.get_by_text("48.85840, 2.29450 · by its EXIF data")).to_be_visible()
    expect(dialog.get_by_text("1/250 s, f/2.8, ISO 200, 23 mm")).to_be_visible()
    expect(dialog.get_by_text("Our anniversary · by the file beside it")).to_be_visible()
    expect(dialog.get_by_text("Voyage, Madeleine · by the file beside it")).to_be_visible()
    stars = dialog.get_by_text("★★★★ · by the file beside it")
    stars.scroll_into_view_if_needed()
    expect(stars).to_be_visible()
    page.screenshot(path=SHOTS / "words.png")
    place = dialog.get_by_role("img", name="On the earth: 48.8584° N, 2.2945° E")
    place.scroll_into_view_if_needed()
    expect(place).to_be_visible()
    expect(dialog.get_by_role("img", name="in Paris, France")).to_be_visible()
    page.wait_for_timeout(300)
    page.screenshot(path=SHOTS / "place.png")
    dialog.get_by_role("button", name="Taken around here").click()
    answered(page, 'near:"48.8584,2.2945,10km"')
    # A sample shows the tower itself, from across the river.
    assert sorted(tiles.locator(".name").all_inner_texts()) == ["p009.jpg", "travel.jpg"]


@pytest.mark.slow
def test_chips_take_parts_of_the_question_out(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal type:image -lighthouse")
    assert set(tiles.locator(".kind").all_inner_texts()) == {"Picture"}
    chips = page.get_by_role("group", name="Parts of the question").get_by_role("button")
    expect(chips).to_have_count(3)
    page.get_by_role("button", name="Search without type:image").click()
    answered(page, "an animal -lighthouse")
    expect(chips).to_have_count(2)
    page.get_by_role("button", name="Search without -lighthouse").click()
    answered(page, "an animal")
    expect(chips).to_have_count(0)
    expect(page.get_by_role("searchbox")).to_have_value("an animal")


@pytest.mark.slow
def test_filters_write_themselves_into_the_question(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Pictures").click()
    answered(page, "an animal type:image")
    assert set(tiles.locator(".kind").all_inner_texts()) == {"Picture"}
    page.get_by_role("button", name="2023: 1 file", exact=True).click()
    answered(page, "an animal type:image date:2023")
    expect(tiles).to_have_count(1)
    expect(page.get_by_text("2023: 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="Without a date").click()
    answered(page, "an animal type:image date:unknown")
    expect(page.get_by_role("button", name="Without a date", pressed=True)).to_be_visible()
    expect(page.get_by_role("button", name="2023: 1 file", pressed=False)).to_be_visible()
    expect(tiles.locator(".name").filter(has_text="travel.jpg")).to_have_count(0)
    page.get_by_role("button", name="All dates").click()
    answered(page, "an animal type:image")
    page.get_by_role("combobox", name="Place").click()
    page.get_by_role("option", name="Paris, France").click()
    answered(page, 'an animal type:image place:"Paris, France"')
    assert "travel.jpg" in tiles.locator(".name").all_inner_texts()
    page.get_by_role("button", name="Search without place").click()
    answered(page, "an animal type:image")
    page.get_by_role("combobox", name="Camera").click()
    page.get_by_role("option", name="FUJIFILM X100V (1)").click()
    page.keyboard.press("Escape")
    answered(page, 'an animal type:image camera:"FUJIFILM X100V"')
    expect(_name(tiles)).to_have_text("travel.jpg")
    shoot(page, "filters")
    # What is typed is shown by the filters, too.
    search(page, "an animal type:speech")
    pressed = page.get_by_test_id("stSidebar").get_by_role("button", pressed=True)
    expect(pressed).to_have_text(re.compile("Spoken"))


def test_a_malformed_question_is_explained(page: Page, app: App) -> None:
    page.goto(app.url)
    ready(page)
    page.keyboard.press("/")
    page.keyboard.type("type:moovie")
    expect(page.get_by_role("status").get_by_text("A type is one of")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("A type is one of")


@pytest.mark.slow
def test_what_leaves_nothing_can_be_dropped(page: Page, app: App) -> None:
    page.goto(f"{app.url}/?q=an+animal+type:image+date:1950")
    page.get_by_role("button", name=re.compile(r"Without date:1950: \d+ files")).click()
    tiles = answered(page, "an animal type:image")
    # No numbers that say nothing to people.
    expect(page.get_by_test_id("stMain").get_by_text(re.compile(r"\d ms|\d %"))).to_have_count(0)
    assert not any(re.search(r"\d\.\d\d", text) for text in tiles.locator(".caption").all_inner_texts())


@pytest.mark.slow
def test_what_is_offered_instead_is_shown_as_it_is_typed(page: Page, app: App) -> None:
    page.goto(app.url)
    search(page, "dgo on *green* grass")
    offer = page.get_by_role("button", name="dog on *green* grass", exact=True)
    expect(offer).to_have_text("dog on *green* grass")
    offer.click()
    expect(offer).to_have_count(0)


@pytest.mark.slow
def test_hits_are_sorted_and_browsed_by_time(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "type:image")

    def sort(order: str) -> None:
        # Its options go away when the page is scrolled, as it is for a click on what is below the bar.
        page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
        settle(page)
        page.get_by_role("combobox", name="Order").click()
        page.get_by_role("option", name=order).click()

    sort("Latest first")
    expect(page.get_by_role("heading", name="July 2023")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name=re.compile("14 Jul"))).to_be_visible()
    settle(page)
    expect(_name(tiles)).to_have_text("travel.jpg")
    # Beside them are the months; the keys go from one to the next, and to what has no date at the end.
    months = page.get_by_role("slider", name="Month")
    months.focus()
    page.keyboard.press("End")
    expect(months).to_have_attribute("aria-valuetext", "Without a date")
    expect(page.get_by_role("heading", name="Without a date")).to_be_in_viewport()
    page.keyboard.press("Home")
    settle(page)
    shoot(page, "by-date")
    sort("By name")
    expect(page.get_by_role("heading", name="July 2023")).to_have_count(0)
    expect(months).to_have_count(0)
    page.wait_for_url(lambda url: "order=name" in url)
    settle(page)
    names = tiles.locator(".name").all_inner_texts()
    assert names[:3] == ["p001.jpg", "p002.jpg", "p003.jpg"]
    # Three sizes, which the browser keeps.
    high = tiles.first.bounding_box()
    page.get_by_role("button", name="Large pictures").click()
    page.reload()
    settle(page)
    larger = tiles.first.bounding_box()
    assert high is not None and larger is not None
    assert larger["height"] > 1.3 * high["height"]
    shoot(page, "large")
    page.get_by_role("button", name="Medium pictures").click()


def test_the_start_page_leads_to_this_day_and_to_what_came_last(page: Page, app: App) -> None:
    page.goto(app.url)
    ready(page)
    expect(page.get_by_role("heading", name="On this day")).to_be_visible()
    page.get_by_role("button", name="Open years-ago.jpg").first.click()
    opened(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="See all").click()
    tiles = page.locator(".tile")
    expect(page.get_by_role("button", name=re.compile("Search without on:"))).to_be_visible()
    expect(tiles).to_have_count(1)
    expect(_name(tiles)).to_have_text("years-ago.jpg")
    page.go_back()
    page.get_by_role("button", name="Recently added").click()
    page.wait_for_url(lambda url: "order=added" in url)
    today = datetime.now().strftime("%B %Y")
    expect(page.get_by_role("heading", name=today)).to_be_visible()


@pytest.mark.slow
def test_a_picture_finds_its_like_chosen_pasted_and_dropped(page: Page, app: App, tmp_path: Path) -> None:
    Image.open(SAMPLES / "pictures" / "p011.jpg").resize((320, 240)).save(tmp_path / "mine.png")
    page.goto(app.url)
    tiles = page.locator(".tile")
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    chip = page.get_by_role("button", name="Search without Like your picture mine.png")
    expect(chip).to_be_visible()
    expect(_name(tiles)).to_have_text("p011.jpg")
    settle(page)
    page.screenshot(path=SHOTS / "by-picture.png")
    # The picture is in the address, by the hash of its content.
    assert f"picture={sha256((tmp_path / 'mine.png').read_bytes()).hexdigest()}" in page.url
    page.reload()
    expect(_name(tiles)).to_have_text("p011.jpg")
    chip.click()
    expect(page.get_by_text("are waiting")).to_be_visible()
    for name, event in {"ClipboardEvent": "paste", "DragEvent": "drop"}.items():
        page.evaluate(
            """([data, name, event]) => {
                const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                const given = new DataTransfer();
                given.items.add(new File([bytes], `${event}.png`, { type: "image/png" }));
                const init = { bubbles: true, cancelable: true, clipboardData: given, dataTransfer: given };
                document.body.dispatchEvent(new window[name](event, init));
            }""",
            [b64encode((tmp_path / "mine.png").read_bytes()).decode(), name, event],
        )
        expect(
            page.get_by_role("button", name=f"Search without Like your picture {event}.png")
        ).to_be_visible()
        expect(_name(tiles)).to_have_text("p011.jpg")
    expect(search(page, "a brick lighthouse").locator(".name").get_by_text("p025.jpg")).to_be_visible()
    (tmp_path / "letter.png").write_text("no picture")
    page.locator("input[type=file]").set_input_files(tmp_path / "letter.png")
    expect(page.get_by_text("It could not be used: not a picture")).to_be_visible()


@pytest.mark.slow
def test_a_moment_plays_from_its_second(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "a squirrel climbing down a tree type:frame")
    expect(_name(tiles)).to_have_text("v001.mp4")
    start_s = seconds(tiles.first.locator(".time").inner_text())
    assert start_s > 5
    # A tile on which the mouse rests plays from there, too.
    tiles.first.hover()
    shown = tiles.first.locator("video.plays")
    expect(shown).to_have_count(1)
    assert shown.evaluate("film => [film.muted, film.currentTime >= " + str(start_s) + "]") == [True, True]
    page.mouse.move(0, 0)
    expect(shown).to_have_count(0)
    dialog = _open(page, tiles.first)
    player = dialog.locator("video")
    page.wait_for_function("video => video.readyState >= 2 && !video.seeking", arg=player.element_handle())
    expect(player).to_have_js_property("paused", False)
    assert start_s <= player.evaluate("video => video.currentTime") < start_s + 8
    # The other hits of the file stand on the timeline, under a curve of how well the film fits.
    marks = dialog.get_by_role("button", name=re.compile("^Play hit"))
    expect(marks).to_have_count(tiles.locator(".name").get_by_text("v001.mp4").count())
    assert dialog.locator("polygon.area").get_attribute("points")
    # Where speech is heard stands below it, and plays from there.
    lane = dialog.get_by_role("group", name="Speech", exact=True)
    lane.get_by_role("button").first.focus()
    page.keyboard.press("ArrowRight")
    part = lane.locator(".part:focus")
    expect(part).to_have_attribute("title", re.compile("^Speech, 0:19 to 0:2"))
    part.press("Enter")
    page.wait_for_function(
        "video => !video.seeking && Math.abs(video.currentTime - 19.5) < 3", arg=player.element_handle()
    )
    shoot(page, "moment")
    _kept(page, dialog, start_s)
    said = dialog.get_by_role("button", name=re.compile("^0:00"))
    said.click()
    page.wait_for_function("video => !video.seeking && video.currentTime < 5", arg=player.element_handle())
    expect(dialog.locator(".passage[aria-current=true]")).to_have_text(said.inner_text().replace("\n", ""))
    # Keys are those of the box while somebody types in it: they turn to no other hit.
    address = page.url
    page.keyboard.press("Control+f")
    page.keyboard.type("walk with")
    page.keyboard.press("ArrowRight")
    page.keyboard.type(" the")
    expect(dialog.locator(".count")).to_have_text("1")
    assert page.url == address


def _kept(page: Page, dialog: Locator, start_s: int) -> None:
    """What plays can be kept as a clip, as a picture, and as a link to its second."""
    dialog.get_by_role("button", name="Save the moment").click()
    button = page.get_by_role("button", name=re.compile("^Download 0:"))
    with page.expect_download() as clip:
        button.click()
    assert clip.value.suggested_filename == f"v001 0.{start_s:02}.mp4"
    expect(page.get_by_text(how_cut(copied=True))).to_be_visible()
    page.keyboard.press("Escape")
    expect(button).to_have_count(0)
    with page.expect_download() as still:
        dialog.get_by_role("button", name="Save this picture").click()
    with Image.open(still.value.path()) as picture:
        assert picture.format == "PNG"
        assert list(picture.size) == dialog.locator("video").evaluate(
            "film => [film.videoWidth, film.videoHeight]"
        )
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.locator("video").evaluate("film => { film.pause(); film.currentTime = 3; }")
    dialog.get_by_role("button", name="Copy a link to this moment").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(page.url)
    assert link.endswith("&at=3.0")
    dialog.locator("video").evaluate(f"film => {{ film.currentTime = {start_s}; film.play(); }}")


@pytest.mark.slow
def test_a_format_that_browsers_cannot_play_becomes_a_clip(page: Page, app: App, media_folder: Path) -> None:
    import av

    with av.open(str(media_folder / "old.avi")) as film:
        frames = [frame.to_image() for frame in film.decode(video=0)]
    frames[-1].save(media_folder.parent / "frame.png")
    page.goto(f"{app.url}/?q=type:frame")
    tiles = answered(page, "type:frame")
    page.locator("input[type=file]").set_input_files(media_folder.parent / "frame.png")
    expect(page.get_by_role("button", name="Search without Like your picture frame.png")).to_be_visible()
    expect(_name(tiles)).to_have_text("old.avi")
    start_s = 4.0
    expect(tiles.first.locator(".time")).to_have_text("0:04")
    settle(page)
    dialog = _open(page, tiles.first)
    expect(dialog.get_by_text("Browsers cannot play this format")).to_be_visible()
    player = dialog.locator("video")
    page.wait_for_function("video => video.readyState >= 2 && !video.seeking", arg=player.element_handle())
    assert start_s <= player.evaluate("video => video.currentTime") <= start_s + 4


def test_what_was_said_is_found_and_played(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "buy milk and eggs at the market")
    expect(_name(tiles)).to_have_text("r001.ogg")
    expect(page.get_by_text("Found", exact=True)).to_be_visible()
    expect(tiles.first.get_by_text("Spoken")).to_be_visible()
    expect(tiles.first.locator("mark").get_by_text("milk")).to_be_visible()
    dialog = _open(page, tiles.first)
    start_s = seconds(tiles.first.locator(".time").inner_text())
    player = dialog.locator("audio")
    page.wait_for_function("sound => sound.readyState >= 2 && !sound.seeking", arg=player.element_handle())
    assert start_s <= player.evaluate("sound => sound.currentTime") < start_s + 8
    # The whole transcript, the passage that plays, and in it the words that were asked for.
    assert dialog.locator(".passage").count() > 4
    expect(dialog.locator(".passage[aria-current=true] mark")).to_have_text(["buy", "milk", "eggs", "market"])
    assert dialog.locator(".passage[aria-current=true] [data-word]").count() > 10, (
        "when each was said is kept"
    )
    shoot(page, "passage")


@pytest.mark.slow
def test_similar(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "a brick lighthouse")
    tiles.first.hover()
    tiles.first.get_by_role("button", name="Similar to p025.jpg").click()
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.get_by_role("button", name="Search without Similar to p025.jpg")).to_be_visible()
    expect(tiles.locator(".name").get_by_text("p025.jpg", exact=True)).to_have_count(0)
    settle(page)
    shared = page.url
    assert shared.endswith(sha256((SAMPLES / "pictures" / "p025.jpg").read_bytes()).hexdigest())
    first = _name(tiles).inner_text()
    _open(page, tiles.first).get_by_role("button", name="Similar to this").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    chip = page.get_by_role("button", name=f"Search without Similar to {first}")
    expect(chip).to_be_visible()
    expect(tiles.locator(".name").get_by_text(first, exact=True)).to_have_count(0)
    settle(page)
    first = _name(tiles).inner_text()
    dialog = _open(page, tiles.first)
    dialog.get_by_role("button", name="Similar to a part").click()
    box = dialog.get_by_role("img", name=first).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.9 * box["height"], steps=3)
    page.mouse.up()
    expect(dialog).to_have_count(0)
    part = page.get_by_role("button", name=f"Search without Like your picture a part of {first}.jpg")
    expect(part).to_be_visible()
    expect(_name(tiles)).to_have_text(first)
    part.click()
    expect(page.get_by_text("are waiting")).to_be_visible()
    page.goto(shared)
    expect(page.get_by_role("button", name="Search without Similar to p025.jpg")).to_be_visible()
    page.goto(f"{app.url}/?like={'0' * 64}")
    expect(page.get_by_text("is not in your library any more")).to_be_visible()


@pytest.mark.slow
def test_selected_hits_are_taken_along(page: Page, app: App, tmp_path: Path) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal type:image")
    names = [tiles.nth(at).locator(".name").inner_text() for at in range(3)]
    tiles.nth(0).get_by_role("checkbox").click()
    tiles.nth(2).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    settle(page)
    page.screenshot(path=SHOTS / "selected.png")
    with page.expect_download() as download:
        page.get_by_role("link", name="ZIP of 3 files").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == names
        assert archive.testzip() is None
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text("utf-8").splitlines()))
    assert [Path(row["path"]).name for row in rows] == names
    page.get_by_role("button", name="Copy to a folder").click()
    page.get_by_role("textbox", name="Folder on this machine").fill(str(tmp_path / "taken"))
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied 3 files.")).to_be_visible()
    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == sorted(names)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("3 selected")).to_have_count(0)
    expect(tiles.first.get_by_role("checkbox")).not_to_be_checked()


def test_only_what_the_library_knows_is_served_and_only_here(page: Page, app: App) -> None:
    page.goto(app.url)
    src = search(page, "glowing blue jellyfish type:image").first.locator("img").get_attribute("src") or ""
    thumbnail = page.request.get(app.url + src)
    assert (thumbnail.status, thumbnail.headers["content-type"]) == (200, "image/jpeg")
    file = src.replace("thumbnail", "file")
    part = page.request.get(app.url + file, headers={"Range": "bytes=4-7"})
    assert (part.status, part.body()) == (206, b"ftyp")
    # HEIC is handed over to be kept, not to be shown.
    assert part.headers["content-type"] == "application/octet-stream"
    key, _, _ = src.removeprefix("/trove/").partition("/")
    for wrong in (
        src.replace(key, "0" * len(key)),
        re.sub(r"\d+$", "999999", file),
        re.sub(r"\d+$", "..%2f..%2fetc%2fpasswd", file),
    ):
        answer = page.request.get(app.url + wrong)
        # What no route of ours takes is left to Streamlit, which sends its empty page.
        assert answer.status in (400, 404) or b"<title>Streamlit" in answer.body(), wrong
    listening = [
        found.laddr.ip
        for found in psutil.Process(app.pid).net_connections("inet")
        if found.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


@pytest.mark.slow
def test_screenshots(page: Page, app: App, media_folder: Path) -> None:
    """The pictures of the documentation; TROVE_SCREENSHOT=1 puts new ones there."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(app.url)
    search(page, "a brick lighthouse")
    page.mouse.move(0, 0)
    _documented(page, "screenshot")
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="dark")
    _documented(page, "app-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
    _documented(page, "app-phone")
    page.set_viewport_size(DESKTOP)
    dialog = _open(page, search(page, "a monkey in a tree type:frame").first)
    film = dialog.locator("video")
    page.wait_for_function("film => film.readyState >= 2 && !film.seeking", arg=film.element_handle())
    film.evaluate("film => film.pause()")
    # Where a test has its files is nobody's business.
    path = dialog.get_by_text(str(media_folder / "videos" / "v001.mp4"))
    path.evaluate(
        "(path, folder) => { path.textContent = path.textContent.replace(folder, '~'); }", str(media_folder)
    )
    _documented(page, "app-moment")


def _documented(page: Page, name: str) -> None:
    settle(page)
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")
    shot = Image.open(SHOTS / f"{name}.png").convert("RGB")
    # Mapped onto its own best colours a second time, which dithers them.
    small = shot.quantize(palette=shot.quantize(256))
    small.save(SHOTS / f"{name}.png", optimize=True)
    if os.environ.get("TROVE_SCREENSHOT"):
        small.save(ROOT / "docs" / f"{name}.png", optimize=True)
    assert (SHOTS / f"{name}.png").stat().st_size < 400_000
