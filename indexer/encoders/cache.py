"""A cache of files that can be rebuilt: written atomically, checksummed, verified when they are loaded.

A model export takes seconds to make and may be asked for by several processes at once, and a file
that lost a byte can load without complaint and give wrong vectors. So each file is made whole under
a lock, with a checksum beside it: other libraries read it by its name, and would not know one in it. What
a file keeps beside it (``data_beside``) is part of it. A file that nobody has touched since it was verified
is not read once more: of 90 MB that takes a tenth of a second, in every process.
"""

import logging
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from db.arrays import Floats
from db.errors import ModelError
from db.files import made_whole

T = TypeVar("T")

log = logging.getLogger(__name__)

LOCK_TIMEOUT_S = 600.0
"""Longest wait for another process that is making the same file."""
SETTLED_S = 2.0
"""So long ago must a file have been written to be known by its times."""


class DamagedError(Exception):
    """A cached file is missing, torn or refused by its reader: rebuild it. Stays inside this package."""


def load_or_build(path: Path, build: Callable[[Path], None], load: Callable[[Path], T]) -> T:
    """Load a cached file, and build it first where it is missing or damaged.

    Args:
        path: where the file belongs.
        build: writes the file at the (temporary) path it is given.
        load: reads the file; raises ``DamagedError`` if it cannot.

    Raises:
        ModelError: the cache folder cannot be written, or another process holds its lock for too long.
    """
    try:
        return _load_checked(path, load)
    except DamagedError:
        pass
    from filelock import FileLock, Timeout  # not for what is there already

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT_S):
            try:
                return _load_checked(path, load)  # another process may have made it while this one waited
            except DamagedError as why:
                log.info("making %s (%s)", path.name, why)
            with made_whole(path) as temporary:
                build(temporary)
                # The checksum goes first: a crash between the two leaves a mismatch, which is made again.
                _checksum_file(path).write_text(_checksum(_parts(temporary, data_beside(path))))
            return _load_checked(path, load)
    except (OSError, Timeout, DamagedError) as exc:
        raise ModelError(
            f"the cache folder {path.parent} cannot be used: {exc}",
            "Free some space there, or name another folder with TROVE_CACHE.",
        ) from exc


def data_beside(path: Path) -> Path:
    """The file for what a cached file keeps apart, such as the weights of a model, to be memory-mapped.

    A build writes it under this name, before its own file. The checksum is that of both.
    """
    return path.with_name(f"{path.name}.data")


def kept_array(path: Path, make: Callable[[], Floats]) -> Floats:
    """The array that ``make()`` computes, cached in a ``.npy`` file.

    Raises:
        ModelError: see ``load_or_build``.
    """

    def build(temporary: Path) -> None:
        array = make()  # which may take a while, in which a kill must leave no file behind
        with temporary.open("wb") as file:
            np.save(file, array, allow_pickle=False)

    return load_or_build(path, build, _load_array)


def _load_array(path: Path) -> Floats:
    try:
        array: Floats = np.load(path, allow_pickle=False)
    except (ValueError, OSError) as exc:
        raise DamagedError(f"numpy refuses it: {exc}") from exc
    return array


def _load_checked(path: Path, load: Callable[[Path], T]) -> T:
    parts = _parts(path, data_beside(path))
    try:
        expected, _, verified = _checksum_file(path).read_text().partition("\n")
        states = [part.stat() for part in parts]
        now = " ".join(f"{one.st_ino}-{one.st_size}-{one.st_mtime_ns}-{one.st_ctime_ns}" for one in states)
        if verified != now:
            if expected != _checksum(parts):
                raise DamagedError("its checksum does not match")
            # From then on each write changes the times: clocks of file systems tick as seldom as every 2 s.
            if all(time.time() - one.st_ctime > SETTLED_S for one in states):
                with suppress(OSError), made_whole(_checksum_file(path)) as temporary:  # perhaps read-only
                    temporary.write_text(f"{expected}\n{now}")
    except (OSError, UnicodeDecodeError) as exc:
        raise DamagedError("it is not there yet, or cannot be read") from exc
    return load(path)


def _parts(path: Path, data: Path) -> tuple[Path, ...]:
    """A file, and what it keeps beside it."""
    return (path, data) if data.exists() else (path,)


def _checksum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.crc32")


def _checksum(parts: Sequence[Path]) -> str:
    """CRC-32 and size of them together: against accidents, not attackers."""
    crc = size = 0
    for part in parts:
        with part.open("rb") as file:
            while chunk := file.read(1 << 20):
                crc = zlib.crc32(chunk, crc)
            size += file.tell()
    return f"{crc:08x}-{size}"
