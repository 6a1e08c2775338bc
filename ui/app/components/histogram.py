"""A histogram of files by month, in which a range of dates can be selected.

A component of its own, because a chart of Streamlit's brings half a megabyte of JavaScript, and cannot
be used from the keyboard.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "trove_histogram",
    html="""<div class="histogram" role="group" aria-label="Files by date">
      <div class="bars"></div>
      <div class="ends"><span class="from"></span><span class="to"></span></div>
      <div class="chosen"><span class="what"></span>
        <button type="button" class="none" hidden>All dates</button></div>
    </div>""",
    css=(_HERE / "histogram.css").read_text("utf-8"),
    js="".join((_HERE / name).read_text("utf-8") for name in ("element.js", "histogram.js")),
)


def histogram(
    months: Mapping[str, int],
    chosen: tuple[str, str] | None,
    *,
    key: str,
    on_range: Callable[[], None],
    height_px: int = 56,
) -> Any:
    """Draw bars; the result's ``range`` is {first, last}, months or years, or both None for all dates."""
    first, last = chosen or (None, None)
    return _component(
        key=key,
        data={"months": list(months.items()), "first": first, "last": last, "height_px": height_px},
        on_range_change=on_range,
    )
