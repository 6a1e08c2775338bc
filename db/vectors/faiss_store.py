"""The store on FAISS: vector indexes in memory and in files, kept in step with the database.

The database is the truth and FAISS a cache of it: one index for each space and modality, since similarities
between pictures and texts cannot be compared with those between texts. An index is updated by
comparing its ids with the rows, never by replaying a log: whatever was lost, torn or left over is
repaired by the same few lines. A large index is searched through inverted lists that take minutes to
train; until they are there, and if they are lost, all its rows are scanned.

An index never changes; an update makes a new one. So a view keeps the one that it has begun with, and the
lock is held while an index is brought up to date, never during a search.
"""

import importlib
import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids, Vectors
from db.catalog import hidden, live, revision, units
from db.catalog.filters import ALL, Wanted
from db.engine.database import Database
from db.errors import VectorError
from db.kinds import CLIP
from db.vectors.files import IndexFiles
from db.vectors.index import VectorIndex
from db.vectors.segment import kind_for
from db.vectors.store import Found, IndexStatus, Modality

if TYPE_CHECKING:
    from db.vectors.ivf import Accelerator

log = logging.getLogger(__name__)

_NOTHING = -1
"""The revision of an index that does not exist yet; those of the library start at 0."""

_Known = tuple[VectorIndex, int]
"""An index with the revision of the library that it shows."""


class FaissView:
    """The vectors in the snapshot of a session, see ``VectorView``. Indexes are looked for on first use."""

    def __init__(
        self,
        session: Session,
        kinds: Mapping[Modality, tuple[str, ...]],
        index_of: Callable[[Modality], VectorIndex],
        *,
        gpu: bool,
    ) -> None:
        self._session = session
        self._kinds = kinds
        self._index_of = index_of
        self._gpu = gpu
        self._indexes: dict[Modality, VectorIndex] = {}
        self._resolved: dict[tuple[Modality, Wanted], Ids | None] = {}

    def search(self, modality: Modality, queries: Vectors, limit: int, *, wanted: Wanted = ALL) -> Found:
        """As :meth:`VectorIndex.search`, of the wanted units."""
        only = self._only(modality, wanted)
        return self._index(modality).search(queries, limit, only=only, gpu=self._gpu)

    def count(self, modality: Modality, wanted: Wanted = ALL) -> int:
        """How many units are searched."""
        only = self._only(modality, wanted)
        return len(self._index(modality)) if only is None else len(only)

    def ids(self, modality: Modality, wanted: Wanted = ALL) -> Ids:
        """The units that are searched, ascending."""
        only = self._only(modality, wanted)
        return np.sort(self._index(modality).ids) if only is None else only

    def sample(self, modality: Modality, size: int) -> Vectors:
        """As :meth:`VectorIndex.sample`."""
        return self._index(modality).sample(size)

    def held(self, modality: Modality, ids: Ids) -> Ids:
        """Those of these units that have a vector, in their order."""
        return ids[self._index(modality).has(ids)]

    def vectors(self, modality: Modality, ids: Ids) -> Vectors:
        """The vectors of these units, (n, dim) float32 in the order of ``ids``.

        Raises:
            LibraryError: a unit has no vector of this modality that can be found.
        """
        try:
            return self._index(modality).vectors(ids)
        except KeyError as exc:
            raise units.lacking() from exc

    def _index(self, modality: Modality) -> VectorIndex:
        if modality not in self._indexes:
            self._indexes[modality] = self._index_of(modality)
        return self._indexes[modality]

    def _only(self, modality: Modality, wanted: Wanted) -> Ids | None:
        """The wanted units by their ids; None where all of the modality are wanted."""
        key = (modality, wanted)
        if key not in self._resolved:
            every = set(self._kinds[modality])
            of_all_kinds = wanted.kinds is None or every <= set(wanted.kinds)
            if not wanted.filters and of_all_kinds and not hidden.any_is(self._session):
                self._resolved[key] = None
            else:
                # One question to the database for all modalities: the index knows which ones are its own.
                found = live.wanted_ids(self._session, wanted)
                self._resolved[key] = found[self._index(modality).has(found)]
        return self._resolved[key]


