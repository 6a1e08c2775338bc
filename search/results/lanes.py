"""When in a film or recording a machine tells what, such as music: a lane for each name, with its times."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from db import kinds
from db.catalog import units
from db.engine.schema import UnitKind
from db.library import Library


@dataclass(frozen=True)
class Lane:
    """All seconds of a file that have one name of one kind: (start, end), in order of time."""

    kind: UnitKind
    name: str
    spans: tuple[tuple[float, float], ...]


def lanes(library: Library, path: Path) -> list[Lane]:
    """The lanes of a file in the library, those of one kind beside each other, the longest first.

    What a machine describes in sentences is read, not looked at from afar, and what is only compared has no
    name; what has a place is a thing in it.
    """
    told = {name for name in kinds.proving("machine") if not kinds.named(name).vectors}
    spans: dict[tuple[UnitKind, str], list[tuple[float, float]]] = defaultdict(list)
    with library.read() as session:
        rows = units.rows(session, units.ids_at(session, path), among_hidden=True).values()
    for row in rows:
        if row.kind in told and row.region is None and row.start_s is not None:
            name = row.text or kinds.named(row.kind).plural
            spans[row.kind, name].append((row.start_s, row.end_s or row.start_s))
    order = list(kinds.every())
    made = [Lane(kind, name, tuple(sorted(own))) for (kind, name), own in spans.items()]
    return sorted(made, key=lambda lane: (order.index(lane.kind), -_length(lane), lane.name))


def _length(lane: Lane) -> float:
    return sum(end_s - start_s for start_s, end_s in lane.spans)
