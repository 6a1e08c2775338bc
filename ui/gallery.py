"""The grid of hits.

Streamlit cannot make a picture clickable, so this is a component of its own: a page's worth of
CSS and JavaScript that lays out tiles in full rows and reports clicks. Everything else stays Python.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from search.answer import Hit
from ui import media
from ui.console import clock

KINDS = {"image": "Picture", "frame": "Video", "speech": "Spoken"}

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "trove_gallery",
    html='<div class="gallery"></div>',
    css=(_HERE / "gallery.css").read_text("utf-8"),
    js=(_HERE / "gallery.js").read_text("utf-8"),
)


def gallery(hits: Sequence[Hit], *, on_open: Callable[[], None], on_similar: Callable[[], None]) -> Any:
    """Draw hits. The result's ``open`` or ``similar`` is the unit that was clicked, in this run only."""
    return _component(
        key="gallery",
        data=[_tile(hit) for hit in hits],
        on_open_change=on_open,
        on_similar_change=on_similar,
    )


def _tile(hit: Hit) -> dict[str, Any]:
    moment = clock(hit.start_s)
    name = hit.path.name
    return {
        "id": hit.unit_id,
        "src": None if hit.media == "audio" else media.thumbnail_url(hit.unit_id),
        "kind": KINDS[hit.kind],
        "time": moment,
        "name": name,
        "path": str(hit.path),
        "alt": f"{name} at {moment}" if moment else name,
        "score": f"{hit.score:.2f}",
        "text": hit.text or "",
    }
