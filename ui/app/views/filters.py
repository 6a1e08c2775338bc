"""Faceted search: filters beside the hits, kept as conditions in the words of the question.

So a chosen filter can be seen, edited, bookmarked and removed in the query box. The table of conditions says
which filters there are: each with a title for people is offered with the values that it suggests.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

import streamlit as st

from db import kinds
from db.catalog import facets, revision, stacks
from search.query import conditions
from search.query.conditions import Condition, Context, Suggestion
from search.query.language import Parsed
from ui.app import resources
from ui.app.components.histogram import UNKNOWN, histogram
from ui.app.views import question
from ui.app.views.question import Question

_RANGE = re.compile(r"(\d{4}(?:-\d{2})?)(?:\.\.(\d{4}(?:-\d{2})?))?")

_MOST = 500
"""Values of a filter that are offered, those that most files have first; any other can be typed."""

_DATE = "filter_date"
_STACKS = "filter_stacks"

Suggestions = Mapping[str, Suggestion]
"""What can be chosen, by its value."""


@st.cache_data(show_spinner=False, max_entries=2)
def months(revision: int) -> dict[str, int]:  # noqa: ARG001
    """Number of files in each month, cached until the library changes."""
    with resources.read() as session:
        return facets.months(session)


@st.cache_data(show_spinner=False, max_entries=2)
def undated(revision: int) -> int:  # noqa: ARG001
    """Number of files of which nobody says when they were taken, cached until the library changes."""
    with resources.read() as session:
        return facets.undated(session)


@st.cache_data(show_spinner=False, max_entries=2)
def _suggestions(revision: int, keys: tuple[str, ...]) -> dict[str, list[Suggestion]]:  # noqa: ARG001
    """All values that these conditions suggest, cached until the library changes."""
    with resources.read() as session:
        context = Context(session=session)
        return {key: list(conditions.every()[key].suggest("", context))[:_MOST] for key in keys}


def filters(asked: Question) -> None:
    """Draw the filters in the sidebar."""
    parsed = asked.parsed
    if parsed is None:
        return  # nothing can be changed in words that mean nothing yet
    with resources.read() as session:
        now = revision.current(session)
    by_key = _suggestions(now, tuple(item.key for item in conditions.every().values() if item.facet))
    with st.sidebar:
        for condition in conditions.every().values():
            if condition.key in _WITHOUT_VALUES:
                _WITHOUT_VALUES[condition.key](parsed, now)
            elif suggested := by_key.get(condition.key):
                draw = _OF_THEIR_OWN.get(condition.key, _one if condition.one_value else _several)
                draw(condition, parsed, {item.value: item for item in suggested})
        _stacks(asked)


def _stacks(asked: Question) -> None:
    """Whether what belongs together is one hit; offered where anything does."""
    with resources.read() as session:
        any_together = stacks.count(session) > 0
    if any_together:
        st.session_state[_STACKS] = asked.stacks
        st.toggle(
            "What belongs together as one",
            key=_STACKS,
            help="Such as a live photo and its film, RAW and JPEG, edited versions, and bursts",
            on_change=lambda: question.stack(together=st.session_state[_STACKS]),
        )


def _set(
    key: str,
    values: Sequence[str],
    among: Collection[str] | None = None,
    same: Callable[[str], str] = str.casefold,
) -> None:
    question.narrow(lambda parsed: parsed.having(key, values, among, same))


# --- any condition


def _several(condition: Condition, parsed: Parsed, suggested: Suggestions) -> None:
    key = f"filter_{condition.key}"
    by_name = {value.casefold(): value for value in suggested}
    chosen = [by_name.get(value.casefold()) for value in parsed.values(condition.key)]
    st.session_state[key] = list(dict.fromkeys(filter(None, chosen)))
    st.multiselect(
        condition.facet,
        list(suggested),
        format_func=lambda value: _label(value, suggested),
        key=key,
        placeholder="Any",
        on_change=lambda: _set(condition.key, st.session_state[key], suggested),
    )


def _one(condition: Condition, parsed: Parsed, suggested: Suggestions) -> None:
    key = f"filter_{condition.key}"
    values = parsed.values(condition.key)
    st.session_state[key] = values[0] if len(values) == 1 and values[0] in suggested else None
    st.selectbox(
        condition.facet,
        list(suggested),
        format_func=lambda value: _label(value, suggested),
        key=key,
        index=None,
        placeholder="Any",
        on_change=lambda: _set(condition.key, [st.session_state[key]] if st.session_state[key] else []),
    )


def _label(value: str, suggested: Suggestions) -> str:
    known = suggested.get(value)
    if known is None:
        return value
    return known.label if known.count is None else f"{known.label} ({known.count:,})"


# --- those with a look of their own


def _types(condition: Condition, parsed: Parsed, suggested: Suggestions) -> None:
    """Whole recordings, and the kinds that are shown by themselves and there: others are found in these."""
    key = f"filter_{condition.key}"
    chosen = dict.fromkeys(conditions.type_of(value) for value in parsed.values(condition.key))
    counts = resources.counts()
    shown = {
        value: item.label
        for value, item in suggested.items()
        if value not in kinds.every()
        or (kinds.named(value).stands and (counts.get(value) or value in chosen))
    }
    st.session_state[key] = [value for value in chosen if value in shown]
    st.pills(
        condition.facet,
        list(shown),
        format_func=shown.get,
        selection_mode="multi",
        key=key,
        on_change=lambda: _set(condition.key, st.session_state[key], shown, conditions.type_of),
    )


def _folders(condition: Condition, parsed: Parsed, suggested: Suggestions) -> None:
    """One of them, as a folder holds all below it; a single folder leaves no choice."""
    if len(suggested) > 1:
        _one(condition, parsed, suggested)


def _dates(parsed: Parsed, now: int) -> None:
    by_month, without = months(now), undated(now)
    if by_month or without:
        st.caption("When")
        histogram(by_month, without, _range(parsed), key=_DATE, on_range=_set_date)


def _range(parsed: Parsed) -> tuple[str, str] | None:
    """First and last month or year of the date condition, if it is a range that the histogram can show.

    Both are ``UNKNOWN`` where what has no date is asked for.
    """
    values = parsed.values("date")
    if values == (UNKNOWN,):
        return UNKNOWN, UNKNOWN
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


_OF_THEIR_OWN: Mapping[str, Callable[[Condition, Parsed, Suggestions], None]] = {
    "type": _types,
    "in": _folders,
}
_WITHOUT_VALUES: Mapping[str, Callable[[Parsed, int], None]] = {"date": _dates}
"""Ranges, which are no list of values to choose from."""
