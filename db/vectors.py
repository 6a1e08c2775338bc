"""The only door to FAISS.

SQLite is the truth and FAISS a cache of it: one index per space and modality, since similarities
between pictures and texts cannot be compared with those between texts. An index is brought up to
the rows by comparing ids, never by trusting a log: whatever was lost, torn or left behind is
mended by the same few lines. ``faiss.write_index`` neither syncs nor renames, and a flipped byte
loads silently, so files are written whole, under a new name, and named by a stamp with a checksum.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Literal

import faiss
import numpy as np
from sqlalchemy.orm import Session

from db import catalog
from db.catalog import Ids, Vectors
from db.errors import VectorError
from db.files import write_atomically
from db.schema import UnitKind
from db.session import Database

log = logging.getLogger(__name__)

Modality = Literal["picture", "speech"]

KINDS: Mapping[Modality, tuple[UnitKind, ...]] = {"picture": ("image", "frame"), "speech": ("speech",)}

_UNIT_TOLERANCE = 1e-2
"""How far the length of a vector may be from 1: float16 rows round by up to 1e-3."""

_NOTHING = -1
"""The revision of an index that was not there; those of the library start at 0."""

_LOAD_CHUNK = 20_000
"""Rows read from the database at once while catching up: 40 MB of float32 at 512 dimensions."""


@dataclass(frozen=True)
class Stamp:
    """What is written beside an index file, and must agree with it."""

    file: str
    sha256: str
    space_id: int
    modality: Modality
    dim: int
    count: int
    revision: int

    def to_bytes(self) -> bytes:
        """As JSON with a checksum of its own: a flipped digit would make a stale index look fresh."""
        return json.dumps({**asdict(self), "check": self._check()}, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stamp":
        """The stamp in such bytes.

        Raises:
            ValueError, TypeError: they are not what was written.
        """
        fields = json.loads(data)
        check = fields.pop("check", None) if isinstance(fields, dict) else None
        stamp = cls(**fields)
        if check != stamp._check():
            raise ValueError("its checksum is wrong")
        return stamp

    def _check(self) -> str:
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()


@dataclass(frozen=True)
class IndexStatus:
    """The saved indexes: their kind, how many vectors they hold, whether they are in step with the rows."""

    kind: str
    vectors: int
    fresh: bool


class VectorIndex:
    """Exact inner-product search over unit vectors with 64-bit ids. Not thread-safe; see VectorStore.

    Raises:
        VectorError: vectors or ids do not fit; FAISS itself would accept or abort silently.
    """

    def __init__(self, dim: int, index: "faiss.IndexIDMap2 | None" = None) -> None:
        self.dim = dim
        self._index = index or faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        self._gpu: faiss.Index | None = None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def ids(self) -> Ids:
        """All ids, in no order."""
        return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add (n, dim) float32 unit vectors under n ids that the index does not have yet."""
        vectors = self._checked(vectors)
        if ids.shape != (len(vectors),):
            raise VectorError(f"{len(vectors)} vectors cannot have ids of shape {ids.shape}")
        if len(np.unique(ids)) != len(ids) or np.isin(ids, self.ids).any():
            raise VectorError("an id is given twice")
        self._index.add_with_ids(vectors, np.ascontiguousarray(ids, dtype=np.int64))
        self._gpu = None

    def remove(self, ids: Ids) -> None:
        """Remove these ids; those that are not there are no error."""
        self._index.remove_ids(_selector(ids))
        self._gpu = None

    def search(
        self, queries: Vectors, limit: int, *, only: Ids | None = None, gpu: bool = False
    ) -> list[list[tuple[int, float]]]:
        """The best ids with their similarity for each of (n, dim) queries, best first.

        ``only`` restricts the search to some ids *before* it ranks. GPU indexes ignore a
        selector silently, so a restricted search always runs on the CPU.
        """
        queries = self._checked(queries)
        limit = min(limit, len(self) if only is None else len(only))
        if limit <= 0 or len(self) == 0:
            return [[] for _ in queries]
        if only is not None:
            restriction = faiss.SearchParameters()
            restriction.sel = _selector(only)
            found = self._index.search(queries, limit, params=restriction)
        else:
            found = (self._on_gpu() if gpu else self._index).search(queries, limit)
        return [
            # FAISS fills the places that it cannot fill with label -1.
            [(int(i), float(score)) for i, score in zip(ids, scores, strict=True) if i >= 0]
            for scores, ids in zip(*found, strict=True)
        ]

    def sample(self, size: int) -> Vectors:
        """Up to ``size`` of the vectors, evenly spread over the index, always the same ones: (n, dim)."""
        places = np.unique(np.linspace(0, len(self) - 1, min(size, len(self))).astype(np.int64))
        flat = faiss.downcast_index(self._index.index)
        rows = [flat.reconstruct(int(place)) for place in places]
        return np.stack(rows) if rows else np.empty((0, self.dim), dtype=np.float32)

    def serialize(self) -> bytes:
        """The index as the bytes of a FAISS file."""
        return bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def deserialize(cls, data: bytes, dim: int) -> "VectorIndex":
        """The index from such bytes, whose checksum the caller has verified."""
        try:
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except RuntimeError as exc:
            raise VectorError("the bytes are no FAISS index") from exc
        if not isinstance(index, faiss.IndexIDMap2) or index.d != dim:
            raise VectorError("the file holds another kind of index")
        return cls(dim, index)

    def _checked(self, vectors: Vectors) -> Vectors:
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise VectorError(f"vectors of shape {vectors.shape} do not fit {self.dim} dimensions")
        if vectors.dtype != np.float32:
            raise VectorError(f"vectors must be float32, not {vectors.dtype}")
        lengths = np.linalg.norm(vectors, axis=1)
        # Written so that NaN fails too: FAISS takes a NaN row and never finds it again.
        if not np.all(np.abs(lengths - 1) < _UNIT_TOLERANCE):
            raise VectorError("vectors must be finite and of unit length")
        return np.ascontiguousarray(vectors)

    def _on_gpu(self) -> "faiss.Index":
        if self._gpu is None:
            self._gpu = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, self._index)
        return self._gpu


