"""The filters beside the hits, with conditions and kinds that only the tables know; without a browser."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from streamlit.testing.v1 import AppTest

import trove
from db import kinds
from db.catalog.facts import Fact
from db.catalog.filters import FactRule, Rule
from db.kinds import Kind
from db.library import Library
from search.query import conditions
from search.query.conditions import Condition, Context, Suggestion
from search.query.language import parse
from tests.support import ROOT
from tests.support.rows import Drafted, add_file, directions
from ui.app import resources
from ui.app.components.histogram import UNKNOWN
from ui.app.views import filters


def _rule(value: str, _context: Context) -> Rule:
    return FactRule("name", "matches", f"{value}*")


def _suggest(_prefix: str, context: Context) -> Sequence[Suggestion]:
    assert context.session is not None
    return [Suggestion("beach", "Beaches", 1_200), Suggestion("City, old", "Cities")]


def _nothing(_prefix: str, _context: Context) -> Sequence[Suggestion]:
    return ()


_ADDED = (
    Condition("scene", "of a scene", ("scene:beach",), _rule, _suggest, facet="Scene"),
    Condition("mood", "of a mood", ("mood:calm",), _rule, _suggest, one_value=True, facet="Mood"),
    Condition("smell", "of a smell", ("smell:rose",), _rule, _nothing, facet="Smell"),
    Condition("untitled", "no filter", ("untitled:x",), _rule, _suggest),
)


def _page() -> None:
    from ui.app.views import question
    from ui.app.views.filters import filters

    filters(question.current())


@pytest.fixture
def page(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """A page with nothing but filters: over two pictures, with more conditions, and kinds without vectors."""
    when = Fact("taken_at", datetime(2023, 7, 14), "exif")
    with library.write() as session:
        for name, vector, camera in zip("ab", directions(2), ("Canon", "Nikon"), strict=True):
            claims = [when, Fact("camera", camera, "exif")]
            add_file(session, f"/{name}/x.jpg", [Drafted("image", vector)], claims=claims)
    kinds.register("test", [Kind("bang", "bang", {}, "said"), Kind("note", "note", {}, "by_people")])
    for condition in _ADDED:
        conditions.register(condition)
    with trove.Library.of(library.settings) as opened:
        monkeypatch.setattr(resources, "library", lambda: opened)
        _forget()
        yield AppTest.from_function(_page, default_timeout=60)
    for condition in _ADDED:
        conditions.unregister(condition.key)
    kinds.unregister("test")
    _forget()


def _forget() -> None:
    """Every library of a test begins with the same revision."""
    filters._suggestions.clear()
    filters.months.clear()
    filters.undated.clear()
    resources._counts.clear()


def _asked(page: AppTest) -> str:
    """The words in the address: a list of them once the page has written it."""
    assert not page.exception
    asked = page.query_params.get("q", "")
    return asked if isinstance(asked, str) else "".join(asked)


def test_a_new_condition_is_a_filter(page: AppTest) -> None:
    page.run()
    assert [widget.label for widget in page.sidebar.multiselect] == [
        "Camera",
        "Orientation",
        "Colour",
        "Scene",
    ]
    scene = page.sidebar.multiselect(key="filter_scene")
    assert scene.options == ["Beaches (1,200)", "Cities"]
    scene.set_value(["beach", "City, old"]).run()
    assert _asked(page) == 'scene:beach,"City, old"'
    page.sidebar.multiselect(key="filter_scene").set_value([]).run()
    assert _asked(page) == ""


def test_a_condition_of_one_value_gives_one_choice(page: AppTest) -> None:
    page.run()
    assert [widget.label for widget in page.sidebar.selectbox] == ["Folder", "Mood"]
    page.sidebar.selectbox(key="filter_mood").set_value("City, old").run()
    assert _asked(page) == 'mood:"City, old"'


def test_what_is_typed_is_chosen(page: AppTest) -> None:
    page.query_params["q"] = "sea scene:BEACH,lake mood:beach type:Photo,note,bang -camera:Canon in:/b"
    page.run()
    assert page.sidebar.multiselect(key="filter_scene").value == ["beach"]
    assert page.sidebar.selectbox(key="filter_mood").value == "beach"
    assert page.sidebar.multiselect(key="filter_camera").value == [], "a negated one is no choice"
    assert page.sidebar.selectbox(key="filter_in").value == "/b"
    assert page.sidebar.button_group(key="filter_type").value == ["image", "bang"]
    page.sidebar.multiselect(key="filter_camera").set_value(["Nikon"]).run()
    assert _asked(page).endswith('-camera:Canon in:"/b" camera:Nikon')


def test_types_are_what_is_there_and_shown_by_itself(page: AppTest) -> None:
    page.run()
    (pills,) = page.sidebar.button_group
    assert pills.options == ["Pictures", "Recordings"]
    page.query_params["q"] = "type:bang,note"
    page.run()
    (pills,) = page.sidebar.button_group
    assert pills.options == ["Pictures", "Bangs", "Recordings"], "a note is found in what it is about"
    pills.set_value(["image"]).run()
    assert _asked(page) == "type:note,image"


def test_months_are_counted(page: AppTest) -> None:
    page.run()
    assert _asked(page) == ""
    assert [caption.value for caption in page.sidebar.caption] == ["When"]
    assert filters.months(0) == {"2023-07": 2}
    assert filters.undated(0) == 0


def test_what_has_no_date_is_a_choice_of_its_own(page: AppTest) -> None:
    page.query_params["q"] = "date:unknown"
    page.run()
    assert not page.exception
    assert filters._range(parse("date:unknown -camera:Canon")) == (UNKNOWN, UNKNOWN)
    assert filters._range(parse("date:2023-07")) == ("2023-07", "2023-07")
    assert filters._range(parse("date:unknown,2023")) is None


@pytest.mark.usefixtures("page")
def test_a_new_condition_is_told_on_the_first_page(monkeypatch: pytest.MonkeyPatch) -> None:
    # So many that the page does without the latest ones, which would need a model.
    monkeypatch.setattr(resources, "counts", lambda: {"image": 300_000})
    find = AppTest.from_file(ROOT / "ui" / "app" / "pages" / "find.py", default_timeout=60).run()
    assert not find.exception
    (told,) = (text.value for text in find.markdown if "| write | to find |" in text.value)
    assert "| `scene:beach` | of a scene |" in told
    assert all(f"`{key}:" in told for key in conditions.every())
    assert "Show everything by date" in [button.label for button in find.button]
