"""What can be done with an opened hit, and where its file is."""

from pathlib import Path

import streamlit as st

from db.catalog import hidden
from db.catalog.units import UnitRow
from db.errors import TroveError
from search.answer import Hit
from ui.app import resources
from ui.app.components.copytext import copy_text
from ui.app.routes import media
from ui.app.views import question, reveal
from ui.app.views.correcting import offer_correction
from ui.app.views.eventful import offer_event
from ui.app.views.undoing import show_last
from ui.wording import OFFLINE, by

_HIDDEN_NOW = "viewer_hidden_now"


def show_actions(row: UnitRow | None, hit: Hit, *, kept: bool) -> None:
    """What can be done with a hit; not with the file itself where only its thumbnail is ``kept``."""
    show_last("viewer")
    with st.container(horizontal=True):
        if st.button("Similar to this", icon=":material/image_search:", key="viewer_similar"):
            question.find_similar(hit.path)
        if row is None:
            return
        if not kept:
            st.link_button("Open the file", media.file_url(row), icon=":material/open_in_new:")
            st.link_button("Download", f"{media.file_url(row)}&download=1", icon=":material/download:")
        if not kept and reveal.can_reveal():
            st.button(
                "Show in folder",
                icon=":material/folder_open:",
                key="viewer_reveal",
                on_click=reveal.reveal,
                args=(hit.path,),
            )
        offer_correction([hit], "viewer")
        offer_event(hit, "viewer")
        _hiding(hit)


def show_paths(row: UnitRow | None, hit: Hit) -> None:
    """Where the file is, and the others with its content."""
    if row is None:
        return
    copy_text(str(row.path), "the path", key="viewer_path")
    # As the hit names them: hidden copies are not told.
    copies = [copy for copy in row.copies if copy.path in hit.copies]
    if copies:
        st.caption("The same file is also here:")
    for nth, copy in enumerate(copies):
        copy_text(str(copy.path), "the path of the copy", key=f"viewer_copy_{nth}")
        if copy.offline:
            st.caption(f"That one is {OFFLINE}.")


def _hiding(hit: Hit) -> None:
    """One button that hides the hit, and then undoes that; with its folder, where that is hidden."""
    if st.session_state.pop(_HIDDEN_NOW, False):
        st.toast("It is left out of all answers. The same button shows it again.")
    with resources.read() as session:
        hidden_with = hidden.to_show(session, hit.path)
    if hidden_with is None:
        label, told = (
            "Hide",
            "Leave it out of all answers, with the files that belong to it; is:hidden finds it",
        )
        told += ". It is no protection: the file stays as it is"
    elif not hidden_with.is_folder:
        label, told = "Show it again", "It and the files that belong to it are found again"
    else:
        folder = hidden_with.path
        label = f"Show the folder {resources.plain(folder.name or str(folder))} again"
        told = f"It is hidden with all of {resources.plain(str(folder))}"
    if hidden_with is not None and hidden_with.said_by:
        told += f"; hidden {resources.plain(by(hidden_with.said_by))}"
    st.button(
        label,
        icon=":material/visibility_off:" if hidden_with is None else ":material/visibility:",
        key="viewer_hide",
        help=told,
        on_click=_hide,
        args=(hit.path if hidden_with is None else hidden_with.path, hidden_with is None),
    )


def _hide(path: Path, wanted: bool) -> None:
    library = resources.library()
    try:
        if wanted:
            library.hide(path)
            st.session_state[_HIDDEN_NOW] = True
        else:
            library.unhide(path)
    except TroveError as exc:
        resources.explain(exc)
