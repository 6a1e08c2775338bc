"""A video and audio player that starts at a moment, with transcript and timeline.

Streamlit's own starts at whole seconds, and knows neither what is said nor where else the question fits.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui.app.components.source import joined

_component = st.components.v2.component(
    "trove_player",
    html="""<div class="player">
      <div class="stage"></div>
      <div class="beside" hidden>
        <div class="finder">
          <input type="text" class="find" enterkeyhint="next" autocomplete="off" spellcheck="false"
            aria-label="Find in what is said" placeholder="Find in what is said" title="Ctrl F">
          <span class="count" role="status"></span>
          <select class="which" aria-label="What is said by whom" hidden></select>
        </div>
        <details class="chapters" hidden><summary></summary><ol></ol></details>
        <div class="said" role="group" aria-label="What is said" tabindex="0"></div>
      </div>
      <div class="below">
        <div class="line">
          <div class="timeline" role="slider" tabindex="0" aria-label="Place in the file" aria-valuemin="0">
            <svg class="plot" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true"></svg>
            <div class="now"></div>
          </div>
          <div class="marks"></div>
        </div>
        <div class="lanes" hidden></div>
        <div class="legend"></div>
        <div class="tools">
          <button class="pill copy" aria-live="polite" hidden></button>
          <button class="pill link" aria-live="polite"></button>
          <button class="pill still" title="As a PNG">Save this picture</button>
          <button class="pill help" aria-label="Keys" title="Keys (?)">?</button>
        </div>
      </div>
      <div class="keys" role="note" aria-label="Keys" hidden></div>
    </div>""",
    css=joined("marks.css", "pill.css", "keys.css", "player.css", "lanes.css", "transcript.css"),
    js=joined(
        "element.js",
        "grow.js",
        "marks.js",
        "copying.js",
        "keys.js",
        "mounted.js",
        "clock.js",
        "finding.js",
        "lanes.js",
        "transcript.js",
        "player.js",
    ),
)


def player(
    data: Mapping[str, Any],
    *,
    key: str,
    on_jump: Callable[[], None],
    on_correct: Callable[[], None],
    on_heard: Callable[[], None],
) -> Any:
    """Play a file, or a clip of it.

    The result's ``jump`` is the second outside the clip to which somebody went; ``correct`` the ``unit`` and
    ``text`` of a passage that somebody has put right, ``heard`` the ``unit`` of one that is to be as it was
    heard. ``data``: ``kind`` (video or
    audio), ``unit``, ``src``, ``name``, ``width``, ``height``; ``start_s``, from where it plays;
    ``offset_s`` and ``end_s``, the part of the file that ``src`` has; ``duration_s`` of the file;
    ``texts``, what is said, as ``ui.app.views.said`` makes them, and the number of the one that is ``shown``
    first; ``curve`` with ``start_s`` and ``end_s``; ``marks`` with ``start_s`` and ``rank``;
    ``lanes``, what a machine tells of its seconds, each with ``name`` and ``spans`` of two seconds;
    ``found``, what is marked on a film that stands still, as the marks of ``picture``, with ``start_s`` and
    ``end_s``; ``paused``, whether it is not to begin by itself; ``copied``, what is written there.
    """
    return _component(
        key=key,
        data=dict(data),
        on_jump_change=on_jump,
        on_correct_change=on_correct,
        on_heard_change=on_heard,
    )
