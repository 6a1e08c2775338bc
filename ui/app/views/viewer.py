"""The viewer of one hit: the picture, or a player at the moment of the hit, with what is known beside it."""

import logging
from pathlib import Path

import streamlit as st

from db.catalog.units import UnitRow
from db.errors import TroveError
from db.files import is_there
from indexer.media.reader import probe
from search.answer import Hit
from search.engine.things import Thing, things
from search.results.lanes import lanes
from search.results.listing import Listing
from search.results.texts import Written, written
from ui.app import resources
from ui.app.routes import media
from ui.app.views import address, stack
from ui.app.views.actions import show_actions, show_paths
from ui.app.views.conversing import offer_conversation
from ui.app.views.described import show_described
from ui.app.views.film import forget_moment, offer_moment, show_film
from ui.app.views.known import show_known
from ui.app.views.persons import show_people
from ui.app.views.picture import forget_view, offer_views, show_picture
from ui.app.views.question import Question
from ui.app.views.said import offer_transcript
from ui.app.views.sounding import offer_sound
from ui.app.views.starting import offer_anew
from ui.app.views.texts import in_moment, show_text
from ui.app.views.things import in_moment as of_moment
from ui.app.views.things import show_things

log = logging.getLogger(__name__)

_LOOKED_AHEAD = 50
"""Films and recordings in a row, beyond which a slideshow ends."""
_UNIT = "viewer_unit"
_CLOSED = "viewer_closed"
_STYLE = Path(__file__).with_suffix(".css")


def open_hit(listing: Listing, unit_id: int, asked: Question) -> None:
    """Show a hit in a dialog as large as the window, with buttons to the hits before and after it.

    Its id is in the address, so that this is called in every run while it is open. In a library whose owner
    wants that, it is remembered for the question when it is opened; turning on to others is not.
    """
    if unit_id != st.session_state.get(_UNIT):
        _remember(listing, unit_id, asked)
        _turn_to(unit_id)
    st.html(_STYLE)
    st.dialog("What was found", width="large", on_dismiss=address.close_hit)(_show)(listing, asked)


def closed() -> None:
    """Note that no hit is open: the next one is opened anew, even if it is the same."""
    unit_id = st.session_state.pop(_UNIT, None)
    if unit_id is not None:
        before = st.session_state.get(_CLOSED)
        st.session_state[_CLOSED] = {"unit": unit_id, "nth": before["nth"] + 1 if before else 1}


def last_closed() -> dict[str, int] | None:
    """The unit of the hit that was closed last, and which closing that was, so that it is told from the next.

    It is said in every run from then on, since a run can be stopped before it reaches the grid.
    """
    return st.session_state.get(_CLOSED)


def _remember(listing: Listing, unit_id: int, asked: Question) -> None:
    hit = listing.hit(unit_id)
    if asked.empty or hit is None:
        return
    try:
        resources.library().openings.add(asked.query(1), hit)
    except TroveError as exc:
        log.warning("what was opened is not remembered: %s", exc)


def _turn_to(unit_id: int) -> None:
    st.session_state[_UNIT] = unit_id
    address.open_hit(unit_id)
    stack.close()
    _start_anew()


def _start_anew() -> None:
    forget_moment()
    forget_view()


def _steps(listing: Listing, unit_id: int) -> dict[str, Hit | None]:
    """Where people can turn to from a hit; a slideshow goes from picture to picture."""
    picture = listing.beside(unit_id, 1)
    for _ in range(_LOOKED_AHEAD):
        if picture is None or picture.media == "image":
            break
        picture = listing.beside(picture.unit_id, 1)
    return {
        "next": listing.beside(unit_id, 1),
        "previous": listing.beside(unit_id, -1),
        "next picture": picture if picture is not None and picture.media == "image" else None,
    }


def _show(listing: Listing, asked: Question) -> None:
    whole = listing.hit(st.session_state[_UNIT])
    if whole is None:
        return
    hit, row, metadata, kept = whole, None, None, False
    texts: list[Written] = []
    seen: list[Thing] = []
    with st.container(key="viewer"):
        with st.container(key="viewer_bar"):
            _heading(listing, whole)
        with st.container(key="viewer_stage"), resources.explained():
            hit = stack.opened(whole)
            row = media.unit(hit.unit_id, hit.path)
            kept = hit.offline and not any(is_there(file.path) for file in row.files)
            if kept:
                _show_kept(row, hit)
            else:
                metadata = resources.library().service.decoders.run(probe, media.file_of(row))
                texts = written(resources.library().core, row.path, asked.parsed)
                seen = things(resources.library().core, row.path)
                if row.media == "image":
                    steps = _steps(listing, whole.unit_id)
                    show_picture(row, metadata, hit, asked, texts, seen, steps, on_turned=_turn_to)
                else:
                    told = lanes(resources.library().core, row.path)
                    show_film(row, metadata, listing, hit, asked, texts, seen, told)
        with st.container(key="viewer_known"):
            with resources.explained():
                stack.strip(whole, hit, on_open=_start_anew)
            show_actions(row, hit, kept=kept)
            if row is not None and row.media != "audio" and not kept:
                offer_anew(row.id, asked)
            if row is not None and metadata is not None:
                if row.media == "image":
                    offer_views(metadata, asked)
                else:
                    offer_sound(row, metadata, hit)
                    offer_moment(row, metadata, hit)
                    offer_transcript(row)
            show_known(row, metadata, hit)
            if row is not None:
                if row.media != "audio" and not kept:
                    offer_conversation(row.path, hit)
                show_described(row.path, hit)
            show_people(hit)
            show_things(of_moment(seen, hit))
            show_text(in_moment(texts, hit))
            show_paths(row, hit)


def _show_kept(row: UnitRow, hit: Hit) -> None:
    """What there is of a file that cannot be reached: the thumbnail that was kept, and what it says."""
    st.info(
        "This is on a drive that is not connected. Connect it to see the file itself.",
        icon=":material/usb_off:",
    )
    if row.media != "audio":
        st.image(str(media.still(row, media.VIEW_SIDE)))
    if hit.text:
        st.markdown(resources.plain(hit.text))


def _heading(listing: Listing, hit: Hit) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{resources.plain(hit.path.name)}**", width="stretch")
        for label, icon, step, shortcut in (
            ("Previous", ":material/chevron_left:", -1, "Left"),
            ("Next", ":material/chevron_right:", 1, "Right"),
        ):
            beside = listing.beside(hit.unit_id, step)
            st.button(
                label,
                icon=icon,
                key=f"viewer_{label.lower()}",
                shortcut=shortcut,
                disabled=beside is None,
                on_click=_turn_to,
                args=(beside.unit_id,) if beside else None,
            )
