"""Faceted search: filters beside the hits, kept as conditions in the words of the question.

So a chosen filter can be seen, edited, bookmarked and removed in the query box.
"""

import re
from pathlib import Path

import streamlit as st

from db import kinds
from db.catalog import assets, facets, revision
from search.query.language import Parsed
from ui.app import resources
from ui.app.components.histogram import histogram
from ui.app.views import question
from ui.app.views.question import Question
from ui.wording import capital

_ALIASES = {"picture": "image", "photo": "image", "sound": "audio", "recording": "audio"}
_RANGE = re.compile(r"(\d{4}(?:-\d{2})?)(?:\.\.(\d{4}(?:-\d{2})?))?")

_TYPE = "filter_type"
_DATE = "filter_date"
_FOLDER = "filter_folder"
_CAMERA = "filter_camera"


@st.cache_data(show_spinner=False, max_entries=2)
def _facet_counts(revision: int) -> tuple[dict[str, int], dict[str, int], dict[Path, int]]:  # noqa: ARG001
    """File counts by month, camera and folder, cached until the library changes."""
    with resources.read() as session:
        roots = assets.roots(session)
        return facets.months(session), facets.cameras(session), facets.folders(session, roots)


def months(revision: int) -> dict[str, int]:
    """Number of files in each month."""
    return _facet_counts(revision)[0]


def filters(asked: Question) -> None:
    """Draw the filters in the sidebar."""
    parsed = asked.parsed
    if parsed is None:
        return  # nothing can be changed in words that mean nothing yet
    with resources.read() as session:
        now = revision.current(session)
    by_month, cameras, folders = _facet_counts(now)
    with st.sidebar:
        _type(parsed)
        if by_month:
            st.caption("When")
            histogram(by_month, _range(parsed), key=_DATE, on_range=_set_date)
        if len(folders) > 1:
            _folder(parsed, folders)
        if cameras:
            _camera(parsed, cameras)


def _type(parsed: Parsed) -> None:
    chosen = [_ALIASES.get(value.lower(), value.lower()) for value in parsed.values("type")]
    shown = _types()
    st.session_state[_TYPE] = [value for value in chosen if value in shown]
    st.pills(
        "What",
        list(shown),
        format_func=shown.get,
        selection_mode="multi",
        key=_TYPE,
        on_change=lambda: _set("type", tuple(st.session_state[_TYPE])),
    )


def _types() -> dict[str, str]:
    """What can be chosen, with its label: the kinds that are shown by themselves, and whole recordings."""
    standing = (kind for kind in kinds.every().values() if kind.stands)
    return {kind.name: capital(kind.plural) for kind in standing} | {"audio": "Recordings"}


def _set(key: str, values: tuple[str, ...]) -> None:
    question.narrow(lambda parsed: parsed.having(key, values))  # type: ignore[arg-type]


def _range(parsed: Parsed) -> tuple[str, str] | None:
    """First and last month or year of the date condition, if it is a range that the histogram can show."""
    values = parsed.values("date")
    match = _RANGE.fullmatch(values[0]) if len(values) == 1 else None
    return (match[1], match[2] or match[1]) if match else None


def _set_date() -> None:
    chosen = st.session_state[_DATE].range
    if chosen:
        first, last = chosen["first"], chosen["last"]
        before = current_range()
        if first is None or (first, last) == before:
            _set("date", ())
        else:
            _set("date", (first if first == last else f"{first}..{last}",))


def current_range() -> tuple[str, str] | None:
    """The date range of the current question."""
    parsed = question.current().parsed
    return _range(parsed) if parsed else None


def _folder(parsed: Parsed, folders: dict[Path, int]) -> None:
    values = parsed.values("in")
    st.session_state[_FOLDER] = next((path for path in folders if (str(path),) == values), None)
    st.selectbox(
        "Folder",
        list(folders),
        format_func=lambda path: f"{_short(path)} ({folders.get(path, 0):,})",
        key=_FOLDER,
        index=None,
        placeholder="All folders",
        on_change=lambda: _set("in", (str(st.session_state[_FOLDER]),) if st.session_state[_FOLDER] else ()),
    )


def _short(path: Path) -> str:
    return "/".join(path.parts[-2:]) if len(path.parts) > 3 else str(path)


def _camera(parsed: Parsed, cameras: dict[str, int]) -> None:
    by_name = {camera.casefold(): camera for camera in cameras}
    chosen = [by_name[value.casefold()] for value in parsed.values("camera") if value.casefold() in by_name]
    st.session_state[_CAMERA] = list(dict.fromkeys(chosen))
    st.multiselect(
        "Camera",
        list(cameras),
        format_func=lambda camera: f"{camera} ({cameras.get(camera, 0):,})",
        key=_CAMERA,
        placeholder="All cameras",
        on_change=lambda: _set("camera", tuple(st.session_state[_CAMERA])),
    )
