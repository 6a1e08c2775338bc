"""Files of a vector index: written atomically, listed with checksums in a manifest, memory-mapped when large.

``faiss.write_index`` neither syncs nor renames, and a flipped byte loads silently. So each part is
written under a new name, and the manifest that names all parts is replaced atomically: a kill in
between leaves the old manifest with the old parts. An index has up to three parts: ``rows``, the
bulk of the vectors; ``lists``, the inverted lists of a large index; ``recent``, the vectors added and
the ids removed since, so that a small change to a large library costs a small file.
"""

import hashlib
import io
import json
import logging
import mmap
import os
import secrets
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from zipfile import BadZipFile

import numpy as np

from db.arrays import Ids
from db.errors import VectorError
from db.files import write_atomically
from db.vectors.index import VectorIndex
from db.vectors.segment import Codes, Segment, checked
from db.vectors.store import IndexKind

if TYPE_CHECKING:
    import faiss

log = logging.getLogger(__name__)

_MAP_FROM_BYTES = 64 << 20
"""Smaller files are read and verified each time: 50 ms. Larger ones are memory-mapped, and verified once."""

_HEADER = struct.Struct("<" + "4siqqq?i" * 2 + "iifQQQQ")
_COUNT = struct.Struct("<Q")
_FP16 = 4
"""FAISS's number of 16-bit floats."""


