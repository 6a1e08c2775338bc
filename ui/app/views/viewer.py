"""The viewer of one hit: the picture, or a player at the moment of the hit, with the metadata."""

import io
import logging
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from db import kinds
from db.catalog import hidden
from db.catalog.units import UnitRow
from db.errors import MediaError, TroveError
from db.files import is_there
from indexer.media.clips import AFTER_S, browser_type
from indexer.media.reader import probe
from indexer.media.types import Metadata
from search.answer import Hit
from search.results.listing import Listing
from search.results.moments import Moment
from search.results.texts import Written, written
from ui.app import resources
from ui.app.components.picture import picture
from ui.app.components.player import player
from ui.app.routes import media
from ui.app.views import address, question, reveal, stack
from ui.app.views.known import show_known
from ui.app.views.question import Question
from ui.app.views.texts import found_marks, in_moment, show_text, text_lines, whole_text
from ui.highlight import asked_words, pieces, spans_of
from ui.wording import OFFLINE, clock

log = logging.getLogger(__name__)

_TALLEST_PX = 460
_UNIT = "viewer_unit"
_START = "viewer_start"
_HEAT = "viewer_heat"
_PLAY = "viewer_play"
_HIDDEN_NOW = "viewer_hidden_now"
_STARTS_LATER_S = 0.04
"""Offset into a scene, so that rounding does not show the last frame of the scene before."""


def open_hit(listing: Listing, unit_id: int, asked: Question) -> None:
    """Show a hit in a dialog, with buttons to the hits before and after it.

    Its id is in the address, so that this is called in every run while it is open. In a library whose owner
    wants that, it is remembered for the question when it is opened; turning on to others is not.
    """
    if unit_id != st.session_state.get(_UNIT):
        _remember(listing, unit_id, asked)
        _turn_to(unit_id)
    st.dialog("What was found", width="large", on_dismiss=address.close_hit)(_show)(listing, asked)


def closing() -> int | None:
    """The unit of the hit that was open in the last run, where none is in this one."""
    return st.session_state.get(_UNIT) if address.opened() is None else None


def closed() -> None:
    """Note that no hit is open: the next one is opened anew, even if it is the same."""
    st.session_state.pop(_UNIT, None)


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
    st.session_state[_START] = None
    st.session_state[_HEAT] = False
    st.session_state[_PLAY] = False


def _show(listing: Listing, asked: Question) -> None:
    whole = listing.hit(st.session_state[_UNIT])
    if whole is None:
        return
    _heading(listing, whole)
    metadata = None
    row = None
    kept = False
    hit = whole
    with resources.explained():
        hit = stack.opened(whole)
        row = media.unit(hit.unit_id, hit.path)
        kept = hit.offline and not any(is_there(file.path) for file in row.files)
        if kept:
            _show_kept(row, hit)
        else:
            metadata = _show_file(row, listing, hit, asked)
        stack.strip(whole, hit, on_open=_start_anew)
    _actions(row, hit, kept=kept)
    show_known(row, metadata, hit)


def _show_file(row: UnitRow, listing: Listing, hit: Hit, asked: Question) -> Metadata:
    metadata = resources.library().service.decoders.run(probe, media.file_of(row))
    texts = written(resources.library().core, row.path, asked.parsed)
    if row.media == "image":
        _picture(row, metadata, hit, asked, texts)
    else:
        _moment(row, metadata, listing, hit, asked, texts)
    show_text(in_moment(texts, hit))
    return metadata


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


