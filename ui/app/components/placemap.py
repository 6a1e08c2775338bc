"""A zoomable map of where pictures were taken, grouped into clusters, drawn without a tile server."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.app.components.source import joined
from ui.app.routes import media, places

HTML = """<div class="placemap">
      <div class="stage" tabindex="0" role="group"
        aria-label="Map of your places; arrows move it, + comes nearer, - goes further away, 0 shows all">
        <canvas aria-hidden="true"></canvas>
        <div class="groups" role="group" aria-label="What was taken where"></div>
      </div>
      <div class="below">
        <span class="told" role="status"></span>
        <button type="button" class="these" disabled>Show these</button>
        <span class="tools">
          <button type="button" class="further" aria-label="Further away"
            title="Further away (-)">&minus;</button>
          <button type="button" class="nearer" aria-label="Nearer" title="Nearer (+)">+</button>
          <button type="button" class="all" title="All places (0)">All</button>
        </span>
      </div>
    </div>"""
CSS = joined("placemap.css")
JS = joined("element.js", "gestures.js", "clusters.js", "ground.js", "mounted.js", "placemap.js")
_component = st.components.v2.component("trove_placemap", html=HTML, css=CSS, js=JS)


def placemap(now: int, at: tuple[float, ...] | None, times: int, *, on_open: Callable[[], None]) -> Any:
    """Draw the map of all places as of a revision of the library; ``at``: latitude, longitude and
    perhaps the level (a tile of the world is 256 px wide on level 0) where people want to begin.

    ``times``: how often they have asked for a place, so that the same one is shown again.

    The result's ``open`` is the unit that was clicked; ``spot`` a place with ``latitude``, ``longitude`` and
    ``km`` around it, where several were taken; ``sight`` what people see: ``all``, or ``south``, ``west``,
    ``north`` and ``east``. All in this run only, and as the browser says.
    """
    return _component(
        key="placemap",
        data={
            "places": places.places_url(now),
            "world": places.world_url(),
            "thumbnails": media.thumbnail_url(0).removesuffix("0"),
            "at": at,
            "times": times,
        },
        on_open_change=on_open,
        # Streamlit wants one of each to make it a trigger.
        on_spot_change=lambda: None,
        on_sight_change=lambda: None,
    )
