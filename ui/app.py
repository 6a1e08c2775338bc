"""The app: its pages, and what surrounds them."""

from pathlib import Path

import streamlit as st

from ui import resources

# A file of our own: Streamlit has the browser fetch its named icons for this place from the internet.
ICON = Path(__file__).with_name("icon.svg")

st.set_page_config(page_title="Trove", page_icon=ICON, layout="wide")
st.logo(ICON, size="large")

page = st.navigation(
    [
        st.Page("pages/find.py", title="Find", icon=":material/search:", default=True),
        st.Page("pages/library.py", title="Library", icon=":material/photo_library:"),
        st.Page("pages/draw.py", title="Draw", icon=":material/brush:"),
    ],
    position="top",
)
with resources.explained():
    resources.service()
    page.run()
