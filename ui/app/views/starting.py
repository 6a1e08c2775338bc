"""The picture that a drawing starts from: one that was opened, or that came nearest to the question.

Whether all of it or a part is drawn anew is chosen on the page Draw. A browser names a unit, no path.
"""

from typing import Any

import streamlit as st
from PIL import Image

from db.errors import TroveError
from search.drawing.calls import Start
from search.drawing.imagine import prompt_of, without_of
from search.drawing.presets import Makes
from ui.app.components.region import region
from ui.app.routes import media
from ui.app.views.question import Question

NEAREST, OPENED = "nearest", "opened"
"""Names in the address of the page for the unit to start from, by why it is offered."""

_UNIT, _WANTED = "start_unit", "from_nearest"
_OFFERS = {NEAREST: "Start from the nearest picture", OPENED: "Start from this picture"}
_PERSISTENT: dict[str, Any] = {"persist_state": "session"}


def take_start() -> None:
    """Keep the picture that the address of the page names, out of which it goes; forget the last one."""
    st.session_state[_UNIT] = None
    for why in _OFFERS:
        unit = st.query_params.pop(why, "")
        if unit.isdecimal():
            st.session_state[_UNIT] = (why, int(unit))
            # Who comes from a picture means it.
            st.session_state[_WANTED] = why == OPENED


def has_start() -> bool:
    """Whether there is a picture to start from."""
    return st.session_state.get(_UNIT) is not None


def offer_start(makes: Makes) -> Start | None:
    """Offer to start from the picture; None if there is none, or it is not wanted."""
    if not has_start():
        return None
    why, unit_id = st.session_state[_UNIT]
    try:
        shown = media.still(media.unit(unit_id), media.VIEW_SIDE)
    except TroveError:
        return None  # taken away since
    with st.container(horizontal=True, vertical_alignment="center", key="start"):
        wanted = st.checkbox(_OFFERS[why], key=_WANTED, **_PERSISTENT)
        strength = _strength(disabled=not wanted) if makes == "picture" else None
    if not wanted:
        return None
    part = None
    if makes == "picture":
        data = {
            "name": "The picture to start from",
            "src": media.view_url(unit_id),
            "region": None,
            "label": "Only a part of it",
            "help": "Draw a box on the picture: the rest stays as it is",
        }
        part = region(data, key=f"region_{unit_id}")
    else:
        st.image(str(shown), width=240, alt="The picture to start from")
    with Image.open(shown) as picture:
        return Start(picture.convert("RGB"), strength, part)


def _strength(*, disabled: bool) -> float:
    return st.slider(
        "How much is drawn anew",
        min_value=0.1,
        max_value=1.0,
        value=0.6,
        key="strength",
        disabled=disabled,
        width=240,
        **_PERSISTENT,
    )


def offer_anew(unit_id: int, asked: Question) -> None:
    """A link to the page Draw, where an opened hit is drawn anew, or a part of it: "this, but in snow"."""
    try:
        query = asked.query(1)
        prompt, without = prompt_of(query), without_of(query)
    except TroveError:
        prompt, without = "", ""  # nothing but conditions, or a picture
    st.page_link(
        "pages/draw.py",
        label="Draw it anew",
        icon=":material/brush:",
        help="Have a drawing model on this machine draw it, or a part of it, otherwise: this, but in snow",
        query_params={"prompt": prompt, "without": without, OPENED: str(unit_id)},
    )
