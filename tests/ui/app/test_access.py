"""Everybody can use the app: every page, light and dark, passes the rules of axe-core (WCAG 2 A and AA)."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.driver import App, search, settle

pytestmark = pytest.mark.browser

PAGES = ("", "saved", "overview", "library", "duplicates", "models", "draw")


def findings(page: Page) -> list[str]:
    """What axe-core objects to, one line for each place."""
    told = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in told
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(page: Page, app: App, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for name in PAGES:
        page.goto(f"{app.url}/{name}")
        page.get_by_test_id("stMain").wait_for()
        settle(page)
        assert findings(page) == [], f"{scheme} {name or 'find'}"
    page.goto(app.url)
    search(page, "a lighthouse -dog type:image")
    assert findings(page) == [], f"{scheme} hits"
    page.locator(".tile").first.click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Similar to this")).to_be_visible()
    settle(page)
    assert findings(page) == [], f"{scheme} opened"
