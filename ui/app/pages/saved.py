"""Saved page: saved searches, their new hits, and relevance feedback by thumbs."""

from functools import partial

import streamlit as st

from db.catalog import revision
from db.errors import TroveError
from search.answer import Answer
from search.results.listing import FIRST, Listing
from search.saved.searches import Saved, SavedAnswer, SavedSearches
from ui.app import resources
from ui.app.components.gallery import gallery
from ui.app.routes import feeds
from ui.app.views import question
from ui.app.views.viewer import open_hit

_CHOSEN = "saved_chosen"
_SHOWN = "saved_shown"


def _list(saved: SavedSearches, searches: list[Saved]) -> None:
    fresh = dict(resources.news())
    for item in searches:
        with st.container(horizontal=True, vertical_alignment="center"):
            badge = f" :blue-badge[{fresh[item.name]} new]" if item.name in fresh else ""
            st.markdown(
                f"**{resources.plain(item.name)}**{badge}  \n:gray[{resources.plain(str(item.query))}"
                f" · {item.up} up, {item.down} down]",
                width="stretch",
            )
            st.button("Show", key=f"show_{item.name}", on_click=_choose, args=(item.name,))
            with st.popover("More", key=f"more_{item.name}", type="tertiary"):
                new = st.text_input("Name", value=item.name, key=f"name_{item.name}")
                st.button("Rename", key=f"rename_{item.name}", on_click=_rename, args=(saved, item.name, new))
                st.button(
                    "Remove",
                    key=f"remove_{item.name}",
                    on_click=_remove,
                    args=(saved, item.name),
                    type="primary",
                )
                st.caption("No picture, video or recording is touched.")


def _choose(name: str | None) -> None:
    st.session_state[_CHOSEN] = name
    st.session_state.pop(_SHOWN, None)


def _rename(saved: SavedSearches, name: str, new: str) -> None:
    try:
        saved.rename(name, new)
    except TroveError as exc:
        resources.explain(exc)


def _remove(saved: SavedSearches, name: str) -> None:
    try:
        saved.remove(name)
    except TroveError as exc:
        resources.explain(exc)


def _show(saved: SavedSearches, item: Saved) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All saved searches", icon=":material/arrow_back:", on_click=_choose, args=(None,))
        st.markdown(f"**{resources.plain(item.name)}** · {resources.plain(str(item.query))}", width="content")
    token, listing, answer = _listing(saved, item)
    if not answer.count:
        st.info("Nothing in your library is near enough. Thumbs on hits of a wider search would help.")
        return
    fresh = f", **{len(answer.new):,} of them new**" if answer.new else ""
    st.caption(
        f"{answer.count:,} hits{fresh}. Thumbs say what you mean: what is liked stays and draws what is like "
        "it, what is not goes and takes what is like it with it."
    )
    clicked = gallery(
        listing,
        token,
        judged=dict.fromkeys(answer.liked, True),
        fresh=answer.new,
        on_open=lambda: None,
        on_similar=lambda: _similar(listing),
        on_judged=partial(_judge, saved, item.name),
    )
    _taken_out(saved, item)
    if clicked.open is not None and listing.hit(clicked.open) is not None:
        open_hit(listing, clicked.open, question.nothing())


def _taken_out(saved: SavedSearches, item: Saved) -> None:
    """Show the hits with a thumb down, which are excluded from the search, each with a button to undo it."""
    down = [thumb for thumb in saved.thumbs(item.name) if not thumb.up and thumb.unit_id is not None]
    if not down:
        return
    with st.expander(f"{len(down)} taken out", icon=":material/thumb_down:"):
        for thumb in down:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(resources.plain(thumb.path.name), width="content")
                st.button(
                    "Take it back",
                    key=f"undo_{thumb.id}",
                    on_click=saved.judge,
                    args=(item.name, thumb.unit_id),
                    kwargs={"up": None},
                )


def _listing(saved: SavedSearches, item: Saved) -> tuple[str, Listing, SavedAnswer]:
    """The hits, cached in the session until something changes, so that new ones stay marked as new."""
    with resources.read() as session:
        key = (item, revision.current(session))
    cached = st.session_state.get(_SHOWN)
    if cached is not None and cached[0] == key:
        return cached[1:]
    answer = saved.show(item.name, FIRST)
    listing = Listing(
        lambda k: Answer(str(item.query), "found", 1.0, 0.0, saved.show(item.name, k).hits),
        total=max(1, answer.count),
    )
    token = feeds.keep(listing)
    st.session_state[_SHOWN] = (key, token, listing, answer)
    saved.mark_seen(answer)
    return token, listing, answer


def _similar(listing: Listing) -> None:
    hit = listing.hit(st.session_state.gallery.similar)
    if hit is not None:
        question.ask_similar(hit.path)


def _judge(saved: SavedSearches, name: str) -> None:
    judgement = st.session_state.gallery.judged
    try:
        hit = st.session_state[_SHOWN][2].hit(judgement["id"])
        saved.judge(name, judgement["id"], up=judgement["up"], path=hit.path if hit else None)
    except TroveError as exc:
        resources.explain(exc)


st.title("Saved searches")
saved = resources.library().saved
searches = saved.every()
chosen = next((item for item in searches if item.name == st.session_state.get(_CHOSEN)), None)
if chosen is not None:
    _show(saved, chosen)
elif searches:
    _list(saved, searches)
else:
    st.info("No search is saved yet. Search for something, then press **Save**.", icon=":material/bookmark:")
    st.page_link("pages/find.py", label="Search", icon=":material/search:")
