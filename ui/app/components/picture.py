"""A picture that fills its place, to be enlarged, turned and searched in, with what was found marked on it.

Streamlit's own shows pictures as they are; what is drawn over one must stay in its place in every size.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui.app.components.source import joined

_component = st.components.v2.component(
    "trove_picture",
    html="""<figure class="picture">
      <div class="stage" tabindex="0" role="group" aria-label="The picture; press ? for the keys">
        <div class="canvas"><img alt=""><svg class="overlay" aria-hidden="true"></svg></div>
        <div class="told"><span role="status"></span></div>
        <div class="keys" role="note" aria-label="Keys" hidden></div>
      </div>
      <div class="tools">
        <button class="pill toggle" aria-pressed="true" hidden>Mark what was found</button>
        <button class="pill copy" aria-live="polite" hidden></button>
        <button class="pill further" aria-label="Further away" title="Further away (-)">&minus;</button>
        <button class="pill nearer" aria-label="Nearer" title="Nearer (+)">+</button>
        <button class="pill turned" title="Turn it by a quarter, while it is open (R)">Turn</button>
        <button class="pill part" title="Find what looks like a part of it">Similar to a part</button>
        <button class="pill give" hidden>Copy the picture</button>
        <button class="pill slides" aria-pressed="false" title="Show one by one (Space)">Slideshow</button>
        <button class="pill larger" title="Full screen (F)">Full screen</button>
        <button class="pill help" aria-label="Keys" title="Keys (?)">?</button>
      </div>
    </figure>""",
    css=joined("marks.css", "pill.css", "keys.css", "box.css", "picture.css"),
    js=joined(
        "element.js",
        "grow.js",
        "marks.js",
        "copying.js",
        "keys.js",
        "gestures.js",
        "zoom.js",
        "part.js",
        "mounted.js",
        "picture.js",
    ),
)


def picture(data: Mapping[str, Any], *, key: str, on_turned: Callable[[], None]) -> Any:
    """Show a picture.

    The result's ``turned`` is where people went from here (``next``, ``previous``, or ``next picture`` in a
    slideshow), ``part`` the box that they drew: x, y, width and height, 0 to 1 of the upright picture; both
    in this run only, and as the browser says.

    ``data``: ``name``; ``thumbnail``, shown until ``src`` is there; ``full``, with all pixels that there are,
    and ``width`` and ``height``, how many; ``file`` and its ``type``, to be dragged out; ``near``, pictures
    that people may turn to next; ``slides``, whether there is a next picture; ``marks`` with ``corners``, and
    ``whole`` where a region is meant and not words in it; ``lines`` with ``words`` and ``corners``, which are
    those of ``search.answer.Mark``; ``copied``, all of the text.
    """
    return _component(
        key=key, data=dict(data), height="stretch", on_turned_change=on_turned, on_part_change=lambda: None
    )
