"""What is written in an opened hit: marked in the picture or film, and below it to be copied."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from db.catalog.units import Region
from db.times import is_during
from search.answer import Hit
from search.results.texts import Written
from ui.app.components.copytext import copy_text

_HIGH_PX = 220


def whole_text(texts: Sequence[Written]) -> str:
    """All of the text, a line for each block; what a film shows for a while is read again and again."""
    return "\n".join(dict.fromkeys(text.text for text in texts))


def show_text(texts: Sequence[Written]) -> None:
    """All of the text, to be read and selected."""
    if not texts:
        return
    st.markdown("**What is written in it**")
    whole = whole_text(texts)
    copy_text(whole, "all that is written in it", key="viewer_text", most_px=_HIGH_PX)


def in_moment(texts: Sequence[Written], hit: Hit) -> list[Written]:
    """Those of the texts that are seen in the moment of a hit; in a picture all of them."""
    return [text for text in texts if is_during(text, hit.start_s, hit.end_s)]


def text_lines(texts: Sequence[Written]) -> list[dict[str, Any]]:
    """The lines as the picture's component takes them."""
    return [
        {"words": text.text[line.start : line.end], "corners": line.corners}
        for text in texts
        for line in text.lines
    ]


def found_marks(texts: Sequence[Written], hit: Hit) -> list[dict[str, Any]]:
    """What is marked: the words that were asked for, and all of a region that was found by its meaning."""
    marks = [
        {"corners": mark.corners, "whole": False, "start_s": text.start_s, "end_s": text.end_s}
        for text in texts
        for mark in text.marks
    ]
    worded = {text.unit_id for text in texts if text.marks}
    regions = {fact.unit_id: fact for fact in hit.why if fact.region and fact.unit_id not in worded}
    for fact in regions.values():
        region = fact.region or Region(0.0, 0.0, 1.0, 1.0)
        marks.append({"corners": region.corners, "whole": True, "start_s": fact.start_s, "end_s": fact.end_s})
    return marks
