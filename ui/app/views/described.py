"""What a model says that an opened hit shows, marked as a machine's, and put right by people."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from db.errors import TroveError
from db.times import is_during
from indexer.correct import Earlier
from indexer.pretrained.vision_language import tidied
from search.answer import Hit
from search.results.texts import Described, described
from ui.app import resources
from ui.app.views.undoing import note, note_error
from ui.wording import clock, whose

_MOST = 20
"""Of a film: of the moment of the hit there are rarely more."""


def show_described(path: Path, hit: Hit) -> None:
    """The descriptions of a hit, each with a form that puts it right."""
    every = described(resources.library().core, path)
    shown = [one for one in every if is_during(one, hit.start_s, hit.end_s)][:_MOST]
    if not shown:
        return
    st.markdown("**What it shows**")
    for one in shown:
        when = "" if one.start_s is None else f"{clock(one.start_s)} "
        # Not as Markdown, which makes links of addresses however its signs are escaped.
        st.text(f"{when}{tidied(one.text)}")
        with st.container(horizontal=True, vertical_alignment="center"):
            said = (
                f"{whose(one.said_by)} words" if one.is_corrected else "a machine's words, which may be wrong"
            )
            st.caption(said, width="content")
            _offer(path, one)


def _offer(path: Path, one: Described) -> None:
    key = f"described_{one.unit_id}"
    with st.popover("Put right", icon=":material/edit:", key=key):
        with st.form(f"{key}_form", border=False):
            st.text_area("What it shows", value=one.text, key=f"{key}_text")
            st.form_submit_button("Save", type="primary", on_click=_put_right, args=(path, one.unit_id, key))
        if one.is_corrected:
            st.button(
                "Use the machine's words",
                type="tertiary",
                key=f"{key}_back",
                on_click=_take_back,
                args=(path, one.unit_id),
            )


def _put_right(path: Path, unit_id: int, key: str) -> None:
    corrections = resources.library().corrections
    try:
        changed = corrections.passage(path, str(st.session_state[f"{key}_text"]), unit_id=unit_id)
    except TroveError as exc:
        note_error(exc)
        return
    _note(changed, "Put right. It is found by these words now, by their meaning after the next indexing.")


def _take_back(path: Path, unit_id: int) -> None:
    corrections = resources.library().corrections
    try:
        changed = corrections.take_back_passage(path, unit_id=unit_id)
    except TroveError as exc:
        note_error(exc)
        return
    _note(changed, "The machine's words are back.")


def _note(changed: Sequence[Earlier], told: str) -> None:
    if changed:
        note(told, partial(resources.library().corrections.undo, changed))
