"""Process-wide resources of the app (library, jobs, drawing model), and how errors are shown."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import streamlit as st
from sqlalchemy.orm import Session

from db.catalog import revision, units
from db.catalog import saved as saved_rows
from db.engine.schema import UnitKind
from db.errors import TroveError
from db.printable import JOINERS
from search.asking.answering import is_at_hand
from search.drawing.drawer import Drawer
from search.drawing.presets import Makes
from search.health.status import Status
from trove import Library
from ui.app.jobs import DrawJob, IndexJob, MeasureJob
from ui.watching import WatchJob

log = logging.getLogger(__name__)

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$:~])")


@st.cache_resource(show_spinner=False)
def library() -> Library:
    """The library of this process, which ``trove ui`` names in the environment.

    Its models are loaded in the background, so that the first query does not wait.
    """
    opened = Library.open()
    threading.Thread(target=_warm, args=(opened,), daemon=True).start()
    return opened


def read() -> AbstractContextManager[Session]:
    """A session for reading the library's tables: one consistent snapshot."""
    return library().core.read()


def counts(*, among_hidden: bool = False) -> dict[UnitKind, int]:
    """As ``units.counts``, without counting anew for every page: of many units that takes longest of all."""
    with read() as session:
        return _counts(revision.current(session), among_hidden)


def status() -> Status:
    """As ``Library.status``, counted anew only where something was written since."""
    return _status(library().core.database.changes())


@st.cache_data(show_spinner=False, max_entries=1)
def _status(changes: int) -> Status:  # noqa: ARG001
    return library().status()


@st.cache_data(show_spinner=False, max_entries=4)
def _counts(revision: int, among_hidden: bool) -> dict[UnitKind, int]:  # noqa: ARG001
    with read() as session:
        return units.counts(session, among_hidden=among_hidden)


@st.cache_resource(show_spinner=False)
def index_job() -> IndexJob:
    """The indexing job of this app."""
    return IndexJob(library())


@st.cache_resource(show_spinner=False)
def measure_job() -> MeasureJob:
    """The job of this app that measures models."""
    return MeasureJob(library())


@st.cache_resource(show_spinner=False)
def watch_job() -> WatchJob:
    """The job that watches the library's folders; started again if it was switched on."""
    job = WatchJob(library().settings)
    job.ensure()
    return job


@st.cache_data(show_spinner=False, max_entries=200)
def arrivals(name: str, up: int, down: int, revision: int, seen: int) -> int:  # noqa: ARG001
    """Number of new hits of a saved search, cached until the library, the search or its thumbs change."""
    return library().saved.arrivals(name, 1).count


def news() -> list[tuple[str, int]]:
    """The saved searches that have new hits, and how many."""
    with read() as session:
        now = revision.current(session)
        seen = {row.name: row.seen for row in saved_rows.every(session)}
    counts = [
        (item.name, arrivals(item.name, item.up, item.down, now, seen.get(item.name, 0)))
        for item in library().saved.every()
    ]
    return [(name, count) for name, count in counts if count]


@st.cache_resource(show_spinner=False)
def draw_job() -> DrawJob:
    """The drawing job of this app."""
    return DrawJob()


# One entry: a drawing model takes gigabytes, and people rarely go back and forth.
@st.cache_resource(show_spinner=False, max_entries=1)
def drawer(model: str, makes: Makes = "picture") -> Drawer:
    """A drawing model, loaded on its first drawing."""
    settings = library().settings
    return Drawer(model, makes, device=settings.device, idle_minutes=settings.idle_minutes)


@st.cache_resource(show_spinner=False)
def has_answerer() -> bool:
    """Whether a model that answers questions is here, or a server was chosen."""
    return is_at_hand(library().settings)


def warm() -> None:
    """Open the library at start-up, before the first page. Errors are only logged: the pages show them."""
    try:
        library()
        watch_job()
    except TroveError:
        log.warning("the library cannot be opened", exc_info=True)


def _warm(opened: Library) -> None:
    try:
        opened.service.warm()
    except TroveError:
        log.warning("the search cannot be warmed up", exc_info=True)


@contextmanager
def explained() -> Iterator[None]:
    """Show a ``TroveError`` on the page, in place of the part that raised it."""
    try:
        yield
    except TroveError as exc:
        explain(exc)


def explain(exc: TroveError) -> None:
    """Say what happened and what can be done about it."""
    st.error(f"**{plain(sentence(str(exc)))}** {plain(exc.hint)}", icon=":material/error:")


def on_script_error(exc: Exception) -> bool:
    """Show errors that no page has caught: a ``TroveError`` in a fragment or a callback, and bugs."""
    if isinstance(exc, TroveError):
        explain(exc)
    else:
        log.error("the app failed", exc_info=exc)
        st.error(
            "**Something went wrong in Trove itself.** Reload the page; if it happens again, the file "
            "trove\\.log in the library's folder says what to report.",
            icon=":material/bug_report:",
        )
    return True


def sentence(message: str) -> str:
    """A message that was written to follow "Error:", as a sentence of its own."""
    return f"{message[:1].upper()}{message[1:]}".rstrip(".") + "." if message else ""


def plain(text: str) -> str:
    """Escape Markdown, so that text such as a file name is shown literally, in one line.

    What cannot be shown, such as a byte of a name that is no UTF-8 or a mark that turns the line around, is
    shown as missing; the joiners of emoji and of some scripts stay.
    """
    shown = (
        char if char.isprintable() or char in JOINERS else "\N{REPLACEMENT CHARACTER}"
        for char in " ".join(text.split())
    )
    return _MARKDOWN.sub(r"\\\1", "".join(shown))
