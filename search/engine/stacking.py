"""Stack collapse: files that are one thing to people are one hit, whichever of them was found."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import hidden, live, representatives, stacks, units
from db.catalog.stacks import Place
from db.catalog.units import UnitRow
from db.errors import not_indexed
from db.library import Library
from search.answer import Member
from search.engine.scope import Scope


def stood_for(scope: Scope, rows: Iterable[UnitRow]) -> dict[int, UnitRow]:
    """What is shown for units that are of a member of a stack which another member stands for, by their ids.

    That is the member that stands for the stack or, where conditions on files leave it out, the next one
    that meets them.
    """
    rows = list(rows)
    instead = led(scope, {row.content_id for row in rows})
    other = {row.id: instead[row.content_id][1] for row in rows if row.content_id in instead}
    if not other:
        return {}
    standing = units.rows(
        scope.session,
        set(other.values()),
        live.of_file(scope.wanted.filters),
        among_hidden=scope.wanted.among_hidden,
    )
    return {unit_id: standing[stands] for unit_id, stands in other.items() if stands in standing}


def led(scope: Scope, content_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """The content, and its unit, that stands for each of these contents that another one stands for."""
    mine = stacks.of(scope.session, content_ids)
    if not mine:
        return {}
    among_hidden = scope.wanted.among_hidden
    first = representatives.of_contents(scope.session, mine, scope.standing, among_hidden=among_hidden)
    shown = {content_id: _shown(places, first) for content_id, places in mine.items()}
    return {
        content_id: (stands, first[stands])
        for content_id, stands in shown.items()
        if stands is not None and stands != content_id
    }


def _shown(places: Sequence[Place], first: Mapping[int, int]) -> int | None:
    return next((place.content_id for place in places if place.content_id in first), None)


def members(
    session: Session, content_ids: Collection[int], *, among_hidden: bool = False
) -> dict[int, tuple[Member, ...]]:
    """All files of the stacks that these contents are in, by the ids of the contents.

    ``among_hidden``: hidden files, too.
    """
    mine = stacks.of(session, content_ids)
    every = {place.content_id for places in mine.values() for place in places}
    first = representatives.of_contents(session, every, among_hidden=among_hidden)
    rows = units.rows(session, first.values(), among_hidden=among_hidden)
    found = {}
    for content_id in mine.keys() & set(content_ids):
        whole = [
            Member(row.path, place.reason, not place.place, row.media, row.id)
            for place in mine[content_id]
            if (row := rows.get(first.get(place.content_id, 0))) is not None
        ]
        if len(whole) > 1:
            found[content_id] = tuple(whole)
    return found


def stack_of(library: Library, path: Path) -> tuple[Member, ...]:
    """The files of the stack that a file is in, itself too, the one that stands for it first.

    Who names a hidden file means it: only then hidden ones are told.

    Raises:
        SettingsError: the file is not in the library.
    """
    with library.read() as session:
        content_id = stacks.content_at(session, path)
        if content_id is None:
            raise not_indexed(path)
        found = members(session, [content_id], among_hidden=hidden.covers(session, path))
    return found.get(content_id, ())
