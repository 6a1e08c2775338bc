"""What the last change did, told beside where it was made, with a button that undoes it."""

from collections.abc import Callable

import streamlit as st

from db.errors import TroveError
from ui.app import resources

_LAST = "last_change"
"""Key of the session: what is told of the last change, and what undoes it."""


def note(told: str, undo: Callable[[], object] | None = None) -> None:
    """Tell what a change did, and offer to undo it."""
    st.session_state[_LAST] = (f":material/check: {told}", undo)


def note_error(exc: TroveError) -> None:
    """Tell why nothing was changed; what a callback writes comes at the top, behind an opened hit."""
    said = f"**{resources.plain(resources.sentence(str(exc)))}** {resources.plain(exc.hint)}"
    st.session_state[_LAST] = (f":material/error: {said}", None)


def show_last(key: str) -> None:
    """What the last change did, until people have seen it; ``key`` tells several on a page apart."""
    place = st.empty()  # there in any case, so that what is below stays what it is
    if (last := st.session_state.get(_LAST)) is None:
        return
    told, undo = last
    with place.container(horizontal=True, vertical_alignment="center", key=f"{key}_changed"):
        st.markdown(told, width="content")
        if undo is not None:
            st.button("Undo", icon=":material/undo:", key=f"{key}_undo", on_click=_undo)
        st.button("Done", type="tertiary", key=f"{key}_done", on_click=_seen)


def _seen() -> None:
    st.session_state.pop(_LAST, None)


def _undo() -> None:
    _, undo = st.session_state.pop(_LAST)
    try:
        undo()
        note("Undone.")
    except TroveError as exc:
        note_error(exc)
