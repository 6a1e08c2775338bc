"""Embed units that are stored without a vector in a space: after a change of the model, or a correction.

Nothing is analysed again. What is embedded of a unit its analyser says (``payloads``); a text needs no file.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from db import kinds
from db.catalog import spaces
from db.catalog.spaces import BareUnit
from db.library import Library
from indexer.analyse import as_media_error
from indexer.analysers.base import Analyser, Payload
from indexer.analysers.medium import Medium
from indexer.embed import Embedder
from indexer.flow import Prepared
from indexer.media.pool import DecodePool
from indexer.prefetch import batched, look_ahead

log = logging.getLogger(__name__)

_CHUNK = 16
"""Units of one file that a thread decodes, one after the other."""


def fill(
    library: Library,
    embedder: Embedder,
    space_id: int,
    bare: Sequence[BareUnit],
    pool: DecodePool,
    analysers: Sequence[Analyser],
    on_batch: Callable[[int, BareUnit], None] = lambda _done, _unit: None,
) -> int:
    """Embed units; returns how many could be. Each batch is stored as it is done.

    ``on_batch`` is told how many units were taken so far, and the last of them.
    """
    settings = library.settings
    reader = _Reader(pool, embedder, {a.name: a for a in analysers}, embedder.side, settings.max_megapixels)
    threads = settings.workers + 2
    chunks = list(_chunks(bare))
    prepared = look_ahead(reader, chunks, threads + -(-settings.batch // _CHUNK), threads)
    units = (
        (unit, own) for chunk in zip(chunks, prepared, strict=True) for unit, own in zip(*chunk, strict=True)
    )
    done = embedded = 0
    for batch in batched(units, settings.batch):
        pending = {unit.unit.id: embedder.submit(own) for unit, own in batch if space_id in own}
        embedder.flush()
        vectors = {unit_id: own[space_id].result() for unit_id, own in pending.items()}
        done, embedded = done + len(batch), embedded + len(vectors)
        if vectors:
            with library.write() as session:
                spaces.put_vectors(session, space_id, vectors)
        on_batch(done, batch[-1][0])
    return embedded


def _chunks(bare: Sequence[BareUnit]) -> Iterator[list[BareUnit]]:
    """A few units of one file and analyser at a time, in their order."""
    for _, same in groupby(bare, lambda unit: (unit.content_id, kinds.makers(unit.unit.kind), unit.path)):
        yield from batched(same, _CHUNK)


@dataclass(frozen=True)
class _Reader:
    """What is embedded of some units of one file; empty for those whose file cannot be read now."""

    pool: DecodePool
    embedder: Embedder
    analysers: dict[str, Analyser]
    side: int
    max_megapixels: float

    def __call__(self, chunk: Sequence[BareUnit]) -> list[Prepared]:
        payloads = self._payloads(chunk)
        return [
            {} if payload is None else self.embedder.prepare(bare.unit.kind, payload)
            for bare, payload in zip(chunk, payloads, strict=True)
        ]

    def _payloads(self, chunk: Sequence[BareUnit]) -> list[Payload | None]:
        analyser = self.analysers.get(kinds.makers(chunk[0].unit.kind)[0])
        if analyser is None:
            return [None for _ in chunk]
        units, path = [bare.unit for bare in chunk], chunk[0].path
        payloads = list(analyser.payloads(None, units))
        if path is None or all(payload is not None for payload in payloads):
            return payloads
        medium = Medium(path, self.pool, side=self.side, max_megapixels=self.max_megapixels)
        found: list[Payload | None] = []
        for unit, text in zip(units, payloads, strict=True):
            try:
                found += [text] if text is not None else analyser.payloads(medium, [unit])
            except Exception as exc:
                log.warning("%s: it gets no vector: %s", path, as_media_error(exc, path))
                found.append(None)
        return found
