"""One hit, opened: the picture, or the player at the found second, and what is known about it."""

import math
from urllib.parse import urljoin

import streamlit as st

from db.catalog import UnitRow
from db.errors import MediaError
from indexer.decode import Metadata, probe
from search.answer import Evidence, Hit
from search.clips import browser_type
from ui import media, question, resources
from ui.console import clock

_TALLEST_PX = 400


def open_hit(hit: Hit) -> None:
    """Show a hit in a dialog."""
    row = media.unit(hit.unit_id)
    st.dialog(resources.plain(row.paths[0].name), width="medium")(_show)(row, hit)


def _show(row: UnitRow, hit: Hit) -> None:
    metadata = None
    with resources.explained():
        metadata = resources.service().decoders.run(probe, media.file_of(row))
        {"image": _picture, "video": _video, "audio": _audio}[row.media](row, metadata)
    if text := row.text or hit.text:
        st.markdown(f"> {resources.plain(text)}")
    _facts(row, metadata)
    st.caption("Why: " + "; ".join(resources.plain(reason(fact)) for fact in hit.why))
    with st.container(horizontal=True):
        if st.button(
            "Similar to this",
            icon=":material/image_search:",
            key="viewer_similar",
            on_click=question.ask_similar,
            args=(row.paths[0],),
        ):
            st.rerun()
        st.link_button("Open the file", _absolute(media.file_url(row.id)), icon=":material/open_in_new:")
    for path in row.paths:
        st.code(str(path), language=None, wrap_lines=True)


def _picture(row: UnitRow, metadata: Metadata) -> None:
    # Through the decoder: browsers show neither HEIC nor camera raw nor most TIFF.
    path = media.still(row, media.VIEW_SIDE)
    with st.container(horizontal_alignment="center"):
        st.image(str(path), width=_fitting(metadata), alt=row.paths[0].name)


def _fitting(metadata: Metadata) -> int:
    """The width in pixels at which there is still room for a player's controls and the facts below."""
    return round(_TALLEST_PX * (metadata.width or 4) / (metadata.height or 3))


def _video(row: UnitRow, metadata: Metadata) -> None:
    with st.container(horizontal_alignment="center"):
        _player(row, _fitting(metadata))


def _player(row: UnitRow, width: int) -> None:
    start_s = _whole_second(row)
    if browser_type(media.file_of(row), resources.service().decoders) is not None:
        st.video(_absolute(media.file_url(row.id)), start_time=start_s, autoplay=True, width=width)
        return
    try:
        with st.spinner("Browsers cannot play this format. Making a clip that they can …"):
            made = media.clip_of(row)
    except MediaError as exc:
        st.image(str(media.still(row, media.VIEW_SIDE)), width=width)
        st.info(f"{resources.plain(resources.sentence(str(exc)))} This is the picture at that moment.")
        return
    clip_url = _absolute(media.clip_url(row.id))
    st.video(clip_url, start_time=start_s - made.start_s, autoplay=True, width=width)
    st.caption(
        f"Browsers cannot play this format, so this is a clip from {clock(made.start_s)} on. "
        "Your own player can open the whole file."
    )


def _whole_second(row: UnitRow) -> int:
    """The second to play from; Streamlit's players know whole ones only.

    What was said is heard from its first word, but of a scene the first second must not be the last
    moment of the scene before.
    """
    start_s = row.start_s or 0.0
    later = math.ceil(start_s)
    return later if row.kind == "frame" and later < (row.end_s or 0.0) else int(start_s)


def _audio(row: UnitRow, _metadata: Metadata) -> None:
    start_s = _whole_second(row)
    if browser_type(media.file_of(row), resources.service().decoders) is not None:
        st.audio(_absolute(media.file_url(row.id)), start_time=start_s, autoplay=True)
        return
    made = media.clip_of(row)
    st.audio(_absolute(media.clip_url(row.id)), start_time=start_s - made.start_s, autoplay=True)
    st.caption(f"Browsers cannot play this format, so this is a clip from {clock(made.start_s)} on.")


def _facts(row: UnitRow, metadata: Metadata | None) -> None:
    facts = []
    if row.start_s is not None:
        end = f"–{clock(row.end_s)}" if row.end_s is not None and row.end_s - row.start_s >= 1 else ""
        facts.append(f"at {clock(row.start_s)}{end}")
    facts += _of_file(metadata) if metadata else []
    if row.taken_at:
        facts.append(f"{row.taken_at.day} {row.taken_at:%B %Y, %H:%M}")
    if facts:
        st.markdown(" · ".join(facts))


def _of_file(metadata: Metadata) -> list[str]:
    facts = []
    if metadata.width and metadata.height:
        facts.append(f"{metadata.width} × {metadata.height}")
    if metadata.duration_s:
        facts.append(f"{clock(metadata.duration_s)} long")
    if metadata.camera:
        facts.append(resources.plain(metadata.camera))
    if metadata.latitude is not None and metadata.longitude is not None:
        facts.append(f"{metadata.latitude:.4f}, {metadata.longitude:.4f}")
    return facts


def reason(fact: Evidence) -> str:
    """Why a hit is there, in words."""
    match fact.source:
        case "words":
            return f"these words were said: {', '.join(fact.words)}"
        case "passage":
            return f"what was said means something near (similarity {fact.value:.2f}, place {fact.rank})"
        case "image":
            return f"it looks like the picture (similarity {fact.value:.2f}, place {fact.rank})"
        case _:
            return f"it looks like the words (similarity {fact.value:.2f}, place {fact.rank})"


def _absolute(url: str) -> str:
    """Streamlit's players take whole addresses only: the one at which the browser has this page."""
    return urljoin(st.context.url or "", url)
