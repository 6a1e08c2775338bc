"""The things that a model sees in a picture or film, with their places."""

from dataclasses import dataclass
from pathlib import Path

from db.catalog import units
from db.catalog.units import Region
from db.library import Library
from indexer.analysers.spans import SCORE
from indexer.analysers.things import Things


@dataclass(frozen=True)
class Thing:
    """A thing by its name, how sure the model is, and where and when it is; seconds None in a picture."""

    unit_id: int
    name: str
    score: float | None
    region: Region
    start_s: float | None
    end_s: float | None
    at_s: float | None
    """When it was seen there, of the seconds for which it stands."""


def things(library: Library, path: Path) -> list[Thing]:
    """The things in a file of the library by time, the surest first."""
    with library.read() as session:
        rows = units.rows(session, units.ids_at(session, path), among_hidden=True)
        details = units.details(session, rows)
    (kind,) = Things.kinds
    found = []
    for row in rows.values():
        if row.kind == kind.name and row.text and row.region is not None:
            score = details.get(row.id, {}).get(SCORE)
            sure = float(score) if isinstance(score, int | float) else None
            found.append(Thing(row.id, row.text, sure, row.region, row.start_s, row.end_s, row.at_s))
    return sorted(found, key=lambda thing: (thing.start_s or 0.0, -(thing.score or 0.0), thing.unit_id))
