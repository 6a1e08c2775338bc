"""An opened film or recording: a player at the moment of the hit, beside what is said."""

import math
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from db import kinds
from db.catalog.units import UnitRow
from db.errors import MediaError
from db.files import read_checksummed
from indexer.media.clips import AFTER_S, LONGEST_S, browser_type
from indexer.media.formats import media_kind
from indexer.media.types import Metadata
from search.answer import Hit
from search.engine.things import Thing
from search.results.lanes import Lane
from search.results.listing import Listing
from search.results.moments import Moment
from search.results.texts import Written
from ui.app import resources
from ui.app.components.player import player
from ui.app.routes import media
from ui.app.views import address, said
from ui.app.views.question import Question
from ui.app.views.texts import found_marks, in_moment, whole_text
from ui.app.views.things import boxes
from ui.highlight import asked_words
from ui.wording import clock, how_cut

_START = "viewer_start"
_LEAST_S = 5.0
_AROUND_S = 60.0
"""How far from its hit a moment that is saved may begin and end."""
_STARTS_LATER_S = 0.04
"""Offset into a scene, so that rounding does not show the last frame of the scene before."""


def forget_moment() -> None:
    """Play the next film from the moment of its hit."""
    st.session_state[_START] = None


def show_film(
    row: UnitRow,
    metadata: Metadata,
    listing: Listing,
    hit: Hit,
    asked: Question,
    texts: Sequence[Written],
    seen: Sequence[Thing],
    told: Sequence[Lane],
) -> None:
    """Play it from the moment of the hit, or from where somebody went."""
    path = row.path
    moments = _moments(asked, path)
    read = [text for text in in_moment(texts, hit) if text.marks]
    start_s = st.session_state.get(_START)
    if start_s is None:
        start_s = _linked(row, metadata)
    is_first = start_s is None
    if start_s is None:
        is_scene = row.start_s is not None and row.kind in kinds.proving("shows")
        start_s = (row.start_s or 0.0) + (_STARTS_LATER_S if is_scene else 0.0)
        if read:
            start_s = read[0].at_s if read[0].at_s is not None else read[0].start_s or 0.0
    texts_said = said.transcripts(path)
    duration_s = metadata.duration_s or max((moment.end_s for moment in moments), default=start_s + 1.0)
    data = {
        "kind": row.media,
        "unit": row.id,
        "name": path.name,
        "src": media.file_url(row),
        "width": metadata.width,
        "height": metadata.height,
        "start_s": start_s,
        "offset_s": 0.0,
        "end_s": duration_s,
        "duration_s": duration_s,
        "texts": said.as_texts(texts_said, asked_words(hit.why)),
        "shown": said.shown_first(texts_said, row),
        "found": [mark for mark in [*found_marks(texts, hit), *boxes(seen)] if mark["start_s"] is not None],
        # Words that were asked for are there to be read.
        "paused": is_first and bool(read),
        "copied": whole_text(in_moment(texts, hit)),
        "lanes": [{"name": lane.name.capitalize(), "spans": lane.spans} for lane in told],
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
    player(
        data,
        key="player",
        on_jump=_jump,
        on_correct=lambda: said.put_right(path, st.session_state.player.correct),
        on_heard=lambda: said.as_heard(path, st.session_state.player.heard),
    )


def _linked(row: UnitRow, metadata: Metadata) -> float | None:
    """The second that the address of the page names, where it names one of this hit."""
    if address.opened() != row.id:
        return None
    try:
        at_s = float(st.query_params[address.AT])
    except (KeyError, ValueError):
        return None
    return at_s if 0 <= at_s < (metadata.duration_s or math.inf) else None


def offer_moment(row: UnitRow, metadata: Metadata, hit: Hit) -> None:
    """Save the moment of the hit, or some seconds more or less, as a clip."""
    duration_s = metadata.duration_s or 0.0
    start_s = min(hit.start_s or 0.0, max(0.0, duration_s - 1.0))
    end_s = min(duration_s, max(hit.end_s or 0.0, start_s + _LEAST_S))
    if end_s <= start_s:
        return
    asked = st.popover("Save the moment", icon=":material/content_cut:", key="viewer_cut", on_change="rerun")
    if not asked.open:
        return
    with asked, resources.explained():
        first, last = max(0.0, start_s - _AROUND_S), min(duration_s, end_s + _AROUND_S)
        start_s, end_s = st.slider(
            "From and to, in seconds",
            round(first, 1),
            round(last, 1),
            (round(start_s, 1), round(min(end_s, start_s + LONGEST_S), 1)),
            step=0.1,
            format="%.1f",
            key=f"viewer_span_{row.id}",
        )
        with st.spinner("Making the clip …"):
            made = media.cut_of(row, start_s, end_s)
        st.download_button(
            f"Download {clock(start_s)} to {clock(end_s)}",
            read_checksummed(made.path),
            f"{row.path.stem} {clock(start_s).replace(':', '.')}.mp4",
            "video/mp4",
            key="viewer_cut_download",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(how_cut(made.copied))


def _moments(asked: Question, path: Path) -> list[Moment]:
    parsed = asked.parsed
    visual = parsed is not None and (bool(parsed.alternatives) or asked.shows)
    return resources.library().moments(path, asked.query(1) if visual else None)


def _jump() -> None:
    st.session_state[_START] = float(st.session_state.player.jump)


def _as_clip(row: UnitRow, start_s: float, data: dict) -> bool:
    """Put a clip into ``data`` in place of a file that browsers cannot play; False if there is none."""
    is_animation = media_kind(row.path) == "image"
    cannot = "go to a moment of an animated picture" if is_animation else "play this format"
    try:
        with st.spinner(f"Browsers cannot {cannot}. Making a clip that they can play …"):
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
        f"Browsers cannot {cannot}, so this is a clip from {clock(clip.start_s)} on. "
        "Click elsewhere on the timeline for another part; your own player can open the whole file."
    )
    return True
