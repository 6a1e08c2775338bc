"""The command line ``trove`` and what it says."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from db.settings import Settings
from tests.support import ROOT
from ui.cli.main import app

Result = subprocess.CompletedProcess[str]


def trove(
    settings: Settings,
    *arguments: str | Path,
    library: Path | str | None = None,
    generator: Path | None = None,
    process: bool = False,
) -> Result:
    """Run ``trove`` with these arguments.

    In this process unless ``process`` says otherwise: the same commands, output and exit code without the
    seconds that a start takes.
    """
    environment = {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_WHISPER": settings.whisper,
        "TROVE_OFF": ",".join(settings.off),
        "TROVE_DEVICE": "cpu",
        "HF_HUB_OFFLINE": "1",
        # Where a machine keeps what is its own of a library on a server.
        "XDG_DATA_HOME": str(settings.library.with_name("data")),
    }
    if generator is not None:
        environment["TROVE_GENERATOR"] = str(generator)
    words = ["--library", str(library or settings.named), *map(str, arguments)]
    return _in_a_process(words, environment) if process else _here(words, environment)


def _in_a_process(words: list[str], environment: dict[str, str]) -> Result:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TROVE_")}
    command = [sys.executable, "-m", "ui.cli", *words]
    return subprocess.run(
        command, env=clean | environment, cwd=ROOT, capture_output=True, text=True, timeout=300
    )


def _here(words: list[str], environment: dict[str, str]) -> Result:
    # A command sends the log to its library; pytest wants its own handlers back.
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        result = CliRunner().invoke(app, words, env=environment, catch_exceptions=False)
    finally:
        for handler in root.handlers:
            if handler not in before:
                handler.close()
        root.handlers[:] = before
        root.setLevel(level)
    return Result(words, result.exit_code, result.stdout, result.stderr)


def as_json(result: Result) -> dict[str, Any]:
    """The one JSON object on stdout, and nothing beside it."""
    assert result.stdout.count("\n") == 1, result.stdout + result.stderr
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    return value


def check_error(result: Result, *words: str) -> None:
    """One line on stderr, nothing on stdout, no traceback."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert result.stderr.startswith("Error: ")
    for word in words:
        assert word in result.stderr
