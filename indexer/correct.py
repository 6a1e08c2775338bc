"""Corrections: the user's words in place of what was heard or described, and the user's dates and places.

A fact is corrected for a file with all that belongs to it, as a film to its live photo. What files are is
never changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import kinds, zones
from db.catalog import corrections, facts, hidden, units
from db.catalog.corrections import Span
from db.catalog.facts import Fact, Key, Value
from db.engine.schema import Asset, Content
from db.errors import SettingsError, not_indexed
from db.library import Library
from db.times import Timed, is_during
from indexer.media import dates, degrees

CORRECTABLE: tuple[Key, ...] = ("taken_at", "zone", "place")
"""The facts that people correct."""


@dataclass(frozen=True)
class Earlier:
    """What the user had said of something before it was corrected; None for nothing.

    ``key``: of the fact, with its value as JSON; or the kind of the passage, with its text and ``span``.
    """

    sha256: bytes
    key: str
    value: str | None
    span: Span = field(default_factory=Span)


_Said = Callable[[Mapping[Key, Fact]], Mapping[Key, Value | None]]
"""From what is known of a file to what is to be said of it; None takes a correction back."""


def correct_passage(
    library: Library, path: Path, text: str, at_s: float | None, unit_id: int | None = None
) -> list[Earlier]:
    """Give the passage that is said at a second its right words; an empty text takes it away.

    Where nothing is said, or without a second, it is what a machine has written about it that is put right.

    Its words are found at once; the next indexing embeds them. They outlive a new transcript, another model
    and a lost file. Returns what was said before, for ``put_back``.

    Args:
        unit_id: of that passage, where several are said at the same time.

    Raises:
        SettingsError: there is nothing to put right, as far as the library knows.
    """
    text = " ".join(text.split())
    with library.write() as session:
        row = _passage(session, path, at_s, unit_id)
        if row is None:
            raise _nothing(path, at_s)
        if row.text == text:
            return []
        return [_reword(session, _sha256(session, path), row.kind, Span.of(row), text)]


def take_back_passage(
    library: Library, path: Path, at_s: float | None, unit_id: int | None = None
) -> list[Earlier]:
    """Let what was heard at a second, or described, count again, also where it was taken away.

    Raises:
        SettingsError: nothing was corrected there.
    """
    with library.write() as session:
        sha256 = _sha256(session, path)
        row = _passage(session, path, at_s, unit_id)
        if row is not None and row.is_corrected:
            return [_reword(session, sha256, row.kind, Span.of(row), None)]
        for kind in _rewordable():
            for span in corrections.spans(session, sha256, kind):
                if _is_at(span, at_s):
                    return [_reword(session, sha256, kind, span, None)]
        raise SettingsError(f"nothing was corrected in {path.name}{_at(at_s)}", "")


def _rewordable() -> tuple[str, ...]:
    """The kinds of texts that people put right: what was heard, and after it what a machine has written."""
    return (*kinds.proving("said"), *kinds.described())


def _passage(session: Session, path: Path, at_s: float | None, unit_id: int | None) -> units.UnitRow | None:
    """The passage of a unit, or else the first one that is said, or is there, at a second."""
    ids = set(units.ids_at(session, path))
    rows = units.rows(session, ids if unit_id is None else ids & {unit_id}, among_hidden=True).values()
    of_kinds = _rewordable()
    there = [
        row
        for row in rows
        if row.kind in of_kinds and row.text and (unit_id is not None or _is_at(row, at_s))
    ]
    return min(there, key=lambda row: of_kinds.index(row.kind), default=None)


def _is_at(span: Timed, at_s: float | None) -> bool:
    """Whether a span is at a second; without a second, whether it is none, as of a whole picture."""
    return (at_s is None) == (span.start_s is None) and is_during(span, at_s)


def _at(at_s: float | None) -> str:
    return "" if at_s is None else f" at {at_s:g} s"


def _nothing(path: Path, at_s: float | None) -> SettingsError:
    if at_s is None:
        return SettingsError(
            f"no machine has described {path.name}", "For what is said at a moment give it: --at TIME"
        )
    return SettingsError(f"nothing is said in {path.name}{_at(at_s)}", f'See: trove transcript "{path.name}"')


def _sha256(session: Session, path: Path) -> bytes:
    statement = select(Content.sha256).join(Asset, Asset.content_id == Content.id)
    if (sha256 := session.scalars(statement.where(Asset.path == path)).first()) is None:
        raise not_indexed(path)
    return sha256


def _reword(session: Session, sha256: bytes, kind: str, span: Span, text: str | None) -> Earlier:
    earlier = Earlier(sha256, kind, corrections.said(session, sha256, kind, span), span)
    _put(session, replace(earlier, value=text))
    return earlier


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
    """Let the files' own dates, zones and places count again, and what machines have written of pictures.

    Raises:
        SettingsError: as ``set_date``.
    """
    paths = list(paths)
    earlier = _say(library, paths, lambda _known: dict.fromkeys(CORRECTABLE))
    with library.write() as session:
        for sha256 in {_sha256(session, path) for path in paths}:
            for kind in kinds.described():
                for span in corrections.spans(session, sha256, kind):
                    if span.start_s is None:
                        earlier.append(_reword(session, sha256, kind, span, None))
    return earlier


def put_back(library: Library, earlier: Sequence[Earlier]) -> None:
    """Undo a correction by what it returned."""
    with library.write() as session:
        for item in reversed(earlier):
            _put(session, item)


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
                        _put(session, Earlier(sha256, key, now))
                        earlier.append(Earlier(sha256, key, before))
    return earlier


def _put(session: Session, item: Earlier) -> None:
    if item.value is None:
        corrections.drop(session, item.sha256, item.key, item.span)
    else:
        corrections.put(session, item.sha256, item.key, item.value, item.span)
