"""A picture of which people choose a part with a box, to be drawn anew."""

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
      <button class="pill toggle" aria-pressed="false"
        title="Draw a box on the picture: the rest stays as it is">Only a part of it</button>
    </figure>""",
    css=joined("pill.css", "box.css", "region.css"),
    js=joined("element.js", "gestures.js", "part.js", "mounted.js", "region.js"),
)


def region(data: Mapping[str, Any], *, key: str) -> Sequence[float] | None:
    """Show a picture with a box that people may draw on it; the box, or None for all of the picture.

    It is x, y, width and height, 0 to 1 of the upright picture, as the browser says. ``data``: ``name``,
    ``src``, and the ``region`` that is chosen first.
    """
    shown = _component(key=key, data=dict(data), default={"region": data["region"]}, on_region_change=_rerun)
    drawn: Sequence[float] | None = shown.region
    return drawn


def _rerun() -> None:
    """What was chosen is in the next run of the page."""
