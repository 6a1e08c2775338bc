"""What a library can be narrowed down by, counted. Functions take an open session."""

from collections import Counter
from pathlib import Path

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.catalog.filters import moment_of_file
from db.engine.schema import LIVE, Asset, Content


def months(session: Session) -> dict[str, int]:
    """How many pictures, films and recordings are of each month, ``2023-07``, in the order of time.

    A month is that of ``date:``: when it was taken or, where nobody knows, the file changed.
    """
    month = func.substr(func.min(moment_of_file()), 1, 7).label("month")
    first = (
        select(month)
        .join(Asset, and_(Asset.content_id == Content.id, Asset.state.in_(LIVE)))
        .group_by(Content.id)
        .subquery()
    )
    counted = select(first.c.month, func.count()).group_by(first.c.month).order_by(first.c.month)
    return dict(session.execute(counted).all())


def cameras(session: Session) -> dict[str, int]:
    """How many files each camera has made, the busiest first."""
    live = select(Asset.id).where(Asset.content_id == Content.id, Asset.state.in_(LIVE)).exists()
    counted = (
        select(Content.camera, func.count())
        .where(Content.camera.is_not(None), live)
        .group_by(Content.camera)
        .order_by(func.count().desc(), Content.camera)
    )
    return {camera: count for camera, count in session.execute(counted) if camera}


def places(session: Session) -> list[tuple[float, float]]:
    """Where pictures and films were taken, in degrees north and east."""
    live = select(Asset.id).where(Asset.content_id == Content.id, Asset.state.in_(LIVE)).exists()
    found = select(Content.latitude, Content.longitude).where(Content.latitude.is_not(None), live).distinct()
    return [(north, east) for north, east in session.execute(found) if north is not None and east is not None]


def folders(session: Session, roots: list[Path]) -> dict[Path, int]:
    """How many files are in and under each folder below the roots, by path."""
    counts: Counter[Path] = Counter()
    tops = set(roots)
    for path in session.scalars(select(Asset.path).where(Asset.state.in_(LIVE))):
        for folder in path.parents:
            counts[folder] += 1
            if folder in tops:
                break
        else:
            # A file that was given by itself: only its own folder is of interest.
            for folder in path.parents[1:]:
                counts[folder] -= 1
    return {folder: count for folder, count in sorted(counts.items()) if count > 0}
