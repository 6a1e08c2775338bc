"""Events page: journeys, parties and other events by years, each with a picture; named and merged here."""

from itertools import groupby

import streamlit as st

from db.catalog import revision
from db.catalog.events import Event
from indexer.media.thumbnails import GRID_SIDE
from ui.app import resources
from ui.app.routes import media
from ui.app.views.eventful import find_event, offer_changes
from ui.app.views.undoing import show_last
from ui.wording import by, files, told_words

_AT_ONCE = 24
_SHOWN = "events_shown"
_YEAR = "events_year"
_NEAR = 12
"""Events before and after one with which it can be merged."""


@st.cache_data(show_spinner=False, max_entries=2)
def _events(revision: int) -> list[Event]:  # noqa: ARG001 - asked again when it changes
    return resources.library().events.every()


def _card(event: Event, others: list[Event]) -> None:
    with st.container(width=260, key=f"event_{event.id}"):
        with resources.explained():
            if event.cover is not None:
                st.image(str(media.still(media.unit(event.cover), GRID_SIDE)), width=240, alt=event.name)
        st.markdown(f"**{resources.plain(event.name)}**")
        guess = told_words(event.words)
        told = (files(event.files), guess, by(event.said_by))
        st.caption(" · ".join(resources.plain(one) for one in told if one))
        with st.container(horizontal=True):
            if st.button("Show", icon=":material/search:", key=f"event_{event.id}_show"):
                find_event(event.name)
            offer_changes(event, others, f"event_{event.id}")


def _near(at: int, every: list[Event]) -> list[Event]:
    """The events around one, the nearest in time first."""
    around = [one for one in range(at - _NEAR, at + _NEAR + 1) if one != at and 0 <= one < len(every)]
    return [every[one] for one in sorted(around, key=lambda one: abs(one - at))]


st.title("Events")
st.caption(
    "Pictures and films near in time and place. Names say where and when, as far as that is known; what they "
    "perhaps show is a guess."
)
with resources.read() as session:
    every = _events(revision.current(session))
show_last("events")
if not every:
    st.info(
        "No events are known yet. They are found in the dates of pictures, whenever folders are indexed.",
        icon=":material/event:",
    )
else:
    years = sorted({event.first.year for event in every}, reverse=True)
    year = None
    if len(years) > 1:
        year = st.pills("Year", years, key=_YEAR)
    shown = [(at, event) for at, event in enumerate(every) if year in (None, event.first.year)]
    most = st.session_state.get(_SHOWN, _AT_ONCE)
    for of_year, events in groupby(shown[:most], key=lambda item: item[1].first.year):
        st.header(str(of_year))
        with st.container(horizontal=True):
            for at, event in events:
                _card(event, _near(at, every))
    if len(shown) > most:
        st.button(
            f"{len(shown) - most:,} more",
            icon=":material/expand_more:",
            on_click=lambda: st.session_state.update({_SHOWN: most + _AT_ONCE}),
        )
