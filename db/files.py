"""Whether files are there, atomic file writes, and files that end with a checksum."""

import os
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

_TRAILER = struct.Struct(">I4sI")


# ``Path.exists`` and its like raise for some of what a lost network drive answers: ENOTCONN, EIO, ESTALE.
def is_there(path: Path) -> bool:
    """Whether there is a file or folder; False where the system cannot tell, as of a lost network drive."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: Path) -> bool:
    """Whether there is a regular file; False where the system cannot tell."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False where the system cannot tell."""
    return os.path.isdir(path)  # noqa: PTH112


def write_atomically(path: Path, data: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file as ``made_whole`` does; ``data``: the content, or what writes it piece by piece.

    Raises:
        OSError: it could not be written; the old file is untouched and nothing is left behind.
    """
    with made_whole(path) as temporary, temporary.open("wb") as file:
        if callable(data):
            data(file)
        else:
            file.write(data)


@contextmanager
def made_whole(path: Path) -> Iterator[Path]:
    """The file to write in place of another: a reader, or a power cut, finds the old or the new one whole.

    It takes the other's place at the end of the block. What killed writers have left in the same folder is
    removed.

    Raises:
        OSError: it could not be written; the old file is untouched and nothing is left behind.
    """
    sweep(path.parent)
    temporary, lock = _new_temporary(path)
    try:
        with lock:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name != "posix":
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # The name itself is on disk only once its folder is.
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep(folder: Path) -> None:
    """Remove the temporary files of writers that died; those of running ones are locked."""
    for temporary in folder.glob(".*.tmp"):
        with suppress(OSError), temporary.open("rb") as file:
            if fcntl is None or _locked(file, wait=False):
                temporary.unlink()


def write_checksummed(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file as ``write_atomically`` does, with a checksum at its end.

    The checksum (CRC-32, against accidents) looks like an empty box of MP4 (ISO/IEC 14496-12, 8.1.2)
    and comes after the end of a JPEG: both are shown as if it were not there. Not ``durable``, the file is
    written in place, many times faster: one that is torn is told by its checksum, and made again.
    """
    whole = data + _TRAILER.pack(_TRAILER.size, b"free", zlib.crc32(data))
    if durable:
        write_atomically(path, whole)
    else:
        path.write_bytes(whole)


def is_intact(path: Path) -> bool:
    """Whether a checksummed file is there and its checksum is right."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    body, trailer = data[: -_TRAILER.size], data[-_TRAILER.size :]
    expected = _TRAILER.pack(_TRAILER.size, b"free", zlib.crc32(body))
    return len(trailer) == _TRAILER.size and trailer == expected


def read_checksummed(path: Path) -> bytes:
    """The content of a checksummed file, whose checksum the caller has verified with ``is_intact``."""
    return path.read_bytes()[: -_TRAILER.size]


def _new_temporary(path: Path) -> tuple[Path, BinaryIO]:
    """A new locked file beside ``path``."""
    while True:
        # Not tempfile's: its files are readable by their owner alone, whatever the umask says.
        temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
        file = temporary.open("xb")
        # Another process may sweep it away in the moment before it is locked.
        if fcntl is None or (_locked(file, wait=True) and os.fstat(file.fileno()).st_nlink):
            return temporary, file
        file.close()


def _locked(file: BinaryIO, *, wait: bool) -> bool:
    """Lock an open file until it is closed or the process ends; returns whether that succeeded."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: then nothing is swept there
        return wait
    return True
