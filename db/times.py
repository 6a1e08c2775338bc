"""When in a film or recording something is: whether it is there at a second, or for some of a while.

What is found, said, seen and heard is compared in time by many; at the edge of a span all must answer alike.
"""

from typing import Protocol


class Timed(Protocol):
    """What has a span of time, in seconds; without a start it has none."""

    @property
    def start_s(self) -> float | None:
        """Its first second."""

    @property
    def end_s(self) -> float | None:
        """The second before which it ends; None where it is a single moment."""


def is_during(
    span: Timed, at_s: float | None, until_s: float | None = None, *, around_s: float = 0.0
) -> bool:
    """Whether a span is there at a second, or for some of the time until another one.

    Of two that follow each other the later one is there at the second between them. What has no time, such as
    the title of a film, is always there.

    Args:
        around_s: how much before and after counts, too.
    """
    if at_s is None or span.start_s is None:
        return True
    first, last = at_s - around_s, (at_s if until_s is None else until_s) + around_s
    end_s = span.start_s if span.end_s is None else span.end_s
    return first == span.start_s or (span.start_s < last and first < end_s)
