"""Things that a model sees in an opened hit: their names, to ask for more of them, and boxes around them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from db.times import is_during
from search.answer import Hit
from search.engine.things import Thing
from ui.app import resources
from ui.app.views import question

_BOXES = "viewer_boxes"
_MOST = 20


def in_moment(things: Sequence[Thing], hit: Hit) -> list[Thing]:
    """Those that are seen in the moment of a hit; in a picture all of them."""
    return [thing for thing in things if is_during(thing, hit.start_s, hit.end_s)]


def show_things(things: Sequence[Thing]) -> None:
    """A button for each thing that leads to all that has as many of it, and a switch for their boxes."""
    if not things:
        return
    st.markdown("**Things in it**")
    with st.container(horizontal=True):
        for name, count in Counter(thing.name for thing in things).most_common(_MOST):
            label = resources.plain(name) + (f" × {count}" if count > 1 else "")
            if st.button(label, key=f"thing_{name}", help="Find all that has it"):
                question.find(asked(name, count))
    st.toggle("Boxes around them", key=_BOXES)
    st.caption("A model says so, and may be wrong.")


def asked(name: str, count: int) -> str:
    """The condition that finds what has so many of a thing."""
    value = name if count == 1 else f"{name}>={count}"
    return f'thing:"{value}"' if " " in value else f"thing:{value}"


def boxes(things: Sequence[Thing]) -> list[dict[str, Any]]:
    """What is marked: a box with a name around each thing, where people want that."""
    return [_box(thing) for thing in things] if st.session_state.get(_BOXES) else []


def _box(thing: Thing) -> dict[str, Any]:
    sure = "" if thing.score is None else f" {100 * thing.score:.0f} %"
    return {
        "corners": thing.region.corners,
        "whole": True,
        "name": f"{thing.name}{sure}",
        # In a film it was seen in one frame of the shot, and may be elsewhere in the next one.
        "start_s": thing.at_s,
        "end_s": thing.at_s,
    }
