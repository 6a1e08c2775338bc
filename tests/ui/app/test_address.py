"""The state of pages in their address, without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from ui.app.uploads import uploads


def _page() -> None:
    import streamlit as st

    from ui.app.views import address

    page = st.session_state.get("page", "")
    with address.kept(page):
        st.write(address.opened())
        st.button("Ask", on_click=address.change, kwargs={"q": "a dog", "order": None})
        st.button("Open", on_click=address.open_hit, args=(7,))
        st.button("Close", on_click=address.close_hit)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "../a", "٣", "9" * 30])
def test_what_is_no_id_opens_nothing(text: str) -> None:
    page = AppTest.from_function(_page, default_timeout=60)
    page.query_params["hit"] = text
    assert page.run().markdown[0].value == "`None`"


def test_who_comes_back_to_a_page_finds_it_as_it_was_left_with_nothing_open() -> None:
    page = AppTest.from_function(_page, default_timeout=60).run()
    page.button[0].click().run()
    page.button[1].click().run()
    assert dict(page.query_params) == {"q": "a dog", "hit": "7"}
    assert page.markdown[0].value == "`7`"
    for name, shown in {"library": {}, "": {"q": "a dog"}}.items():
        page.session_state["page"] = name
        page.query_params.clear()
        assert dict(page.run().query_params) == shown
    # To take the words out, or to go back to before them, is not to come from another page.
    page.query_params.clear()
    assert dict(page.run().query_params) == {}
    page.button[1].click().run()
    page.button[2].click().run()
    assert dict(page.query_params) == {}


def test_an_upload_is_known_by_its_content() -> None:
    token = uploads().keep(b"picture", "a.png")
    assert uploads().keep(b"picture", "b.png") == token
    kept = uploads().get(token)
    assert kept is not None
    assert (kept.name, kept.path.read_bytes()) == ("b.png", b"picture")
    assert uploads().get("0" * 64) is None
