"""When something is there in a film, at the edges of its span, too."""

from typing import NamedTuple

import pytest

from db.times import is_during


class Span(NamedTuple):
    start_s: float | None
    end_s: float | None


@pytest.mark.parametrize(
    ("start_s", "end_s", "at_s", "until_s", "expected"),
    [
        (2.0, 4.0, 2.0, None, True),
        (2.0, 4.0, 3.9, None, True),
        (2.0, 4.0, 4.0, None, False),  # what follows begins there
        (2.0, 4.0, 1.9, None, False),
        (2.0, None, 2.0, None, True),
        (2.0, 2.0, 2.0, None, True),
        (2.0, None, 2.1, None, False),
        (2.0, 4.0, 0.0, 2.0, False),
        (2.0, 4.0, 0.0, 2.1, True),
        (2.0, 4.0, 3.0, 9.0, True),
        (2.0, 4.0, 4.0, 9.0, False),
        (3.0, None, 2.0, 4.0, True),
        (None, None, 7.0, None, True),
        (2.0, 4.0, None, None, True),
    ],
)
def test_a_span_has_its_first_second_and_not_its_last(
    start_s: float | None, end_s: float | None, at_s: float | None, until_s: float | None, expected: bool
) -> None:
    assert is_during(Span(start_s, end_s), at_s, until_s) is expected


def test_what_is_near_enough_counts() -> None:
    assert is_during(Span(2.0, 4.0), 8.0, around_s=5.0)
    assert not is_during(Span(2.0, 4.0), 9.5, around_s=5.0)
