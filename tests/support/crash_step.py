"""The command line, killed at its Nth step in the library's files.

``python -m tests.support.crash_step N ARGUMENTS``
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

_EVENTS = {"open", "os.rename", "os.remove", "os.truncate", "os.mkdir"}


def _watch(folder: str, step: int) -> None:
    left = step

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in _EVENTS or not _writes(event, arguments):
            return
        if not str(os.fspath(arguments[0]) if not isinstance(arguments[0], int) else "").startswith(folder):
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
    return event != "open" or bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    sys.argv = ["trove", *arguments]
    library = Path(arguments[arguments.index("--library") + 1])
    _watch(str(library / "vectors"), int(step))
    from ui.cli.main import app

    app()
