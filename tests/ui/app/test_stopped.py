"""A tab that stays open while the app is stopped and started again."""

import re
import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.driver import answered, search, serving, shoot
from tests.ui.app.test_access import findings

pytestmark = pytest.mark.browser

_TYPED = """box => {
    box.value = "a brick lighthouse";
    for (const name of ["input", "change"]) box.dispatchEvent(new Event(name));
}"""


@pytest.mark.slow
def test_a_tab_says_that_the_app_is_stopped_and_comes_back_with_what_was_typed(
    page: Page, shown_library: Path, cache: Path
) -> None:
    with serving(shown_library, cache) as app:
        page.goto(app.url)
        search(page, "glowing blue jellyfish type:image")
    page.locator("[data-testid=stApp]:not([data-test-connection-state=CONNECTED])").wait_for()
    # As long as Streamlit has not noticed, people go on typing.
    page.get_by_role("searchbox", include_hidden=True).evaluate(_TYPED)
    port = urlsplit(app.url).port
    said = page.get_by_role("alert").filter(has_text="Trove is not running.")
    expect(said).to_contain_text(f"Start it again: trove ui --port {port}")
    expect(page.get_by_text("Streamlit server")).not_to_be_visible()
    # What it lies over cannot be used meanwhile, and Streamlit makes it faint.
    assert findings(page, ".trove-stopped") == []
    shoot(page, "stopped")
    with serving(shown_library, cache, port=port):
        tiles = answered(page, "a brick lighthouse")
        expect(tiles.first.locator(".name")).to_have_text("p025.jpg")
        expect(said).to_have_count(0)
        page.wait_for_url("**/?q=a+brick+lighthouse")


@pytest.mark.slow
def test_it_ends_though_a_browser_never_reads_its_answer(tmp_path: Path, cache: Path) -> None:
    """``serving`` fails where the app takes longer than half a minute to end."""
    with socket.socket() as browser:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with serving(tmp_path / "library", cache) as app:
            with urllib.request.urlopen(app.url) as page:  # noqa: S310
                script = re.search(r"static/js/index[^\"]*\.js", page.read().decode())
            assert script
            address = urlsplit(app.url)
            browser.connect((address.hostname, address.port))
            # More than the system takes for it.
            browser.sendall(20 * f"GET /{script[0]} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            assert browser.recv(12) == b"HTTP/1.1 200"
