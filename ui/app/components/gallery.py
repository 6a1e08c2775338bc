"""The grid of hits.

Streamlit cannot make a picture clickable, nor show ten thousand of them, so this is a component of its
own: justified rows, virtualised, so that only those near the window exist.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import streamlit as st

from search.results.listing import FIRST, Listing
from ui.app.components.source import joined
from ui.app.routes import feeds

_component = st.components.v2.component(
    "trove_gallery",
    html=(
        '<div class="grid"><div class="sizes" role="group" aria-label="Size of the pictures"></div>'
        '<div class="gallery" role="group" aria-label="Hits"></div>'
        '<div class="scrubbing" hidden></div></div>'
    ),
    css=joined("gallery.css", "scrubber.css"),
    js=joined(
        "element.js",
        "press.js",
        "preview.js",
        "tile.js",
        "rows.js",
        "scrubber.js",
        "sizes.js",
        "grow.js",
        "mounted.js",
        "gallery.js",
    ),
)


def gallery(
    listing: Listing,
    token: str,
    *,
    name: str = "gallery",
    words: str = "",
    most_rows: int | None = None,
    on_open: Callable[[], None],
    on_judged: Callable[[], None] = lambda: None,
    judged: Mapping[int, bool] | None = None,
    fresh: Collection[int] = (),
    cleared: int = 0,
    closed: Mapping[str, int] | None = None,
) -> Any:
    """Draw hits.

    ``name``: of its state in the session. ``words``: what was asked, for those who hear it. ``most_rows``:
    a strip of so many rows, in which hits are opened and nothing else. In ``on_open``,
    ``st.session_state.gallery.open`` is the unit that was clicked (for another name that one). Of the
    result, ``similar`` is one to find others like, in this run only, and ``selected`` the list of units
    that are selected; another number for ``cleared`` takes the selection away. With ``judged``, the thumbs
    so far by unit, there are thumbs, and ``judged`` in the result is {id, up}, None where one was taken
    back. ``fresh``: units that are marked as new. ``closed``: {unit, nth} of the hit over the grid that was
    closed last; its tile gets the focus when ``nth`` is another one than before.
    """
    first = listing.hits(0, FIRST)
    strip = most_rows is not None
    return _component(
        key=name,
        data={
            "name": name,
            "label": f"Hits for {words}" if words else "Hits",
            "most_rows": most_rows,
            "token": token,
            "url": feeds.listing_url(token),
            "tiles": feeds.tiles(first),
            "complete": strip or (listing.complete and len(first) >= len(listing)),
            "total": None if strip else listing.total,
            "days": [] if strip else [[day and day.isoformat(), count] for day, count in listing.answer.days],
            "cleared": cleared,
            "closed": closed,
            "judged": None if judged is None else {str(unit): up for unit, up in judged.items()},
            "fresh": list(fresh),
        },
        default={"selected": []},
        on_open_change=on_open,
        on_similar_change=lambda: None,  # Streamlit wants one to make the click a trigger
        on_selected_change=lambda: None,
        on_judged_change=on_judged,
    )
