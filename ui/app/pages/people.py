"""People page: who is in the pictures; who has no name yet is named here, one after the other."""

from functools import partial

import streamlit as st

from db.catalog import revision
from db.catalog.people import Person
from db.errors import TroveError
from trove.people import KEPT
from ui.app import resources
from ui.app.views import indexing
from ui.app.views.persons import ask_name, find_person, offer_changes, show_face
from ui.app.views.undoing import note, note_error, show_last
from ui.wording import by, files

_AT_ONCE = 24
_SHOWN, _HIDDEN, _KEEP = "people_shown", "people_hidden", "people_keep_names"
_FACES = 3
"""Faces of somebody without a name that are shown: enough to see that they are of one person."""


@st.cache_data(show_spinner=False, max_entries=2)
def _people(revision: int) -> list[Person]:  # noqa: ARG001 - asked again when it changes
    return resources.library().people.every()


def _known(person: Person, others: list[Person]) -> None:
    name = person.name or ""
    with st.container(width=170, key=f"person_{person.id}"):
        if person.cover is not None:
            show_face(person.cover, name, width=150)
        st.markdown(f"**{resources.plain(name)}**" + (" (hidden)" if person.hidden else ""))
        told = (files(person.files), by(person.said_by))
        st.caption(" · ".join(resources.plain(one) for one in told if one))
        with st.container(horizontal=True):
            if st.button("Show", icon=":material/search:", key=f"person_{person.id}_show"):
                find_person(name)
            offer_changes(person, others, f"person_{person.id}")


def _unknown(person: Person, others: list[Person]) -> None:
    library = resources.library().people
    with st.container(width=330, border=True, key=f"person_{person.id}"):
        with st.container(horizontal=True):
            for unit_id in library.faces(person.id)[:_FACES]:
                show_face(unit_id, "Somebody without a name", width=84)
        st.caption(f"{person.faces:,} faces in {files(person.files)}")
        ask_name(f"person_{person.id}", "Who is this?", partial(library.name, person.id))
        offer_changes(person, others, f"person_{person.id}")


def _switch_on() -> None:
    try:
        resources.library().people.on()
        resources.index_job().index()
        note("Faces are looked for from now on.")
    except TroveError as exc:
        note_error(exc)


def _switch_off() -> None:
    try:
        count = resources.library().people.off(keep_names=bool(st.session_state.get(_KEEP)))
        st.cache_data.clear()
        note(f"Deleted: {count:,} faces, and what tells them apart.")
    except TroveError as exc:
        note_error(exc)


def _offer_on() -> None:
    st.markdown(
        "Trove can find the people in your pictures by their faces. It looks for none until you want that."
    )
    st.markdown(KEPT)
    st.button("Look for faces", icon=":material/face:", type="primary", on_click=_switch_on)


def _offer_off() -> None:
    with st.popover(
        "Look for no faces any more", icon=":material/delete:", type="tertiary", key="people_off"
    ):
        st.markdown("All faces are deleted, with what tells them apart. Your pictures stay as they are.")
        st.toggle("Keep the names that I gave", key=_KEEP)
        st.button("Delete them", type="primary", on_click=_switch_off)


def _show() -> None:
    with resources.read() as session:
        every = _people(revision.current(session))
    shown = [one for one in every if st.session_state.get(_HIDDEN) or not one.hidden]
    named = [one for one in shown if one.name is not None]
    unnamed = [one for one in shown if one.name is None]
    if not shown:
        st.info(
            "No people are known yet. Faces are found whenever folders are indexed.", icon=":material/face:"
        )
    most = st.session_state.get(_SHOWN, _AT_ONCE)
    if unnamed:
        st.header("Who is this?")
        with st.container(horizontal=True):
            for person in unnamed[:most]:
                _unknown(person, [*named, *(one for one in unnamed if one.id != person.id)])
    if named:
        st.header("People with a name")
        with st.container(horizontal=True):
            for person in named[:most]:
                _known(person, [one for one in [*named, *unnamed] if one.id != person.id])
    if max(len(named), len(unnamed)) > most:
        st.button(
            "More",
            icon=":material/expand_more:",
            on_click=lambda: st.session_state.update({_SHOWN: most + _AT_ONCE}),
        )
    if any(one.hidden for one in every):
        st.toggle("Those whom I have hidden, too", key=_HIDDEN)


st.title("People")
show_last("people")
indexing.progress()
if resources.library().people.is_on:
    st.caption("Faces that look alike are put together. A machine tells that, and may be wrong.")
    _show()
    _offer_off()
else:
    _offer_on()