def _selector(ids: Ids) -> "faiss.IDSelectorBatch":
    return faiss.IDSelectorBatch(np.ascontiguousarray(ids, dtype=np.int64))


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
        self._loaded: dict[Modality, tuple[VectorIndex, int]] = {}
        self._samples: dict[tuple[Modality, int], tuple[Vectors, int]] = {}

    def search(
        self, modality: Modality, queries: Vectors, limit: int, *, only: Ids | None = None
    ) -> list[list[tuple[int, float]]]:
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
        """Write the indexes that are not on disk as they are now, all of them anew with ``rebuild``."""
        for modality in KINDS:
            with self._lock:
                if rebuild:
                    self._loaded[modality] = (VectorIndex(self._dim), _NOTHING)
                index = self._fresh(modality)
                revision = self._loaded[modality][1]
                stamp = self._read_stamp(modality)
                if rebuild or stamp is None or stamp.revision != revision:
                    self._write(modality, index, revision)

    def delete(self) -> None:
        """Delete the files of this space."""
        for path in self._folder.glob(f"space-{self._space_id}.*"):
            path.unlink(missing_ok=True)

    def status(self) -> IndexStatus:
        """What is on disk."""
        with self._database.read() as session:
            revision = catalog.revision(session)
        stamps = [self._read_stamp(modality) for modality in KINDS]
        return IndexStatus(
            kind="flat",
            vectors=sum(stamp.count for stamp in stamps if stamp),
            fresh=all(stamp is not None and stamp.revision == revision for stamp in stamps),
        )

    def _fresh(self, modality: Modality) -> VectorIndex:
        index, revision = self._loaded.get(modality) or self._read(modality)
        with self._database.read() as session:
            newest = catalog.revision(session)
            if revision != newest:
                index = self._catch_up(index, modality, session)
        self._loaded[modality] = (index, newest)
        if revision == _NOTHING and len(index):
            # Made anew from all rows: worth keeping even by a reader, if it may write.
            try:
                self._write(modality, index, newest)
            except OSError as exc:
                log.warning("the %s index could not be saved: %s", modality, exc)
        return index

    def _catch_up(self, index: VectorIndex, modality: Modality, session: Session) -> VectorIndex:
        wanted = catalog.live_ids(session, self._space_id, KINDS[modality])
        have = index.ids
        index.remove(np.setdiff1d(have, wanted))
        missing = np.setdiff1d(wanted, have)
        for start in range(0, len(missing), _LOAD_CHUNK):
            some = missing[start : start + _LOAD_CHUNK]
            index.add(some, catalog.vectors(session, self._space_id, some))
        return index

    # --- files

    def _stamp_path(self, modality: Modality) -> Path:
        return self._folder / f"space-{self._space_id}.{modality}.json"

    def _read_stamp(self, modality: Modality) -> Stamp | None:
        try:
            stamp = Stamp.from_bytes(self._stamp_path(modality).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as exc:
            log.warning("the stamp of the %s index is unreadable (%s); it is rebuilt", modality, exc)
            return None
        same = (stamp.space_id, stamp.modality, stamp.dim) == (self._space_id, modality, self._dim)
        return stamp if same and (self._folder / stamp.file).is_file() else None

    def _read(self, modality: Modality) -> tuple[VectorIndex, int]:
        """The saved index with its revision; an empty one with no revision where there is no sound one."""
        stamp = self._read_stamp(modality)
        if stamp is not None:
            try:
                data = (self._folder / stamp.file).read_bytes()
                if hashlib.sha256(data).hexdigest() != stamp.sha256:
                    raise VectorError("its checksum is wrong")
                return VectorIndex.deserialize(data, self._dim), stamp.revision
            except (OSError, VectorError) as exc:
                log.warning("the %s index is unusable (%s); it is rebuilt from the rows", modality, exc)
        return VectorIndex(self._dim), _NOTHING

    def _write(self, modality: Modality, index: VectorIndex, revision: int) -> None:
        data = index.serialize()
        digest = hashlib.sha256(data).hexdigest()
        prefix = f"space-{self._space_id}.{modality}."
        stamp = Stamp(
            f"{prefix}{digest[:16]}.faiss", digest, self._space_id, modality, self._dim, len(index), revision
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        # The old file stays whole until the stamp names the new one: a kill in between leaves a stale
        # index, which is caught up, and never a torn one.
        write_atomically(self._folder / stamp.file, data)
        write_atomically(self._stamp_path(modality), stamp.to_bytes())
        for other in self._folder.glob(f"{prefix}*.faiss"):
            if other.name != stamp.file:
                other.unlink(missing_ok=True)
