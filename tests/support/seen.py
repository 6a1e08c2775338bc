"""Things in pictures of a library, as if a model had seen them there."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from db.catalog import analyses, contents, switches, units
from db.catalog.units import NewUnit, Region
from db.library import Library
from indexer.analysers.things import SCORE, Things

Seen = tuple[str, float, Region]
"""A name, how sure the model is, and where it is."""


def add_things(library: Library, path: Path, seen: Sequence[Seen]) -> None:
    """Store things of a picture that is indexed, and switch on what makes them."""
    (kind,) = Things.kinds
    with library.write() as session:
        switches.turn(session, Things.name, on=True)
        content_id = contents.find(session, sha256(path.read_bytes()).digest())
        assert content_id is not None
        analysis_id = analyses.record(session, Things.name, "1", "done", content_id=content_id, took_ms=1)
        made = [
            NewUnit(kind.name, text=name, language="en", region=region, detail={SCORE: score})
            for name, score, region in seen
        ]
        units.add(session, [(unit, content_id, analysis_id, None) for unit in made])
