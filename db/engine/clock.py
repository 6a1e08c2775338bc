"""The time as the library records it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time in UTC, without a zone, as all times that Trove itself records."""
    return datetime.now(UTC).replace(tzinfo=None)
