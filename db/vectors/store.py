"""The vector indexes of a space, kept in step with the database.

SQLite is the truth and FAISS a cache of it: one index for each space and modality, since similarities
between pictures and texts cannot be compared with those between texts. An index is updated by
comparing its ids with the rows, never by replaying a log: whatever was lost, torn or left over is
repaired by the same few lines. A large index is searched through inverted lists that take minutes to
train; until they are there, and if they are lost, all its rows are scanned.
"""

import logging
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import faiss
import numpy as np

from db import kinds
from db.catalog import revision, units
from db.catalog.units import Ids, Vectors
from db.engine.database import Database
from db.kinds import CLIP
from db.vectors.files import IndexFiles
from db.vectors.index import Found, IndexKind, VectorIndex, kind_for
from db.vectors.ivf import Accelerator

log = logging.getLogger(__name__)

Modality = str
"""What vectors are of, such as ``picture`` or ``passage``: those of two modalities are never compared."""

_NOTHING = -1
"""The revision of an index that does not exist yet; those of the library start at 0."""

_SMALL = 50_000
"""Segments of up to so many rows are rewritten with every change, larger ones when a tenth has changed."""


@dataclass(frozen=True)
class IndexStatus:
    """Summary of the saved indexes: kind of the largest, number of vectors, whether all are up to date."""

    kind: IndexKind
    vectors: int
    fresh: bool


class VectorStore:
    """The vector indexes of one space, always in step with the rows. Safe to share between threads."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        space_id: int,
        dim: int,
        device: str = "auto",
        role: str = CLIP,
    ) -> None:
        self._database = database
        self._folder = folder
        self.space_id = space_id
        self._dim = dim
        self._gpu = device != "cpu" and hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0
        self._lock = threading.Lock()
        self._training = threading.Lock()
        self._kinds = kinds.modalities(role)
        self._files = {modality: IndexFiles(folder, space_id, modality, dim) for modality in self._kinds}
        self._loaded: dict[Modality, tuple[VectorIndex, int]] = {}
        self._accelerators: dict[Modality, Accelerator] = {}
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
        """Write the indexes that have changed since they were saved; with ``rebuild``, rebuild and write all.

        Large ones are trained after they were written: searches in other processes go on meanwhile.
        """
        for modality in self._kinds:
            with self._lock:
                if rebuild:
                    self._accelerators.pop(modality, None)
                    self._loaded[modality] = self._caught_up(VectorIndex(self._dim), modality, _NOTHING)
                else:
                    self._fresh(modality)
                manifest = self._files[modality].manifest()
                if rebuild or manifest is None or manifest.revision != self._loaded[modality][1]:
                    self._write(modality)
        self._drop_strays()
        self.train()

    def train(self) -> None:
        """Train the accelerators that large indexes lack. Searches go on meanwhile."""
        with self._training:
            for modality in self._kinds:
                with self._lock:
                    segment = self._fresh(modality).segment
                if segment.accelerator is not None or kind_for(len(segment.ids)) == "flat":
                    continue
                accelerator = segment.trained(self._accelerators.get(modality))
                with self._lock:
                    segment.accelerator = self._accelerators[modality] = accelerator
                    if self._loaded[modality][0].segment is segment:
                        self._write(modality)

    def delete(self) -> None:
        """Delete the files of this space."""
        for path in self._folder.glob(f"space-{self.space_id}.*"):
            path.unlink(missing_ok=True)

    def _drop_strays(self) -> None:
        """Delete indexes of modalities that nothing makes any more."""
        for path in self._folder.glob(f"space-{self.space_id}.*"):
            if path.name.split(".")[1] not in self._kinds:
                path.unlink(missing_ok=True)

    def status(self) -> IndexStatus:
        """Summary of the indexes on disk."""
        with self._database.read() as session:
            now = revision.current(session)
        manifests = [files.manifest() for files in self._files.values()]
        saved = [manifest for manifest in manifests if manifest is not None]
        return IndexStatus(
            kind=max(saved, key=lambda manifest: manifest.count).kind if saved else "flat",
            vectors=sum(manifest.count for manifest in saved),
            fresh=all(manifest is not None and manifest.revision == now for manifest in manifests),
        )

    def _fresh(self, modality: Modality) -> VectorIndex:
        index, built_at = self._newest(modality)
        with self._database.read() as session:
            if built_at == revision.current(session):
                return index
        self._loaded[modality] = self._caught_up(index, modality, built_at)
        if built_at == _NOTHING and len(self._loaded[modality][0]):
            # Built from all rows: worth saving even for a reader, if it may write.
            try:
                self._write(modality)
            except OSError as exc:
                log.warning("the %s index could not be saved: %s", modality, exc)
        return self._loaded[modality][0]

    def _newest(self, modality: Modality) -> tuple[VectorIndex, int]:
        """The index in memory, or the one on disk where another process or thread has saved a newer one."""
        known, files = self._loaded.get(modality), self._files[modality]
        if known is None or files.changed():
            saved = files.read()
            if saved is not None and (known is None or saved[1] >= known[1]):
                known = saved
        self._loaded[modality] = known = known or (VectorIndex(self._dim), _NOTHING)
        if (accelerator := known[0].segment.accelerator) is not None:
            self._accelerators[modality] = accelerator
        return known

    def _caught_up(self, index: VectorIndex, modality: Modality, built_at: int) -> tuple[VectorIndex, int]:
        """The index updated from the revision of which it is to the live rows, and their revision.

        What came and went shows in the ids, what was embedded again in the revisions of its rows.
        """
        with self._database.read() as session:
            newest = revision.current(session)
            live = units.live_ids(session, self.space_id, self._kinds[modality])
            if len(index):
                changed = units.written(session, self.space_id, self._kinds[modality], built_at)
                index.remove(np.union1d(np.setdiff1d(index.ids, live), changed))
            missing = np.setdiff1d(live, index.ids)
            return index.extended(missing, partial(units.vectors, session, self.space_id)), newest

    def _write(self, modality: Modality) -> None:
        index, revision = self._loaded[modality]
        changes, rows = len(index.recent_ids) + len(index.removed_ids), len(index.segment.ids)
        if changes and (rows <= _SMALL or changes > rows // 10):
            index = index.compacted()
            self._loaded[modality] = (index, revision)
        self._files[modality].write(index, revision)
