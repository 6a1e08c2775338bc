"""Overview page: pictures by similarity, by time and on a map, and the most frequent concepts."""

import streamlit as st

from db.catalog import revision
from search.explore.landscape import Landscape, Point
from search.results.listing import Listing, of_units
from ui.app import resources
from ui.app.components.histogram import histogram
from ui.app.components.placemap import placemap
from ui.app.components.plane import plane
from ui.app.routes import places
from ui.app.views import address, filters, question, where
from ui.app.views.opened import show_opened

_MOST_CONCEPTS = 40
_NEIGHBOURS = 200
_OPENED_IN = "overview_opened_in"


@st.cache_data(show_spinner="Looking at your pictures …", max_entries=2)
def _landscape(revision: int, model: str) -> Landscape:  # noqa: ARG001 - computed again when either changes
    return resources.library().landscape()


def _plane(landscape: Landscape) -> None:
    st.header("What looks alike lies together")
    clicked = plane(
        landscape.points,
        landscape.regions,
        on_open=lambda: _open("plane"),
    )
    st.caption(
        f"{landscape.pictures:,} pictures and moments on the plane in which they differ most. The wheel "
        "comes nearer, dragging moves, a double click goes back; a click opens a picture, or searches for "
        "what lies there."
    )
    if clicked.named:
        question.find(clicked.named)


def _open(component: str) -> None:
    st.session_state[_OPENED_IN] = component
    address.open_hit(st.session_state[component].open)


def _listing(landscape: Landscape, now: int) -> Listing:
    """The pictures around the one that is opened, where it was opened; none where none is."""
    unit_id = address.opened()
    if unit_id is None:
        around = []
    elif st.session_state.get(_OPENED_IN) == "placemap":
        around = places.places(now).nearest(unit_id, _NEIGHBOURS)
    else:
        here = next((point for point in landscape.points if point.unit_id == unit_id), None)
        around = [] if here is None else _around(here, landscape)
    return of_units(resources.library().core, around)


def _around(here: Point, landscape: Landscape) -> list[int]:
    """The picture and those around it, the nearest first."""
    nearest = sorted(landscape.points, key=lambda point: (point.x - here.x) ** 2 + (point.y - here.y) ** 2)
    return [point.unit_id for point in nearest[:_NEIGHBOURS]]


def _map(now: int) -> None:
    st.header("Where it is from")
    clicked = placemap(now, where.asked(), where.times(), on_open=lambda: _open("placemap"))
    st.caption(
        "Come nearer, and groups fall apart; a click on a picture opens it. Land: Natural Earth. "
        "Towns: GeoNames, CC BY 4.0."
    )
    if clicked.spot:
        question.find(where.around(clicked.spot))
    if clicked.sight:
        question.find(where.inside(clicked.sight))


def _timeline(months: dict[str, int], undated: int) -> None:
    st.header("When it is from")
    clicked = histogram(months, undated, None, key="timeline", on_range=lambda: None, height_px=120)
    if clicked.range and clicked.range["first"]:
        first, last = clicked.range["first"], clicked.range["last"]
        question.find(f"date:{first}" if first == last else f"date:{first}..{last}")


def _concepts(landscape: Landscape) -> None:
    st.header("What is in it")
    if not landscape.concepts:
        st.caption("Nothing stands out.")
        return
    chosen = st.pills(
        "Concepts",
        [name for name, _ in landscape.concepts[:_MOST_CONCEPTS]],
        format_func=lambda name: f"{name} · {dict(landscape.concepts)[name]:,}",
        label_visibility="collapsed",
    )
    named = sum(count for _, count in landscape.concepts)
    st.caption(
        f"{named:,} of {landscape.pictures:,} clearly show one of the things that people mostly take "
        "pictures of, as far as the model can tell."
    )
    if chosen:
        question.find(chosen)


st.title("Overview")
with resources.read() as session:
    now = revision.current(session)
empty = not any(resources.counts().values())
encoder = None if empty else resources.library().service.encoder()
if encoder is None:
    st.info("Nothing is in your library yet.")
    st.page_link("pages/find.py", label="Add the first folder", icon=":material/create_new_folder:")
else:
    landscape = _landscape(now, encoder.name)
    if len(landscape.points) > 2:
        _plane(landscape)
    show_opened(lambda: _listing(landscape, now), question.nothing())
    _timeline(filters.months(now), filters.undated(now))
    if len(places.places(now)):
        _map(now)
    _concepts(landscape)
