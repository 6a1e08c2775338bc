"""Entry point of the Streamlit app: layout, style and navigation between the pages."""

from pathlib import Path

import streamlit as st

from ui.app import resources
from ui.app.components.frame import frame
from ui.app.views import address

# A file of our own: Streamlit has the browser fetch its named icons for this place from the internet.
ICON = Path(__file__).with_name("icon.svg")

st.set_page_config(page_title="Trove", page_icon=ICON, layout="wide")
st.logo(ICON, size="large")
st.html(Path(__file__).with_name("page.css"))

PAGES = [
    st.Page("pages/find.py", title="Find", icon=":material/search:", default=True),
    st.Page("pages/saved.py", title="Saved", icon=":material/bookmarks:"),
    st.Page("pages/events.py", title="Events", icon=":material/event:"),
    st.Page("pages/people.py", title="People", icon=":material/face:"),
    st.Page("pages/overview.py", title="Overview", icon=":material/bubble_chart:"),
    st.Page("pages/folders.py", title="Library", icon=":material/photo_library:", url_path="library"),
    st.Page("pages/duplicates.py", title="Duplicates", icon=":material/content_copy:"),
    st.Page("pages/models.py", title="Model", icon=":material/neurology:"),
    st.Page("pages/draw.py", title="Draw", icon=":material/brush:"),
]

page = st.navigation(PAGES, position="top")
with st.container(horizontal=True, key="pages"):  # on a phone, at the bottom; see page.css
    for one in PAGES:
        st.page_link(one)
frame(page.title)
with resources.explained(), address.kept(page.url_path):
    resources.library()
    page.run()
