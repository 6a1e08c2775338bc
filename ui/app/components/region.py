"""A picture of which people choose a part with a box: what is drawn anew, or where somebody is."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.app.components.source import joined

_component = st.components.v2.component(
    "trove_region",
    html="""<figure class="region">
      <div class="stage" tabindex="0" role="group"
        aria-label="The picture; a box on it is moved with the arrows, and made larger with Shift">
        <div class="canvas"><img alt="" draggable="false"></div>
      </div>
      <button class="pill toggle" aria-pressed="false"></button>
    </figure>""",
    css=joined("pill.css", "box.css", "region.css"),
    js=joined("element.js", "gestures.js", "part.js", "mounted.js", "region.js"),
)


Box = tuple[float, float, float, float]


def region(data: Mapping[str, Any], *, key: str) -> Box | None:
    """Show a picture with a box that people may draw on it; the box, or None for all of the picture.

    It is x, y, width and height, 0 to 1 of the upright picture, as far as it lies in it. ``data``: ``name``,
    ``src``, the ``region`` that is chosen first, and of the button ``label`` and ``help``.
    """
    shown = _component(key=key, data=dict(data), default={"region": data["region"]}, on_region_change=_rerun)
    return None if shown.region is None else _inside(shown.region)


def _inside(drawn: Sequence[float]) -> Box:
    """What a browser says, which may be anything, as a box in the picture."""
    x, y, width, height = (min(max(float(side), 0.0), 1.0) for side in drawn)
    return x, y, min(width, 1.0 - x), min(height, 1.0 - y)


def _rerun() -> None:
    """What was chosen is in the next run of the page."""
