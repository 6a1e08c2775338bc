"""Dates as people write them: what is understood, as of a day, and what is refused."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.query.dates import Period, between, period

TODAY = date(2026, 3, 5)
"""A Thursday."""


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2023", "2023-01-01", "2024-01-01"),
        ("2023-12", "2023-12-01", "2024-01-01"),
        ("2023/7", "2023-07-01", "2023-08-01"),
        ("07/2023", "2023-07-01", "2023-08-01"),
        ("7.2023", "2023-07-01", "2023-08-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2023.07.14", "2023-07-14", "2023-07-15"),
        ("2023/07/14", "2023-07-14", "2023-07-15"),
        ("14.07.2023", "2023-07-14", "2023-07-15"),
        ("3.4.2023", "2023-04-03", "2023-04-04"),
        ("14/07/2023", "2023-07-14", "2023-07-15"),
        ("07/14/2023", "2023-07-14", "2023-07-15"),
        ("5/5/2023", "2023-05-05", "2023-05-06"),
        ("1990s", "1990-01-01", "2000-01-01"),
        ("the 90s", "1990-01-01", "2000-01-01"),
        ("'20s", "2020-01-01", "2030-01-01"),
        ("July 2023", "2023-07-01", "2023-08-01"),
        ("JUL 2023", "2023-07-01", "2023-08-01"),
        ("sept. 2023", "2023-09-01", "2023-10-01"),
        ("2023 july", "2023-07-01", "2023-08-01"),
        ("14 July 2023", "2023-07-14", "2023-07-15"),
        ("July 14, 2023", "2023-07-14", "2023-07-15"),
        ("the 1st of July 2023", "2023-07-01", "2023-07-02"),
        ("july", "2025-07-01", "2025-08-01"),
        ("february", "2026-02-01", "2026-03-01"),
        ("march", "2026-03-01", "2026-04-01"),
        ("14 july", "2025-07-14", "2025-07-15"),
        ("29 february", "2024-02-29", "2024-03-01"),
        ("last july", "2025-07-01", "2025-08-01"),
        ("last march", "2025-03-01", "2025-04-01"),
        ("this july", "2026-07-01", "2026-08-01"),
        ("summer 2023", "2023-06-01", "2023-09-01"),
        ("winter 2023", "2023-12-01", "2024-03-01"),
        ("summer", "2025-06-01", "2025-09-01"),
        ("this summer", "2026-06-01", "2026-09-01"),
        ("today", "2026-03-05", "2026-03-06"),
        ("Yesterday", "2026-03-04", "2026-03-05"),
        ("monday", "2026-03-02", "2026-03-03"),
        ("thursday", "2026-03-05", "2026-03-06"),
        ("last thursday", "2026-02-26", "2026-02-27"),
        ("this week", "2026-03-02", "2026-03-09"),
        ("last week", "2026-02-23", "2026-03-02"),
        ("last weekend", "2026-02-28", "2026-03-02"),
        ("last month", "2026-02-01", "2026-03-01"),
        ("last  year", "2025-01-01", "2026-01-01"),
        ("3 days ago", "2026-03-02", "2026-03-03"),
        ("a week ago", "2026-02-23", "2026-03-02"),
        ("two months ago", "2026-01-01", "2026-02-01"),
        ("last 7 days", "2026-02-27", "2026-03-06"),
        ("past three months", "2025-12-06", "2026-03-06"),
        ("last summer", "2025-06-01", "2025-09-01"),
        ("last winter", "2025-12-01", "2026-03-01"),
    ],
)
def test_periods(value: str, start: str, end: str) -> None:
    assert period(value, TODAY) == Period(datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2023-06..2023-08", "2023-06-01", "2023-09-01"),
        ("june 2023..14.08.2023", "2023-06-01", "2023-08-15"),
        ("2019-2021", "2019-01-01", "2022-01-01"),
        ("2019 – 2021", "2019-01-01", "2022-01-01"),
        ("2019 to 2021", "2019-01-01", "2022-01-01"),
        ("2019 until 2021", "2019-01-01", "2022-01-01"),
        ("2019 -2021", "2019-01-01", "2022-01-01"),
        ("2023-06 - 2023-08", "2023-06-01", "2023-09-01"),
        ("2023-06–14.08.2023", "2023-06-01", "2023-08-15"),
        ("1 June 2023 To the 3rd of June 2023", "2023-06-01", "2023-06-04"),
        ("June to August 2023", "2023-06-01", "2023-09-01"),
        ("yesterday..2026", "2026-03-04", "2027-01-01"),
        ("1990s..2001", "1990-01-01", "2002-01-01"),
        ("2023…", "2023-01-01", None),
        ("2023 ...", "2023-01-01", None),
        ("..2023", None, "2024-01-01"),
    ],
)
def test_ranges(value: str, start: str | None, end: str | None) -> None:
    expected = [datetime.fromisoformat(day) if day else None for day in (start, end)]
    assert between(value, TODAY) == Period(*expected)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("soon", "a date is written"),
        ("2023-13", "there is no month 13"),
        ("2023-00", "there is no month 0"),
        ("31 february 2023", "there is no day 31 in February 2023"),
        ("9999", "there is no year 9999; a year is one of 1 to 9998"),
        ("0000", "there is no year 0"),
        ("3/4/0000", "there is no year 0"),
        ("winter 9999", "there is no year 9999"),
        ("9990s", "there is no year 9999"),
        ("31 february", "no such day"),
        ("july july", "a date is written"),
        ("3/4/2023", "that is 3 April 2023 or 4 March 2023; write 2023-04-03 or 2023-03-04"),
        ("9999999 weeks ago", "a date is written"),
        ("99999 years ago", "out of all calendars"),
        ("", "a date is written"),
    ],
)
def test_what_is_no_time_is_refused(value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        period(value, TODAY)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("..", "a date is written"),
        ("…", "a date is written"),
        ("to", "a date is written"),
        ("2019 to", "a date is written"),
        ("2019 to soon", "a date is written"),
        ("2021..2019", "2021 is later than 2019; write the earlier one first, and both years"),
        ("31 june to august 2023", "no such day"),
    ],
)
def test_what_is_no_range_is_refused(value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        between(value, TODAY)


def test_a_season_that_is_now_is_ambiguous() -> None:
    with pytest.raises(ValueError, match=r"could be this one; write 2026-06\.\.2026-07"):
        period("last summer", date(2026, 7, 1))
    with pytest.raises(ValueError, match=r"could be this one; write 2025-12\.\.2026-01"):
        period("last winter", date(2026, 1, 1))
    assert period("this winter", date(2026, 1, 1)) == period("winter", date(2026, 1, 1))


@given(st.text(), st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)))
def test_any_text_is_a_time_or_refused(value: str, today: date) -> None:
    try:
        found = between(value, today)
    except ValueError:
        return
    assert isinstance(found, Period)
