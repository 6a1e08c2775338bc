"""State of the question on the Find page, kept while other pages are shown.

The words, with all conditions in them, live in the address of the page, so that it can be reloaded and
bookmarked. A picture lives in the session: its path never comes from the browser.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from db.catalog import revision, units
from db.errors import QueryError
from search.query.language import Parsed, parse
from search.query.query import Order, Query
from search.results.listing import Listing
from ui.app import resources
from ui.app.components.askbox import Chip
from ui.app.routes import feeds
from ui.app.uploads import uploads

_WORDS = "asked_words"
_FINAL = "asked_final"
_SEQUENCE = "asked_sequence"
_ADDRESS = "asked_address"
_UPLOAD = "asked_picture"
_LIKE = "asked_like"
_ORDER = "asked_order"
_STACKS = "asked_stacks"
_LISTING = "asked_listing"
_IN_ADDRESS = "q"


@dataclass(frozen=True)
class Question:
    """Words, a picture, or both. ``upload``: its token; ``like``: a file to find others like it.

    ``stacks``: what belongs together is one hit.
    """

    words: str
    upload: str | None
    like: Path | None
    order: Order = "relevance"
    stacks: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing is asked yet."""
        return not (self.words or self.upload or self.like)

    @property
    def parsed(self) -> Parsed | None:
        """What the words mean; None while they are malformed."""
        try:
            return parse(self.words)
        except QueryError:
            return None

    def query(self, k: int) -> Query:
        """The question to the library; errors as ``search.query.query.Query``."""
        upload = uploads().get(self.upload) if self.upload else None
        image = upload.path if upload else None
        return Query(text=self.words, image=image, like=self.like, k=k, order=self.order, stacks=self.stacks)


def nothing() -> Question:
    """The empty question, for pictures that are opened without one."""
    return Question("", None, None)


def everything() -> Question:
    """The question for the whole library, which people see before they ask their own."""
    return Question("type:image,video,audio", None, None)


def current() -> Question:
    """The current question."""
    state = st.session_state
    _read_address()
    if state.get(_UPLOAD) and uploads().get(state[_UPLOAD]) is None:
        state[_UPLOAD] = None  # the app was restarted, or newer uploads evicted it
    return Question(
        state.get(_WORDS, ""),
        state.get(_UPLOAD),
        state.get(_LIKE),
        state.get(_ORDER, "relevance"),
        state.get(_STACKS, True),
    )


def _read_address() -> None:
    """Take the words from the URL where it has changed: a bookmark, or the browser's back button."""
    state = st.session_state
    words = st.query_params.get(_IN_ADDRESS, "")
    if words and words != state.get(_ADDRESS):
        state[_WORDS] = words
        state[_FINAL] = True
    elif words != state.get(_WORDS, "") and state.get(_FINAL, True):
        _write_address()
    state[_ADDRESS] = st.query_params.get(_IN_ADDRESS, "")


def _write_address() -> None:
    words = st.session_state.get(_WORDS, "")
    if words:
        st.query_params[_IN_ADDRESS] = words
    else:
        st.query_params.pop(_IN_ADDRESS, None)


def typing() -> bool:
    """Whether somebody is still typing, so that malformed words are no error yet."""
    return not st.session_state.get(_FINAL, True)


def sequence() -> int:
    """Number of the query box's last message that was answered."""
    return int(st.session_state.get(_SEQUENCE, 0))


def chips(asked: Question) -> list[Chip]:
    """A chip for each part of a question that can be removed."""
    removable = []
    parsed = asked.parsed
    # One description needs no chip: it is what stands in the box.
    if parsed is not None and (len(parsed.chips) > 1 or parsed.conditions):
        removable += [Chip(f"part {at}", text) for at, text in enumerate(parsed.chips)]
    if asked.upload and (upload := uploads().get(asked.upload)):
        address = feeds.uploaded_url(asked.upload)
        removable.append(Chip("picture", f"Like your picture {upload.name}", address))
    if asked.like is not None:
        removable.append(Chip("like", f"Similar to {asked.like.name}"))
    return removable


# --- for callbacks


def ask(words: str, *, final: bool = True, answered: int | None = None) -> None:
    """Ask in these words, beside the picture if there is one."""
    state = st.session_state
    state[_WORDS] = words.encode(errors="replace").decode().strip()
    state[_FINAL] = final
    if answered is not None:
        state[_SEQUENCE] = answered


def narrow(change: Callable[[Parsed], Parsed]) -> None:
    """Change the conditions in the words."""
    if (parsed := current().parsed) is not None:
        ask(str(change(parsed)))


def remove(chip: str) -> None:
    """Ask without a part."""
    if chip == "picture":
        st.session_state[_UPLOAD] = None
    elif chip == "like":
        st.session_state[_LIKE] = None
    else:
        narrow(lambda parsed: parsed.without(int(chip.removeprefix("part "))))


def ask_with(token: str) -> None:
    """Ask with an uploaded picture, beside the words if there are any."""
    st.session_state[_UPLOAD] = token
    st.session_state[_LIKE] = None


def ask_similar(path: Path) -> None:
    """Ask for files similar to one that the library knows, or has drawn."""
    st.session_state[_LIKE] = path
    st.session_state[_UPLOAD] = None
    ask("")


def sort(order: Order) -> None:
    """Show the hits in another order."""
    st.session_state[_ORDER] = order


def stack(*, together: bool) -> None:
    """Show what belongs together as one hit, or each file by itself."""
    st.session_state[_STACKS] = together


# --- the answer


def listing(asked: Question) -> tuple[str, Listing]:
    """The listing of hits and its token, cached in the session until the question or the library changes.

    Raises:
        TroveError: see ``SearchService.search``.
    """
    state = st.session_state
    with resources.read() as session:
        key: tuple[Any, ...] = (asked, revision.current(session))
        total = sum(units.counts(session, among_hidden=True).values())
    cached_key, token, shown = state.get(_LISTING, (None, "", None))
    if cached_key != key:
        service = resources.library().service
        shown = Listing(
            lambda k: service.search(asked.query(k)),
            total=max(1, total),
            order=asked.order,
        )
        token = feeds.keep(shown)
        state[_LISTING] = (key, token, shown)
    return token, shown
