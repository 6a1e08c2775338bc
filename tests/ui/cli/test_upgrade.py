"""What somebody sees while a library of an older Trove is made ready for this one, which can take a while."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from db.engine.migrations import MIGRATIONS
from tests.support import ROOT
from tests.support.first_edition import first_edition


def opened(library: Path, stderr: int) -> str:
    command = [sys.executable, "-m", "ui.cli", "--library", str(library), "status", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=120)
    assert done.returncode == 0
    return done.stdout


def test_each_step_is_told_where_somebody_looks_on(tmp_path: Path) -> None:
    library = first_edition("deaf", tmp_path / "library")
    terminal, end = os.openpty()
    try:
        assert opened(library, end).startswith("{")
        told = os.read(terminal, 1 << 16).decode()
        steps = [(int(at), int(of)) for at, of in re.findall(r"step (\d+) of (\d+)", told)]
        assert steps == [(at, len(MIGRATIONS)) for at in range(4, len(MIGRATIONS) + 1)]
        opened(library, end)
        os.set_blocking(terminal, False)
        with suppress(BlockingIOError):  # raised where there is nothing to be read
            assert os.read(terminal, 1 << 16) == b"", "the second time nothing is to be done"
    finally:
        os.close(terminal)
        os.close(end)


def test_nothing_is_told_to_a_program(tmp_path: Path) -> None:
    library = first_edition("deaf", tmp_path / "library")
    with (tmp_path / "errors").open("w+") as errors:
        opened(library, errors.fileno())
        errors.seek(0)
        assert errors.read() == ""
