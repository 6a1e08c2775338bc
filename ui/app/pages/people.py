"""People page: who is in the pictures; who has no name yet is named here, one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st

from db.catalog import revision
from db.catalog.people import Person
from db.errors import TroveError
from indexer.people.suggestions import Suggestion
from trove.people import KEPT
from ui.app import resources
from ui.app.views import indexing
from ui.app.views.persons import (
    ask_name,
    find_person,
    offer_changes,
    offer_suggestion,
    show_face,
    suggestions,
)
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


def _faces(unit_ids: Sequence[int]) -> None:
    with st.container(horizontal=True):
        for unit_id in unit_ids[:_FACES]:
            show_face(unit_id, "Somebody without a name", width=84)


def _unknown(person: Person, others: list[Person], suggestion: Suggestion | None = None) -> None:
    library = resources.library().people
    with st.container(width=330, border=True, key=f"person_{person.id}"):
        _faces(library.faces(person.id))
        st.caption(f"{person.faces:,} faces in {files(person.files)}")
        if suggestion is not None:
            offer_suggestion(suggestion, f"person_{person.id}")
        label = "Who is this?" if suggestion is None else "Or somebody else"
        ask_name(f"person_{person.id}", label, partial(library.name, person.id))
        offer_changes(person, others, f"person_{person.id}")


def _single(suggestion: Suggestion) -> None:
    """One face that is in no group, and is near somebody."""
    (unit_id,) = suggestion.faces
    with st.container(width=330, border=True, key=f"face_{unit_id}"):
        _faces(suggestion.faces)
        offer_suggestion(suggestion, f"face_{unit_id}")
        name = partial(resources.library().people.name_face, unit_id)
        ask_name(f"face_{unit_id}", "Or somebody else", name)


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
        at = revision.current(session)
    every, suggested = _people(at), suggestions(at)
    shown = [one for one in every if st.session_state.get(_HIDDEN) or not one.hidden]
    if not shown:
        st.info(
            "No people are known yet. Faces are found whenever folders are indexed.", icon=":material/face:"
        )
    named = [one for one in shown if one.name is not None]
    unnamed = {one.id: one for one in shown if one.name is None}
    most = st.session_state.get(_SHOWN, _AT_ONCE)
    perhaps = {one.group_id for one in suggested}
    unknown = [one for one in unnamed.values() if one.id not in perhaps]
    others = [*named, *unnamed.values()]
    with _section("The same person?", suggested):
        for suggestion in suggested[:most]:
            if suggestion.group_id is None:
                _single(suggestion)
            elif (person := unnamed.get(suggestion.group_id)) is not None:
                _unknown(person, others, suggestion)
    with _section("Who is this?", unknown):
        for person in unknown[:most]:
            _unknown(person, others)
    with _section("People with a name", named):
        for person in named[:most]:
            _known(person, others)
    if max(len(named), len(unknown), len(suggested)) > most:
        st.button(
            "More",
            icon=":material/expand_more:",
            on_click=lambda: st.session_state.update({_SHOWN: most + _AT_ONCE}),
        )
    if any(one.hidden for one in every):
        st.toggle("Those whom I have hidden, too", key=_HIDDEN)


@contextmanager
def _section(title: str, own: Sequence[object]) -> Iterator[None]:
    """A row of cards below a heading, where there are any."""
    if own:
        st.header(title)
    with st.container(horizontal=True):
        yield


st.title("People")
show_last("people")
indexing.progress()
if resources.library().people.is_on:
    st.caption("Faces that look alike are put together. A machine tells that, and may be wrong.")
    _show()
    _offer_off()
else:
    _offer_on()
