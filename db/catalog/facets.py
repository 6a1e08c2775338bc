"""Facet counts of a library: months, cameras, tags, places, folders, … Functions take an open session."""

import os
from collections import Counter
from pathlib import Path

from sqlalchemy import ColumnElement, String, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from db import kinds
from db.catalog import hidden, switches
from db.catalog import tags as asset_tags
from db.engine.dialect import date_text, mounts_of, stored_name
from db.engine.schema import LIVE, Asset, Unit


def months(session: Session) -> dict[str, int]:
    """The number of pictures, films and recordings of each month, ``2023-07``, in the order of time.

    What has files of several months counts in each, as it is an answer in each; what nobody has a date of
    counts in none, see ``undated``.
    """
    month = func.substr(date_text(Asset.taken_at), 1, 7).label("month")
    count = func.count(Asset.content_id.distinct())
    statement = select(month, count).where(*_counted(session)).group_by(month).order_by(month)
    return {month: count for month, count in session.execute(statement) if month}


def undated(session: Session) -> int:
    """The number of pictures, films and recordings of which nobody says when they were taken."""
    count = func.count(Asset.content_id.distinct())
    return session.scalar(select(count).where(*_counted(session), Asset.taken_at.is_(None))) or 0


def cameras(session: Session) -> dict[str, int]:
    """The number of pictures and films of each camera, largest first."""
    return _counts(session, Asset.camera)


def lenses(session: Session) -> dict[str, int]:
    """The number of pictures through each lens, largest first."""
    return _counts(session, Asset.lens)


def labels(session: Session) -> dict[str, int]:
    """The number of pictures, films and recordings with each colour label, largest first."""
    return _counts(session, Asset.label)


def ratings(session: Session) -> dict[int, int]:
    """The number of pictures, films and recordings with each number of stars, -1 for rejected."""
    count = func.count(Asset.content_id.distinct())
    statement = select(Asset.rating, count).where(*_counted(session), Asset.rating.is_not(None))
    found = session.execute(statement.group_by(Asset.rating).order_by(Asset.rating))
    return {stars: files for stars, files in found if stars is not None}


def tags(session: Session) -> dict[str, int]:
    """The number of pictures, films and recordings with each tag or one below it, largest first."""
    return asset_tags.counts(session, _counted(session))


def _counts(session: Session, column: InstrumentedAttribute[str | None]) -> dict[str, int]:
    count = func.count(Asset.content_id.distinct())
    statement = (
        select(column, count)
        .where(*_counted(session))
        .where(column.is_not(None))
        .group_by(column)
        .order_by(count.desc(), column)
    )
    return {name: files for name, files in session.execute(statement) if name}


def texts(session: Session, kind: str) -> dict[str, int]:
    """The number of pictures and films that have a unit of a kind with each text, largest first."""
    count = func.count(Unit.content_id.distinct())
    statement = select(Unit.text, count).where(Unit.kind == kind, switches.findable(session))
    statement = statement.group_by(Unit.text).order_by(count.desc(), Unit.text)
    return {text: files for text, files in session.execute(statement) if text}


def of_kinds(session: Session, names: tuple[str, ...]) -> dict[str, int]:
    """The number of pictures, films and recordings that have a unit of each of these kinds."""
    count = func.count(Unit.content_id.distinct())
    statement = select(Unit.kind, count).where(Unit.kind.in_(names), switches.findable(session))
    return dict(session.execute(statement.group_by(Unit.kind)).all())


def towns(session: Session) -> dict[tuple[str, str], int]:
    """The number of pictures and films of each (city, country), largest first; "" for an unknown country."""
    count = func.count(Asset.content_id.distinct())
    country = func.coalesce(Asset.country, "")
    statement = select(Asset.city, country, count).where(*_counted(session), Asset.city.is_not(None))
    statement = statement.group_by(Asset.city, country).order_by(count.desc(), Asset.city, country)
    return {(city, country): files for city, country, files in session.execute(statement) if city}


def countries(session: Session) -> dict[str, int]:
    """The number of pictures and films of each country, largest first."""
    return _counts(session, Asset.country)


def places(session: Session) -> list[tuple[float, float]]:
    """The distinct (latitude, longitude) in degrees at which pictures and films were taken."""
    statement = (
        select(Asset.latitude, Asset.longitude).where(*_counted(session)).where(Asset.latitude.is_not(None))
    )
    return [
        (latitude, longitude)
        for latitude, longitude in session.execute(statement.distinct())
        if latitude is not None and longitude is not None
    ]


def located(session: Session) -> list[tuple[int, float, float]]:
    """(unit, latitude, longitude) of all that was taken at a place, each content by the first of its units.

    What has files of several places is at each, as it is an answer at each.
    """
    statement = (
        select(func.min(Unit.id), Asset.latitude, Asset.longitude)
        .join(Asset, Asset.content_id == Unit.content_id)
        .where(*_counted(session), Asset.latitude.is_not(None), switches.findable(session))
        .where(Unit.kind.in_(kinds.proving(*kinds.STANDING)))
        .group_by(Asset.content_id, Asset.latitude, Asset.longitude)
    )
    # By the connection: a session would make more of each of many rows.
    return [
        (unit_id, latitude, longitude)
        for unit_id, latitude, longitude in session.connection().execute(statement)
        if latitude is not None and longitude is not None
    ]


def folders(session: Session, roots: list[Path]) -> dict[Path, int]:
    """The number of files in and below each folder from the roots down, by path."""
    tops = set(roots)
    # As text: making a path of each file takes far longer than reading the rows.
    names = session.scalars(select(type_coerce(Asset.path, String)).where(*_counted(session)))
    counts: Counter[Path] = Counter()
    moved = mounts_of(session.get_bind().dialect)
    for name, count in Counter(map(_folder, names)).items():
        folder = Path(moved.outward(name))
        inside = [folder, *folder.parents]
        top = next((place for place, parent in enumerate(inside) if parent in tops), 0)
        # A file that is itself a root: only its own folder is of interest.
        for parent in inside[: top + 1]:
            counts[parent] += count
    return dict(sorted(counts.items()))


def _counted(session: Session) -> list[ColumnElement[bool]]:
    """SQL conditions on the files that are counted: what an answer could name."""
    return [Asset.state.in_(LIVE), *hidden.shown(session)]


def _folder(name: str | bytes) -> str:
    return os.path.dirname(stored_name(name))  # noqa: PTH120 - many times as fast as pathlib
