"""The gate for quality, as ``make quality`` runs it on the samples, and what its baselines hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from search.evaluation.results import read_results

ROOT = Path(__file__).resolve().parents[2]
BASELINES = ROOT / "bench" / "quality" / "baselines"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_gate_asks_the_samples_and_compares_with_the_baseline(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "bench/quality/gate.py", "--cache", tmp_path, "--suite", "retrieval"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("retrieval")]
    kinds = {" ".join(row.split()[1:2]) for row in rows}
    assert kinds == {"photograph", "speech", "frame"}
    assert len(rows) == 12
    assert "baseline" in done.stdout


def test_the_gate_says_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "bench/quality/gate.py", tmp_path],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: there is no captions.csv")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("file", sorted(BASELINES.glob("*.csv")), ids=lambda file: file.name)
def test_a_baseline_has_digests_and_no_words(file: Path) -> None:
    results = read_results(file)
    assert results
    assert file.stat().st_size < 1_000_000
    for one in results:
        assert len(one.question) == len(one.group) == 10
        assert int(one.question, 16) >= 0
        assert int(one.group, 16) >= 0
