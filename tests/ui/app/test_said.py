"""What is said in a long recording: chapters, words found and marked as they are said, put right, saved."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import trove
from tests.support.driver import PHONE, SHOTS, App, answered, opened, serving, settle, shoot
from tests.support.talks import talk_library
from tests.ui.app.test_access import check

pytestmark = pytest.mark.browser

CORRECTED = (0, 20, 30)
"""Where the tests correct something."""
RIGHT = "Anchors aweigh, said the captain <b>loudly</b>"


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A library with a talk of twelve minutes about three things."""
    return talk_library(tmp_path_factory.mktemp("talk"), cache)


@pytest.fixture(scope="module")
def talking(talk: Path, cache: Path) -> Iterator[App]:
    with serving(talk, cache, TROVE_OFF="text") as running:
        yield running


@pytest.fixture
def dialog(page: Page, talking: App, talk: Path) -> Iterator[Locator]:
    """The talk, opened; what a test corrects is taken back."""
    page.goto(f"{talking.url}/?q=type:audio")
    answered(page, "type:audio").first.locator(".open").click()
    shown = opened(page)
    page.wait_for_function("sound => sound.readyState >= 2", arg=shown.locator("audio").element_handle())
    yield shown
    with trove.Library.open(talk) as library:
        path = library.known(talk.parent / "media" / "talk.wav")
        for second in CORRECTED:
            with suppress(trove.SettingsError):
                library.corrections.take_back_passage(path, at_s=second)


def played_s(dialog: Locator) -> float:
    return float(dialog.locator("audio").evaluate("sound => sound.currentTime"))


@pytest.mark.slow
def test_chapters_and_words_lead_to_where_they_are_said(page: Page, dialog: Locator) -> None:
    chapters = dialog.locator(".chapter")
    expect(chapters).to_have_text([re.compile("^0:00The harbour"), re.compile("^4:00"), re.compile("^8:00")])
    chapters.nth(1).click()
    expect(chapters.nth(1)).to_have_attribute("aria-current", "true")
    now = dialog.locator(".passage[aria-current=true]")
    expect(now).to_contain_text("4:00")
    assert 240 <= played_s(dialog) < 250
    # Each word is marked while it is said, one at a time.
    said = now.locator(".saying")
    first = said.inner_text()
    expect(said).not_to_have_text(first)
    expect(said).to_have_count(1)
    page.keyboard.press("Control+f")
    box = dialog.get_by_role("textbox", name="Find in what is said")
    expect(box).to_be_focused()
    page.keyboard.type("Put  the WHEELS")
    count = dialog.locator(".count")
    expect(count).to_have_text("24")
    assert dialog.locator("mark.sought").first.inner_text() == "put the wheels"
    page.keyboard.press("Enter")
    expect(count).to_have_text("1 of 24")
    expect(now.locator("mark.here")).to_have_text(["put", "the", "wheels"])
    at_s = played_s(dialog)
    assert 483 < at_s < 490, "at the word, not where its passage begins"
    page.keyboard.press("Shift+Enter")
    expect(count).to_have_text("24 of 24")
    expect(now).to_contain_text("11:50")
    shoot(page, "said-found")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("x")
    expect(count).to_have_text("Not said")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")
    expect(dialog.locator("mark")).to_have_count(0)
    expect(dialog, "the hit stays open").to_have_count(1)


@pytest.mark.slow
def test_a_passage_is_put_right_where_it_is_and_that_is_undone(page: Page, dialog: Locator) -> None:
    passage = dialog.locator(".passage").nth(2)
    heard = passage.inner_text()
    edit = dialog.get_by_role("button", name="Put right what is said at 0:20")
    edit.click()
    box = dialog.get_by_role("textbox", name="What is said at 0:20")
    expect(box).to_be_focused()
    box.fill("never mind")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(passage).to_have_text(heard.replace("\n", ""))
    dialog.locator("audio").evaluate("sound => { sound.currentTime = 100; }")
    edit.click()
    box.fill(RIGHT)
    shoot(page, "said-correcting")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("Put right at 0:20.")).to_be_visible()
    expect(passage).to_have_text(f"0:20{RIGHT} Your words")
    assert played_s(dialog) >= 100, "it plays on"
    settle(page)
    shoot(page, "said-corrected")
    check(page, "a passage that was put right")
    page.set_viewport_size(PHONE)
    settle(page)
    page.screenshot(path=SHOTS / "said-corrected-phone.png")
    page.set_viewport_size({"width": 1280, "height": 720})
    dialog.get_by_role("button", name="Transcript").click()
    with page.expect_download() as srt:
        page.get_by_role("button", name="Subtitles for players (SRT)").click()
    assert srt.value.suggested_filename == "talk.srt"
    assert f"00:00:20,000 --> 00:00:29,500\n{RIGHT[:30]}" in Path(srt.value.path()).read_text("utf-8")
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_text("Undone.")).to_be_visible()
    expect(passage).to_have_text(heard.replace("\n", ""))

    _taken_away(dialog)


def _taken_away(dialog: Locator) -> None:
    """Also the passage that was found is taken away, and comes back; another one is as it was heard again."""
    passages = dialog.locator(".passage")
    every = passages.count()
    dialog.get_by_role("button", name="Put right what is said at 0:00").click()
    dialog.get_by_role("textbox", name="What is said at 0:00").fill("")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(passages).to_have_count(every - 1)
    dialog.get_by_role("button", name="Undo").click()
    expect(passages).to_have_count(every)
    dialog.get_by_role("button", name="Put right what is said at 0:30").click()
    dialog.get_by_role("textbox", name="What is said at 0:30").fill(RIGHT)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(passages.nth(3)).to_contain_text("Your words")
    dialog.get_by_role("button", name="Put right what is said at 0:30").click()
    dialog.get_by_role("button", name="Use what was heard").click()
    expect(dialog.get_by_text("As it was heard at 0:30.")).to_be_visible()
    expect(passages.nth(3)).not_to_contain_text("Your words")