def _actions(row: UnitRow | None, hit: Hit, *, kept: bool) -> None:
    """What can be done with a hit; not with the file itself where only its thumbnail is ``kept``."""
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
        _hiding(hit)
    st.code(str(row.path), language=None, wrap_lines=True)
    # As the hit names them: hidden copies are not told.
    copies = [copy for copy in row.copies if copy.path in hit.copies]
    if copies:
        st.caption("The same file is also here:")
    for copy in copies:
        st.code(str(copy.path) + (f"  ({OFFLINE})" if copy.offline else ""), language=None, wrap_lines=True)


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
    elif hidden_with == hit.path:
        label, told = "Show it again", "It and the files that belong to it are found again"
    else:
        label = f"Show the folder {resources.plain(hidden_with.name or str(hidden_with))} again"
        told = f"It is hidden with all of {resources.plain(str(hidden_with))}"
    st.button(
        label,
        icon=":material/visibility_off:" if hidden_with is None else ":material/visibility:",
        key="viewer_hide",
        help=told,
        on_click=_hide,
        args=(hidden_with or hit.path, hidden_with is None),
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


# --- pictures


def _picture(row: UnitRow, metadata: Metadata, hit: Hit, asked: Question, texts: Sequence[Written]) -> None:
    with st.container(horizontal_alignment="center"):
        if st.session_state.get(_HEAT):
            _heat(row, metadata, asked)
        elif metadata.film is not None and st.session_state.get(_PLAY):
            with st.spinner("Making a film that browsers can play …"):
                film = media.clip_at(row, 0.0)
            st.video(str(film.path), autoplay=True, width=_fitting(metadata))
        else:
            # Through the decoder: browsers show neither HEIC nor camera raw nor most TIFF.
            media.still(row, media.VIEW_SIDE)
            data = {
                "src": media.view_url(row.id),
                "name": row.path.name,
                "width": _fitting(metadata),
                "marks": found_marks(texts, hit),
                "lines": text_lines(texts),
                "copied": whole_text(texts),
            }
            picture(data, key="picture")
    if metadata.film is not None:
        st.toggle("Play", key=_PLAY, help="The film that is in this motion photo")
    if not asked.empty and asked.like is None:
        st.toggle(
            "Where in the picture it is",
            key=_HEAT,
            help="Red is what the question looks at: covering it costs the picture most of its likeness",
        )


def _heat(row: UnitRow, metadata: Metadata, asked: Question) -> None:
    media.file_of(row)  # only the file that was indexed is shown
    with st.spinner("Looking where it is …"):
        overlay = resources.library().why(asked.query(1), row.path).overlay()
    if overlay is not None:
        data = io.BytesIO()
        overlay.save(data, "PNG")
        st.image(data.getvalue(), width=_fitting(metadata), alt=f"Where in {row.path.name} it is")


def _fitting(metadata: Metadata) -> int:
    """The width in pixels at which a picture leaves room for what is below it."""
    return round(_TALLEST_PX * (metadata.width or 4) / (metadata.height or 3))


# --- films and recordings


def _moment(
    row: UnitRow,
    metadata: Metadata,
    listing: Listing,
    hit: Hit,
    asked: Question,
    texts: Sequence[Written],
) -> None:
    path = row.path
    moments = _moments(asked, path)
    read = [text for text in in_moment(texts, hit) if text.marks]
    start_s = st.session_state.get(_START)
    is_first = start_s is None
    if start_s is None:
        is_scene = row.start_s is not None and row.kind in kinds.proving("shows")
        start_s = (row.start_s or 0.0) + (_STARTS_LATER_S if is_scene else 0.0)
        if read:
            start_s = read[0].at_s if read[0].at_s is not None else read[0].start_s or 0.0
    spoken = [moment for moment in moments if moment.text and moment.kind in kinds.proving("said")]
    spans = spans_of(
        [moment.text or "" for moment in spoken],
        asked_words(hit.why),
        [moment.language for moment in spoken],
    )
    duration_s = metadata.duration_s or max((moment.end_s for moment in moments), default=start_s + 1.0)
    data = {
        "kind": row.media,
        "name": path.name,
        "src": media.file_url(row),
        "width": metadata.width,
        "height": metadata.height,
        "start_s": start_s,
        "offset_s": 0.0,
        "end_s": duration_s,
        "duration_s": duration_s,
        "passages": [
            {"start_s": moment.start_s, "end_s": moment.end_s, "parts": pieces(moment.text or "", own)}
            for moment, own in zip(spoken, spans, strict=True)
        ],
        "found": [mark for mark in found_marks(texts, hit) if mark["start_s"] is not None],
        # Words that were asked for are there to be read.
        "paused": is_first and bool(read),
        "copied": whole_text(in_moment(texts, hit)),
        "curve": [
            {"start_s": moment.start_s, "end_s": moment.end_s, "match": moment.match}
            for moment in moments
            if moment.match is not None
        ],
        "marks": [
            {"start_s": other.start_s or 0.0, "rank": other.rank, "current": other.unit_id == hit.unit_id}
            for other in listing.of_file(hit)
        ],
    }
    if browser_type(media.file_of(row), resources.library().service.decoders) is None and not _as_clip(
        row, start_s, data
    ):
        return
    player(data, key="player", on_jump=_jump)


def _moments(asked: Question, path: Path) -> list[Moment]:
    parsed = asked.parsed
    visual = parsed is not None and (bool(parsed.alternatives) or asked.upload is not None)
    return resources.library().moments(path, asked.query(1) if visual else None)


def _jump() -> None:
    st.session_state[_START] = float(st.session_state.player.jump)


def _as_clip(row: UnitRow, start_s: float, data: dict) -> bool:
    """Put a clip into ``data`` in place of a file that browsers cannot play; False if there is none."""
    try:
        with st.spinner("Browsers cannot play this format. Making a clip that they can …"):
            clip = media.clip_at(row, start_s)
    except MediaError as exc:
        if row.media == "video":
            st.image(str(media.still(row, media.VIEW_SIDE)))
        st.info(f"{resources.plain(resources.sentence(str(exc)))} This is the picture at that moment.")
        return False
    data |= {
        "src": media.clip_url(row.id, start_s),
        "offset_s": clip.start_s,
        "end_s": start_s + AFTER_S,
    }
    st.caption(
        f"Browsers cannot play this format, so this is a clip from {clock(clip.start_s)} on. "
        "Click elsewhere on the timeline for another part; your own player can open the whole file."
    )
    return True
