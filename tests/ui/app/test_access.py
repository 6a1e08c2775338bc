"""Everybody can use the app: every page, light and dark, passes the rules of axe-core (WCAG 2 A and AA)."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.driver import App, opened, search, settle

pytestmark = pytest.mark.browser

PAGES = ("", "saved", "overview", "library", "duplicates", "models", "draw")
QUICK = ("", "library")
"""Those that are looked at in every run; the others are built of the same components."""


def findings(page: Page) -> list[str]:
    """What axe-core objects to, one line for each place."""
    told = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in told
        for node in rule["nodes"]
    ]


def check(page: Page, where: str) -> None:
    """What is on the page now passes, light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        settle(page)
        assert findings(page) == [], f"{scheme} {where}"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in PAGES]
)
def test_every_page_is_accessible(page: Page, app: App, name: str) -> None:
    page.goto(f"{app.url}/{name}")
    page.get_by_test_id("stMain").wait_for()
    settle(page)
    check(page, name or "find")


def test_hits_and_an_opened_hit_are_accessible(page: Page, app: App) -> None:
    page.goto(app.url)
    search(page, "a lighthouse -dog type:image")
    check(page, "hits")
    page.locator(".tile").first.click()
    opened(page)
    check(page, "opened")
