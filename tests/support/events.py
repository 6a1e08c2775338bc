"""A library with a journey among everyday pictures, as rows."""

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog.facts import Fact
from tests.support.rows import Drafted, add_file

HOME, PORTO = (48.137, 11.575), (41.1496, -8.611)


def add_days(
    session: Session, name: str, first: date, length: int, at: tuple[float, float] | None, each: int = 10
) -> list[Path]:
    """Ten pictures on each of some days, from ten o'clock on; returns their paths."""
    paths = []
    for day in range(length):
        for number in range(each):
            path = Path(f"/media/{name}/{first + timedelta(days=day)} {number:02}.jpg")
            when = datetime(first.year, first.month, first.day, 10) + timedelta(days=day, minutes=20 * number)
            claims = [Fact("taken_at", when, "exif"), *([Fact("place", at, "exif")] if at else [])]
            add_file(session, str(path), [Drafted("image", None)], claims=claims)
            paths.append(path)
    return paths


def everyday(session: Session) -> None:
    """Two pictures at home in every week of most of a year, but for that of the journey."""
    for week in range(40):
        first = date(2019, 1, 3) + timedelta(weeks=week)
        if first != date(2019, 5, 2):
            add_days(session, "home", first, 1, HOME, 2)
