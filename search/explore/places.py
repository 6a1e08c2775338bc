"""Where pictures were taken: all of them, those nearest to one, and grouped by a fine grid for a map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from db.arrays import Ids
from db.catalog import facets
from db.gazetteer import Coordinates, Place, chords

CELLS = 2_000
"""Of the grid, for each degree: one is 55 m high."""

_AROUND = 360 * CELLS


@dataclass(frozen=True)
class Places:
    """What was taken where: the ids of units, and the place of each."""

    units: Ids
    at: Coordinates

    @classmethod
    def of(cls, session: Session) -> "Places":
        """Those of a library."""
        return cls.of_rows(facets.located(session))

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, float, float]]) -> "Places":
        """Those of (unit, latitude, longitude)."""
        units = np.fromiter((unit for unit, _, _ in rows), np.int64, len(rows))
        return cls(units, np.array([row[1:] for row in rows], np.float64).reshape(-1, 2))

    def __len__(self) -> int:
        return len(self.units)

    def nearest(self, unit_id: int, most: int) -> list[int]:
        """The unit and those taken nearest to it, the nearest first; none where it has no place."""
        mine = np.flatnonzero(self.units == unit_id)
        if not len(mine):
            return []
        here: Place = (float(self.at[mine[0], 0]), float(self.at[mine[0], 1]))
        order = np.argsort(chords(here, self.at), kind="stable")
        first = [unit_id, *self.units[order].tolist()]
        return list(dict.fromkeys(first))[:most]


def gridded(places: Places) -> Mapping[str, int | Sequence[int]]:
    """The places by a grid, small enough to be sent to a browser: how many are in each cell that has any.

    ``cells`` are numbered from the south pole, eastward from the date line, in rows of ``around``, ``degree``
    of them to a degree; ``units`` are of one picture in each. Of both there is the first, and steps to the
    next.
    """
    rows, columns = np.rint((places.at + np.array((90.0, 180.0))) * CELLS).astype(np.int64).T
    numbers = rows * _AROUND + columns % _AROUND
    cells, first, counts = np.unique(numbers, return_index=True, return_counts=True)
    return {
        "degree": CELLS,
        "around": _AROUND,
        "cells": np.diff(cells, prepend=0).tolist(),
        "units": np.diff(places.units[first], prepend=0).tolist(),
        "counts": counts.tolist(),
    }
