"""The page Events: look at them, rename, merge and undo; and begin another one at an opened hit."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trove
from tests.support.driver import PHONE, SHOTS, App, opened, settle, shoot
from tests.ui.app.test_access import findings

pytestmark = pytest.mark.browser

FIRST, SECOND = "Porto, 3 May 1975", "Rome, 14 June 1975"


@pytest.fixture
def journeys(shown_library: Path, media_folder: Path) -> Iterator[trove.Library]:
    """Two days of eight pictures each, for as long as a test goes on; what people say of them goes, too."""
    with trove.Library.open(shown_library) as library:
        pictures = [path for path in sorted((media_folder / "pictures").glob("*.jpg")) if library.facts(path)]
        days = (
            (pictures[:8], datetime(1975, 5, 3, 10), "Porto"),
            (pictures[8:16], datetime(1975, 6, 14, 9), "Rome"),
        )
        for paths, day, place in days:
            library.corrections.typed(paths, place=place)
            for number, path in enumerate(paths):
                library.corrections.date([path], day + timedelta(minutes=20 * number))
        yield library
        for event in library.events.every():
            if event.first.year == 1975:
                library.events.take_back(event.id)
        library.corrections.take_back(pictures[:16])


@pytest.mark.slow
def test_events_are_seen_renamed_merged_and_split(page: Page, app: App, journeys: trove.Library) -> None:
    page.goto(f"{app.url}/events")
    card = page.locator("[class*=st-key-event_]").filter(has=page.get_by_text(FIRST, exact=True)).first
    expect(card.get_by_text("8 files")).to_be_visible()
    expect(card.get_by_role("img", name=FIRST)).to_be_visible()
    settle(page)
    shoot(page, "events")
    card.get_by_role("button", name="Change").click()
    page.get_by_role("textbox", name="Name").fill("Spring")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("Renamed.")).to_be_visible()
    expect(page.get_by_text("Spring", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(page.get_by_text(FIRST, exact=True)).to_be_visible()
    page.get_by_role("button", name="Done").click()
    settle(page)
    card.get_by_role("button", name="Change").click()
    page.get_by_role("combobox", name="Make one event of this and").click()
    page.get_by_role("option", name=SECOND).click()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("They are one event now.")).to_be_visible()
    expect(page.get_by_text(SECOND, exact=True)).to_have_count(0)
    merged = "3 May – 14 June 1975"
    assert [event.files for event in journeys.events.every() if merged in event.name] == [16]
    page.get_by_role("button", name="Done").click()
    settle(page)
    whole = page.locator("[class*=st-key-event_]").filter(has=page.get_by_text(merged)).first
    whole.get_by_role("button", name="Show").click()
    tiles = page.locator(".gallery[aria-label*='event:'] .tile")
    expect(tiles).to_have_count(16)
    # By an opened hit a border is set again.
    names = tiles.locator(".name")
    rome = next(event for event in journeys.events.every() if merged in event.name)
    assert rome.said
    late = names.all_inner_texts()
    border = sorted(late)[8]
    tiles.filter(has_text=border).first.locator(".open").click()
    dialog = opened(page)
    dialog.get_by_role("button", name="Event", exact=True).click()
    settle(page)
    page.screenshot(path=SHOTS / "event-of-a-hit.png")
    page.get_by_role("button", name="Begin another event here").click()
    expect(dialog.get_by_text("Another event begins here.")).to_be_visible()
    assert [event.name for event in journeys.events.every() if event.first.year == 1975] == [SECOND, FIRST]
    dialog.get_by_role("button", name="Done").click()
    page.keyboard.press("Escape")


@pytest.mark.slow
def test_events_on_a_phone(page: Page, app: App, journeys: trove.Library) -> None:
    assert journeys.events.named(SECOND).files == 8
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    page.goto(f"{app.url}/events")
    expect(page.get_by_role("img", name=SECOND)).to_be_visible()
    settle(page)
    page.screenshot(path=SHOTS / "events-phone.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert findings(page) == []
