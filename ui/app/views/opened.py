"""The hit that the address of a page names, opened over it."""

from collections.abc import Callable

import streamlit as st

from search.results.listing import Listing, of_units
from ui.app import resources
from ui.app.views import address, viewer
from ui.app.views.question import Question


def show_opened(listing: Callable[[], Listing], asked: Question) -> None:
    """Open the hit of the address, if there is one, among the hits of the page and its question."""
    unit_id = address.opened()
    if unit_id is None:
        viewer.closed()
        return
    among = listing()
    if not among.reach(unit_id):  # so far down that it is opened alone
        among = of_units(resources.library().core, [unit_id])
    if among.hit(unit_id) is None:
        st.warning("What this link opens is not in your library any more.", icon=":material/link_off:")
        viewer.closed()
    else:
        viewer.open_hit(among, unit_id, asked)
