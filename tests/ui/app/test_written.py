"""Text in pictures and films, as the app marks it where it was found, shows it and gives it away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from tests.support import signs
from tests.support.driver import App, opened, search, serving, settle, shoot, touch
from tests.support.signs import Box
from tests.ui.app.test_access import check

pytestmark = pytest.mark.browser

PLATFORM = ("Platform 9", "London King's Cross")
FILM = ("Harbour closed", "until Monday")


Shown = tuple[App, dict[str, list[Box]]]
"""The app, and where the lines stand by the name of the file."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Shown]:
    """The app over a sign, another one on its side, and a film with one."""
    folder = tmp_path_factory.mktemp("written")
    media = folder / "media"
    media.mkdir()
    boxes = {
        "sign.png": signs.page(media / "sign.png", PLATFORM, colours=("#16306b", "white")),
        "turned.png": signs.page(media / "turned.png", ("Fresh bread", "every morning"), turn=90),
        "film.mp4": signs.film(media / "film.mp4", FILM),
    }
    settings = Settings(library=folder / "library", cache=cache, device="cpu", whisper="none")
    with Library(settings) as library:
        index(library, [media])
        signs.add_text(library, media / "film.mp4", FILM, boxes["film.mp4"], (2.0, 4.0))
    with serving(settings.paths.folder, cache) as running:
        yield running, boxes


def _opened(page: Page, app: App, query: str) -> Locator:
    page.goto(app.url)
    search(page, query).first.locator(".open").click()
    dialog = opened(page)
    expect(dialog.locator("polygon.found").first).to_be_attached()
    settle(page)
    return dialog


_MARKED = """(medium) => {
    const size = [medium.naturalWidth ?? medium.videoWidth, medium.naturalHeight ?? medium.videoHeight];
    const box = medium.getBoundingClientRect();
    const scale = Math.min(box.width / size[0], box.height / size[1]);
    const left = box.left + (box.width - scale * size[0]) / 2;
    const top = box.top + (box.height - scale * size[1]) / 2;
    const marks = [...medium.getRootNode().querySelectorAll("polygon.found")];
    const boxes = marks.map((mark) => mark.getBoundingClientRect());
    const across = boxes.flatMap((it) => [it.left, it.right]).map((x) => (x - left) / scale / size[0]);
    const down = boxes.flatMap((it) => [it.top, it.bottom]).map((y) => (y - top) / scale / size[1]);
    return [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
}"""


def _marked(dialog: Locator, medium: str) -> list[float]:
    """The box around all marks, each side 0 to 1 of the picture as it is seen, letterboxed or not."""
    sides: list[float] = dialog.locator(medium).evaluate(_MARKED)
    return sides


@pytest.mark.slow
def test_asked_words_are_marked_and_all_text_is_copied(page: Page, written: Shown) -> None:
    app, boxes = written
    page.goto(app.url)
    tiles = search(page, 'written:"platform 9"')
    expect(tiles).to_have_count(1)
    expect(tiles.first).to_contain_text("Text in picture: “Platform 9”")
    dialog = _opened(page, app, 'written:"platform 9"')
    assert _marked(dialog, "img") == pytest.approx(boxes["sign.png"][0], abs=0.03)
    shoot(page, "written")
    check(page, "opened text")
    # Letters lie over those of the picture, to be selected there.
    line = dialog.locator("svg.overlay text").first
    line.dblclick(position={"x": 10, "y": 10})
    assert page.evaluate("getSelection().toString()").strip() == "Platform"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy the text").press("Enter")
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == " ".join(PLATFORM)
    dialog.get_by_role("button", name="Mark what was found").press("Enter")
    expect(dialog.locator("polygon.found")).to_have_count(0)
    dialog.get_by_role("button", name="Mark what was found").press("Enter")
    dialog.get_by_role("button", name="Full screen").press("Enter")
    page.wait_for_function("document.fullscreenElement !== null")
    page.set_viewport_size({"width": 600, "height": 900})
    settle(page)
    assert _marked(dialog, "img") == pytest.approx(boxes["sign.png"][0], abs=0.03)
    page.evaluate("document.exitFullscreen()")


@pytest.mark.slow
def test_turned_text_is_marked_as_it_stands(page: Page, written: Shown) -> None:
    app, boxes = written
    dialog = _opened(page, app, "bread every morning")
    # Counter-clockwise: what was right is at the top.
    left, top, right, bottom = (
        extreme(box[side] for box in boxes["turned.png"]) for side, extreme in enumerate((min, min, max, max))
    )
    assert _marked(dialog, "img") == pytest.approx((top, 1 - right, bottom, 1 - left), abs=0.03)
    shoot(page, "written-turned")


@pytest.mark.slow
def test_a_film_stands_still_where_the_words_are(page: Page, written: Shown) -> None:
    app, boxes = written
    dialog = _opened(page, app, "written:harbour")
    film = dialog.locator("video")
    assert film.evaluate("film => [film.paused, film.currentTime]") == [True, 3.0]
    box = boxes["film.mp4"][0]
    harbour = box[0] + (box[2] - box[0]) * 0.53
    assert _marked(dialog, "video") == pytest.approx((box[0], box[1], harbour, box[3]), abs=0.03)
    expect(dialog.locator("pre").get_by_text("Harbour closed until Monday")).to_be_visible()
    shoot(page, "written-film")
    check(page, "opened film with text")
    film.evaluate("film => film.play()")
    expect(dialog.locator("polygon.found")).to_have_count(0)
    film.evaluate("film => { film.pause(); film.currentTime = 1; }")
    page.wait_for_timeout(300)
    expect(dialog.locator("polygon.found")).to_have_count(0)


@pytest.mark.slow
def test_in_the_size_of_a_phone(browser: Browser, written: Shown) -> None:
    app, boxes = written
    with browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True) as context:
        page = context.new_page()
        dialog = _opened(page, app, 'written:"platform 9"')
        assert _marked(dialog, "img") == pytest.approx(boxes["sign.png"][0], abs=0.03)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.goto(app.url)
        tiles = search(page, "type:image")
        first, second = tiles.locator(".name").all_inner_texts()
        tiles.first.locator(".open").click()
        opened(page)
        stage = dialog.locator(".stage").bounding_box()
        assert stage is not None
        x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
        touch(page, [[(x + 100, y)], [(x, y)], [(x - 100, y)]])
        picture = dialog.get_by_role("img", name=second)
        expect(picture).to_be_visible()
        touch(page, [[(x - 100, y)], [(x, y)], [(x + 100, y)]])
        picture = dialog.get_by_role("img", name=first)
        expect(picture).to_be_visible()
        settle(page)
        before = picture.bounding_box()
        touch(page, [[(x - 20, y), (x + 20, y)], [(x - 40, y), (x + 40, y)], [(x - 60, y), (x + 60, y)]])
        after = picture.bounding_box()
        assert before is not None
        assert after is not None
        assert after["width"] == pytest.approx(3 * before["width"], rel=0.05)
