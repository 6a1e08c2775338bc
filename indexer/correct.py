"""Corrections: the user's words in place of what was heard, and the user's dates and places of files.

A fact is corrected for a file with all that belongs to it, as a film to its live photo. What files are is
never changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import kinds, zones
from db.catalog import corrections, facts, hidden, units
from db.catalog.corrections import Span
from db.catalog.facts import Fact, Key, Value
from db.engine.schema import Content
from db.errors import SettingsError, not_indexed
from db.library import Library
from indexer.media import dates, degrees

CORRECTABLE: tuple[Key, ...] = ("taken_at", "zone", "place")
"""The facts that people correct."""


@dataclass(frozen=True)
class Earlier:
    """What the user had said of a fact before it was corrected, as JSON; None for nothing."""

    sha256: bytes
    key: Key
    value: str | None


_Said = Callable[[Mapping[Key, Fact]], Mapping[Key, Value | None]]
"""From what is known of a file to what is to be said of it; None takes a correction back."""


def correct_passage(library: Library, path: Path, text: str, at_s: float) -> None:
    """Give the passage that is said at a second its right words; an empty text takes it away.

    The next indexing embeds them. They outlive a new transcript, another model and a lost file.

    Raises:
        SettingsError: nothing is said there, as far as the library knows.
    """
    with library.write() as session:
        spoken = [
            row
            for row in units.rows(session, units.ids_at(session, path), among_hidden=True).values()
            if row.kind in kinds.proving("said")
            and row.text is not None
            and row.start_s is not None
            and row.end_s is not None
            and row.start_s <= at_s < row.end_s
        ]
        if not spoken:
            raise SettingsError(f"nothing is said in {path.name} at {at_s:g} s", "See: trove search")
        row = spoken[0]
        sha256 = session.scalars(select(Content.sha256).where(Content.id == row.content_id)).one()
        corrections.put(session, sha256, row.kind, text.strip(), Span(row.start_s, row.end_s, row.region))


def set_date(library: Library, paths: Iterable[Path], moment: datetime) -> list[Earlier]:
    """Give files a date, with its offset from UTC or without. Returns what they had, for ``put_back``.

    Raises:
        SettingsError: nothing can have been taken then, or a file is not in the library; nothing is changed.
    """
    if dates.believable(moment) is None:
        raise SettingsError(
            f"nothing can have been taken on {moment:%Y-%m-%d}", "Give a day from 1826 to today."
        )
    return _say(library, paths, lambda _known: {"taken_at": moment})


def shift_dates(library: Library, paths: Iterable[Path], by: timedelta) -> list[Earlier]:
    """Move the dates of files, as of a camera whose clock was wrong; those without one are left alone.

    Raises:
        SettingsError: none of them has a date, or as ``set_date``.
    """

    def shifted(known: Mapping[Key, Fact]) -> Mapping[Key, Value]:
        taken = known.get("taken_at")
        if taken is None or not isinstance(taken.value, datetime):
            return {}
        try:
            moment = dates.believable(taken.value + by)
        except OverflowError:
            moment = None
        if moment is None:
            raise SettingsError(
                f"from {taken.value:%Y-%m-%d} that leads to no day that can be", "Shift by less."
            )
        return {"taken_at": moment}

    earlier = _say(library, paths, shifted)
    if not earlier:
        raise SettingsError("none of the files has a date to shift", "Give them one: trove set --date")
    return earlier


def set_zone(library: Library, paths: Iterable[Path], name: str) -> list[Earlier]:
    """Say in which time zone files were taken: what has an offset from UTC is told by its clock.

    Raises:
        SettingsError: there is no such zone, or as ``set_date``.
    """
    if (known := zones.zone(name)) is None:
        raise SettingsError(f"there is no time zone {name}", "Such as Europe/Lisbon or Asia/Tokyo.")
    return _say(library, paths, lambda _known: {"zone": known.key})


def set_place(library: Library, paths: Iterable[Path], place: zones.Place) -> list[Earlier]:
    """Say where files were taken, in degrees north and east.

    Raises:
        SettingsError: that is nowhere, or as ``set_date``.
    """
    if degrees.known(*place) is None:
        raise SettingsError("that is no place on the globe", "Give degrees north and east: 41.15,-8.61")
    return _say(library, paths, lambda _known: {"place": place})


def take_back(library: Library, paths: Iterable[Path]) -> list[Earlier]:
    """Let the files' own dates, zones and places count again.

    Raises:
        SettingsError: as ``set_date``.
    """
    return _say(library, paths, lambda _known: dict.fromkeys(CORRECTABLE))


def put_back(library: Library, earlier: Sequence[Earlier]) -> None:
    """Undo a correction by what it returned."""
    with library.write() as session:
        for item in reversed(earlier):
            _put(session, item.sha256, item.key, item.value)


def _say(library: Library, paths: Iterable[Path], said: _Said) -> list[Earlier]:
    earlier: list[Earlier] = []
    done: set[bytes] = set()
    with library.write() as session:
        for path in paths:
            stack = hidden.with_stack(session, path)
            if not stack:
                raise not_indexed(path)
            for sha256, member in stack.items():
                if sha256 in done:
                    continue
                done.add(sha256)
                for key, value in said(facts.of_file(session, member)).items():
                    before = corrections.said(session, sha256, key)
                    now = None if value is None else facts.as_json(value)
                    if before != now:
                        _put(session, sha256, key, now)
                        earlier.append(Earlier(sha256, key, before))
    return earlier


def _put(session: Session, sha256: bytes, key: Key, value: str | None) -> None:
    if value is None:
        corrections.drop(session, sha256, key)
    else:
        corrections.put(session, sha256, key, value)
