"""A conversation with a model about an opened hit: asked, read as it comes, stopped, and gone with the tab.

What a model says is shown as plain text: no link in it can be followed, no picture fetched, no code run.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from indexer.pretrained.vision_language import tidied
from search.answer import Hit
from search.asking.answering import OnText, Reply
from search.asking.prompts import Said
from ui.app import resources
from ui.app.jobs import AskJob

_NEWS_S = 0.3
_JOB = "ask_job"
_SAID = "ask_said"
_KEPT = "ask_kept"
"""Keys of the session: the job of this tab, what was said of each file and moment, and what was said last."""

_About = tuple[Path, float | None]


def offer_conversation(path: Path, hit: Hit) -> None:
    """Ask about a picture, or about the moment of a film."""
    about = (path, hit.start_s)
    box = st.expander("Ask about it", icon=":material/forum:", key="viewer_ask", on_change="rerun")
    if not box.open:
        return
    with box:
        for said in _said(about):
            _show(said.question, said.answer)
        busy = _job().state.active
        st.fragment(_progress, run_every=_NEWS_S if busy else None)(about, busy)
        with st.form("viewer_ask_form", border=False, clear_on_submit=True):
            st.text_input("Your question", key="viewer_question", placeholder="What does the sign say?")
            st.form_submit_button(
                "Ask", icon=":material/send:", disabled=busy, on_click=_start, args=(about,)
            )
        st.caption("A machine answers, which may be wrong. Nothing is done because of what it says.")


def _start(about: _About) -> None:
    question = " ".join(str(st.session_state.viewer_question or "").split())
    if not question:
        return
    path, at_s = about
    library, before = resources.library(), tuple(_said(about))

    def ask(on_text: OnText, stopped: Callable[[], bool]) -> Reply:
        return library.ask(question, on=path, at_s=at_s, before=before, on_text=on_text, stopped=stopped)

    _job().start(question, ask)


def _progress(about: _About, was_active: bool) -> None:
    """What there is of the answer; once it is made it belongs to the conversation."""
    state = _job().state
    if state.active:
        _show(state.question, state.text or "…")
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            key="viewer_ask_stop",
            disabled=_job().stopping,
            on_click=_job().stop,
        )
        return
    if state.reply is not None and state.reply is not st.session_state.get(_KEPT):
        st.session_state[_KEPT] = state.reply
        of_reply = (state.reply.path or about[0], state.reply.at_s)
        _said(of_reply).append(Said(state.reply.question, state.reply.text or "…"))
        st.rerun()
    if state.error is not None:
        resources.explain(state.error)
    if was_active:
        st.rerun()


def _show(question: str, answer: str) -> None:
    st.markdown(f"**{resources.plain(question)}**")
    # Not as Markdown, which makes links of addresses however its signs are escaped.
    st.text("\n".join(map(tidied, answer.splitlines())))


def _said(about: _About) -> list[Said]:
    said: dict[_About, list[Said]] = st.session_state.setdefault(_SAID, {})
    return said.setdefault(about, [])


def _job() -> AskJob:
    job: AskJob = st.session_state.setdefault(_JOB, AskJob())
    return job
