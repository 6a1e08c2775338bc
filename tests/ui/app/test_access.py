"""Everybody can use the app: every page and state, light and dark, passes the rules of axe-core.

These are those for WCAG 2 A and AA and its good practice. Beside that nothing may be cut off, covered by
something else, or move for people whose system asks for less motion: also in a low window and on a phone.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.support.driver import DESKTOP, PHONE, App, answered, opened, ready, search, settle

pytestmark = pytest.mark.browser

PAGES = ("", "saved", "events", "people", "overview", "library", "duplicates", "models", "draw")
QUICK = ("", "library")
"""Those that are looked at in every run; the others are built of the same components."""


def findings(page: Page, within: str | None = None) -> list[str]:
    """What axe-core objects to, one line for each place: on the page, or in what a selector names."""
    told = Axe().run(page, within).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in told
        for node in rule["nodes"]
    ]


_UNREACHED = """() => {
    const asked = "a[href], button:enabled, input, textarea, summary";
    const within = (root) => [...root.querySelectorAll("*")]
        .flatMap((one) => [one, ...(one.shadowRoot ? within(one.shadowRoot) : [])]);
    const seen = (x, y, root = document) => {
        const top = root.elementFromPoint(x, y);
        return top?.shadowRoot && top.shadowRoot !== root ? seen(x, y, top.shadowRoot) : top;
    };
    const over = document.querySelector("[data-testid=stDialog]") ?? document;
    return within(over).filter((one) => {
        if (!one.matches(asked) || one.tabIndex < 0) return false;
        if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
        one.scrollIntoView({ block: "center", inline: "center" });
        const { left, right, top, width, height } = one.getBoundingClientRect();
        if (width < 2 || height < 2) return false; // only for those who read with their ears
        const there = seen(left + width / 2, top + height / 2);
        const host = there?.getRootNode().host;
        const label = there?.closest("label");
        const same = there && (one.contains(there) || there.contains(one) || label?.contains(one)
            || (host && one.contains(host)));
        return left < -1 || right > innerWidth + 1 || !same;
    }).map((one) => one.outerHTML.slice(0, 150));
}"""
"""What people can use of the page, but which is cut off or lies under something else."""

_MOVING = """() => [...document.querySelectorAll("*")]
    .flatMap((one) => one.shadowRoot?.getAnimations() ?? [])
    .filter((it) => it.effect.getComputedTiming().duration > 0)
    .map((it) => it.effect.target.outerHTML.slice(0, 150))"""
"""What moves or fades in our components."""


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


def _states(page: Page, app: App) -> Iterator[str]:
    """Bring the app into one state after the other, and name it."""
    page.goto(f"{app.url}/?q=an+animal+type:video")
    answered(page, "an animal type:video").first.locator(".open").click()
    opened(page)
    yield "film"
    page.goto(f"{app.url}/?q=a+brick+lighthouse")
    tiles = answered(page, "a brick lighthouse")
    tiles.first.locator(".open").click()
    dialog = opened(page)
    page.keyboard.press("?")
    expect(dialog.get_by_role("note", name="Keys")).to_be_visible()
    yield "picture with its keys"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    tiles.first.locator(".open").click(modifiers=["Shift"])
    expect(page.get_by_text("1 selected")).to_be_visible()
    yield "selection"
    page.reload()
    ready(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("textbox", name="Name")).to_be_visible()
    yield "saving"
    page.goto(f"{app.url}/?q=dog+date:1950+type:image")
    expect(page.get_by_role("button", name="Without date:1950:")).to_be_visible()
    yield "nothing found"
    page.goto(f"{app.url}/?q=date:nonsense")
    expect(page.get_by_role("alert")).to_contain_text("A date is written")
    yield "error"
    page.goto(f"{app.url}/?q=dog")
    answered(page, "dog")
    if (filters := page.get_by_role("button", name="Filters")).is_visible():
        filters.click()
    folder = page.get_by_role("combobox", name="Folder")
    folder.scroll_into_view_if_needed()
    settle(page)  # a list that is opened while something scrolls is closed again
    folder.click()
    expect(page.get_by_role("listbox")).to_be_visible()
    yield "filters"


_OVER = ("saving", "filters")
"""What lies over the page on purpose."""

_BESIDE_PX = 768
"""Width of a window from which the sidebar stands beside the page, not over it."""


def _uncovered(page: Page, size: ViewportSize) -> None:
    """Wait until the sidebar is away, which Streamlit remembers as open, and slides over a narrow page."""
    if size["width"] < _BESIDE_PX:
        expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()


@pytest.mark.slow
@pytest.mark.parametrize(
    "size",
    [{"width": 1440, "height": 900}, DESKTOP, PHONE, {"width": 640, "height": 360}],
    ids=["1440", "1280", "390", "enlarged to 200 %"],
)
def test_every_state_is_accessible(page: Page, app: App, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.emulate_media(reduced_motion="reduce")
    for state in _states(page, app):
        if state != "filters":
            _uncovered(page, size)
        check(page, state)
        assert page.evaluate(_MOVING) == [], state
        if state not in _OVER:
            assert page.evaluate(_UNREACHED) == [], state
    for name in PAGES:
        page.goto(f"{app.url}/{name}")
        page.get_by_test_id("stMain").wait_for()
        settle(page)
        _uncovered(page, size)
        assert page.evaluate(_UNREACHED) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.goto(app.url)
    ready(page)
    expect(page.get_by_test_id("stSidebar")).to_have_css("transition-duration", "0s")
    page.emulate_media(reduced_motion="no-preference")
