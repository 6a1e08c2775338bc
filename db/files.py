"""Writing files that are either whole or not there."""

import os
import secrets
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a power cut, finds the old or the new content whole.

    Raises:
        OSError: it could not be written; the old file is untouched and nothing is left behind.
    """
    # Not tempfile's: its files are readable by their owner alone, whatever the umask says.
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
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
