"""The Find page in a real browser."""

import os
import re
from pathlib import Path

import psutil
import pytest
from driver import DESKTOP, ROOT, SAMPLES, SHOTS, App, search, seconds, settle, shoot
from PIL import Image
from playwright.sync_api import Locator, Page, expect

pytest_plugins = ["browser"]
pytestmark = pytest.mark.browser


def _name(tiles: Locator) -> Locator:
    return tiles.first.locator(".name")


def _open(page: Page, tile: Locator) -> Locator:
    tile.locator(".open").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Similar to this")).to_be_visible()
    return dialog


def test_words_find_their_picture(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "a brick lighthouse")
    expect(_name(tiles)).to_have_text("p025.jpg")
    expect(page.get_by_text("Found", exact=True)).to_be_visible()
    expect(tiles.first.get_by_text("Picture")).to_be_visible()
    # The question is in the address: reloading, or a bookmark, asks it again.
    assert "q=a+brick+lighthouse" in page.url
    page.reload()
    expect(_name(tiles)).to_have_text("p025.jpg")
    settle(page)
    shoot(page, "find")


def test_the_opened_picture_is_shown_with_what_is_known(page: Page, app: App, media_folder: Path) -> None:
    page.goto(f"{app.url}/?kind=Pictures")
    tiles = search(page, "glowing blue jellyfish")
    expect(_name(tiles)).to_have_text("p013.heic")
    dialog = _open(page, tiles.first)
    # Browsers cannot show HEIC: what they get is decoded here.
    picture = dialog.get_by_role("img", name="p013.heic")
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 300", arg=picture.element_handle())
    expect(dialog.get_by_text(str(media_folder / "pictures" / "p013.heic"))).to_be_visible()
    expect(dialog.get_by_text("it looks like the words")).to_be_visible()
    shoot(page, "picture")


def test_more_hits_and_kinds(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal")
    expect(tiles).to_have_count(24)
    page.get_by_role("button", name="More").click()
    expect(tiles).to_have_count(48)
    page.get_by_role("radio", name="Pictures").click()
    expect(tiles).to_have_count(24)
    settle(page)
    assert set(tiles.locator(".kind").all_inner_texts()) == {"Picture"}


def test_a_picture_finds_its_like_alone_and_with_words(page: Page, app: App, tmp_path: Path) -> None:
    Image.open(SAMPLES / "pictures" / "p011.jpg").resize((320, 240)).save(tmp_path / "mine.png")
    page.goto(app.url)
    page.get_by_role("button", name="Picture", exact=True).click()
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    tiles = page.locator(".tile")
    expect(_name(tiles)).to_have_text("p011.jpg")
    expect(page.get_by_text("Like your picture mine.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(search(page, "a brick lighthouse").locator(".name").get_by_text("p025.jpg")).to_be_visible()


def test_a_moment_plays_from_its_second(page: Page, app: App) -> None:
    page.goto(f"{app.url}/?kind=Video")
    tiles = search(page, "a squirrel climbing down a tree")
    expect(_name(tiles)).to_have_text("v001.mp4")
    start_s = seconds(tiles.first.locator(".time").inner_text())
    assert start_s > 5
    player = _open(page, tiles.first).locator("video")
    page.wait_for_function("video => video.readyState >= 2 && !video.seeking", arg=player.element_handle())
    assert start_s <= player.evaluate("video => video.currentTime") < start_s + 8
    assert not player.evaluate("video => video.paused")
    shoot(page, "moment")


def test_a_format_that_browsers_cannot_play_becomes_a_clip(page: Page, app: App, media_folder: Path) -> None:
    page.goto(f"{app.url}/?kind=Video")
    page.get_by_role("button", name="Picture", exact=True).click()
    import av

    with av.open(str(media_folder / "old.avi")) as film:
        frames = [frame.to_image() for frame in film.decode(video=0)]
    frames[-1].save(media_folder.parent / "frame.png")
    page.locator("input[type=file]").set_input_files(media_folder.parent / "frame.png")
    tiles = page.locator(".tile")
    expect(_name(tiles)).to_have_text("old.avi")
    start_s = seconds(tiles.first.locator(".time").inner_text())
    page.keyboard.press("Escape")
    dialog = _open(page, tiles.first)
    expect(dialog.get_by_text("Browsers cannot play this format")).to_be_visible()
    player = dialog.locator("video")
    page.wait_for_function("video => video.readyState >= 2 && !video.seeking", arg=player.element_handle())
    assert start_s == 4
    assert start_s <= player.evaluate("video => video.currentTime") <= start_s + 4


def test_what_was_said_is_found_and_played(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "buy milk and eggs at the market")
    expect(_name(tiles)).to_have_text("r001.ogg")
    expect(page.get_by_text("Found", exact=True)).to_be_visible()
    expect(tiles.first.get_by_text("Spoken")).to_be_visible()
    dialog = _open(page, tiles.first)
    expect(dialog.get_by_text(re.compile("bread.*milk.*eggs"))).to_be_visible()
    start_s = seconds(tiles.first.locator(".time").inner_text())
    player = dialog.locator("audio")
    page.wait_for_function("sound => sound.readyState >= 2 && !sound.seeking", arg=player.element_handle())
    assert start_s <= player.evaluate("sound => sound.currentTime") < start_s + 8
    shoot(page, "passage")


def test_similar(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "a brick lighthouse")
    tiles.first.hover()
    tiles.first.get_by_role("button", name="Similar to p025.jpg").click()
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(tiles.locator(".name").get_by_text("p025.jpg", exact=True)).to_have_count(0)
    first = _name(tiles).inner_text()
    _open(page, tiles.first).get_by_role("button", name="Similar to this").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name=f"Similar to {first}").first.click()
    expect(page.get_by_text("are waiting")).to_be_visible()


def test_only_what_the_library_knows_is_served_and_only_here(page: Page, app: App) -> None:
    page.goto(f"{app.url}/?kind=Pictures")
    src = search(page, "glowing blue jellyfish").first.locator("img").get_attribute("src") or ""
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


def test_screenshot(page: Page, app: App) -> None:
    """The picture in the README; TROVE_SCREENSHOT=1 puts a new one there."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(app.url)
    search(page, "a brick lighthouse")
    page.mouse.move(0, 0)
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "screenshot.png")
    shot = Image.open(SHOTS / "screenshot.png").convert("RGB")
    # Mapped onto its own best colours a second time, which dithers them.
    small = shot.quantize(palette=shot.quantize(256))
    small.save(SHOTS / "screenshot.png", optimize=True)
    if os.environ.get("TROVE_SCREENSHOT"):
        small.save(ROOT / "docs" / "screenshot.png", optimize=True)
    assert (SHOTS / "screenshot.png").stat().st_size < 400_000
    page.set_viewport_size(DESKTOP)
