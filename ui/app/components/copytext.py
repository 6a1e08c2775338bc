"""Text to be read, selected and copied with one click, such as a path.

A component of its own, because the first ``st.code`` of a page has the browser load a highlighter for 190
languages: 1.5 MB of JavaScript, which delayed the first opened hit by a third of a second.
"""

import streamlit as st

from ui.app.components.source import joined

_component = st.components.v2.component(
    "trove_copytext",
    html="""<div class="copytext"><pre role="group"></pre>
      <button type="button" class="pill" aria-live="polite"></button></div>""",
    css=joined("pill.css", "copytext.css"),
    js=joined("copying.js", "mounted.js", "copytext.js"),
)


def copy_text(text: str, name: str, *, key: str, most_px: int | None = None) -> None:
    """Show text in a fixed-width font, scrolled where it is higher than ``most_px``; ``name``: what it is."""
    _component(key=key, data={"text": text, "name": name, "most_px": most_px})
