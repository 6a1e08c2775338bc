"""Saved page: saved searches, their new hits, and relevance feedback by thumbs."""

from functools import partial

import streamlit as st

from db.catalog import revision
from db.errors import TroveError
from search.answer import Answer
from search.results.listing import FIRST, GrowingListing, Listing
from search.saved.searches import Saved, SavedAnswer, SavedSearches
from ui.app import resources
from ui.app.components.gallery import gallery
from ui.app.routes import feeds
from ui.app.views import address, question, viewer
from ui.app.views.opened import show_opened
from ui.wording import by

_SHOWN = "saved_shown"


def _list(saved: SavedSearches, searches: list[Saved]) -> None:
    fresh = dict(resources.news())
    for item in searches:
        with st.container(horizontal=True, vertical_alignment="center"):
            author = f" · {resources.plain(by(item.said_by))}" if item.said_by else ""
            badge = f" :blue-badge[{fresh[item.name]} new]" if item.name in fresh else ""
            st.markdown(
                f"**{resources.plain(item.name)}**{badge}  \n:gray[{resources.plain(str(item.query))}"
                f" · {item.up} up, {item.down} down{author}]",
                width="stretch",
            )
            st.button(
                "Show", key=f"show_{item.name}", on_click=address.change, kwargs={address.SEARCH: item.name}
            )
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
        st.button(
            "All saved searches",
            icon=":material/arrow_back:",
            on_click=address.change,
            kwargs={address.SEARCH: None, address.HIT: None},
        )
        st.markdown(f"**{resources.plain(item.name)}** · {resources.plain(str(item.query))}", width="content")
    token, listing, answer = _listing(saved, item)
    if not answer.count:
        st.info("Nothing in your library is near enough.")
        st.page_link(
            "pages/find.py",
            label="See what is nearest to it",
            icon=":material/search:",
            query_params={"q": item.query.text},
        )
        return
    fresh = f", **{len(answer.new):,} of them new**" if answer.new else ""
    st.caption(
        f"{answer.count:,} hits{fresh}. Thumbs say what you mean: what is liked stays and draws what is like "
        "it, what is not goes and takes what is like it with it."
    )
    show_opened(lambda: listing, question.nothing())
    clicked = gallery(
        listing,
        token,
        words=item.query.text,
        closed=viewer.last_closed(),
        judged=dict.fromkeys(answer.liked, True),
        fresh=answer.new,
        on_open=lambda: address.open_hit(st.session_state.gallery.open),
        on_judged=partial(_judge, saved, item.name),
    )
    _taken_out(saved, item)
    if clicked.similar is not None and (hit := listing.hit(clicked.similar)) is not None:
        question.find_similar(hit.path)


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
    listing = GrowingListing(
        lambda k: Answer(str(item.query), "found", 1.0, 0.0, saved.show(item.name, k).hits),
        total=max(1, answer.count),
    )
    token = feeds.keep(listing)
    st.session_state[_SHOWN] = (key, token, listing, answer)
    saved.mark_seen(answer)
    return token, listing, answer


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
name = st.query_params.get(address.SEARCH)
chosen = next((item for item in searches if item.name == name), None)
if chosen is not None:
    _show(saved, chosen)
else:
    st.session_state.pop(_SHOWN, None)  # what is new is marked until the search is left
if chosen is None and name:
    st.warning(f"No saved search is called **{resources.plain(name)}** any more.", icon=":material/link_off:")
if chosen is None and searches:
    _list(saved, searches)
elif chosen is None:
    st.info("No search is saved yet. Search for something, then press **Save**.", icon=":material/bookmark:")
    st.page_link("pages/find.py", label="Search", icon=":material/search:")
