"""Conversations with a model about an opened hit, and its answers from what was found: gone with the tab.

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
from ui.app.routes import media
from ui.wording import clock

_NEWS_S = 0.3
_HIT, _LIBRARY = "ask_hit", "ask_library"
_SAID = "ask_said"
_KEPT, _ABOUT = "ask_kept", "ask_about"
"""Keys of the session: the jobs of this tab, what was said of each file and moment, and the last of that."""
_SHOWN_PX = 180

_MAY_BE_WRONG = "A machine answers, which may be wrong. Nothing is done because of what it says."

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
        busy = _job(_HIT).state.active
        st.fragment(_progress, run_every=_NEWS_S if busy else None)(about, busy)
        with st.form("viewer_ask_form", border=False, clear_on_submit=True):
            st.text_input("Your question", key="viewer_question", placeholder="What does the sign say?")
            st.form_submit_button(
                "Ask", icon=":material/send:", disabled=busy, on_click=_start, args=(about,)
            )
        st.caption(_MAY_BE_WRONG)


def _start(about: _About) -> None:
    question = " ".join(str(st.session_state.viewer_question or "").split())
    if not question:
        return
    path, at_s = about
    library, before = resources.library(), tuple(_said(about))

    def ask(on_text: OnText, stopped: Callable[[], bool]) -> Reply:
        return library.ask(question, on=path, at_s=at_s, before=before, on_text=on_text, stopped=stopped)

    st.session_state[_ABOUT] = about
    _job(_HIT).start(question, ask)


def offer_answer(words: str) -> None:
    """A button that has a question answered from the pictures that are found for it."""
    if not words or not resources.has_answerer():
        return
    job, library = _job(_LIBRARY), resources.library()

    def ask(on_text: OnText, stopped: Callable[[], bool]) -> Reply:
        return library.ask(words, on_text=on_text, stopped=stopped)

    st.button(
        "Answer it",
        icon=":material/forum:",
        key="answer_it",
        disabled=job.state.active,
        help="A model looks at the first pictures and answers in words",
        on_click=job.start,
        args=(words, ask),
    )


def show_answer(words: str) -> None:
    """The answer to a question about the library, with the pictures that it names, or else was shown."""
    state = _job(_LIBRARY).state
    if state.question == words and (state.active or state.reply or state.error):
        with st.container(border=True, key="answer"):
            st.fragment(_of_library, run_every=_NEWS_S if state.active else None)(state.active)


def _of_library(was_active: bool) -> None:
    job = _job(_LIBRARY)
    job.spare()
    state = job.state
    if was_active and not state.active:
        st.rerun()
    if state.error is not None:
        resources.explain(state.error)
        return
    _show(state.question, state.reply.text if state.reply else state.text or "…")
    if state.reply is None:
        _stop_button(job, "answer_stop")
        return
    hits = state.reply.rests_on or state.reply.looked_at
    if hits:
        st.markdown("It rests on" if state.reply.rests_on else "It names no picture. It was shown")
    with st.container(horizontal=True):
        for hit in hits:
            with st.container(width=_SHOWN_PX), resources.explained():
                shown = media.still(media.unit(hit.unit_id, hit.path), media.VIEW_SIDE)
                st.image(str(shown), width="stretch", alt=hit.path.name)
                at = "" if hit.start_s is None else f" at {clock(hit.start_s)}"
                st.caption(f"{resources.plain(hit.path.name)}{at}")
    st.caption(_MAY_BE_WRONG)


def _progress(about: _About, was_active: bool) -> None:
    """What there is of the answer; once it is made it belongs to the conversation."""
    state = _job(_HIT).state
    _job(_HIT).spare()
    is_mine = st.session_state.get(_ABOUT) == about
    if state.active:
        if is_mine:
            _show(state.question, state.text or "…")
        else:
            st.caption("A question about something else is still being answered.")
        _stop_button(_job(_HIT), "viewer_ask_stop")
        return
    if state.reply is not None and state.reply is not st.session_state.get(_KEPT):
        st.session_state[_KEPT] = state.reply
        of_reply = (state.reply.path or about[0], state.reply.at_s)
        _said(of_reply).append(Said(state.reply.question, state.reply.text or "…"))
        st.rerun()
    if state.error is not None and is_mine:
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


def _job(key: str) -> AskJob:
    job: AskJob = st.session_state.setdefault(key, AskJob())
    return job


def _stop_button(job: AskJob, key: str) -> None:
    st.button("Stop", icon=":material/stop_circle:", key=key, disabled=job.stopping, on_click=job.stop)
