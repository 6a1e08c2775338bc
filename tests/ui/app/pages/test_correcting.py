"""Correcting when and where things were taken: of a selection, of an opened hit, and undone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trove
from tests.support.driver import PHONE, SHOTS, App, opened, search, settle, shoot


@pytest.fixture
def uncorrected(shown_library: Path, media_folder: Path) -> Iterator[None]:
    """Whatever a test corrects is taken back, for the others that share the library."""
    yield
    with trove.Library.open(shown_library) as library:
        pictures = sorted((media_folder / "pictures").glob("*.jpg"))
        library.corrections.take_back([path for path in pictures if library.facts(path)])


@pytest.mark.slow
@pytest.mark.usefixtures("uncorrected")
def test_a_selection_gets_a_date_and_a_place_and_that_is_undone(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal type:image date:unknown")
    names = sorted(tiles.locator(".name").all_inner_texts()[:2])
    for at in (0, 1):
        tiles.nth(at).hover()
        tiles.nth(at).get_by_role("checkbox").click()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Date and place").click()
    page.get_by_role("textbox", name="Taken").fill("1975")
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    settle(page)
    page.get_by_role("textbox", name="Taken").fill("3 May 1975 14:00")
    page.get_by_role("textbox", name="Place").fill("Porto")
    settle(page)
    shoot(page, "correcting")
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(page.get_by_text("Corrected: 2 files.")).to_be_visible()
    page.keyboard.press("Escape")
    # They are found by their new date, which says whose word it is.
    found = search(page, "type:image date:1975-05")
    expect(found).to_have_count(2)
    assert sorted(found.locator(".name").all_inner_texts()) == names
    shoot(page, "corrected")
    found.first.locator(".open").click()
    dialog = opened(page)
    expect(dialog.get_by_text(re.compile("3 May 1975, 14:00.*you say so"))).to_be_visible()
    expect(dialog.get_by_text(re.compile("in Porto, Portugal")).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(0)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Undone.")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.usefixtures("uncorrected")
def test_an_opened_hit_is_corrected_where_it_is(page: Page, app: App) -> None:
    page.goto(app.url)
    tiles = search(page, "an animal type:image date:unknown")
    tiles.first.locator(".open").click()
    dialog = opened(page)
    dialog.get_by_role("button", name="Date and place").click()
    page.get_by_role("textbox", name="Taken").fill("2001-02-03")
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(dialog.get_by_text("Corrected: 1 file.")).to_be_visible()
    expect(dialog.get_by_text("3 February 2001 · you say so")).to_be_visible()
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    settle(page)
    page.screenshot(path=SHOTS / "corrected-phone.png")
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_text("Undone.")).to_be_visible()
    expect(dialog.get_by_text("you say so")).to_have_count(0)
