"""Which file system a folder is on, as the operating system tells."""

import os
from pathlib import Path

_BY_UUID = Path("/dev/disk/by-uuid")


class Volumes:
    """Which file systems folders are on now; the system is asked once for each.

    A text names one, after a restart too where the system can tell. ``st_dev`` alone is a number that a drive
    gets when it is plugged in. Better are the UUID in the file system itself (Linux, for what is on a block
    device) and the ``f_fsid`` of ``statvfs``, which some file systems derive from it. Windows' ``st_dev`` is
    the serial number of the volume.
    """

    def __init__(self) -> None:
        self._by_device: dict[int, str] = {}

    def of(self, path: Path) -> str | None:
        """That of a file or folder; None where it is not there, or the system cannot tell."""
        try:
            return self.on(path, path.stat().st_dev)
        except OSError:
            return None

    def on(self, path: Path, device: int) -> str:
        """The same where ``st_dev`` of the file or folder is known."""
        if device not in self._by_device:
            self._by_device[device] = _uuid(device) or _fsid(path) or f"dev:{device:x}"
        return self._by_device[device]


def _uuid(device: int) -> str | None:
    try:
        names = sorted(_BY_UUID.iterdir())
    except OSError:
        return None
    for name in names:
        try:
            if name.stat().st_rdev == device:
                return f"uuid:{name.name}"
        except OSError:
            continue
    return None


def _fsid(folder: Path) -> str | None:
    try:
        found = os.statvfs(folder).f_fsid
    except (AttributeError, OSError):  # Windows has no such call
        return None
    return f"fsid:{found:x}" if found else None
