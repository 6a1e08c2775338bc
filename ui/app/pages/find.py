"""Find page: the query box, the verdict, the hits."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from db import kinds
from db.engine.schema import UnitKind
from db.errors import QueryError, TroveError
from search.answer import Answer
from search.drawing.imagine import prompt_of, without_of
from search.query import conditions
from search.query.query import Order
from search.results.listing import Listing
from search.saved.searches import LONGEST_NAME
from ui.app import resources
from ui.app.components.askbox import askbox
from ui.app.components.gallery import gallery
from ui.app.routes.feeds import upload_url
from ui.app.views import address, indexing, question, selection, viewer
from ui.app.views.conversing import offer_answer, show_answer
from ui.app.views.filters import filters
from ui.app.views.opened import show_opened
from ui.app.views.persons import offer_who
from ui.app.views.question import Question
from ui.app.views.sketching import offer_preview, offer_sketch, show_preview, show_sketch
from ui.app.views.starting import NEAREST
from ui.wording import units_in_words, without

_ICONS = {
    "found": ":green[:material/check_circle:]",
    "unsure": ":orange[:material/help:]",
    "absent": ":gray[:material/search_off:]",
    "nearest": ":gray[:material/near_me:]",
}
_MOST_TO_SORT = 200_000
"""In a larger library sorting by date takes longer than people wait for a start page."""

_ORDERS: Mapping[Order, str] = {
    "relevance": "Best first",
    "date": "Latest first",
    "added": "Last added first",
    "name": "By name",
    "size": "Largest first",
}


def _ask() -> Question:
    asked = question.current()
    askbox(
        asked.words,
        sequence=question.sequence(),
        chips=question.chips(asked),
        note=_note(asked),
        upload_url=upload_url(),
        on_asked=_take_words,
        on_picture=lambda: question.ask_with(st.session_state.ask.picture["token"]),
        on_removed=lambda: question.remove(st.session_state.ask.removed),
    )
    return asked


def _take_words() -> None:
    message = st.session_state.ask.asked
    question.ask(message["words"], final=message["final"], answered=message["sequence"])


def _note(asked: Question) -> str:
    """The error in words that are still being typed, or an empty string."""
    if asked.empty or not question.typing():
        return ""
    try:
        asked.query(1)
    except QueryError as exc:
        return resources.sentence(str(exc))
    return ""


def _show(asked: Question) -> None:
    if asked.parsed is None and question.typing():
        return
    token, listing = question.listing(asked)
    with st.container(horizontal=True, vertical_alignment="center", key="verdict"):
        _verdict(listing.answer)
        offer_answer(asked.words)
        offer_who(asked)
        prompt, left_out = _draw_it(asked, listing.answer)
        if prompt:
            offer_sketch(prompt)
            offer_preview(prompt, left_out, _nearest(listing.answer))
        _order(asked)
        _save(asked)
    show_answer(asked.words)
    if prompt and not question.typing():
        show_sketch(prompt)
        show_preview(prompt)
    _notes(listing.answer)
    _drop(listing.answer)
    _hits(token, listing, asked)


def _hits(token: str, listing: Listing, asked: Question) -> None:
    selection.bar(selection.chosen(listing), token)
    show_opened(lambda: listing, asked)
    clicked = gallery(
        listing,
        token,
        words=asked.words,
        closed=viewer.last_closed(),
        cleared=selection.cleared(),
        on_open=lambda: question.open_hit(st.session_state.gallery.open),
    )
    if clicked.similar is not None and (hit := listing.hit(clicked.similar)) is not None:
        question.find_similar(hit.path)


def _verdict(answer: Answer) -> None:
    st.markdown(f"{_ICONS[answer.verdict]} **{resources.plain(answer.says)}**", width="content")


def _notes(answer: Answer) -> None:
    """What was not understood, each with questions to ask instead, one click away."""
    for at, note in enumerate(answer.understood.notes):
        with st.container(horizontal=True, vertical_alignment="center", key=f"note_{at}"):
            st.markdown(f":material/info: {resources.plain(note.says)}", width="content")
            for offer in note.offers:
                st.button(
                    resources.plain(offer),
                    key=f"offer_{at}_{offer}",
                    type="secondary",
                    on_click=question.ask,
                    args=(offer,),
                )


def _drop(answer: Answer) -> None:
    """Where conditions leave nothing, a button for each that drops it and says what there is without it."""
    for at, one in enumerate(answer.without):
        st.button(
            resources.plain(without(one)),
            icon=":material/filter_alt_off:",
            key=f"drop_{at}_{one.condition}",
            on_click=question.ask,
            args=(one.query,),
        )


def _order(asked: Question) -> None:
    st.session_state.order = asked.order
    st.selectbox(
        "Order",
        list(_ORDERS),
        format_func=_ORDERS.__getitem__,
        key="order",
        label_visibility="collapsed",
        width=180,
        on_change=lambda: question.sort(st.session_state.order),
    )


def _save(asked: Question) -> None:
    with st.popover(
        "Save", icon=":material/bookmark_add:", help="Keep this search and see what is new in it"
    ):
        with st.form("save", border=False, clear_on_submit=True):
            name = st.text_input("Name", max_chars=LONGEST_NAME, placeholder="Rex at the beach")
            submitted = st.form_submit_button("Save", type="primary")
        if submitted:
            with resources.explained():
                resources.library().saved.add(name or "", asked.query(1))
                st.success("Saved. It is on the page Saved, where thumbs make it better.")


def _draw_it(asked: Question, answer: Answer) -> tuple[str, str]:
    """A link to draw what was asked for; returns the prompt and what to leave out, '' without words."""
    try:
        query = asked.query(1)
        prompt, left_out = prompt_of(query), without_of(query)
    except TroveError:
        return "", ""  # nothing but conditions, or a picture
    nearest = _nearest(answer)
    # A link, since Streamlit's switch_page refuses to leave a page with something in its address.
    st.page_link(
        "pages/draw.py",
        label="Not it? Draw it" if answer.verdict == "found" else "**Draw it**",
        icon=":material/brush:",
        help="Make a picture of it with a drawing model on this machine",
        query_params={"prompt": prompt, "without": left_out}
        | ({} if nearest is None else {NEAREST: str(nearest)}),
    )
    return prompt, left_out


def _nearest(answer: Answer) -> int | None:
    """The picture that came nearest, to draw from it what was asked for, unless it is that already."""
    first = next((hit for hit in answer.hits if kinds.named(hit.kind).proof == "shows"), None)
    return None if first is None or answer.verdict == "found" else first.unit_id


def _welcome() -> None:
    """Onboarding for an empty library: add the first folder; or say why there is nothing in those added."""
    if resources.library().folders.patterns() and not resources.index_job().state().active:
        _nothing_in_folders()
        return
    st.header("Nothing is in your library yet")
    st.markdown(
        "Give a folder, and Trove looks at its pictures and videos and listens to what is said in them. "
        "Then you can find all of it by what it shows. **Everything stays on this machine.**"
    )
    if not indexing.progress():
        indexing.add_folder("first_folder")


def _nothing_in_folders() -> None:
    st.header("Nothing can be found in your folders yet")
    facts = resources.status()
    reasons = {"could not be read": facts.failed, "hidden": facts.hidden, "in the cloud": facts.cloud}
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    st.markdown(f"Of their files are {told}." if told else "There is no picture, film or recording in them.")
    st.page_link(
        "pages/folders.py", label="See your folders, or add another", icon=":material/photo_library:"
    )
    indexing.progress()


_FORMS = """
| write | to find |
|---|---|
| `dog -beach` | dogs, but away from beaches |
| `"red car" +"at night"*0.5` | two things at once, the second one half as important |
| `sunset OR campfire` | either |
"""
_AROUND = """
Conditions can stand together, and beside a description: `birthday type:video` finds films of birthdays. With
`-` before it a condition must not hold.

