"""The state of a page, kept in its address: to reload, bookmark, open in another tab, and go back from.

Streamlit puts each change of ``st.query_params`` into the browser's history and runs the page again on Back
and Forward. Values come from whoever made the link, so pages check them against the library: they are words,
names, ids of units and hashes of contents, never paths. What an opened hit does to the history is decided by
the component ``ui.app.components.frame``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

HIT = "hit"
AT = "at"
"""The second of the opened film or recording at which it plays."""
SEARCH = "search"
"""The name of the saved search that is opened."""

_PAGE = "address_page"
_KEPT = "address_kept"


def change(**values: str | None) -> None:
    """Put values into the address, and take those that are None or empty out: one step in the history."""
    before = st.query_params.to_dict()
    after = {key: value for key, value in (before | values).items() if value}
    if after != before:
        st.query_params.from_dict(after)


def opened() -> int | None:
    """The id of the unit of the hit that is opened, as the address says; it need not be in the library."""
    text = st.query_params.get(HIT, "")
    # Longer ones are no ids: SQLite's end there.
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def open_hit(unit_id: int) -> None:
    """Open a hit, or turn to it from another one."""
    if unit_id != opened():
        change(**{HIT: str(unit_id), AT: None})


def close_hit() -> None:
    """Close the opened hit."""
    change(**{HIT: None, AT: None})


@contextmanager
def kept(page: str) -> Iterator[None]:
    """Around a page: who comes back to it from another one finds it as it was left, without an opened hit."""
    state = st.session_state
    before = state.get(_PAGE, page)
    state[_PAGE] = page
    left = state.setdefault(_KEPT, {})
    if before != page and not st.query_params and left.get(page):
        st.query_params.from_dict(left[page])
    yield
    left[page] = {key: value for key, value in st.query_params.to_dict().items() if key not in (HIT, AT)}
