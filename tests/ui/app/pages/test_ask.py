"""Asking about an opened hit, and what a model says that it shows, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import trove
from db.settings import Settings
from search.results.texts import described
from tests.support.driver import App, opened, ready, search, serving, settle, shoot
from tests.support.talking import Talking, talking
from tests.support.tiny_pretrained import save_blip
from tests.ui.app.test_access import check

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>document.title='owned'</script> ![x](http://192.0.2.7/a.png) [run](http://192.0.2.7/) **so**"
)

Shown = tuple[App, Talking, str]
"""The app, the server that answers, and what a model says of the picture."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Shown]:
    """The app over a picture that a tiny model has described, with a server that answers questions."""
    folder = tmp_path_factory.mktemp("asking")
    (media := folder / "media").mkdir()
    Image.new("RGB", (320, 240), "red").save(media / "wall.png")
    Image.new("RGB", (240, 240), "blue").save(media / "lake.png")
    settings = Settings(
        library=folder / "library",
        cache=cache,
        device="cpu",
        whisper="none",
        off=("text",),
        captioner=str(save_blip(folder / "tiny")),
    )
    with trove.Library.of(settings) as library:
        assert library.index([media]).failed == 0
        (one,) = described(library.core, media / "wall.png")
    with talking() as server, serving(settings.library, cache, TROVE_ANSWERER=server.address) as running:
        yield running, server, one.text


def _opened(page: Page, app: App) -> Locator:
    page.goto(app.url)
    ready(page)
    search(page, "wall").first.locator(".open").click()
    return opened(page)


def _ask(dialog: Locator, question: str) -> None:
    dialog.get_by_label("Your question").fill(question)
    dialog.get_by_role("button", name="Ask", exact=True).click()


@pytest.mark.slow
def test_a_hit_is_asked_about_and_answers_are_text(page: Page, shown: Shown) -> None:
    app, server, _ = shown
    server.says = ("It is ", HOSTILE)
    server.held.clear()
    dialog = _opened(page, app)
    dialog.get_by_text("Ask about it").click()
    _ask(dialog, "what is this?")
    expect(dialog.get_by_text("It is", exact=True)).to_be_visible()
    expect(dialog.get_by_role("button", name="Stop")).to_be_visible()
    server.held.set()
    expect(dialog.get_by_text(f"It is {HOSTILE}")).to_be_visible()
    expect(dialog.get_by_role("button", name="Stop")).to_have_count(0)
    assert page.title() != "1"
    made = dialog.locator("script, a[href*='192.0.2.7'], img[src*='192.0.2.7']")
    assert made.evaluate_all("all => all.map((one) => one.outerHTML)") == []
    settle(page)
    dialog.get_by_text("A machine answers").scroll_into_view_if_needed()
    shoot(page, "ask")
    check(page, "an answer")
    page.emulate_media(color_scheme="light")

    # What was said before belongs to the conversation.
    server.says = ("By ", "the ", "harbour.")
    server.held.clear()
    _ask(dialog, "where is it?")
    expect(dialog.get_by_text("By", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Stop").click()
    expect(dialog.get_by_role("button", name="Stop")).to_be_disabled()
    server.held.set()
    expect(dialog.get_by_role("button", name="Stop")).to_have_count(0)
    expect(dialog.get_by_text("where is it?")).to_be_visible()
    expect(dialog.get_by_text("harbour")).to_have_count(0)
    roles = [one["role"] for one in server.asked[-1]["messages"]]
    assert roles == ["user", "assistant", "user"]


@pytest.mark.slow
def test_what_cannot_be_answered_is_said(page: Page, shown: Shown) -> None:
    app, server, _ = shown
    server.status = 503
    dialog = _opened(page, app)
    dialog.get_by_text("Ask about it").click()
    _ask(dialog, "what is this?")
    expect(dialog.get_by_role("alert").filter(has_text="refuses")).to_be_visible()
    server.status = 200


@pytest.mark.slow
def test_a_description_is_a_machines_until_people_put_it_right(page: Page, shown: Shown) -> None:
    app, _, said = shown
    dialog = _opened(page, app)
    expect(dialog.get_by_text(said)).to_be_visible()
    expect(dialog.get_by_text("a machine's words, which may be wrong")).to_be_visible()
    dialog.get_by_role("button", name="Put right").scroll_into_view_if_needed()
    shoot(page, "described")
    dialog.get_by_role("button", name="Put right").click()
    page.get_by_label("What it shows").fill("the wall of the brewery")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("the wall of the brewery").first).to_be_visible()
    expect(dialog.get_by_text("your words")).to_be_visible()
    expect(dialog.get_by_text(said)).to_have_count(0)
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_text("a machine's words, which may be wrong")).to_be_visible()
    expect(dialog.get_by_text(said)).to_be_visible()


@pytest.mark.slow
def test_the_library_is_asked_and_the_pictures_that_it_names_are_shown(page: Page, shown: Shown) -> None:
    app, server, _ = shown
    page.goto(app.url)
    ready(page)
    search(page, "which one is a lake")
    server.says = ("The ", "second one (picture 2).")
    server.held.clear()
    page.get_by_role("button", name="Answer it").click()
    answer = page.locator(".st-key-answer")
    expect(answer.get_by_text("The", exact=True)).to_be_visible()
    expect(answer.get_by_role("button", name="Stop")).to_be_visible()
    server.held.set()
    expect(answer.get_by_text("The second one (picture 2).")).to_be_visible()
    expect(answer.get_by_text("It rests on")).to_be_visible()
    expect(answer.get_by_role("img")).to_have_count(1)
    settle(page)
    shoot(page, "answer")
    check(page, "an answer of the library")
    page.emulate_media(color_scheme="light")
    search(page, "wall")
    expect(answer).to_have_count(0)
