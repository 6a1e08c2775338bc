"""The wheel: built, installed outside the checkout, and used there."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.media import photo

PACKAGES = ("trove", "db", "indexer", "search", "ui")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout stays clean."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", source / "dist", source]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, capture_output=True)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel installed into a folder, over the packages of the environment at hand."""
    folder = tmp_path_factory.mktemp("site")
    install = ["install", "--quiet", "--no-deps", "--no-compile", "--target", folder, wheel]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    return folder


def _used(trove: Path, python: Path, place: Path, cache: Path, site: Path | None = None) -> None:
    """Help, an index, a search and the Python API, outside the checkout."""
    (place / "media").mkdir()
    for seed in range(2):
        photo(place / "media" / f"{seed}.jpg", seed)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TROVE_")}
    environment |= {"TROVE_LIBRARY": str(place / "library"), "TROVE_CACHE": str(cache)}
    environment |= {
        "TROVE_WHISPER": "none",
        "TROVE_OFF": "text",
        "TROVE_DEVICE": "cpu",
        "HF_HUB_OFFLINE": "1",
    }
    environment["PYTHONPATH"] = str(site or "")

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            [*map(str, command)], cwd=place, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Find anything in your own pictures" in run(trove, "--help")
    assert json.loads(run(trove, "index", place / "media", "--json"))["indexed"] == 2
    assert len(json.loads(run(trove, "search", "a colour", "--apart", "--json"))["hits"]) == 2
    program = (
        "import trove, ui.app.server\n"
        "with trove.Library.open() as library:\n"
        "    print(len(library.search('a colour', apart=True).hits), trove.__file__)\n"
    )
    count, file = run(python, "-c", program).split(maxsplit=1)
    assert count == "2"
    assert not Path(file).is_relative_to(ROOT), "the wheel is used, not the checkout"


def test_it_works_outside_the_checkout(site: Path, tmp_path: Path, cache: Path) -> None:
    _used(site / "bin" / "trove", Path(sys.executable), tmp_path, cache, site)


def test_all_that_lies_beside_the_code_is_in_it(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = [
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert set(tracked) <= packed
    assert {f"{name}/py.typed" for name in PACKAGES if name != "ui"} <= packed
    assert not [name for name in packed if name.startswith(("tests/", "bench/"))]


@pytest.mark.slow
def test_it_works_with_all_that_it_needs_and_nothing_else(wheel: Path, tmp_path: Path, cache: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", f"{wheel}[builtin]"]
    subprocess.run(install, check=True, capture_output=True, timeout=1800)
    place = tmp_path / "place"
    place.mkdir()
    _used(python.with_name("trove"), python, place, cache)
