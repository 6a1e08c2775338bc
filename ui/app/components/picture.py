"""A picture with what was found marked on it, and with its text to be selected.

Streamlit's own shows pictures as they are; what is drawn over one must stay in its place in every size.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "trove_picture",
    html="""<figure class="picture">
      <div class="canvas"><img alt=""><svg class="overlay" aria-hidden="true"></svg></div>
      <div class="tools">
        <button type="button" class="pill toggle" aria-pressed="true" hidden>Mark what was found</button>
        <button type="button" class="pill copy" aria-live="polite" hidden></button>
        <button type="button" class="pill larger">Full screen</button>
      </div>
    </figure>""",
    css="".join((_HERE / name).read_text("utf-8") for name in ("marks.css", "picture.css")),
    js="".join((_HERE / name).read_text("utf-8") for name in ("marks.js", "picture.js")),
)


def picture(data: Mapping[str, Any], *, key: str) -> None:
    """Show a picture.

    ``data``: ``src``, ``name``; ``width``, the most pixels that it may take; ``marks`` with ``corners``, and
    ``whole`` where a region is meant and not words in it; ``lines`` with ``words`` and ``corners``, which are
    those of ``search.answer.Mark``; ``copied``, all of the text.
    """
    _component(key=key, data=dict(data))
