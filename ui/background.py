"""Runs ``trove`` commands in the background: they outlive the app, the terminal and a Ctrl-C in it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def start(library: str, arguments: Sequence[str], output: Path) -> "subprocess.Popen[bytes]":
    """Run ``trove ARGUMENTS`` on a library in a background process that prints to ``output``.

    Nobody waits for it: it stands back for other programs, unless ``TROVE_NICE`` says otherwise.
    """
    with output.open("wb") as file:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "ui.cli", "--library", library, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"TROVE_NICE": "10", **os.environ},
        )
