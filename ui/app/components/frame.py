"""What is around all pages: the browser's history, a stopped server, the bar of a phone, installing.

Streamlit makes a step of every change of the address, so that Back would go through all pictures that were
turned over, and open again what was closed. What it says when its server has stopped is for developers. On a
phone its menu stays open over the page that was chosen, so there the pages are in a bar of links below.
"""

from pathlib import Path

import streamlit as st

from ui.app.routes import installing

_component = st.components.v2.component(
    "trove_frame", js=Path(__file__).with_name("frame.js").read_text("utf-8")
)


def frame(page: str) -> None:
    """Draw what is around a page, which has this title; it takes no room."""
    # Any trigger runs the page, which is all that is wanted when the server is there again.
    _component(
        key="frame", data={"page": page, "manifest": installing.MANIFEST}, on_returned_change=lambda: None
    )
