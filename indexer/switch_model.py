"""Change a library's model without a gap: fill a new space while the old one answers, then switch.

The units stay as they are; only their vectors are computed again, from the picture, the frame or the
text of each unit. Every batch is stored as it is done, so a killed change can be resumed.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from db.catalog import runs, spaces
from db.catalog.spaces import BareUnit
from db.engine.schema import Space
from db.errors import MediaError, ModelError, SettingsError
from db.library import Library
from indexer import null_model
from indexer.encoders.base import Encoder, Pixels, Vectors
from indexer.encoders.registry import canonical_name, load_encoder
from indexer.flow import OnProgress, Progress, Switch
from indexer.media.pool import DecodePool
from indexer.media.reader import read_image, still_at
from indexer.prefetch import batched, look_ahead
from indexer.runs import recorded

log = logging.getLogger(__name__)


def use_model(
    library: Library,
    name: str,
    *,
    partial: bool = False,
    on_progress: OnProgress = lambda _progress: None,
) -> Switch:
    """Switch the library to a model, once every unit has a vector of it.

    With ``partial``, units whose files cannot be read now are left out; the next indexing that
    can read them adds them.

    Raises:
        LibraryBusyError: another process is indexing into this library.
        ModelError: the model is unknown or missing, or some files cannot be read now.
        SettingsError: the library is empty: its first indexing chooses the model.
    """
    started = time.monotonic()
    settings = library.settings
    encoder = load_encoder(canonical_name(name), device=settings.device, cache=settings.cache)
    with library.indexing():
        space = _space(library, encoder)
        with library.read() as session:
            bare = spaces.bare_units(session, space.id)
        with recorded(library, len(bare)) as run:
            embedded = _fill(library, encoder, space.id, run.id, bare, on_progress)
            missing = len(bare) - embedded
            if missing and not partial:
                first = _first(library, space.id)
                raise ModelError(
                    f"{missing} pictures or moments cannot be read now, the first of them in {first}",
                    "Plug in their drive and run the same command again, or switch without them: --partial.",
                )
            _answer_with(library, space, encoder)
            # Told last: whoever sees that the run has finished finds the new model answering.
            run.report = {"model": encoder.name, "embedded": embedded}
    return Switch(encoder.name, embedded, missing, round(time.monotonic() - started, 2))


def roll_back(library: Library, *, on_progress: OnProgress = lambda _progress: None) -> Switch:
    """Switch back to the previous model; units indexed since are embedded first.

    Raises:
        SettingsError: there is no previous model.
        LibraryBusyError, ModelError: see ``use_model``.
    """
    with library.read() as session:
        previous = spaces.previous(session)
    if previous is None:
        raise SettingsError("no other model has answered in this library", "See: trove models")
    return use_model(library, previous.model, on_progress=on_progress)


def drop_model(library: Library, name: str) -> int:
    """Delete the vectors of an inactive model; returns how many there were.

    Raises:
        SettingsError: the library has none of this model, or it is the one that answers.
        LibraryBusyError: another process is indexing into this library.
    """
    model = canonical_name(name)
    with library.indexing(), library.write() as session:
        held = {space: count for space, count in spaces.every(session).items() if space.model == model}
        unused = {space: count for space, count in held.items() if space.state != "active"}
        if held and not unused:
            raise SettingsError(
                f"{model} is the model that answers in this library", "Use another one first: trove model use"
            )
        if not held:
            raise SettingsError(f"this library has no vectors of {model}", "See: trove model list")
        for space in unused:
            spaces.drop(session, space.id)
            library.vectors(space).delete()
    return sum(unused.values())


def _space(library: Library, encoder: Encoder) -> Space:
    """The space to fill: the one already begun, or a new one."""
    with library.write() as session:
        if spaces.active(session) is None:
            raise SettingsError(
                "the library is empty, so it has no model to change",
                f"Index with it: trove index FOLDER --model {encoder.name}",
            )
        for space in spaces.named(session, encoder.name):
            if space.fingerprint == encoder.fingerprint:
                return space
        return spaces.add(session, encoder.name, encoder.fingerprint, encoder.dim, "building")


def _fill(
    library: Library,
    encoder: Encoder,
    space_id: int,
    run_id: int,
    bare: Sequence[BareUnit],
    on_progress: OnProgress,
) -> int:
    """Embed units in the space; returns how many could be read."""
    done = embedded = 0
    settings = library.settings
    with DecodePool.of(settings) as pool:
        reader = _Reader(pool, encoder, settings.max_megapixels)
        threads = settings.workers + 2
        prepared = look_ahead(reader, bare, settings.batch + threads, threads)
        for batch in batched(zip(bare, prepared, strict=True), settings.batch):
            vectors = _encode(batch, encoder)
            done, embedded = done + len(batch), embedded + len(vectors)
            with library.write() as session:
                spaces.put_vectors(session, space_id, vectors)
                runs.update_run(session, run_id, done)
            on_progress(Progress(done, len(bare), batch[-1][0].path))
    return embedded


@dataclass(frozen=True)
class _Reader:
    """Decodes the picture or frame of a unit; None for passages, and for files that cannot be read now."""

    pool: DecodePool
    encoder: Encoder
    max_megapixels: float

    def __call__(self, unit: BareUnit) -> Pixels | None:
        side = 2 * self.encoder.image_size
        try:
            if unit.kind == "image":
                picture = self.pool.submit(
                    read_image, unit.path, min_side=side, max_megapixels=self.max_megapixels
                )
                return self.encoder.prepare(Image.fromarray(picture.result()[1]))
            if unit.kind == "frame":
                frame = self.pool.submit(still_at, unit.path, unit.at_s or 0.0, min_side=side)
                return self.encoder.prepare(Image.fromarray(frame.result()))
        except MediaError as exc:
            log.warning("%s: it gets no vector: %s", unit.path, exc)
        return None


def _encode(batch: Sequence[tuple[BareUnit, Pixels | None]], encoder: Encoder) -> dict[int, Vectors]:
    shown = [(unit.id, pixels) for unit, pixels in batch if pixels is not None]
    spoken = [(unit.id, unit.text) for unit, _ in batch if unit.text]
    vectors: dict[int, Vectors] = {}
    if shown:
        pictures = encoder.encode_pixels(np.stack([pixels for _, pixels in shown]))
        vectors |= dict(zip((unit_id for unit_id, _ in shown), pictures, strict=True))
    if spoken:
        texts = encoder.encode_texts([text for _, text in spoken])
        vectors |= dict(zip((unit_id for unit_id, _ in spoken), texts, strict=True))
    return vectors


def _answer_with(library: Library, space: Space, encoder: Encoder) -> None:
    # Saved before the switch: the first query afterwards finds its index and its null model ready.
    store = library.vectors(space)
    store.save()
    null_model.fitted(library, store, encoder)
    with library.write() as session:
        spaces.activate(session, space.id)


def _first(library: Library, space_id: int) -> Path:
    with library.read() as session:
        return spaces.bare_units(session, space_id)[0].path
