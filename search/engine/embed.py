"""Query encoding: the words, pictures or whole file of a query as vectors of the active model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from db.catalog import units
from db.catalog.units import Ids, Vectors
from db.errors import QueryError
from db.paths import expanded
from indexer.analysers.whisper import load_transcriber
from indexer.encoders.base import Encoder
from indexer.media.pixels import read_pixels
from indexer.media.reader import probe, read_audio, still_at
from indexer.media.types import Picture
from search.engine.active import ActiveModel
from search.engine.retrieve import NEGATIVE, Part
from search.query.language import Term
from search.query.query import Query

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

Decoders = Callable[[], "DecodePool"]
"""Returns the pool of decoder processes, called only for files: words should not wait for its start."""

MOST_VECTORS = 32
"""Frames or passages of a long file that serve as query vectors, evenly spread."""

_FRAMES = 8
_LISTENED_S = 300.0
"""How much of a recording that is not in the library is transcribed, in seconds."""


@dataclass(frozen=True)
class Example:
    """The vectors of a query file, and its own units in the library.

    ``pictures``: (n, dim), ``passages``: (m, dim), both float32.
    """

    pictures: Vectors
    passages: Vectors
    unit_ids: Ids


@dataclass(frozen=True)
class Question:
    """A query with its texts, pictures and file encoded as vectors."""

    query: Query
    model: ActiveModel
    alternatives: Sequence[Sequence[Part]]
    like: Example | None = None

    @property
    def parts(self) -> list[Part]:
        """All parts of all alternatives, in their order."""
        return [part for parts in self.alternatives for part in parts]


def embedded(query: Query, model: ActiveModel, decoders: Decoders) -> Question:
    """Encode a query with a model; its files are decoded by the ``decoders``.

    Raises:
        MediaError: a picture or file of the query cannot be read.
        QueryError: nothing can be seen or heard in the file.
        ModelError: the model cannot be loaded.
    """
    alternatives = [[_part(term, model, decoders) for term in terms] for terms in query.parsed.alternatives]
    like = None if query.like is None else _example(query.like, model, decoders)
    return Question(query, model, alternatives, like)


def picture_vector(path: Path, model: ActiveModel, decoders: Decoders) -> Vectors:
    """The picture in a file as (1, dim) float32.

    Raises:
        MediaError: it cannot be read or is no picture.
    """
    pixels = read_pixels(path, model.encoder, model.library.settings, decoders())
    return model.encoder.encode_pixels(pixels[None])


def _part(term: Term, model: ActiveModel, decoders: Decoders) -> Part:
    weight = term.weight * (NEGATIVE if term.weight < 0 else 1)
    if term.kind == "text":
        vector = model.queries.of(term.value, model.encoder)
        return Part({"picture": vector, "passage": vector}, weight, term.value)
    return Part({"picture": picture_vector(expanded(term.value), model, decoders)[0]}, weight)


def _example(path: Path, model: ActiveModel, decoders: Decoders) -> Example:
    """The vectors of a file, from the library where it is indexed."""
    path = expanded(path)
    with model.library.read() as session:
        own = units.ids_at(session, path.resolve())
        kinds = {unit.id: unit.kind for unit in units.rows(session, own).values()}
        if own:
            ids = np.array(own, dtype=np.int64)
            spoken = np.array([kinds[unit_id] == "speech" for unit_id in own])
            return Example(
                units.vectors(session, model.space.id, _spread(ids[~spoken])),
                units.vectors(session, model.space.id, _spread(ids[spoken])),
                ids,
            )
    return _unindexed(path, model, decoders)


def _unindexed(path: Path, model: ActiveModel, decoders: Decoders) -> Example:
    """The vectors of a file that is not in the library."""
    empty = np.empty((0, model.encoder.dim), dtype=np.float32)
    pictures, passages = empty, empty
    metadata = decoders().run(probe, path)
    duration_s = metadata.duration_s or _LISTENED_S
    if metadata.kind == "image":
        pictures = picture_vector(path, model, decoders)
    elif metadata.kind == "video":
        times = (np.arange(_FRAMES) + 0.5) * duration_s / _FRAMES
        side = 2 * model.encoder.image_size
        stills = [decoders().submit(still_at, path, float(at_s), min_side=side) for at_s in times]
        pictures = _encode([still.result() for still in stills], model.encoder)
    else:
        passages = _heard(path, min(duration_s, _LISTENED_S), model, decoders)
    if not len(pictures) and not len(passages):
        raise QueryError(f"nothing is said in {path.name}", "Give a file with pictures or speech.")
    return Example(pictures, passages, np.empty(0, dtype=np.int64))


def _heard(path: Path, duration_s: float, model: ActiveModel, decoders: Decoders) -> Vectors:
    settings = model.library.settings
    transcriber = load_transcriber(settings.whisper, device=settings.device, cache=settings.cache)
    if transcriber is None:
        raise QueryError(
            "a recording cannot be a query without a speech model", "Leave out TROVE_WHISPER=none."
        )
    passages = transcriber.transcribe(
        lambda start_s, end_s: decoders().run(read_audio, path, start_s, end_s), duration_s
    )
    texts = [passage.text for passage in passages][:MOST_VECTORS]
    empty = np.empty((0, model.encoder.dim), dtype=np.float32)
    return model.encoder.encode_texts(texts) if texts else empty


def _encode(pictures: list[Picture], encoder: Encoder) -> Vectors:
    return encoder.encode_pixels(
        np.stack([encoder.prepare(Image.fromarray(picture)) for picture in pictures])
    )


def _spread(ids: Ids) -> Ids:
    if len(ids) <= MOST_VECTORS:
        return ids
    chosen: Ids = ids[np.linspace(0, len(ids) - 1, MOST_VECTORS).round().astype(np.int64)]
    return chosen
