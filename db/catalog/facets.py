"""Facet counts of a library: months, cameras, places, folders. Functions take an open session."""

from collections import Counter
from pathlib import Path

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.catalog.filters import moment_of_file
from db.engine.schema import LIVE, Asset, Content


def months(session: Session) -> dict[str, int]:
    """The number of pictures, films and recordings of each month, ``2023-07``, in the order of time.

    A month is that of ``date:``: when it was taken or, if unknown, when the file changed.
    """
    month = func.substr(func.min(moment_of_file()), 1, 7).label("month")
    dated = (
        select(month)
        .join(Asset, and_(Asset.content_id == Content.id, Asset.state.in_(LIVE)))
        .group_by(Content.id)
        .subquery()
    )
    statement = select(dated.c.month, func.count()).group_by(dated.c.month).order_by(dated.c.month)
    return dict(session.execute(statement).all())


def cameras(session: Session) -> dict[str, int]:
    """The number of pictures and films of each camera, largest first."""
    live = select(Asset.id).where(Asset.content_id == Content.id, Asset.state.in_(LIVE)).exists()
    statement = (
        select(Content.camera, func.count())
        .where(Content.camera.is_not(None), live)
        .group_by(Content.camera)
        .order_by(func.count().desc(), Content.camera)
    )
    return {camera: count for camera, count in session.execute(statement) if camera}


def places(session: Session) -> list[tuple[float, float]]:
    """The distinct (latitude, longitude) in degrees at which pictures and films were taken."""
    live = select(Asset.id).where(Asset.content_id == Content.id, Asset.state.in_(LIVE)).exists()
    statement = select(Content.latitude, Content.longitude).where(Content.latitude.is_not(None), live)
    return [
        (latitude, longitude)
        for latitude, longitude in session.execute(statement.distinct())
        if latitude is not None and longitude is not None
    ]


def folders(session: Session, roots: list[Path]) -> dict[Path, int]:
    """The number of files in and below each folder from the roots down, by path."""
    counts: Counter[Path] = Counter()
    tops = set(roots)
    for path in session.scalars(select(Asset.path).where(Asset.state.in_(LIVE))):
        for folder in path.parents:
            counts[folder] += 1
            if folder in tops:
                break
        else:
            # A file that is itself a root: only its own folder is of interest.
            for folder in path.parents[1:]:
                counts[folder] -= 1
    return {folder: count for folder, count in sorted(counts.items()) if count > 0}
