"""Find: the question, the verdict, the hits."""

import streamlit as st

from db import catalog
from indexer.decode import EXTENSIONS
from search.answer import Answer
from ui import indexing, question, resources
from ui.gallery import KINDS, gallery
from ui.question import Question
from ui.viewer import open_hit

_PICTURES = sorted(suffix for suffix, kind in EXTENSIONS.items() if kind == "image")
_VERDICTS = {
    "found": ":green[:material/check_circle:] **Found**",
    "unsure": ":orange[:material/help:] **These are the nearest, but perhaps not what you mean**",
    "absent": ":gray[:material/search_off:] **Not in your library.** These are the nearest:",
}


def _ask() -> Question:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "What are you looking for?",
            key=question.WORDS,
            type="search",
            placeholder="A dog on the beach, or something that was said",
            label_visibility="collapsed",
            bind="query-params",
            width="stretch",
        )
        with st.popover("Picture", icon=":material/add_photo_alternate:", help="Search with a picture"):
            st.file_uploader(
                "A picture like what you look for", type=_PICTURES, key=question.UPLOAD, max_upload_size=50
            )
    st.segmented_control(
        "Kind",
        ["all", *KINDS],
        format_func={"all": "Everything", "image": "Pictures", "frame": "Video", "speech": "Spoken"}.get,
        default="all",
        required=True,
        key=question.KIND,
        label_visibility="collapsed",
        bind="query-params",
    )
    asked = question.current()
    _chips(asked)
    return asked


def _chips(asked: Question) -> None:
    """The pictures in the question, where one can see them and take them out."""
    if asked.like is None and asked.upload is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if asked.upload is not None:
            st.markdown(f"Like your picture **{resources.plain(asked.upload.name)}**", width="content")
        if asked.like is not None:
            st.button(
                f"Similar to {resources.plain(asked.like.name)}",
                icon=":material/close:",
                help="Search without it",
                key="forget_similar",
                on_click=question.forget_similar,
            )


def _show(asked: Question) -> None:
    found = question.answer(asked)
    with st.container(horizontal=True, vertical_alignment="center"):
        _verdict(found)
        _draw_it(asked, found)
    opened = gallery(found.hits, on_open=_noted, on_similar=lambda: _similar(found))
    if len(found.hits) % question.PAGE == 0 and found.hits:
        st.button("More", icon=":material/expand_more:", key="more", on_click=question.more)
    if opened.open is not None:
        hit = next((hit for hit in found.hits if hit.unit_id == opened.open), None)
        if hit is not None:
            open_hit(hit)


def _verdict(found: Answer) -> None:
    st.markdown(_VERDICTS[found.verdict], width="content")
    st.caption(f"{found.confidence:.0%} sure · {found.took_ms:.0f} ms", width="content")


def _noted() -> None:
    """The click is in the component's result; Streamlit asks for a callback to make it a trigger."""


def _similar(found: Answer) -> None:
    clicked = st.session_state.gallery.similar
    hit = next((hit for hit in found.hits if hit.unit_id == clicked), None)
    if hit is not None:
        question.ask_similar(hit.path)


def _draw_it(asked: Question, found: Answer) -> None:
    if asked.words:
        # A link, since Streamlit's switch_page refuses to leave a page with widgets bound to its address.
        st.page_link(
            "pages/draw.py",
            label="Not it? Draw it" if found.verdict == "found" else "**Draw it**",
            icon=":material/brush:",
            help="Make a picture of it with a drawing model on this machine",
            query_params={"prompt": asked.words},
        )


def _welcome() -> None:
    """Lead by the hand to the first folder and the first search."""
    st.subheader("Nothing is in your library yet")
    st.markdown(
        "Give a folder, and Trove looks at its pictures and videos and listens to what is said in them. "
        "Then you can find all of it by what it shows. **Everything stays on this machine.**"
    )
    if not indexing.progress():
        indexing.add_folder("first_folder")


def _invite(units: dict) -> None:
    st.caption(
        f"{units['image']:,} pictures, {units['frame']:,} moments in videos and {units['speech']:,} spoken "
        "passages are waiting. Describe what you look for in plain words, or give a picture like it."
    )


with resources.database().read() as session:
    units = catalog.unit_counts(session)
asked = _ask() if any(units.values()) else None
if asked is None:
    _welcome()
elif asked.empty:
    _invite(units)
else:
    _show(asked)