class FaissStore:
    """The vector indexes of one space, see ``VectorStore``.

    ``small_rows``: files of up to so many vectors are written anew with each change, larger ones only when a
    tenth has changed.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        space_id: int,
        dim: int,
        device: str = "auto",
        role: str = CLIP,
        small_rows: int = 50_000,
    ) -> None:
        self._small_rows = small_rows
        self._database = database
        self._folder = folder
        self.space_id = space_id
        self._dim = dim
        self._gpu = device != "cpu"
        self._lock = threading.Lock()
        self._training = threading.Lock()
        self._kinds = kinds.modalities(role)
        self._files = {modality: IndexFiles(folder, space_id, modality, dim) for modality in self._kinds}
        self._loaded: dict[Modality, _Known] = {}
        self._accelerators: dict[Modality, Accelerator] = {}

    def at(self, session: Session) -> FaissView:
        """A view of the snapshot of a session that writes nothing.

        Raises:
            VectorError: the session has changed what can be found, which may be rolled back.
        """
        if revision.is_touched(session):
            raise VectorError("a session that has written cannot be searched")
        index_of = partial(self._shown, session, revision.current(session))
        return FaissView(session, self._kinds, index_of, gpu=self._gpu)

    def save(self, *, rebuild: bool = False) -> None:
        """Write the indexes that have changed since they were saved; with ``rebuild``, rebuild and write all.

        Large ones are trained after they were written: searches in other processes go on meanwhile.
        """
        for modality in self._kinds:
            with self._database.read() as session, self._lock:
                now = revision.current(session)
                if rebuild:
                    self._accelerators.pop(modality, None)
                    empty = VectorIndex(self._dim)
                    self._loaded[modality] = (self._updated(session, modality, empty, _NOTHING), now)
                else:
                    self._caught_up(session, modality, now)
                manifest = self._files[modality].manifest()
                if rebuild or manifest is None or manifest.revision != self._loaded[modality][1]:
                    self._write(modality)
        self._drop_strays()
        self.train()

    def train(self) -> None:
        """Load FAISS, and train the accelerators that large indexes lack. Searches go on meanwhile."""
        importlib.import_module("faiss")
        with self._training:
            for modality in self._kinds:
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
        """The index of the newest snapshot."""
        with self._database.read() as session:
            return self._shown(session, revision.current(session), modality)

    def _shown(self, session: Session, now: int, modality: Modality) -> VectorIndex:
        """The index of a session's snapshot, whose revision is ``now``.

        One that is newer already is taken back to the snapshot, for this session alone; what was embedded
        again since keeps its new vector.
        """
        known = self._loaded.get(modality)
        if known is None or known[1] < now or self._files[modality].changed():
            with self._lock:
                known = self._caught_up(session, modality, now)
        index, built_at = known
        return index if built_at == now else self._updated(session, modality, index, built_at)

    def _caught_up(self, session: Session, modality: Modality, now: int) -> _Known:
        """The index in memory, brought to the session's snapshot unless it is newer. Under the lock."""
        index, built_at = self._newest(modality, now)
        if built_at >= now:
            return index, built_at
        updated = self._updated(session, modality, index, built_at)
        self._loaded[modality] = (updated, now)
        if built_at == _NOTHING and len(updated):
            # Built from all rows: worth saving even for a reader, if it may write.
            try:
                self._write(modality)
            except OSError as exc:
                log.warning("the %s index could not be saved: %s", modality, exc)
        return self._loaded[modality]

    def _newest(self, modality: Modality, now: int) -> _Known:
        """The index in memory, or the one on disk where another process or thread has saved a newer one.

        One on disk that is newer than the snapshot waits for a later one or, where it is the first that is
        read, counts as a little older: the library may be a copy from before it, put back in its place.
        """
        known, files = self._loaded.get(modality), self._files[modality]
        if known is None or files.changed():
            manifest = files.manifest() if known is not None else None
            is_ahead = manifest is not None and manifest.revision > now
            saved = None if is_ahead else files.read()
            if saved is not None and known is None:
                known = (saved[0], now - 1) if saved[1] > now else saved
            elif saved is not None and known is not None and saved[1] >= known[1]:
                known = saved
        self._loaded[modality] = known = known or (VectorIndex(self._dim), _NOTHING)
        if (accelerator := known[0].segment.accelerator) is not None:
            self._accelerators[modality] = accelerator
        return known

    def _updated(
        self, session: Session, modality: Modality, index: VectorIndex, built_at: int
    ) -> VectorIndex:
        """An index of the revision ``built_at``, with what the session's snapshot has of its modality.

        What came or went shows in the ids, what was embedded again in the revisions of its rows. What is
        hidden is in it, to be searched where it is asked for.
        """
        now = live.ids(session, self._kinds[modality], space_id=self.space_id, among_hidden=True)
        removed, kept = index.ids, np.empty(0, np.int64)
        if len(removed):
            changed = units.written(session, self.space_id, self._kinds[modality], built_at)
            kept = np.setdiff1d(np.intersect1d(removed, now, assume_unique=True), changed, assume_unique=True)
            removed = np.setdiff1d(removed, kept, assume_unique=True)
        read = partial(units.vectors, session, self.space_id)
        return index.with_changes(removed, np.setdiff1d(now, kept, assume_unique=True), read)

    def _write(self, modality: Modality) -> None:
        index, revision = self._loaded[modality]
        changes, rows = len(index.recent_ids) + len(index.removed_ids), len(index.segment.ids)
        if changes and (rows <= self._small_rows or changes > rows // 10):
            index = index.compacted()
            self._loaded[modality] = (index, revision)
        self._files[modality].write(index, revision)
