"""The documentation: its examples run, its commands exist, and the architecture page is the tree."""

import re
import runpy
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from db.settings import Settings
from indexer.analysers import registry
from search.drawing.presets import BUILTIN
from search.drawing.presets import PRESETS as DRAWERS
from search.query import conditions
from search.query.language import parse
from tests.support import ROOT, SAMPLES
from ui.cli.main import app

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = ("trove", "db", "indexer", "search", "ui")

_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"`((?:trove|db|indexer|search|ui|bench|tests)/[\w/.]+)`")
_INLINE = re.compile(r"`(trove [^`]+)`")


def _with_python() -> list[Path]:
    return [page for page in PAGES if _PYTHON.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", _with_python(), ids=lambda page: page.name)
def test_python_examples_run(
    page: Path, sample_library: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a page in its order, as a reader follows it, in a home with a folder of pictures."""
    shutil.copytree(SAMPLES / "pictures", tmp_path / "Pictures")
    environment = {
        "HOME": tmp_path,
        "TROVE_LIBRARY": tmp_path / "library",
        "TROVE_CACHE": sample_library.cache,
        "TROVE_WHISPER": "none",
        "TROVE_OFF": "text",
        "TROVE_DEVICE": "cpu",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "page.py"
    script.write_text("\n".join(_PYTHON.findall(page.read_text(encoding="utf-8"))), encoding="utf-8")
    known = {table: set(table.every()) for table in (registry, conditions)}
    try:
        names = runpy.run_path(str(script))
    finally:
        for table, before in known.items():
            for added in set(table.every()) - before:
                table.unregister(added)
    assert "trove" in names


def _commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in _CONSOLE.findall(text) for line in block.splitlines()]
        for line in [*lines, *_INLINE.findall(text)]:
            words = line.split("#")[0].strip().removeprefix(".venv/bin/")
            if words.startswith("trove "):
                yield page.name, words


@pytest.mark.parametrize(("page", "line"), sorted(set(_commands())))
def test_commands_and_options_exist(page: str, line: str) -> None:
    words = shlex.split(re.sub(r"[\[\]|…]|\.\.\.", " ", line).split(",")[0])[1:]
    command = typer.main.get_command(app)
    options = _options(command)
    for word in words:
        if word in (inner := getattr(command, "commands", {})):
            command = inner[word]
            options |= _options(command)
        elif word.startswith("-"):
            assert word in options, f"{page}: {line}"
    whole = not getattr(command, "commands", {}) or len(words) == 1 or words[0].startswith("-")
    assert whole, f"{page}: there is no such command: {line}"


def _options(command: Any) -> set[str]:
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return names | {"--help"}


def test_the_architecture_page_names_every_folder_and_no_other() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {
        path for path in re.findall(r"`([a-z_]+(?:/[a-z_]+)*)/`", text) if path.split("/")[0] in PACKAGES
    }
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in [ROOT / package, *(ROOT / package).rglob("*")]
        if path.is_dir() and list(path.glob("*.py")) and path.name != "__pycache__"
    }
    assert named == there


def test_every_condition_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    section = text.partition("## Conditions")[2].partition("\n## ")[0]
    cells = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    named = {key for cell in cells for key in re.findall(r"`(\w+):", cell)}
    assert named == set(conditions.every())
    for query in re.findall(r"`([^`]+)`", " ".join(cells)):
        assert parse(query).conditions, query


def test_the_table_of_drawing_models_says_what_the_presets_say() -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    section = text.partition("## Drawing")[2].partition("\nClasses are of diffusers")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    cells = {row[3].strip(" `"): [cell.strip() for cell in row] for row in rows[1:]}
    assert set(DRAWERS) == set(cells) - {"", "–"}
    allowed = {True: ("yes",), False: ("**no**", "only under its terms"), None: ("",)}
    for name, info in DRAWERS.items():
        _, _, _, _, model, download, licence, commercial_use, seconds = cells[name]
        assert info.repository in model
        assert download == (f"{info.download_gb} GB" if info.download_gb else download * (name == BUILTIN))
        assert licence.partition(";")[0] == info.licence.partition(";")[0]
        assert commercial_use in allowed[info.commercial_use]
        number, _, unit = seconds.partition(" ")
        scale = {"s": 1, "min": 60}
        told = float(number) * scale[unit] if unit in scale else None
        assert told == (info.cpu_s and pytest.approx(info.cpu_s, rel=0.02)), name


def test_modules_that_the_docs_name_are_there() -> None:
    for page in PAGES:
        for path in re.findall(
            r"`((?:trove|db|indexer|search|ui|bench|tests)/[\w/.]+)`", page.read_text("utf-8")
        ):
            place = ROOT / path
            assert place.exists() or place.with_suffix(".py").exists(), f"{page.name}: {path}"
