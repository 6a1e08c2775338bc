"""The measurement of GPUs, which few who change it have: that it runs, and says what it did not measure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

BARE = """
import runpy, sys
for name in ("timm", "open_clip", "diffusers", "faiss"):
    sys.modules[name] = None
sys.argv[0] = "bench/gpu.py"
runpy.run_path("bench/gpu.py", run_name="__main__")
"""


def measured(command: list[str], figures: Path) -> tuple[str, dict[str, dict[str, object]]]:
    done = subprocess.run(
        [sys.executable, *command, "--quick", "--device", "cpu", "--json", str(figures)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(figures.read_text())
    return done.stdout, {f"{row['what']} | {row['where']}": row for row in rows}


def test_it_needs_torch_alone(tmp_path: Path) -> None:
    told, rows = measured(["-c", BARE], tmp_path / "figures.json")
    assert set(rows) == {
        "ViT-B/32 in torch.nn, pictures, 1 at once | cpu, float32",
        "ViT-B/32 in torch.nn, pictures, 2 at once | cpu, float32",
        "search of 1,000 vectors, 1 queries at once | cpu, torch, float32",
        "search of 1,000 vectors, 1 queries at once | cpu, FAISS",
    }
    faiss = rows.pop("search of 1,000 vectors, 1 queries at once | cpu, FAISS")
    assert faiss["per_s"] is None
    assert "faiss" in str(faiss["missing"])
    for row in rows.values():
        least, median, most = row["per_s"]  # type: ignore[misc]
        assert 0 < least <= median <= most
    for missing in ("cuda: not measured", "drawing: not measured", "the builtin tower: not measured"):
        assert missing in told


def test_what_would_begin_too_late_is_left_out(tmp_path: Path) -> None:
    _, rows = measured(["-c", BARE, "--minutes", "0"], tmp_path / "figures.json")
    assert {row["missing"] for row in rows.values()} == {"the time is up"}


@pytest.mark.slow
def test_it_measures_the_libraries_that_are_there(tmp_path: Path) -> None:
    told, rows = measured(["bench/gpu.py"], tmp_path / "figures.json")
    assert all(row["per_s"] for row in rows.values())
    assert {row.split(",")[0] for row in rows} >= {
        "EfficientNet-Lite2 of timm",
        "ViT-B-32 of open_clip",
        "denoiser of Stable Diffusion 1.5",
    }
    assert "there is no GPU" in told
