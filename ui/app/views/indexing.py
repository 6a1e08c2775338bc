"""Indexing widgets that several pages share: adding a folder, progress, refresh."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from db.errors import SettingsError, TroveError
from db.kinds import CLIP
from db.paths import expanded
from ui.app import resources
from ui.app.jobs import IndexJob, IndexState
from ui.wording import duration, steps_left, waiting

_NEWS_S = 1.0


def add_folder(key: str) -> None:
    """Ask for a folder and index it."""
    with st.form(key, border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "Folder with pictures, videos or recordings",
            key=f"{key}_path",
            placeholder=str(Path.home() / "Pictures"),
            help="Everything in it and in the folders inside it. Your files are only read.",
        )
        submitted = st.form_submit_button(
            "Index this folder", type="primary", icon=":material/create_new_folder:"
        )
    if submitted:
        with resources.explained():
            _index(typed or "")


def _index(typed: str) -> None:
    text = typed.strip().strip("\"'")
    if not text:
        raise SettingsError("no folder is given", "Type or paste the path of a folder.")
    path = expanded(text)
    try:
        exists = path.is_absolute() and path.exists()
    except OSError as exc:
        raise SettingsError(f"{path} cannot be looked at: {exc.strerror}", "Check its permissions.") from exc
    if not exists:
        raise SettingsError(
            f"there is no folder {path} on this machine",
            "Give its whole path, as your file manager shows it.",
        )
    resources.index_job().index([path])
    st.rerun()


def progress() -> bool:
    """Show the progress of indexing, live while it runs; returns whether it runs."""
    with resources.explained():
        active = resources.index_job().state().active
        st.fragment(_progress, run_every=_NEWS_S if active else None)(active)
        return active
    return False


def _progress(was_active: bool) -> None:
    with resources.explained():
        state = resources.index_job().state()
        if was_active != state.active:
            # The rest of the page shows counts that have changed, or must be told that they will.
            st.rerun()
        _draw(state)


def _draw(state: IndexState) -> None:
    match state.phase:
        case "starting":
            st.progress(0.0, _beginning(state))
        case "running":
            st.progress(state.done / state.total if state.total else 1.0, _how_far(state))
            if len(state.left) > 1 and not state.waiting:
                st.caption(f"{steps_left(state.left)}.")
        case "finished":
            _finished(state)
        case "stopped":
            _ended(state, f"Stopped after {state.done:,} of {state.total:,}. What was done is kept.")
        case "interrupted":
            _ended(state, f"Interrupted after {state.done:,} of {state.total:,}. What was done is kept.")
        case "failed":
            failed = "The model was not changed" if state.model else "Indexing failed"
            st.error(
                f"**{failed}.** {resources.plain(resources.sentence(state.error))}",
                icon=":material/error:",
            )
    job = resources.index_job()
    if state.active:
        _controls(job)
    elif job.is_paused:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info("Indexing is paused: what changes in your folders waits.", icon=":material/pause_circle:")
            _resume_button(job)


def _controls(job: IndexJob) -> None:
    with st.container(horizontal=True):
        if job.is_paused:
            _resume_button(job)
        else:
            st.button(
                "Pause",
                icon=":material/pause_circle:",
                key="pause_indexing",
                on_click=job.pause,
                help="It waits until you resume it, here or with `trove resume`, and with this tab closed.",
            )
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            key="stop_indexing",
            on_click=job.stop,
            help="It ends, and gives its memory back. What was done is kept.",
        )


def _resume_button(job: IndexJob) -> None:
    st.button("Resume", icon=":material/play_circle:", key="resume", on_click=job.resume)


def _ended(state: IndexState, text: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(text, icon=":material/stop_circle:")
        st.button("Go on", icon=":material/play_circle:", key="go_on", on_click=_go_on, args=(state,))


def _go_on(state: IndexState) -> None:
    job = resources.index_job()
    try:
        if state.model:
            job.use_model(state.model, role=state.role)
        else:
            job.index()
    except TroveError as exc:
        resources.explain(exc)


def _beginning(state: IndexState) -> str:
    if state.model:
        return f"1 of 3: getting the model {resources.plain(state.model)} ready …"
    return "Looking for pictures, videos and recordings …"


def _how_far(state: IndexState) -> str:
    text = f"Indexing: {state.done:,} of {state.total:,} files"
    if state.model:
        if state.done == state.total:
            return "3 of 3: making its search index …"
        text = f"2 of 3: looking again with {resources.plain(state.model)}: {state.done:,} of {state.total:,}"
    if state.waiting or resources.index_job().is_paused:
        return f"{text} · {waiting(state.waiting) if state.waiting else 'pausing after this batch …'}"
    if state.files_per_s and state.left_s is not None:
        text += f" · {state.files_per_s:.1f} a second · about {duration(state.left_s)} left"
    return text


def _finished(state: IndexState) -> None:
    report = state.report
    when = f"{state.ended_at:%H:%M on} {state.ended_at.day} {state.ended_at:%B}" if state.ended_at else ""
    if "embedded" in report:
        model = resources.plain(str(report.get("model", "")))
        st.caption(f"At {when} {_changed(report)} {model}: {report['embedded']:,} looked at again.")
        return
    names = {
        "indexed": "new",
        "reused": "already known",
        "unchanged": "unchanged",
        "removed": "gone",
        "left_out": "newly left out",
        "skipped": "skipped",
        "cloud": "in the cloud, not read",
        "failed": "failed",
        "unfinished": "not finished yet",
    }
    parts = [f"{report[key]:,} {name}" for key, name in names.items() if report.get(key)]
    if away := sum(report.get("offline", {}).values()):
        parts.append(f"{away:,} on a drive that is not connected")
    st.caption(
        f"Last indexed at {when}: {report.get('found', 0):,} files in {duration(report.get('seconds', 0))}"
        + (f" ({', '.join(parts)})." if parts else ".")
    )


def _changed(report: Mapping[str, Any]) -> str:
    """What a change of the model did, before the model's name."""
    if report.get("role", CLIP) == CLIP:
        return "the model was changed to"
    return "the library was looked at with"


def refresh(*, retry: bool = False, gone: Path | None = None) -> None:
    """Index the changes in all folders, or retry the files that failed. For callbacks.

    ``gone``: a folder whose missing files are gone.
    """
    job = resources.index_job()
    try:
        if retry:
            job.retry()
        elif gone is not None:
            job.index([gone], gone=True)
        else:
            job.index()
    except TroveError as exc:
        resources.explain(exc)
