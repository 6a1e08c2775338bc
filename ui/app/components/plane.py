"""A scatter plot of the library's thumbnails, with zoom and pan."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from search.explore.landscape import Point, Region
from ui.app.components.source import joined
from ui.app.routes import media

_component = st.components.v2.component(
    "trove_plane",
    html="""<div class="plane"><canvas tabindex="0" role="application"></canvas>
      <div class="names" role="group" aria-label="What lies where"></div>
      <div class="tip" hidden><img alt=""><div class="caption"></div></div></div>""",
    css=joined("plane.css"),
    js=joined("gestures.js", "mounted.js", "plane.js"),
)


def plane(points: Sequence[Point], regions: Sequence[Region], *, on_open: Callable[[], None]) -> Any:
    """Draw points, and the names of regions over them.

    The result's ``open`` is the unit that was clicked, and ``named`` the name, in this run only.
    """
    return _component(
        key="plane",
        data={
            "points": [(point.unit_id, point.x, point.y, point.concept) for point in points],
            "regions": [(region.concept, region.pictures, region.x, region.y) for region in regions],
            "thumbnails": media.thumbnail_url(0).removesuffix("0"),
        },
        on_open_change=on_open,
        on_named_change=lambda: None,  # Streamlit wants one to make the click a trigger
    )
