"""A file as a query: what it shows, or says, as vectors."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from db.catalog import units
from db.catalog.units import Ids, Vectors
from db.engine.database import Database
from db.engine.schema import Space
from db.errors import QueryError
from db.paths import expanded
from db.settings import Settings
from indexer.analysers.whisper import load_transcriber
from indexer.encoders.base import Encoder
from indexer.media.pixels import read_pixels
from indexer.media.reader import probe, read_audio, still_at
from indexer.media.types import Picture

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

MOST_VECTORS = 32
"""Frames or passages of a long file that are asked for, evenly spread."""

_FRAMES = 8
_LISTENED_S = 300.0
"""How much of a recording that is not in the library is listened to."""


@dataclass(frozen=True)
class Example:
    """What a file shows and says: (n, dim) and (m, dim) float32, and its own units in the library."""

    pictures: Vectors
    passages: Vectors
    unit_ids: Ids


def picture_vector(path: Path, encoder: Encoder, settings: Settings, decoders: "DecodePool") -> Vectors:
    """The picture in a file as (1, dim) float32.

    Raises:
        MediaError: it cannot be read or is no picture.
    """
    return encoder.encode_pixels(read_pixels(path, encoder, settings, decoders)[None])


def example(
    path: Path,
    database: Database,
    space: Space,
    encoder: Encoder,
    settings: Settings,
    decoders: "DecodePool",
) -> Example:
    """The vectors of a file, from the library where it has them.

    Raises:
        MediaError: the file cannot be read.
        QueryError: nothing can be seen or heard in it.
    """
    with database.read() as session:
        own = units.ids_at(session, expanded(path).resolve())
        kinds = {unit.id: unit.kind for unit in units.rows(session, own).values()}
        if own:
            ids = np.array(own, dtype=np.int64)
            spoken = np.array([kinds[unit_id] == "speech" for unit_id in own])
            return Example(
                units.vectors(session, space.id, _spread(ids[~spoken])),
                units.vectors(session, space.id, _spread(ids[spoken])),
                ids,
            )
    return _unknown(path, encoder, settings, decoders)


def _unknown(path: Path, encoder: Encoder, settings: Settings, decoders: "DecodePool") -> Example:
    """The vectors of a file that is not in the library."""
    nothing = np.empty((0, encoder.dim), dtype=np.float32)
    pictures, passages = nothing, nothing
    metadata = decoders.run(probe, path)
    duration_s = metadata.duration_s or _LISTENED_S
    if metadata.kind == "image":
        pictures = picture_vector(path, encoder, settings, decoders)
    elif metadata.kind == "video":
        times = (np.arange(_FRAMES) + 0.5) * duration_s / _FRAMES
        side = 2 * encoder.image_size
        stills = [decoders.submit(still_at, path, float(at_s), min_side=side) for at_s in times]
        pictures = _encode([still.result() for still in stills], encoder)
    else:
        passages = _heard(path, min(duration_s, _LISTENED_S), encoder, settings, decoders)
    if not len(pictures) and not len(passages):
        raise QueryError(f"nothing is said in {path.name}", "Give a file with pictures or speech.")
    return Example(pictures, passages, np.empty(0, dtype=np.int64))


def _heard(
    path: Path, duration_s: float, encoder: Encoder, settings: Settings, decoders: "DecodePool"
) -> Vectors:
    transcriber = load_transcriber(settings.whisper, device=settings.device, cache=settings.cache)
    if transcriber is None:
        raise QueryError(
            "a recording cannot be a query without a speech model", "Leave out TROVE_WHISPER=none."
        )
    passages = transcriber.transcribe(
        lambda start_s, end_s: decoders.run(read_audio, path, start_s, end_s), duration_s
    )
    texts = [passage.text for passage in passages][:MOST_VECTORS]
    return encoder.encode_texts(texts) if texts else np.empty((0, encoder.dim), dtype=np.float32)


def _encode(pictures: list[Picture], encoder: Encoder) -> Vectors:
    return encoder.encode_pixels(
        np.stack([encoder.prepare(Image.fromarray(picture)) for picture in pictures])
    )


def _spread(ids: Ids) -> Ids:
    if len(ids) <= MOST_VECTORS:
        return ids
    chosen: Ids = ids[np.linspace(0, len(ids) - 1, MOST_VECTORS).round().astype(np.int64)]
    return chosen
