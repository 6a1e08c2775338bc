"""A form that corrects when and where selected or opened hits were taken, and undoes that."""

from collections.abc import Sequence
from functools import cache, partial
from zoneinfo import available_timezones

import streamlit as st

from db.errors import TroveError
from indexer.correct import Earlier
from search.answer import Hit
from ui.app import resources
from ui.app.views.undoing import note, note_error
from ui.wording import files

_FIELDS = ("date", "shift", "zone", "place")


@cache
def _zones() -> list[str]:
    """The names of all time zones; to read them takes a tenth of a second."""
    return sorted(name for name in available_timezones() if "/" in name)


def offer_correction(hits: Sequence[Hit], key: str) -> None:
    """A popover with the form; ``key`` tells several on a page apart."""
    with st.popover("Date and place", icon=":material/edit_calendar:", key=f"{key}_correct"):
        with st.form(f"{key}_form", border=False):
            when, by = st.columns(2)
            when.text_input("Taken", placeholder="14 July 2023 18:05", key=f"{key}_date")
            by.text_input("Or shift by", placeholder="+2h", key=f"{key}_shift")
            where, zone = st.columns(2)
            where.text_input("Place", placeholder="Porto, or 41.15,-8.61", key=f"{key}_place")
            zone.selectbox(
                "Time zone",
                _zones(),
                index=None,
                placeholder="As its place or file says",
                key=f"{key}_zone",
            )
            st.caption(
                f"Of {files(len({hit.path for hit in hits}))} and what belongs together. What you say goes "
                "before what files say, and leaves them as they are."
            )
            st.form_submit_button("Correct", type="primary", on_click=_correct, args=(hits, key))
        st.button(
            "Use what the files say", type="tertiary", key=f"{key}_back", on_click=_take_back, args=(hits,)
        )


def _correct(hits: Sequence[Hit], key: str) -> None:
    typed = {field: (st.session_state.get(f"{key}_{field}") or "").strip() for field in _FIELDS}
    corrections = resources.library().corrections
    try:
        changed = corrections.typed([hit.path for hit in hits], **typed)
    except TroveError as exc:
        note_error(exc)
        return
    count = len({item.sha256 for item in changed})
    _note(changed, f"Corrected: {files(count)}." if changed else "Nothing has changed.")
    for field in _FIELDS:
        st.session_state[f"{key}_{field}"] = None if field == "zone" else ""


def _take_back(hits: Sequence[Hit]) -> None:
    changed = resources.library().corrections.take_back([hit.path for hit in hits])
    _note(changed, "What the files say counts again." if changed else "Nothing was corrected.")


def _note(changed: Sequence[Earlier], told: str) -> None:
    note(told, partial(resources.library().corrections.undo, changed) if changed else None)
