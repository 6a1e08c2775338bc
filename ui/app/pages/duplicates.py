"""Duplicates page: identical files, copies and near-identical pictures side by side. It deletes nothing."""

import csv
import io

import streamlit as st

from db.catalog import revision
from indexer.encoders.registry import near_duplicate
from indexer.media.thumbnails import GRID_SIDE
from search.explore.duplicates import Copy, Group, Likeness, comparing
from ui.app import resources
from ui.app.components.copytext import copy_text
from ui.app.routes import media
from ui.wording import OFFLINE, size

_AT_ONCE = 20
_SHOWN = "duplicates_shown"
_TITLES: dict[Likeness, str] = {
    "same": "The same file",
    "copy": "The same picture, saved again",
    "recording": "The same recording",
    "alike": "Nearly the same picture",
}


@st.cache_data(show_spinner="Comparing all pictures and recordings …", max_entries=4)
def _duplicates(revision: int, threshold: float | None, *, saved_again: bool) -> list[Group]:  # noqa: ARG001
    return resources.library().duplicates(threshold=threshold, saved_again=saved_again)


def _group(group: Group) -> None:
    with st.container(border=True):
        st.markdown(
            f"**{_TITLES[group.kind]}**, {len(group.copies)} times · {size(group.spare)} beside the best one"
        )
        with st.container(horizontal=True):
            for at, copy in enumerate(group.copies):
                with st.container(width=260):
                    _copy(copy, group.kind, best=at == 0)


def _copy(copy: Copy, kind: str, *, best: bool) -> None:
    with resources.explained():
        row = media.unit(copy.unit_id, copy.path)
        if row.media != "audio":
            st.image(str(media.still(row, GRID_SIDE)), width=240, alt=copy.path.name)
    pixels = f"{copy.width} × {copy.height}, " if copy.width and copy.height else ""
    mark = " :green-badge[best]" if best else ""
    mark += f" :gray-badge[{OFFLINE}]" if copy.offline else ""
    st.markdown(f"{resources.plain(copy.path.name)}{mark}  \n{pixels}{size(copy.size)}")
    copy_text(str(copy.path), "the path", key=f"{kind} {copy.path}")


def _as_csv(groups: list[Group]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("group", "kind", "best", "bytes", "width", "height", "path"))
    for number, group in enumerate(groups, start=1):
        for at, copy in enumerate(group.copies):
            facts = (copy.size, copy.width, copy.height, str(copy.path).encode(errors="replace").decode())
            writer.writerow((number, group.kind, at == 0, *facts))
    return text.getvalue()


st.title("Duplicates")
st.caption("Trove deletes nothing of yours: it shows you what is there more than once, and where.")
how = st.segmented_control(
    "What to compare",
    ["same", "copy", "alike"],
    format_func={
        "same": "Copies only",
        "copy": "Also saved again",
        "alike": "Also nearly the same pictures",
    }.get,
    default="alike",
    required=True,
    key="duplicates_how",
)
threshold = None
if how == "alike":
    with resources.read() as session:
        space = comparing(session)
    default = near_duplicate(space.model if space else "")
    threshold = st.slider("How alike", 0.85, 1.0, default, 0.01, key="duplicates_likeness")
with resources.read() as session:
    groups = _duplicates(revision.current(session), threshold, saved_again=how == "copy")
if not groups:
    st.info("Nothing is there twice.", icon=":material/check_circle:")
else:
    spare = sum(group.spare for group in groups)
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f"{len(groups):,} {'group' if len(groups) == 1 else 'groups'}"
        st.markdown(f"**{count}**, {size(spare)} could be freed", width="content")
        st.download_button(
            "List as CSV", _as_csv(groups), "duplicates.csv", "text/csv", icon=":material/table:"
        )
    shown = st.session_state.get(_SHOWN, _AT_ONCE)
    for group in groups[:shown]:
        _group(group)
    if len(groups) > shown:
        st.button(
            f"{len(groups) - shown:,} more",
            icon=":material/expand_more:",
            on_click=lambda: st.session_state.update({_SHOWN: shown + _AT_ONCE}),
        )
