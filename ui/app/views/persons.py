"""People in the app: faces cut out of pictures when they are shown, and what users say of whom they show."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import streamlit as st
from PIL import Image

from db.catalog import face_groups, people, revision, stacks
from db.catalog.people import FaceSeen, NamedHere, Person
from db.catalog.units import Region
from db.errors import MediaError, TroveError
from db.times import is_during
from indexer.people.keeping import LONGEST_NAME, EarlierPeople
from indexer.people.suggestions import Suggestion
from search.answer import Hit
from search.query.language import in_quotes
from ui.app import resources
from ui.app.components.region import region
from ui.app.routes import media
from ui.app.uploads import uploads
from ui.app.views import question
from ui.app.views.question import Question
from ui.app.views.undoing import note, note_error

_SIDE = 240
"""Pixels of a face that is shown."""
_MOST = 20


@st.cache_data(show_spinner=False, max_entries=500)
def _cut(unit_id: int, region: Region) -> Image.Image | None:
    """A face, kept in memory alone."""
    try:
        path = media.still(media.unit(unit_id), media.VIEW_SIDE)
    except MediaError:
        return None
    return part(path, region)


def part(path: Path, region: Region) -> Image.Image:
    """A square around a region of a picture."""
    with Image.open(path) as image:
        width, height = image.size
        side = 1.3 * max(region.w * width, region.h * height)
        middle = (region.x + region.w / 2) * width, (region.y + region.h / 2) * height
        box = tuple(
            round(value) for at in (-side / 2, side / 2) for value in (middle[0] + at, middle[1] + at)
        )
        return image.convert("RGB").crop(box).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)


def show_face(unit_id: int, name: str, width: int = 120) -> None:
    """A face by its unit."""
    with resources.read() as session:
        face = face_groups.face(session, unit_id)
    cut = None if face is None else _cut(unit_id, face.region)
    if cut is not None:
        st.image(cut, width=width, alt=name)


def find_person(name: str) -> None:
    """Go to the Find page and ask for all that somebody is in."""
    question.find(f"person:{in_quotes(name)}")


def ask_name(
    key: str, label: str, on_named: Callable[[str], EarlierPeople], told: str = "That is {}."
) -> None:
    """A box for the name of somebody; Enter keeps it, and it is ``told``."""

    def keep() -> None:
        name = (st.session_state.get(f"{key}_name") or "").strip()
        if name:
            change(told.format(name), lambda: on_named(name))

    with st.form(f"{key}_form", border=False, clear_on_submit=True):
        st.text_input(label, max_chars=LONGEST_NAME, key=f"{key}_name", placeholder="Name")
        st.form_submit_button("Keep", on_click=keep)


@st.cache_data(show_spinner=False, max_entries=2)
def suggestions(at: int) -> list[Suggestion]:  # noqa: ARG001 - asked again when it changes
    """Who, without a name, may be somebody with one."""
    return resources.library().people.suggestions()


def offer_suggestion(suggestion: Suggestion, key: str) -> None:
    """Who it may be, to be confirmed or denied with a click each."""
    library, person = resources.library().people, suggestion.person
    name = person.name or ""
    with st.container(horizontal=True, vertical_alignment="center"):
        if person.cover is not None:
            show_face(person.cover, name, width=48)
        st.markdown(f"Perhaps **{resources.plain(name)}**?", width="stretch")
    with st.container(horizontal=True):
        st.button(
            "Yes",
            icon=":material/check:",
            key=f"{key}_yes",
            on_click=change,
            args=(f"That is {name}.", partial(library.name_face, suggestion.faces[0], name)),
        )
        st.button(
            "No",
            icon=":material/close:",
            key=f"{key}_no",
            help="It is not asked again",
            on_click=change,
            args=(f"That is not {name}.", partial(library.not_them, suggestion.faces, person.id)),
        )


def offer_changes(person: Person, others: Sequence[Person], key: str) -> None:
    """A popover that renames somebody, merges them with somebody else, hides or forgets them."""
    library = resources.library().people
    others = [one for one in others if one.id != person.id]
    with st.popover("Change", icon=":material/edit:", type="tertiary", key=f"{key}_change"):
        if person.name is not None:
            with st.form(f"{key}_renaming", border=False):
                st.text_input("Name", value=person.name, max_chars=LONGEST_NAME, key=f"{key}_new")
                st.form_submit_button("Rename", on_click=_rename, args=(person, f"{key}_new"))
        if others:
            with st.form(f"{key}_merging", border=False):
                st.selectbox(
                    "The same person as",
                    others,
                    format_func=lambda one: one.name or f"number {one.id}",
                    index=None,
                    placeholder="Somebody else",
                    key=f"{key}_other",
                )
                st.form_submit_button("Merge", on_click=_merge, args=(person, f"{key}_other"))
        label, told = ("List again", "Listed again.") if person.hidden else ("Hide", "Hidden.")
        st.button(
            label,
            icon=":material/visibility:" if person.hidden else ":material/visibility_off:",
            type="tertiary",
            key=f"{key}_hide",
            help=None if person.hidden else "Left out here and among the names; the pictures stay",
            on_click=change,
            args=(told, partial(library.hide, person.id, hidden=not person.hidden)),
        )
        with st.expander("Forget", icon=":material/person_remove:"):
            st.markdown(
                "The name and the faces are deleted, with what tells them apart. The pictures stay. "
                "**This cannot be undone.**"
            )
            st.button("Forget for good", key=f"{key}_forget", on_click=_forget, args=(person,))


def show_people(hit: Hit) -> None:
    """Who is in an opened hit: each leads to all of theirs; who is not known can be named."""
    with resources.read() as session:
        content_id = stacks.content_at(session, hit.path)
        faces = [] if content_id is None else people.of_content(session, content_id)
        others = [] if content_id is None else people.also_in(session, content_id)
    seen = [face for face in faces if is_during(face, hit.start_s, hit.end_s)][:_MOST]
    can_add = content_id is not None and hit.media != "audio" and resources.library().people.is_on
    if not (seen or others or can_add):
        return
    st.markdown("**People in it**")
    with st.container(horizontal=True, key="viewer_people"):
        perhaps = _perhaps() if any(face.name is None for face in seen) else {}
        for face in seen:
            _offer_face(face, perhaps.get(face.unit_id))
        for one in others:
            _offer_named(one)
        if can_add:
            _offer_adding(hit)
    if seen:
        st.caption("A machine tells faces apart, and may be wrong.")


def _perhaps() -> Mapping[int, Suggestion]:
    """Who faces without a name may be, by their units."""
    with resources.read() as session:
        at = revision.current(session)
    return {unit_id: one for one in suggestions(at) for unit_id in one.faces}


def _offer_face(face: FaceSeen, suggestion: Suggestion | None) -> None:
    library, key = resources.library().people, f"face_{face.unit_id}"
    with st.popover(resources.plain(face.name or "Who is this?"), icon=":material/face:", key=key):
        show_face(face.unit_id, face.name or "a face")
        if face.name is not None and st.button("See all", icon=":material/search:", key=f"{key}_all"):
            find_person(face.name)
        if suggestion is not None:
            offer_suggestion(suggestion, key)
        label = "Somebody else" if face.name or suggestion else "Name"
        ask_name(key, label, partial(library.name_face, face.unit_id))
        if face.group_id is not None:
            st.button(
                f"It is not {resources.plain(face.name)}"
                if face.name
                else "It is somebody else than in other pictures",
                type="tertiary",
                key=f"{key}_not",
                on_click=change,
                args=("Noted.", partial(library.not_them, [face.unit_id])),
            )
            st.button(
                "Show this face for them",
                type="tertiary",
                key=f"{key}_show",
                on_click=change,
                args=("It stands for them now.", partial(library.show, face.unit_id)),
            )


def _offer_named(one: NamedHere) -> None:
    """Somebody whose face was not found; whom users have added can be taken out again."""
    key, name = f"named_{one.unit_id}", resources.plain(one.name)
    with st.popover(name, icon=":material/person:", key=key):
        said = "You have added them" if one.by_hand else "The file says so"
        st.caption(f"{said}; no face of theirs was found in it.")
        if st.button("See all", icon=":material/search:", key=f"{key}_all"):
            find_person(one.name)
        if one.by_hand:
            st.button(
                f"{name} is not in it",
                type="tertiary",
                key=f"{key}_out",
                on_click=change,
                args=(f"{one.name} is not in it.", partial(resources.library().people.take_out, one.unit_id)),
            )


def _offer_adding(hit: Hit) -> None:
    """Add somebody whose face was not found; in a picture perhaps with a box around them."""
    key = f"adding_{hit.unit_id}"
    with st.popover("Add somebody", icon=":material/person_add:", key=key):
        where = None
        if hit.media == "image":
            data = {
                "name": hit.path.name,
                "src": media.view_url(hit.unit_id),
                "region": None,
                "label": "Where they are",
                "help": "Draw a box around somebody; without one they are somewhere in it",
            }
            where = region(data, key=f"{key}_region")
        add = resources.library().people.add
        ask_name(key, "Who is in it?", lambda name: add(hit.path, name, where), "{} is in it.")


def offer_who(asked: Question) -> None:
    """Who is in the picture that was given to search with, as far as the library knows them."""
    upload = uploads().get(asked.upload) if asked.upload else None
    if upload is None or not asked.shows or not resources.library().people.is_on:
        return
    with st.popover("Who is this?", icon=":material/face:", key="who"), resources.explained():
        faces = resources.library().people.who(upload.path)
        if not faces:
            st.markdown("No face is found in it.")
        for at, face in enumerate(faces):
            with st.container(horizontal=True, vertical_alignment="center", key=f"who_{at}"):
                st.image(part(upload.path, face.region), width=72, alt="A face in your picture")
                if face.group_id is None:
                    st.markdown("Nobody whom your library knows", width="content")
                elif face.name is None:
                    st.markdown("Somebody without a name yet: see the page People", width="content")
                elif st.button(resources.plain(face.name), key=f"who_{at}_all", help="See all"):
                    find_person(face.name)


def change(told: str, say: Callable[[], EarlierPeople]) -> None:
    """Make a change, tell of it, and offer to undo it; or say why it cannot be made."""
    try:
        note(resources.plain(told), partial(resources.library().people.undo, say()))
    except TroveError as exc:
        note_error(exc)


def _rename(person: Person, typed: str) -> None:
    name = st.session_state.get(typed) or ""
    change("Renamed.", lambda: resources.library().people.name(person.id, name))


def _merge(person: Person, chosen: str) -> None:
    other = st.session_state.get(chosen)
    if other is not None:
        change("They are one person now.", lambda: resources.library().people.merge([person.id, other.id]))


def _forget(person: Person) -> None:
    try:
        resources.library().people.forget(person.id)
        note("Forgotten. In new pictures nobody knows them.")
    except TroveError as exc:
        note_error(exc)
