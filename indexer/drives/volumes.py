"""Which file system a folder is on, as the operating system tells."""

import os
from pathlib import Path

_BY_UUID = Path("/dev/disk/by-uuid")


def volume(folder: Path, device: int) -> str:
    """A text that names the file system of a folder, after a restart too where the system can tell.

    ``st_dev`` alone is a number that a drive gets when it is plugged in. Better are the UUID in the file
    system itself (Linux, for what is on a block device) and the ``f_fsid`` of ``statvfs``, which some file
    systems derive from it. Windows' ``st_dev`` is the serial number of the volume.

    Args:
        device: ``st_dev`` of the folder.
    """
    return _uuid(device) or _fsid(folder) or f"dev:{device:x}"


def is_there(path: Path) -> bool:
    """Whether there is a file or folder; False where the system cannot tell, as of a lost network drive.

    ``Path.exists`` raises for some of these.
    """
    return os.path.exists(path)  # noqa: PTH110


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