@dataclass(frozen=True)
class Part:
    """A file of an index, by name, with its SHA-256 in hexadecimal."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Description of a saved index and its files, stored beside them as JSON; it must agree with them."""

    space_id: int
    modality: str
    dim: int
    kind: IndexKind
    count: int
    revision: int
    parts: Mapping[str, Part]

    def to_bytes(self) -> bytes:
        """As JSON with a checksum of its own: a flipped digit would make a stale index look fresh."""
        return json.dumps({**asdict(self), "check": self._check()}, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Parse the bytes that ``to_bytes`` made.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: the bytes are damaged.
        """
        fields = json.loads(data)
        check = fields.pop("check", None)
        parts = {name: Part(**part) for name, part in fields.pop("parts").items()}
        manifest = cls(**fields, parts=parts)
        if check != manifest._check():
            raise ValueError("its checksum is wrong")
        return manifest

    def _check(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class IndexFiles:
    """Reads and writes the files of one space and modality. Not thread-safe."""

    def __init__(self, folder: Path, space_id: int, modality: str, dim: int) -> None:
        self._folder = folder
        self._key = (space_id, modality, dim)
        self._prefix = f"space-{space_id}.{modality}."
        self._seen: tuple[int, ...] | None = None
        self._on_disk: dict[str, tuple[object, Part]] = {}

    def changed(self) -> bool:
        """Whether another process, or thread, has written a manifest since the last read or write here."""
        return self._seen != _identity(self._manifest_path)

    def manifest(self) -> Manifest | None:
        """The manifest, or None where it is unreadable, of another index, or lacks files."""
        try:
            manifest = Manifest.from_bytes(self._manifest_path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
            name = self._manifest_path.name
            log.warning("the manifest %s is unreadable (%s); its index is rebuilt", name, exc)
            return None
        complete = all((self._folder / part.name).is_file() for part in manifest.parts.values())
        matches = (manifest.space_id, manifest.modality, manifest.dim) == self._key
        return manifest if matches and complete and "rows" in manifest.parts else None

    def read(self) -> tuple[VectorIndex, int] | None:
        """The saved index with its revision; None where there is none, or it is damaged."""
        self._seen = _identity(self._manifest_path)
        if (manifest := self.manifest()) is None:
            return None
        try:
            return self._read(manifest), manifest.revision
        except (OSError, VectorError) as exc:
            log.warning("the %s index is unusable (%s); it is rebuilt from the rows", manifest.modality, exc)
            return None

    def write(self, index: VectorIndex, revision: int) -> None:
        """Write the parts that are not on disk yet, then the manifest.

        Raises:
            OSError: it could not be written; what was there before is untouched.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        segment, accelerator = index.segment, index.segment.accelerator
        parts = {"rows": self._put("rows", segment, lambda file: _write_index(segment.index, file))}
        if accelerator is not None:
            lists = accelerator.index
            parts["lists"] = self._put("lists", accelerator, lambda file: _write_index(lists, file))
        if len(index.recent_ids) or len(index.removed_ids):
            parts["recent"] = self._put("recent", object(), lambda file: _write_recent(index, file))
        space_id, modality, dim = self._key
        manifest = Manifest(space_id, modality, dim, segment.kind, len(index), revision, parts)
        write_atomically(self._manifest_path, manifest.to_bytes())
        self._seen = _identity(self._manifest_path)
        self._drop_others()

    # --- reading

    def _read(self, manifest: Manifest) -> VectorIndex:
        cached = self._on_disk.get("rows")
        if cached is not None and cached[1] == manifest.parts["rows"] and isinstance(cached[0], Segment):
            segment = cached[0]
        else:
            segment = self._read_rows(manifest.parts["rows"], manifest.dim)
            self._on_disk["rows"] = (segment, manifest.parts["rows"])
        if "lists" in manifest.parts and segment.accelerator is None:
            self._read_lists(segment, manifest.parts["lists"])
        index = VectorIndex(manifest.dim, segment)
        if "recent" in manifest.parts:
            index = _read_recent(index, self._checked_bytes(manifest.parts["recent"]))
        if len(index) != manifest.count:
            raise VectorError(f"it holds {len(index)} vectors instead of {manifest.count}")
        return index

    def _read_rows(self, part: Part, dim: int) -> Segment:
        data = self._bytes(part)

        def load() -> "faiss.IndexIDMap":
            return checked(self._load(part, data, "IO_FLAG_MMAP_IFC"), dim)

        rows = _rows_in(data, dim)
        return Segment.of(load()) if rows is None else Segment(*rows, load)

    def _read_lists(self, segment: Segment, part: Part) -> None:
        from db.vectors.ivf import Accelerator

        try:
            read = self._load(part, self._bytes(part), "IO_FLAG_MMAP")
            segment.accelerator = Accelerator.checked(segment.rows, read)
            self._on_disk["lists"] = (segment.accelerator, part)
        except (OSError, VectorError) as exc:
            # Without them the rows still answer, exactly and slower, until they are trained again.
            log.warning("the file %s is unusable (%s); searches are slower for now", part.name, exc)

    def _bytes(self, part: Part) -> bytes | mmap.mmap:
        """The content of a file, with its checksum verified; of a large one mapped."""
        path = self._folder / part.name
        if not _is_mapped(path):
            return self._checked_bytes(part)
        self._check(path, part)
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def _load(self, part: Part, data: bytes | mmap.mmap, mmap_flag: str) -> "faiss.Index":
        """FAISS's index of a file with this content, which serves where the file is no longer there."""
        import faiss

        path = self._folder / part.name
        if isinstance(data, mmap.mmap) and path.exists():  # another process may have replaced it
            with suppress(UnicodeEncodeError, TypeError), _faiss_errors():  # a name that is not UTF-8
                return faiss.read_index(str(path), getattr(faiss, mmap_flag))
        with _faiss_errors():
            return faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))

    def _checked_bytes(self, part: Part) -> bytes:
        data = (self._folder / part.name).read_bytes()
        if hashlib.sha256(data).hexdigest() != part.sha256:
            raise VectorError(f"the checksum of {part.name} is wrong")
        return data

    def _check(self, path: Path, part: Part) -> None:
        """Verify the checksum of a large file, unless this very file was verified before."""
        with suppress(OSError):
            if _marker(path).read_text() == json.dumps(_identity(path)):
                return
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
                raise VectorError(f"the checksum of {part.name} is wrong")
        _mark_sound(path)

    # --- writing

    @property
    def _manifest_path(self) -> Path:
        return self._folder / f"{self._prefix}json"

    def _put(self, name: str, source: object, fill: Callable[[BinaryIO], None]) -> Part:
        """The file of a part: the one already on disk if it holds ``source``, else a new one."""
        saved = self._on_disk.get(name)
        if saved is not None and saved[0] is source and (self._folder / saved[1].name).is_file():
            return saved[1]
        digest = hashlib.sha256()
        path = self._folder / f"{self._prefix}{secrets.token_hex(8)}.{name}.faiss"
        write_atomically(path, lambda file: fill(cast(BinaryIO, _Hashed(file, digest.update))))
        if _is_mapped(path):
            _mark_sound(path)  # it was hashed while it was written, and is on disk
        part = Part(path.name, digest.hexdigest())
        self._on_disk[name] = (source, part)
        return part

    def _drop_others(self) -> None:
        # Read again, since another process may have written a newer manifest meanwhile.
        manifest = self.manifest()
        keep = {Path(part.name).stem for part in manifest.parts.values()} if manifest else set()
        for path in self._folder.glob(f"{self._prefix}*"):
            if path.suffix in (".faiss", ".sound") and path.stem not in keep:
                with suppress(OSError):  # Windows keeps a file that somebody still reads
                    path.unlink()


