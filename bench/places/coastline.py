"""Build the outlines of land (``search/explore/coastline.txt``) from Natural Earth's.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python bench/places/coastline.py package/land-50m.json

Natural Earth is in the public domain; the package has its land at 1:50,000,000 as TopoJSON. Points within
``TOLERANCE`` of a straighter line are left out (Douglas and Peucker 1973), and so are islands that would be
smaller than it. Each line of the result is one outline, a closed ring: longitude and latitude of its first
point in fiftieths of a degree, then the steps from each point to the next.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search.explore.coastline import FILE, UNITS

TOLERANCE = 0.04
"""Degrees, about 4 km."""

Line = npt.NDArray[np.float64]
"""(n, 2) longitudes and latitudes in degrees."""


def rings(topology: dict[str, Any]) -> Iterator[Line]:
    """The rings of a TopoJSON file: of each polygon the outline and its holes, which are inland seas."""
    scale, origin = (np.array(topology["transform"][name]) for name in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + origin for arc in topology["arcs"]]
    for shape in topology["objects"]["land"]["geometries"]:
        for polygon in shape["arcs"]:
            for ring in polygon:
                # A negative number is an arc that is walked backwards.
                yield unrolled(np.concatenate([arcs[at] if at >= 0 else arcs[~at][::-1] for at in ring]))


def unrolled(line: Line) -> Line:
    """A ring that goes on beyond 180 degrees, where it would jump to -180; most of it within these.

    What goes around a pole is closed there.
    """
    longitudes = np.unwrap(line[:, 0], period=360.0)
    longitudes -= 360.0 * np.rint(longitudes.mean() / 360.0)
    line = np.stack([longitudes, line[:, 1]], axis=1)
    if abs(longitudes[-1] - longitudes[0]) < 180.0:
        return line
    pole = np.copysign(90.0, line[0, 1])
    return np.concatenate([line, [[longitudes[-1], pole], [longitudes[0], pole]], line[:1]])


def simplified(line: Line) -> Line:
    """The points of a line without those that are within ``TOLERANCE`` of a straighter one."""
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        far = _distances(line[first + 1 : last], line[first], line[last])
        if far.max() > TOLERANCE:
            middle = first + 1 + int(far.argmax())
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return line[keep]


def _distances(points: Line, start: Line, end: Line) -> npt.NDArray[np.float64]:
    along, from_start = end - start, points - start
    length = float(np.hypot(*along))
    if length == 0:  # a ring begins where it ends
        return np.hypot(from_start[:, 0], from_start[:, 1])
    return np.abs(along[0] * from_start[:, 1] - along[1] * from_start[:, 0]) / length


def written(line: Line) -> str:
    """A ring as a line of the file; empty where nothing is left of it."""
    points = np.rint(simplified(line) * UNITS).astype(int)
    steps = np.diff(points, axis=0, prepend=[[0, 0]])
    steps = steps[[True, *steps[1:].any(axis=1)]]
    return " ".join(map(str, steps.ravel().tolist())) if len(steps) > 3 else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("land", type=Path)
    topology = json.loads(parser.parse_args().land.read_text(encoding="utf-8"))
    lines = sorted(filter(None, map(written, rings(topology))), key=len, reverse=True)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
