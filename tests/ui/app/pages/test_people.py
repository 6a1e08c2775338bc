"""The page People and the faces of an opened hit: switch it on, say who it is, merge, ask, switch it off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trove
from db.settings import Settings
from tests.support.driver import PHONE, App, opened, search, serving, settle, shoot
from tests.support.faces import add_doubtful, make_album
from tests.ui.app.test_access import check

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, cache: object) -> Iterator[tuple[App, trove.Library]]:
    """The app over pictures of two people, whose faces nobody has looked for yet."""
    folder = tmp_path_factory.mktemp("people")
    media = folder / "media"
    media.mkdir()
    make_album(media)
    settings = Settings(
        library=folder / "library", cache=cache, device="cpu", whisper="none", off=("text", "names")
    )
    with trove.Library.of(settings) as library:
        library.index([media])
        with serving(settings.paths.folder, cache) as running:
            yield running, library


@pytest.fixture
def known(album: tuple[App, trove.Library]) -> App:
    """The app once the faces are found and the two people called Anna and Ben, whoever they were before."""
    app, library = album
    if not library.people.is_on:
        library.people.on()
    library.index()
    for person, name in zip(
        sorted(library.people.every(), key=lambda one: one.id), ("Anna", "Ben"), strict=True
    ):
        library.people.name(person.id, name)
    return app


def test_nothing_is_looked_for_until_somebody_wants_it(page: Page, album: tuple[App, trove.Library]) -> None:
    app, library = album
    library.people.off()
    page.goto(f"{app.url}/people")
    expect(page.get_by_text("128 numbers that tell it from others")).to_be_visible()
    settle(page)
    shoot(page, "people-off")
    check(page, "people off")
    page.get_by_role("button", name="Look for faces").click()
    expect(page.get_by_text("Who is this?").first).to_be_visible(timeout=120_000)
    expect(page.get_by_role("textbox", name="Who is this?")).to_have_count(2, timeout=60_000)


def test_people_are_named_merged_and_that_undone(
    page: Page, known: App, album: tuple[App, trove.Library]
) -> None:
    _, library = album
    first = library.people.named("Anna")
    library.people.name(first.id, "")
    page.goto(f"{known.url}/people")
    box = page.get_by_role("textbox", name="Who is this?")
    expect(box).to_have_count(1)
    settle(page)
    shoot(page, "people-unnamed")
    check(page, "people without a name")
    box.fill("Clara")
    box.press("Enter")
    expect(page.get_by_text("That is Clara.")).to_be_visible()
    card = page.locator("[class*=st-key-person_]").filter(has=page.get_by_text("Clara", exact=True)).first
    expect(card.get_by_text("3 files")).to_be_visible()
    expect(card.get_by_role("img", name="Clara")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    settle(page)
    shoot(page, "people")
    card.get_by_role("button", name="Change").click()
    page.get_by_role("combobox", name="The same person as").click()
    page.get_by_role("option", name="Ben").click()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("They are one person now.")).to_be_visible()
    expect(page.get_by_text("6 files")).to_be_visible()
    settle(page)
    shoot(page, "people-merged")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(page.get_by_text("3 files")).to_have_count(2)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    settle(page)
    shoot(page, "people-phone-dark")
    check(page, "people on a phone")


def test_a_name_in_plain_words_is_a_chip_and_an_opened_hit_says_who_is_in_it(page: Page, known: App) -> None:
    page.goto(known.url)
    tiles = search(page, "Anna outdoors")
    expect(tiles).to_have_count(1)  # her pictures are nearly the same
    chips = page.get_by_role("group", name="Parts of the question")
    expect(chips.get_by_text("person:Anna")).to_be_visible()
    settle(page)
    shoot(page, "people-chip")
    tiles.first.locator(".open").click()
    dialog = opened(page)
    expect(dialog.get_by_text("People in it")).to_be_visible()
    dialog.get_by_role("button", name="Anna").click()
    expect(page.get_by_role("button", name="It is not Anna")).to_be_visible()
    settle(page)
    shoot(page, "people-opened")
    page.get_by_role("button", name="See all").click()
    expect(chips).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value('person:"Anna"')


def test_who_may_be_somebody_is_confirmed_denied_and_added_by_hand(
    page: Page, tmp_path: Path, cache: Path
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    add_doubtful(make_album(media))
    settings = Settings(
        library=tmp_path / "library", cache=cache, device="cpu", whisper="none", off=("text", "names")
    )
    with trove.Library.of(settings) as library, serving(settings.paths.folder, cache) as app:
        library.index([media])
        library.people.on()
        library.index()
        for file, name in (("p010 first.jpg", "Anna"), ("p026 first.jpg", "Ben")):
            library.people.name_face(library.people.of(media / file)[0].unit_id, name)
        assert [(one.person.name, len(one.faces)) for one in library.people.suggestions()] == [
            ("Anna", 2),
            ("Ben", 1),
        ]
        page.goto(f"{app.url}/people")
        expect(page.get_by_role("heading", name="The same person?")).to_be_visible()
        expect(page.get_by_text("Perhaps Anna?")).to_be_visible()
        settle(page)
        shoot(page, "people-perhaps")
        check(page, "people who may be somebody")
        page.get_by_role("button", name="Yes").first.click()
        expect(page.get_by_text("That is Anna.")).to_be_visible()
        expect(page.get_by_text("5 files")).to_be_visible()
        page.get_by_role("button", name="No", exact=True).click()
        expect(page.get_by_text("That is not Ben.")).to_be_visible()
        expect(page.get_by_text("Perhaps")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Perhaps Ben?")).to_be_visible()

        page.goto(app.url)
        search(page, "name:nobody").first.locator(".open").click()
        dialog = opened(page)
        dialog.get_by_role("button", name="Add somebody").click()
        _draw_box(page)
        box = page.get_by_role("textbox", name="Who is in it?")
        box.fill("Clara")
        box.press("Enter")
        expect(page.get_by_text("Clara is in it.")).to_be_visible()
        (added,) = library.people.also_in(media / "nobody.jpg")
        assert added.name == "Clara" and added.region is not None
        assert added.region == pytest.approx((0.2, 0.2, 0.4, 0.6), abs=0.05)
        expect(dialog.get_by_role("button", name="Clara")).to_be_visible()
        page.keyboard.press("Escape")
        settle(page)
        shoot(page, "people-added")
        page.get_by_role("button", name="Undo").click()
        expect(dialog.get_by_role("button", name="Clara")).to_have_count(0)


def _draw_box(page: Page) -> None:
    """Draw a box on the picture in the popover."""
    page.get_by_role("button", name="Where they are").click()
    at = page.locator(".region img").bounding_box()
    assert at is not None
    page.mouse.move(at["x"] + 0.2 * at["width"], at["y"] + 0.2 * at["height"])
    page.mouse.down()
    page.mouse.move(at["x"] + 0.6 * at["width"], at["y"] + 0.8 * at["height"], steps=3)
    page.mouse.up()
    expect(page.get_by_role("button", name="Where they are", pressed=True)).to_be_visible()
    settle(page)


def test_switched_off_nobody_is_left(page: Page, known: App, album: tuple[App, trove.Library]) -> None:
    _, library = album
    page.goto(f"{known.url}/people")
    page.get_by_role("button", name="Look for no faces any more").click()
    page.get_by_role("button", name="Delete them").click()
    expect(page.get_by_text("Deleted: 6 faces, and what tells them apart.")).to_be_visible()
    assert library.people.every() == [] and library.people.kept_names() == 0