Press **/** to come back to the box, **↓** to go to the hits, arrows to move among them, **Enter** to open
one, **x** to select it, **s** for similar ones.
"""


def _language() -> str:
    """The language of the query box, with all conditions that there are, as Markdown."""
    rows = []
    for condition in conditions.every().values():
        examples = ", ".join(f"`{example}`" for example in condition.examples).replace("|", "\\|")
        rows.append(f"| {examples} | {resources.plain(condition.help)} |\n")
    return _FORMS + "".join(rows) + _AROUND


def _invite(counts: Mapping[UnitKind, int]) -> None:
    for name, count in resources.news():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":blue-badge[{count} new] in **{resources.plain(name)}**", width="content")
            if st.button("Show", key=f"news_{name}"):
                st.switch_page("pages/saved.py", query_params={address.SEARCH: name})
    st.caption(
        f"{units_in_words(counts)} {'is' if sum(counts.values()) == 1 else 'are'} waiting. Describe what you "
        "look for in plain words, or give a picture like it: choose it, or paste or drop it here."
    )
    with st.expander("What else the box understands", icon=":material/lightbulb:"):
        st.markdown(_language())
    everything = question.everything()
    if sum(counts.values()) > _MOST_TO_SORT:
        st.button(
            "Show everything by date",
            icon=":material/calendar_month:",
            help="In a library of this size that takes some seconds",
            on_click=partial(question.ask, everything.words, order=everything.order),
        )
        return
    _on_this_day()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("All", width="content")
        st.button(
            "Recently added",
            icon=":material/schedule:",
            on_click=partial(question.ask, everything.words, order="added"),
        )
    _hits(*question.listing(everything), question.nothing())


def _on_this_day() -> None:
    """A row of the pictures of this day of earlier years, which leads to all of them."""
    token, listing = question.on_this_day()
    if not listing.total:
        return
    words = listing.answer.query
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("On this day", width="content")
        see_all = partial(question.ask, words, order="date")
        st.button("See all", key="on_this_day_all", on_click=see_all)
    gallery(
        listing,
        token,
        name="on_this_day",
        most_rows=1,
        closed=viewer.last_closed(),
        on_open=lambda: question.open_hit(st.session_state.on_this_day.open),
    )


counts = resources.counts()
if not any(counts.values()):
    _welcome()
else:
    asked = _ask()
    filters(asked)
    if gone := question.gone(asked):
        st.info(gone, icon=":material/link_off:")
    if asked.empty:
        _invite(counts)
    else:
        with resources.explained():
            _show(asked)
