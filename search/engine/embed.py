"""Query encoding: the words, pictures or whole file of a query as vectors of the active models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids, Vectors
from db.catalog import assets, spaces, stacks, units
from db.engine.schema import MediaKind
from db.errors import QueryError
from db.kinds import CLIP, HEARD, PASSAGE, PICTURE, SOUND
from db.names import spelled
from indexer.analysers.pieces import SOUND_S
from indexer.analysers.whisper import load_transcriber
from indexer.encoders.base import Encoder
from indexer.encoders.heard import RATE
from indexer.media.pixels import read_pixels, side_for
from indexer.media.reader import probe, read_audio, still_at
from indexer.media.types import Picture
from search.engine.active import ActiveModel
from search.engine.scope import Alternatives, Part
from search.engine.texts import text_vector
from search.query.asking import asked_for
from search.query.language import Term
from search.query.query import Query
from search.understanding.asked import Known
from search.understanding.emojis import spelled_out

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

Decoders = Callable[[], "DecodePool"]
"""Returns the pool of decoder processes, called only for files: words should not wait for its start."""

NEGATIVE = 0.5
"""Factor on negative weights: avoiding something counts less than looking for something (bench/terms.py)."""

MOST_VECTORS = 32
"""Frames or passages of a long file that serve as query vectors, evenly spread."""

_FRAMES = 8
_LISTENED_S = 300.0
"""How much of a recording that is not in the library is transcribed, in seconds."""


@dataclass(frozen=True)
class Example:
    """The (n, dim) float32 vectors of a query file by role and modality, and its own units in the library."""

    vectors: Mapping[tuple[str, str], Vectors]
    unit_ids: Ids


@dataclass(frozen=True)
class Question:
    """A query with its texts, pictures and file encoded as vectors.

    ``parts``: its alternatives by role, each in the order of the query's terms. ``texts``: the words of each
    alternative that are to be found, with those of asking and without.
    """

    query: Query
    parts: Mapping[str, Alternatives]
    texts: tuple[str, ...] = ()
    like: Example | None = None

    @property
    def describes(self) -> bool:
        """Whether there is anything to compare with; else it has conditions alone."""
        return self.like is not None or any(self.parts.values())

    @property
    def is_of_likeness(self) -> bool:
        """Whether no words were asked for, but pictures, a file, conditions, or what to stay away from.

        Then no verdict can be absent.
        """
        return self.like is not None or not self.texts


def embedded(
    query: Query, models: Mapping[str, ActiveModel], session: Session, decoders: Decoders, known: Known
) -> Question:
    """Encode a query with the models of all roles; its files are decoded by the ``decoders``.

    What is ``known`` tells names and words of the library from those of other languages.

    Raises:
        MediaError: a picture or file of the query cannot be read.
        QueryError: nothing can be seen or heard in the file.
        ModelError: a model cannot be loaded.
    """
    alternatives = query.parsed.alternatives
    parts = {
        name: [[_part(term, model, decoders, known) for term in terms] for terms in alternatives]
        for name, model in models.items()
    }
    like = None if query.like is None else _example(query, query.like, models, session, decoders)
    # Words of asking may be what was said.
    each = map(spelled_out, query.parsed.texts)
    texts = dict.fromkeys(words for text in each for words in (asked_for(text), text))
    return Question(query, parts, tuple(texts), like)


def picture_vector(path: Path, model: ActiveModel, decoders: Decoders) -> Vectors:
    """The picture in a file as (1, dim) float32.

    Raises:
        MediaError: it cannot be read or is no picture.
    """
    pixels = read_pixels(path, model.encoder, model.library.settings, decoders())
    return model.encoder.encode_pixels(pixels[None])


def _part(term: Term, model: ActiveModel, decoders: Decoders, known: Known) -> Part:
    weight = term.weight * (NEGATIVE if term.weight < 0 else 1)
    text, role = (term.value if term.kind == "text" else None), model.role
    compared = role.pictures if text is None else role.texts
    if not compared:
        return Part({}, weight, text)
    if text is not None:
        vector = text_vector(spelled_out(text), model, known)
    else:
        vector = picture_vector(spelled(term.value), model, decoders)[0]
    return Part(dict.fromkeys(compared, vector), weight, text)


def _example(
    query: Query, path: Path, models: Mapping[str, ActiveModel], session: Session, decoders: Decoders
) -> Example:
    """The vectors of a file, from the library where it is indexed."""
    path = assets.meant(session, path)
    own = np.array(units.ids_at(session, path), dtype=np.int64)
    vectors = {}
    for name, model in models.items():
        for modality, of_kinds in kinds.modalities(name).items():
            ids = spaces.embedded(session, model.space.id, own.tolist(), of_kinds)
            if len(ids):
                vectors[name, modality] = units.vectors(session, model.space.id, _spread(ids))
    if query.stacks:
        own = np.union1d(own, np.array(stacks.units_beside(session, path), dtype=np.int64))
    return Example(vectors or _unindexed(path, models, decoders), own)


def _unindexed(
    path: Path, models: Mapping[str, ActiveModel], decoders: Decoders
) -> Mapping[tuple[str, str], Vectors]:
    """The vectors of a file that is not in the library."""
    metadata = decoders().run(probe, path)
    duration_s = metadata.duration_s or _LISTENED_S
    heard = {}
    if metadata.has_audio and SOUND in models:
        heard = _sounds(path, min(duration_s, _LISTENED_S), models[SOUND].encoder, decoders)
    return {**heard, **_seen_or_said(path, metadata.kind, duration_s, models[CLIP], decoders, bool(heard))}


def _seen_or_said(
    path: Path,
    kind: MediaKind,
    duration_s: float,
    model: ActiveModel,
    decoders: Decoders,
    is_heard: bool,
) -> Mapping[tuple[str, str], Vectors]:
    """The vectors of what a file shows or says; ``is_heard``: it may have nothing of that."""
    if kind == "image":
        return {(CLIP, PICTURE): picture_vector(path, model, decoders)}
    if kind == "video":
        times = (np.arange(_FRAMES) + 0.5) * duration_s / _FRAMES
        side = side_for(model.encoder)
        stills = [decoders().submit(still_at, path, float(at_s), min_side=side) for at_s in times]
        return {(CLIP, PICTURE): _encode([still.result() for still in stills], model.encoder)}
    texts = (
        []
        if is_heard and model.library.settings.whisper == "none"
        else _heard(path, min(duration_s, _LISTENED_S), model, decoders)
    )
    if not texts and is_heard:
        return {}
    if not texts:
        raise QueryError(f"nothing is said in {path.name}", "Give a file with pictures or speech.")
    return {(CLIP, PASSAGE): model.encoder.encode_texts(texts)}


def _sounds(
    path: Path, duration_s: float, encoder: Encoder, decoders: Decoders
) -> dict[tuple[str, str], Vectors]:
    """The vectors of what a file sounds like; none where it is silent."""
    starts = np.arange(0.0, duration_s, SOUND_S)[:MOST_VECTORS].tolist()
    read = [decoders().submit(read_audio, path, at_s, at_s + SOUND_S, rate=RATE) for at_s in starts]
    pieces = [piece for one in read if (piece := one.result()).any()]
    if not pieces:
        return {}
    return {(SOUND, HEARD): encoder.encode_pixels(np.stack([encoder.prepare(piece) for piece in pieces]))}


def _heard(path: Path, duration_s: float, model: ActiveModel, decoders: Decoders) -> list[str]:
    settings = model.library.settings
    transcriber = load_transcriber(settings.whisper, device=settings.device, cache=settings.cache)
    if transcriber is None:
        raise QueryError(
            "a recording cannot be a query without a speech model", "Leave out TROVE_WHISPER=none."
        )
    passages = transcriber.transcribe(
        lambda start_s, end_s: decoders().run(read_audio, path, start_s, end_s), duration_s
    )
    return [passage.text for passage in passages][:MOST_VECTORS]


def _encode(pictures: list[Picture], encoder: Encoder) -> Vectors:
    return encoder.encode_pixels(
        np.stack([encoder.prepare(Image.fromarray(picture)) for picture in pictures])
    )


def _spread(ids: Ids) -> Ids:
    if len(ids) <= MOST_VECTORS:
        return ids
    chosen: Ids = ids[np.linspace(0, len(ids) - 1, MOST_VECTORS).round().astype(np.int64)]
    return chosen
