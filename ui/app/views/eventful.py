"""What people say of events: of one on its page, and of the one that an opened hit is of."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from db.catalog import events
from db.catalog.events import Event
from db.errors import TroveError
from indexer.events.keeping import LONGEST_NAME, EarlierEvents
from search.answer import Hit
from search.query.language import in_quotes
from ui.app import resources
from ui.app.views import question
from ui.app.views.undoing import note, note_error


def find_event(name: str) -> None:
    """Go to the Find page and ask for all of an event."""
    question.find(f"event:{in_quotes(name)}")


def offer_changes(event: Event, others: Sequence[Event], key: str) -> None:
    """A popover that renames an event, merges it with another one, or takes back what was said of it."""
    with st.popover("Change", icon=":material/edit:", type="tertiary", key=f"{key}_change"):
        with st.form(f"{key}_form", border=False):
            st.text_input("Name", value=event.name, max_chars=LONGEST_NAME, key=f"{key}_name")
            st.form_submit_button("Rename", on_click=_rename, args=(event, f"{key}_name"))
        if others:
            with st.form(f"{key}_merging", border=False):
                st.selectbox(
                    "Make one event of this and",
                    list(others),
                    format_func=lambda one: one.name,
                    index=None,
                    placeholder="Another event",
                    key=f"{key}_other",
                )
                st.form_submit_button("Merge", on_click=_merge, args=(event, f"{key}_other"))
        if event.said:
            st.button(
                "Use what Trove finds", type="tertiary", key=f"{key}_back", on_click=_take_back, args=(event,)
            )
        st.caption("To split it, open the first picture of the later part: it has a button *Event*.")


def offer_event(hit: Hit, key: str) -> None:
    """A popover about the event of an opened hit, where it is of one."""
    with resources.read() as session:
        event = events.at(session, hit.path)
    if event is None:
        return
    name = str(event.value)
    with st.popover("Event", icon=":material/event:", key=f"{key}_event"):
        st.markdown(f"**{resources.plain(name)}**")
        if st.button("See all of it", icon=":material/search:", key=f"{key}_event_all"):
            find_event(name)
        st.button(
            "Begin another event here",
            icon=":material/content_cut:",
            key=f"{key}_split",
            help="This and what was taken later become an event of their own",
            on_click=_split,
            args=(hit,),
        )
        st.button(
            "It is not of this event",
            icon=":material/event_busy:",
            key=f"{key}_out",
            help="It is of no event then, with the files that belong to it",
            on_click=_take_out,
            args=(hit,),
        )


def _rename(event: Event, typed: str) -> None:
    name = st.session_state.get(typed) or ""
    _change("Renamed.", lambda: resources.library().events.rename(event.id, name))


def _merge(event: Event, chosen: str) -> None:
    other = st.session_state.get(chosen)
    if other is not None:
        _change("They are one event now.", lambda: resources.library().events.merge([event.id, other.id]))


def _split(hit: Hit) -> None:
    _change("Another event begins here.", lambda: resources.library().events.split(hit.path))


def _take_out(hit: Hit) -> None:
    _change("It is of no event now.", lambda: resources.library().events.take_out([hit.path]))


def _take_back(event: Event) -> None:
    _change("What Trove finds counts again.", lambda: resources.library().events.take_back(event.id))


def _change(told: str, change: Callable[[], EarlierEvents]) -> None:
    try:
        note(told, partial(resources.library().events.undo, change()))
    except TroveError as exc:
        note_error(exc)
