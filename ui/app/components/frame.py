"""What is around all pages: steps in the browser's history.

Streamlit makes a step of every change of the address, so that Back would go through all pictures that were
turned over, and open again what was closed.
"""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "trove_frame", js=Path(__file__).with_name("frame.js").read_text("utf-8")
)


def frame() -> None:
    """Draw what is around a page; it takes no room."""
    _component(key="frame")
