"""Trove as a library of another program: it leaves the process as it was."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.media import photo

_PROGRAM = """
import gc, json, logging, os, signal, sys, threading, warnings
from pathlib import Path

import torch
from PIL import Image


def state():
    names = [name for name in dir(signal) if name.startswith("SIG") and "_" not in name]
    return {
        "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        **{f"variable {name}": value for name, value in os.environ.items()},
        "folder": os.getcwd(),
        "pixels": Image.MAX_IMAGE_PIXELS,
        "logs": [logging.root.level, len(logging.root.handlers), logging.root.manager.disable],
        "warnings": [str(each) for each in warnings.filters],
        "signals": {name: str(signal.getsignal(getattr(signal, name))) for name in names},
        "torch": [torch.get_num_threads(), torch.is_grad_enabled(), torch.initial_seed()],
        "recursion": sys.getrecursionlimit(),
    }


def main():
    before = state()
    import trove

    imported = state()
    with trove.Library.open(sys.argv[1], device="cpu") as library:
        library.index([sys.argv[2]])
        found = [hit.path.name for hit in library.search("a picture", k=5).hits]
        found += [hit.path.name for hit in library.search("", image=Path(sys.argv[2]) / "a.png").hits]
        library.status()
    print(json.dumps({"before": before, "imported": imported, "after": state(), "found": found}))


if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
def test_a_host_finds_its_process_as_it_was(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for at, name in enumerate(("a.png", "b.png")):
        photo(folder / name, at, size=(64, 64))
    (tmp_path / "host.py").write_text(_PROGRAM, encoding="utf-8")
    hub = ("HF_", "DO_NOT", "OMP_", "TROVE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hub)}
    environment |= {"TROVE_CACHE": str(cache), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    environment["LD_LIBRARY_PATH"] = str(tmp_path)  # which OpenCV changes when it is loaded
    done = subprocess.run(
        [sys.executable, tmp_path / "host.py", tmp_path / "library", folder],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["found"].count("a.png") == 2
    before = told["before"]
    for when in ("imported", "after"):
        now = told[when]
        names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        assert {name: (before.get(name), now.get(name)) for name in names} == {}, f"what {when} has changed"
