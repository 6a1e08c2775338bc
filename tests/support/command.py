"""The command line: in this process, without the seconds that a start takes, or in one of its own."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from db.settings import Settings
from ui.cli.main import app


@dataclass(frozen=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout, and nothing beside it."""
        assert self.code == 0, self.err
        assert self.out.count("\n") == 1, self.out
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


def run(settings: Settings, *arguments: str | Path, library: Path | None = None) -> Told:
    """Run ``trove`` with these arguments."""
    environment = {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_WHISPER": settings.whisper,
        "TROVE_DEVICE": "cpu",
        "HF_HUB_OFFLINE": "1",
    }
    # A command sends the log to its library; pytest wants its own handlers back.
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        result = CliRunner().invoke(
            app,
            ["--library", str(library or settings.folder), *map(str, arguments)],
            env=environment,
            catch_exceptions=False,
        )
    finally:
        for handler in root.handlers:
            if handler not in before:
                handler.close()
        root.handlers[:] = before
        root.setLevel(level)
    return Told(result.exit_code, result.stdout, result.stderr)


def trove(
    settings: Settings, *arguments: str | Path, library: Path | None = None, generator: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``trove`` with these arguments in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TROVE_")}
    environment |= {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_WHISPER": settings.whisper,
        "TROVE_DEVICE": "cpu",
        "HF_HUB_OFFLINE": "1",
    }
    if generator is not None:
        environment["TROVE_GENERATOR"] = str(generator)
    command = [
        sys.executable,
        "-m",
        "ui.cli",
        "--library",
        str(library or settings.folder),
        *map(str, arguments),
    ]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def as_json(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON object on stdout, and nothing beside it."""
    assert result.stdout.count("\n") == 1, result.stdout
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    return value


def check_error(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line on stderr, nothing on stdout, no traceback."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert result.stderr.startswith("Error: ")
    for word in words:
        assert word in result.stderr
