"""A histogram of files by month, in which a range of dates can be selected.

A component of its own, because a chart of Streamlit's brings half a megabyte of JavaScript, and cannot
be used from the keyboard.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui.app.components.source import joined

UNKNOWN = "unknown"
"""In place of a month: that nobody says when; also a value of the condition ``date:``."""

_component = st.components.v2.component(
    "trove_histogram",
    html="""<div class="histogram" role="group" aria-label="Files by date">
      <div class="bars"></div>
      <div class="ends"><span class="from"></span><span class="to"></span></div>
      <div class="chosen"><span class="what"></span>
        <button type="button" class="none" hidden>All dates</button></div>
      <button type="button" class="undated" aria-pressed="false" hidden></button>
    </div>""",
    css=joined("histogram.css"),
    js=joined("element.js", "mounted.js", "histogram.js"),
)


def histogram(
    months: Mapping[str, int],
    undated: int,
    chosen: tuple[str, str] | None,
    *,
    key: str,
    on_range: Callable[[], None],
    height_px: int = 56,
) -> Any:
    """Draw bars; the result's ``range`` is {first, last}, months or years.

    Both are None for all dates, and ``UNKNOWN`` for what has none.
    """
    first, last = chosen or (None, None)
    return _component(
        key=key,
        data={
            "months": list(months.items()),
            "undated": undated,
            "first": first,
            "last": last,
            "height_px": height_px,
        },
        on_range_change=on_range,
    )
