"""What is around all pages: steps in the browser's history, and a word while the server is stopped.

Streamlit makes a step of every change of the address, so that Back would go through all pictures that were
turned over, and open again what was closed. And what it says when its server has stopped is for developers.
"""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "trove_frame", js=Path(__file__).with_name("frame.js").read_text("utf-8")
)


def frame() -> None:
    """Draw what is around a page; it takes no room."""
    # Any trigger runs the page, which is all that is wanted when the server is there again.
    _component(key="frame", on_returned_change=lambda: None)
