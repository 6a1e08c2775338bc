"""The command line in this process: the same commands and output without the seconds that a start takes."""

import json
import logging
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
            ["--library", str(library or settings.library), *map(str, arguments)],
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
