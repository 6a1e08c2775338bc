"""Reveals a file in the system's file manager."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import which


def can_reveal() -> bool:
    """Whether there is a file manager, and a screen that its window would appear on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return which("xdg-open") is not None and bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def reveal(path: Path) -> None:
    """Open the file's folder, with the file selected where the file manager can."""
    if sys.platform == "win32":
        command = ["explorer", f"/select,{path}"]
    elif sys.platform == "darwin":
        command = ["open", "-R", str(path)]
    else:
        command = ["xdg-open", str(path.parent)]
    subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
