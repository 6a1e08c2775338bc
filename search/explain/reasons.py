"""Explains why a file is, or is not, a hit of a query."""

from bisect import bisect_left
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from db.arrays import Floats
from db.catalog import assets, copies, events, live, units
from db.catalog.facts import Fact
from db.engine.schema import MediaKind
from indexer.media.pixels import side_for
from indexer.media.reader import probe, read_image, still_at
from search.answer import Evidence, Hit, ReadAs
from search.engine.pipeline import wanted
from search.engine.scope import BACKGROUND
from search.explain.heatmap import heat_map, overlay
from search.explain.pointing import Place, boxed, places
from search.query.query import Query
from search.service import SearchService
from search.understanding.tongues import read_as

_SIDE = 720
_LOOKED_AT = 200


@dataclass(frozen=True)
class Reasons:
    """How a file matches a query.

    ``rank``: its best rank in the answer, None below the first 200 or outside the library. ``at_s``:
    the moment of a video that was compared. ``similarity``: of the query to the picture there; None
    for sound. ``above``: the share, 0 to 1, of the library's pictures that score below it, ``exact``
    or from a sample of a thousand. ``text``: that of the hit; ``words``: those of the query that any text of
    it has, be it said or written. ``copies``: the other files with its content.
    ``facts``: what is known of a file in the library, each with who says so. ``places``: where it is, see
    ``search.explain.pointing``; ``heat``: where nobody can tell that, see ``search.explain.heatmap``.
    ``read_as``: what of the query was read in English, where the model knows no other language.
    """

    path: Path
    rank: int | None
    at_s: float | None
    similarity: float | None
    above: float | None
    exact: bool
    text: str | None
    words: tuple[str, ...]
    why: tuple[Evidence, ...]
    facts: tuple[Fact, ...]
    heat: Floats | None
    picture: Image.Image | None
    copies: tuple[Path, ...] = ()
    read_as: tuple[ReadAs, ...] = ()
    places: tuple[Place, ...] = ()

    def overlay(self) -> Image.Image | None:
        """The picture with boxes around the places, or with the map over it; None for sound."""
        if self.places and self.picture is not None:
            return boxed(self.picture, self.places)
        return None if self.heat is None or self.picture is None else overlay(self.picture, self.heat)


def reasons(service: SearchService, query: Query, path: Path) -> Reasons:
    """Explain a picture, video or recording, in the library or not.

    Raises:
        MediaError: the file cannot be read.
        TroveError: as ``SearchService.search``.
    """
    with service.library.read() as session:
        path = assets.meant(session, path)
    hits = service.search(replace(query, k=_LOOKED_AT)).hits
    hit = next((hit for hit in hits if path in hit.files), None)
    with service.library.read() as session:
        known = tuple(events.told(session, path))
        there = copies.readable(session, path)
        own = {None, *units.ids_at(session, path)}
        others = copies.others(session, path)
        if not copies.fulfils(session, path, live.of_file(wanted(query).filters)):
            hit = None  # a copy of it is
    kind = service.decoders.run(probe, there).kind
    at_s = None if kind == "image" or hit is None else _moment(hit, path)
    # What is said of a copy, as in a note beside that, is no reason for this file; its stack is.
    why = tuple(fact for fact in hit.why if fact.unit_id in own or fact.path) if hit else ()
    words = dict.fromkeys(word for fact in why if fact.source == "keywords" for word in fact.words)
    look = _look(service, query, path, there, kind, at_s) if kind != "audio" else None
    return Reasons(
        path,
        hit.rank if hit else None,
        at_s,
        look.similarity if look else None,
        look.above if look else None,
        look.exact if look else False,
        hit.text if hit and any(fact.text == hit.text for fact in why) else None,
        tuple(words),
        why,
        known,
        look.heat if look else None,
        look.picture if look else None,
        others,
        read_as(query.parsed, service.model()) if look else (),
        look.places if look else (),
    )


def _moment(hit: Hit, path: Path) -> float | None:
    """When in a film a hit is; in one that another file of its stack stands for, where it was found."""
    return next((fact.start_s for fact in hit.why if fact.path == path), hit.start_s)


@dataclass(frozen=True)
class _Look:
    similarity: float
    above: float | None
    exact: bool
    heat: Floats | None
    picture: Image.Image
    places: tuple[Place, ...]


def _look(
    service: SearchService, query: Query, known_as: Path, path: Path, kind: MediaKind, at_s: float | None
) -> _Look | None:
    sight = service.sight(query)
    if sight is None:
        return None
    side = max(_SIDE, side_for(sight.encoder))
    if kind == "image":
        most = service.library.settings.max_megapixels
        pixels = service.decoders.run(read_image, path, min_side=side, max_megapixels=most)[1]
    else:
        pixels = service.decoders.run(still_at, path, at_s or 0.0, min_side=side)
    picture = Image.fromarray(pixels)
    found = places(service.library, query.parsed, known_as, at_s, picture)
    prepared = sight.encoder.prepare(picture)
    similarity = float((sight.encoder.encode_pixels(prepared[None]) @ sight.vectors.T).max())
    baseline = np.asarray(sight.baseline)
    above = bisect_left(baseline, similarity) / len(baseline) if len(baseline) else None
    return _Look(
        round(similarity, 4),
        None if above is None else round(above, 4),
        len(baseline) < BACKGROUND,
        None if found else heat_map(sight.encoder, picture, sight.vectors),
        picture,
        found,
    )
