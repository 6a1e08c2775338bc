"""Library: what is in it, how it got there, and what could not be read."""

import streamlit as st

from db import catalog
from indexer.encoders.registry import PRESETS
from search.overview import Overview, overview
from ui import indexing, resources

_MOST_FAILURES = 200


def _counts(facts: Overview) -> None:
    with st.container(horizontal=True):
        for label, count in {
            "Pictures": facts.units["image"],
            "Video moments": facts.units["frame"],
            "Spoken passages": facts.units["speech"],
            "Files": facts.assets,
            "Failed": facts.failed,
        }.items():
            st.metric(label, f"{count:,}", border=True, width=150)
    if facts.model:
        fresh = "up to date" if facts.index.fresh else "the next search brings it up to date"
        st.caption(
            f"Model {resources.plain(facts.model)}{_languages(facts.model)}"
            f" · Search index: {facts.index.vectors:,} vectors, {fresh}"
            f" · Kept in {resources.plain(facts.library)}"
        )


def _languages(model: str) -> str:
    """What the model understands, so that nobody asks it in vain."""
    known = [info.languages for info in PRESETS.values() if info.model == model]
    return f", understands {known[0]}" if known else ""


def _folders() -> None:
    st.subheader("Folders")
    with resources.database().read() as session:
        roots = catalog.roots(session)
    for root in roots:
        there = "" if root.exists() else " :orange-badge[not connected]"
        st.markdown(f":material/folder: {resources.plain(str(root))}{there}")
    if indexing.progress():
        return
    indexing.add_folder("add_folder")
    if roots:
        st.button(
            "Refresh all",
            icon=":material/refresh:",
            key="refresh_all",
            help="Look for new, changed and deleted files in all folders",
            on_click=indexing.refresh,
        )


def _failed() -> None:
    with resources.database().read() as session:
        failures = catalog.failures(session)
    if not failures:
        return
    st.subheader("Files that could not be read")
    shown = failures[:_MOST_FAILURES]
    # Not st.dataframe: it cuts long reasons short, and draws them where no screen reader finds them.
    st.table(
        {
            "File": [resources.plain(str(failure.path)) for failure in shown],
            "Reason": [resources.plain(resources.sentence(failure.reason)) for failure in shown],
            "Attempts": [failure.attempts for failure in shown],
        },
        border="horizontal",
        hide_index=True,
    )
    if len(failures) > len(shown):
        st.caption(f"And {len(failures) - len(shown):,} more, which `trove failures` lists.")
    st.button(
        "Try them again",
        icon=":material/replay:",
        key="retry",
        disabled=resources.index_job().state().active,
        on_click=indexing.refresh,
        kwargs={"retry": True},
    )


facts = overview(resources.database(), resources.settings())
_counts(facts)
_folders()
_failed()
