"""Actions on selected hits: export as ZIP or CSV, copy to a folder, list the paths."""

from pathlib import Path

import streamlit as st

from db.paths import expanded
from search.answer import Hit
from search.results.export import copy_to, words_beside
from search.results.listing import Listing
from ui.app import resources
from ui.app.components.copytext import copy_text
from ui.app.routes import feeds, media
from ui.app.views import question
from ui.app.views.correcting import offer_correction
from ui.app.views.undoing import show_last

_CLEARED = "selection_cleared"
_HIGH_PX = 300


def chosen(listing: Listing) -> list[Hit]:
    """The selected hits, in the order of the list."""
    state = st.session_state.get("gallery")
    ids = set(state.selected or ()) if state is not None else set()
    hits = [hit for unit_id in ids if (hit := listing.hit(unit_id)) is not None]
    return sorted(hits, key=lambda hit: hit.rank)


def cleared() -> int:
    """How often the selection was cleared."""
    return int(st.session_state.get(_CLEARED, 0))


def _clear() -> None:
    st.session_state[_CLEARED] = cleared() + 1


def bar(hits: list[Hit], token: str) -> None:
    """Show what is selected and what can be done with it."""
    show_last("selection")
    if not hits:
        return
    ids = [hit.unit_id for hit in hits]
    files = len({hit.path for hit in hits})
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="selection"):
        st.markdown(f"**{len(hits)} selected**", width="content")
        # Where people use fingers, a tile has no button for it.
        if len(hits) == 1 and st.button("Similar", icon=":material/image_search:", key="selection_similar"):
            question.find_similar(hits[0].path)
        st.link_button(
            f"ZIP of {files} {'file' if files == 1 else 'files'}",
            feeds.export_url(token, "zip", ids),
            icon=":material/folder_zip:",
        )
        st.link_button("CSV", feeds.export_url(token, "csv", ids), icon=":material/table:")
        offer_correction(hits, "selection")
        with st.popover("Copy to a folder", icon=":material/drive_file_move:"):
            _copy(hits)
        with st.popover("Paths", icon=":material/content_copy:"):
            paths = "\n".join(dict.fromkeys(str(hit.path) for hit in hits))
            copy_text(paths, "the paths", key="selected_paths", most_px=_HIGH_PX)
        st.button("Clear", icon=":material/close:", type="tertiary", key="clear_selection", on_click=_clear)


def _copy(hits: list[Hit]) -> None:
    with st.form("copy_to", border=False):
        typed = st.text_input("Folder on this machine", placeholder=str(Path.home() / "Found"))
        if st.form_submit_button("Copy", type="primary"):
            with resources.explained():
                files = [media.file_of(media.unit(hit.unit_id, hit.path)) for hit in hits]
                beside = words_beside(resources.library().core, files)
                copies = copy_to(files, expanded((typed or "").strip()), beside)
                st.success(f"Copied {len(copies)} {'file' if len(copies) == 1 else 'files'}.")
