"""A film with all lanes, sounds as questions, and recordings that are there twice, in the app with all on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trove
from db.kinds import SIMILAR
from indexer.analysers import actions, sound_tags, things
from search.drawing.folder import new_drawing
from search.drawing.output import Drawing, save_drawing
from search.drawing.sounds import Sound
from tests.support.all_on import fill, roles, settings_of
from tests.support.driver import App, opened, search, serving, settle, shoot
from tests.support.media import sound, tone
from tests.support.music import chords
from tests.ui.app.test_access import check

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def all_on_library(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The folder of a library in which tiny models look at, listen to and describe everything."""
    folder = tmp_path_factory.mktemp("all on")
    media = fill(folder / "media")
    played = chords(16.0)
    sound(media / "dance.wav", played)
    sound(media / "dance again.flac", 0.5 * played)
    settings = settings_of(folder, cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(things, "LEAST", 0.3)
        patch.setattr(sound_tags, "LEAST", 0.3)
        patch.setattr(actions, "LEAST", 0.34)
        with trove.Library.of(settings) as library:
            library.index([media / "3.jpg"])
            for role, model in roles(folder).items():
                if role != SIMILAR:
                    library.models.use(model, role=role)
            assert library.index([media]).failed == 0
    return settings.paths.folder


@pytest.fixture(scope="module")
def all_on(all_on_library: Path, cache: Path) -> Iterator[App]:
    """The app over it."""
    with serving(all_on_library, cache, TROVE_WHISPER="none") as running:
        yield running


def test_a_film_has_a_lane_for_each_thing_that_is_told(page: Page, all_on: App) -> None:
    page.goto(all_on.url)
    search(page, "has:action").first.locator(".open").click()
    dialog = opened(page)
    lanes = dialog.locator(".lanes .lane")
    expect(lanes.filter(has_text="Shots")).to_have_count(1)
    names = {name.strip() for name in lanes.locator(".name").all_inner_texts()}
    assert {"Shots", "Parts without motion"} < names, "what was measured"
    assert {"Thunder", "Dog", "Bell", "Speech"} & names, "what is heard"
    assert not {"Pieces of sound", "Clips of films"} & names, "what is only compared has no name"
    action = lanes.filter(has_text="Clapping").or_(lanes.filter(has_text="Riding a bike")).first
    part = action.locator(".part").last
    part.click()
    expect(dialog.locator(".timeline")).not_to_have_attribute("aria-valuenow", "0")
    settle(page)
    shoot(page, "lanes-all")
    check(page, "film with all lanes")


def test_a_moment_is_searched_with_by_its_sound(page: Page, all_on: App, tmp_path: Path) -> None:
    page.goto(all_on.url)
    search(page, "memo type:audio").first.locator(".open").click()
    dialog = opened(page)
    dialog.get_by_role("button", name="Search with this sound").click()
    chip = page.get_by_role("button", name="Search without Like your sound memo")
    expect(chip).to_be_visible()
    expect(page.locator(".tile .name").first).to_contain_text("memo")
    settle(page)
    shoot(page, "by-sound")
    # The same with a file of one's own.
    own = sound(tmp_path / "mine.wav", tone(3.0, 900.0))
    page.goto(all_on.url)
    page.locator("input[type=file]").set_input_files(own)
    expect(page.get_by_role("button", name="Search without Like your sound mine.wav")).to_be_visible()
    expect(page.locator(".tile .name").first).to_contain_text("memo")
    (tmp_path / "letter.wav").write_text("no sound")
    page.locator("input[type=file]").set_input_files(tmp_path / "letter.wav")
    expect(page.get_by_text("It could not be used:")).to_be_visible()


def test_a_sound_that_was_made_is_searched_with(page: Page, all_on: App, all_on_library: Path) -> None:
    made = new_drawing(all_on_library / "drawings", "a high tone", "music")
    made.parent.mkdir(exist_ok=True)
    heard = Sound(tone(3.0, 900.0)[None], 16_000)
    save_drawing(heard, Drawing(made, "a high tone", "tiny-band", 1, 1, 0.1, 0, 0, makes="music"))
    page.goto(f"{all_on.url}/draw")
    page.get_by_role("button", name="Search with it").click()
    expect(page.get_by_role("button", name="Search without Like your sound")).to_be_visible()
    expect(page.locator(".tile .name").first).to_contain_text("memo")
    made.unlink()


def test_recordings_that_are_there_twice_are_shown_side_by_side(page: Page, all_on: App) -> None:
    page.goto(f"{all_on.url}/duplicates")
    expect(page.get_by_text("dance again.flac").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("dance.wav").first).to_be_visible()
    settle(page)
    shoot(page, "duplicates-recordings")
    check(page, "recordings there twice")


def test_the_page_model_offers_each_role(page: Page, all_on: App) -> None:
    page.goto(f"{all_on.url}/models")
    for heading in ("What looks alike", "What it sounds like", "What happens"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text("tiny-sound · in use")).to_be_visible()
    page.get_by_role("heading", name="What it sounds like").scroll_into_view_if_needed()
    settle(page)
    shoot(page, "models-beside")
    check(page, "models beside the one that answers")
