"""The query box.

Streamlit's text field tells Python only on Enter, and takes no picture from the clipboard; this
component tells of every pause in typing, and of pictures and sounds that are chosen, pasted or dropped
anywhere.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from ui.app.components.source import joined

_SESSION = "ask_session"
_HTML = """<div class="ask">
  <div class="line">
    <input type="search" aria-label="What are you looking for?" autocomplete="off" spellcheck="false"
      enterkeyhint="search">
    <button type="button" class="picture" aria-label="Search with a picture"
      title="Search with a picture or sound: choose it, or paste or drop it anywhere on this page">
      <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"
        aria-hidden="true"><path d="M4 8h3l2-3h6l2 3h3v11H4z"/><circle cx="12" cy="13" r="3.4"/></svg>
    </button>
    <input type="file"
      accept="image/*,audio/*,.heic,.heif,.avif,.jxl,.jp2,.tga,.psd,.dng,.cr2,.cr3,.nef,.arw,.raf,.orf,.rw2"
      aria-label="A picture or sound like what you look for">
  </div>
  <div class="chips" role="group" aria-label="Parts of the question"></div>
  <div class="note" role="status"></div>
  <div class="over" hidden>Drop a picture or sound to find others like it</div>
</div>"""

_component = st.components.v2.component(
    "trove_askbox",
    html=_HTML,
    css=joined("askbox.css"),
    js=joined("element.js", "mounted.js", "askbox.js"),
)


@dataclass(frozen=True)
class Chip:
    """A chip for one part of the question, which a click removes."""

    id: str
    text: str
    src: str | None = None
    """Address of a picture to show."""


def askbox(
    words: str,
    *,
    sequence: int,
    chips: Sequence[Chip],
    note: str,
    upload_url: str,
    on_asked: Callable[[], None],
    on_picture: Callable[[], None],
    on_removed: Callable[[], None],
) -> Any:
    """Draw the box.

    In the callbacks ``st.session_state.ask`` has ``asked`` ({words, final, sequence}), ``picture``
    ({token, name}) or ``removed`` (the id of a chip). ``sequence``: the last one that was answered.
    """
    return _component(
        key="ask",
        data={
            "words": words,
            "session": st.session_state.setdefault(_SESSION, secrets.token_hex(8)),
            "sequence": sequence,
            "chips": [asdict(chip) for chip in chips],
            "note": note,
            "url": upload_url,
            "placeholder": "A dog on the beach, or something that was said",
        },
        on_asked_change=on_asked,
        on_picture_change=on_picture,
        on_removed_change=on_removed,
    )