class _Hashed:
    """Writable file that also passes every byte to a hash."""

    def __init__(self, file: BinaryIO, update: Callable[[bytes], None]) -> None:
        self._file = file
        self._update = update

    def write(self, data: bytes) -> int:
        self._update(data)
        return self._file.write(data)


def _rows_in(data: bytes | mmap.mmap, dim: int) -> tuple[Ids, Codes] | None:
    """The ids and rows in a file as FAISS writes it; None where it is laid out in another way.

    An ``IndexIDMap`` of an ``IndexScalarQuantizer``: the header of either, then codes and ids, counted.
    """
    count = max(0, len(data) - _HEADER.size - _COUNT.size) // (2 * dim + 8)
    common = (dim, count, 1 << 20, 1 << 20, True, 0)  # two fields that are not used; trained, inner product
    header = _HEADER.pack(b"IxMp", *common, b"IxSQ", *common, _FP16, 0, 0.0, dim, 2 * dim, 0, 2 * dim * count)
    ids_at = _HEADER.size + 2 * dim * count
    counted = _COUNT.pack(count)
    if data[: _HEADER.size] != header or data[ids_at : ids_at + _COUNT.size] != counted:
        return None
    codes = np.frombuffer(data, np.uint8, 2 * dim * count, _HEADER.size).reshape(count, 2 * dim)
    return np.frombuffer(data, "<i8", count, ids_at + _COUNT.size).astype(np.int64), codes


@contextmanager
def _faiss_errors() -> Iterator[None]:
    """Translate FAISS's errors about files into ``VectorError``."""
    try:
        yield
    except RuntimeError as exc:
        raise VectorError("it is no FAISS index") from exc


def _write_index(index: "faiss.Index", file: BinaryIO) -> None:
    import faiss

    faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))


def _write_recent(index: VectorIndex, file: BinaryIO) -> None:
    """Write the recent changes in numpy's format, since FAISS has none for removed ids."""
    buffer = io.BytesIO()
    ids, vectors = index.recent()
    np.savez(buffer, ids=ids, vectors=vectors, removed=index.removed_ids)
    file.write(buffer.getvalue())


def _read_recent(index: VectorIndex, data: bytes) -> VectorIndex:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as parts:
            return index.without(parts["removed"]).plus(parts["ids"], parts["vectors"])
    except (ValueError, KeyError, BadZipFile) as exc:
        raise VectorError("it holds no recent changes") from exc


def _is_mapped(path: Path) -> bool:
    return path.stat().st_size >= _MAP_FROM_BYTES and os.name == "posix"


def _marker(path: Path) -> Path:
    """The file beside a large one that says which one was verified."""
    return path.with_suffix(".sound")


def _mark_sound(path: Path) -> None:
    """Note that this very file need not be verified again; in a read-only library it is every time."""
    with suppress(OSError):
        _marker(path).write_text(json.dumps(_identity(path)))


def _identity(path: Path) -> tuple[int, ...] | None:
    """Inode, size and time of a file, which tell when it was replaced; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
