"""The only door to the vectors that are searched.

SQLite is the truth and FAISS a cache of it: one index per space and modality, since similarities
between pictures and texts cannot be compared with those between texts. An index is brought up to
the rows by comparing ids, never by trusting a log: whatever was lost, torn or left behind is
mended by the same few lines. A large index is searched by lists that take minutes to train; until they
are there, and if they are lost, its rows are compared one by one.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import faiss
import numpy as np

from db.catalog import revision, units
from db.catalog.units import Ids, Vectors
from db.engine.database import Database
from db.engine.schema import UnitKind
from db.vectors.files import IndexFiles
from db.vectors.index import Found, IndexKind, VectorIndex, kind_for
from db.vectors.ivf import Accelerator

log = logging.getLogger(__name__)

Modality = Literal["picture", "speech"]

KINDS: Mapping[Modality, tuple[UnitKind, ...]] = {"picture": ("image", "frame"), "speech": ("speech",)}

_NOTHING = -1
"""The revision of an index that was not there; those of the library start at 0."""

_SMALL = 50_000
"""Rows that are written anew with every change; of more, the changes are written, up to a tenth of them."""


@dataclass(frozen=True)
class IndexStatus:
    """The saved indexes: their kind (of the largest), how many vectors they hold, whether they are in step
    with the rows.
    """

    kind: IndexKind
    vectors: int
    fresh: bool


class VectorStore:
    """The indexes of one space, always in step with the rows. Safe to share between threads."""

    def __init__(
        self, database: Database, folder: Path, space_id: int, dim: int, device: str = "auto"
    ) -> None:
        self._database = database
        self._folder = folder
        self._space_id = space_id
        self._dim = dim
        self._gpu = device != "cpu" and hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0
        self._lock = threading.Lock()
        self._training = threading.Lock()
        self._files = {modality: IndexFiles(folder, space_id, modality, dim) for modality in KINDS}
        self._loaded: dict[Modality, tuple[VectorIndex, int]] = {}
        self._learnt: dict[Modality, Accelerator] = {}
        self._samples: dict[tuple[Modality, int], tuple[Vectors, int]] = {}

    def search(self, modality: Modality, queries: Vectors, limit: int, *, only: Ids | None = None) -> Found:
        """As :meth:`VectorIndex.search`, over all that can be found at this moment."""
        with self._lock:
            return self._fresh(modality).search(queries, limit, only=only, gpu=self._gpu)

    def count(self, modality: Modality) -> int:
        """How many vectors can be searched."""
        with self._lock:
            return len(self._fresh(modality))

    def sample(self, modality: Modality, size: int) -> Vectors:
        """As :meth:`VectorIndex.sample`, kept until the library changes."""
        with self._lock:
            index = self._fresh(modality)
            key, revision = (modality, size), self._loaded[modality][1]
            known = self._samples.get(key)
            if known is None or known[1] != revision:
                known = self._samples[key] = (index.sample(size), revision)
            return known[0]

    def save(self, *, rebuild: bool = False) -> None:
        """Write the indexes that are not on disk as they are now, all of them anew with ``rebuild``.

        Large ones are trained after they were written: searches in other processes go on meanwhile.
        """
        for modality in KINDS:
            with self._lock:
                if rebuild:
                    self._learnt.pop(modality, None)
                    self._loaded[modality] = self._caught_up(VectorIndex(self._dim), modality)
                else:
                    self._fresh(modality)
                manifest = self._files[modality].manifest()
                if rebuild or manifest is None or manifest.revision != self._loaded[modality][1]:
                    self._write(modality)
        self.train()

    def train(self) -> None:
        """Make what searches of large indexes need, where it is missing. Searches go on meanwhile."""
        with self._training:
            for modality in KINDS:
                with self._lock:
                    segment = self._fresh(modality).segment
                if segment.accelerator is not None or kind_for(len(segment.ids)) == "flat":
                    continue
                accelerator = segment.trained(self._learnt.get(modality))
                with self._lock:
                    segment.accelerator = self._learnt[modality] = accelerator
                    if self._loaded[modality][0].segment is segment:
                        self._write(modality)

    def delete(self) -> None:
        """Delete the files of this space."""
        for path in self._folder.glob(f"space-{self._space_id}.*"):
            path.unlink(missing_ok=True)

    def status(self) -> IndexStatus:
        """What is on disk."""
        with self._database.read() as session:
            now = revision.current(session)
        manifests = [files.manifest() for files in self._files.values()]
        sound = [manifest for manifest in manifests if manifest is not None]
        return IndexStatus(
            kind=max(sound, key=lambda manifest: manifest.count).kind if sound else "flat",
            vectors=sum(manifest.count for manifest in sound),
            fresh=all(manifest is not None and manifest.revision == now for manifest in manifests),
        )

    def _fresh(self, modality: Modality) -> VectorIndex:
        index, at = self._newest(modality)
        with self._database.read() as session:
            if at == revision.current(session):
                return index
        self._loaded[modality] = self._caught_up(index, modality)
        if at == _NOTHING and len(self._loaded[modality][0]):
            # Made anew from all rows: worth keeping even by a reader, if it may write.
            try:
                self._write(modality)
            except OSError as exc:
                log.warning("the %s index could not be saved: %s", modality, exc)
        return self._loaded[modality][0]

    def _newest(self, modality: Modality) -> tuple[VectorIndex, int]:
        """The index in memory, or the one on disk where another process or thread has saved a newer one."""
        known, files = self._loaded.get(modality), self._files[modality]
        if known is None or files.changed():
            found = files.read()
            if found is not None and (known is None or found[1] >= known[1]):
                known = found
        self._loaded[modality] = known = known or (VectorIndex(self._dim), _NOTHING)
        if (accelerator := known[0].segment.accelerator) is not None:
            self._learnt[modality] = accelerator
        return known

    def _caught_up(self, index: VectorIndex, modality: Modality) -> tuple[VectorIndex, int]:
        """The index as the rows are now, and their revision."""
        with self._database.read() as session:
            newest = revision.current(session)
            wanted = units.live_ids(session, self._space_id, KINDS[modality])
            have = index.ids
            index.remove(np.setdiff1d(have, wanted))
            missing = np.setdiff1d(wanted, have)
            return index.extended(missing, partial(units.vectors, session, self._space_id)), newest

    def _write(self, modality: Modality) -> None:
        index, revision = self._loaded[modality]
        loose, segment = len(index.recent_ids) + len(index.removed_ids), len(index.segment.ids)
        if loose and (segment <= _SMALL or loose > segment // 10):
            index = index.compacted()
            self._loaded[modality] = (index, revision)
        self._files[modality].write(index, revision)
