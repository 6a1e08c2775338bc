"""What is being asked on the Find page, kept while people look at other pages.

The words and the kind live in the address of the page, so that it can be reloaded and bookmarked.
A picture lives in the session: its path never comes from the browser.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from db import catalog
from search.answer import Answer
from search.query import Query
from ui import resources

PAGE = 24
"""Hits shown at first, and added by "More"."""

WORDS = "q"
KIND = "kind"
UPLOAD = "upload"
_LIKE = "asked_like"
_MORE = "asked_hits"
_ANSWER = "asked_answer"


@dataclass(frozen=True)
class Question:
    """What is asked. ``upload``: Streamlit's uploaded file; ``like``: a file to find others like it."""

    words: str
    kind: Any
    upload: Any
    like: Path | None

    @property
    def empty(self) -> bool:
        """Whether nothing is asked yet."""
        return not (self.words or self.upload or self.like)

    @property
    def _identity(self) -> tuple[object, ...]:
        return (self.words, self.kind, self.upload.file_id if self.upload else None, self.like)


def current() -> Question:
    """What is asked now. To be called below the widgets."""
    state = st.session_state
    kind = state.get(KIND)
    return Question(
        (state.get(WORDS) or "").strip(),
        None if kind in (None, "all") else kind,
        state.get(UPLOAD),
        state.get(_LIKE),
    )


def ask_similar(path: Path) -> None:
    """Ask for what is like a file that the library knows, or has drawn. For callbacks."""
    st.session_state[_LIKE] = path
    st.session_state[WORDS] = ""


def forget_similar() -> None:
    """Ask without the file. For callbacks."""
    st.session_state[_LIKE] = None


def more() -> None:
    """Ask for more hits. For callbacks."""
    identity, k = st.session_state[_MORE]
    st.session_state[_MORE] = (identity, k + PAGE)


def answer(asked: Question) -> Answer:
    """The answer, from the session while neither the question nor the library changes.

    Raises:
        TroveError: see ``SearchService.search``.
    """
    state = st.session_state
    identity, k = state.get(_MORE, (None, 0))
    if identity != asked._identity:
        identity, k = asked._identity, PAGE
        state[_MORE] = (identity, k)
    with resources.database().read() as session:
        key = (identity, k, catalog.revision(session))
    kept, found = state.get(_ANSWER, (None, None))
    if kept != key:
        found = _search(asked, k)
        state[_ANSWER] = (key, found)
    return found


def _search(asked: Question, k: int) -> Answer:
    service = resources.service()
    if asked.upload is None:
        return service.search(Query(text=asked.words, like=asked.like, kind=asked.kind, k=k))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / f"picture{Path(asked.upload.name).suffix}"
        picture.write_bytes(asked.upload.getbuffer())
        return service.search(Query(text=asked.words, image=picture, like=asked.like, kind=asked.kind, k=k))
