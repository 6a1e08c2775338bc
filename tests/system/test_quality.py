"""The gate for quality, as ``make quality`` runs it on the samples, and what its baselines hold."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from search.evaluation.results import read_results
from tests.support import ROOT, SAMPLES

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


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What the gate asks, whose scripts find each other in their folder."""
    monkeypatch.syspath_prepend(BASELINES.parent)
    return importlib.import_module("suites")


def test_a_thing_is_asked_for_in_ways_that_differ_and_mean_the_same(gate: ModuleType) -> None:
    for name, many in {"a red car": "red cars", "a woman": "women", "a puppy": "puppies"}.items():
        asked = [ask(name) for ask in gate.WAYS.values()]
        assert len(set(asked)) == len(asked) >= 12
        assert asked[0] == name[2:]
        assert f"find pictures of {many}" in asked
    assert not gate.countable("the sea")
    assert not gate.countable("a pair of scissors")


def test_the_samples_are_asked_what_is_there_and_as_much_that_is_not(gate: ModuleType) -> None:
    data = importlib.import_module("data").read(SAMPLES)
    for suite, questions in gate.SUITES.items():
        asked = list(questions(data))
        assert len({(one.kind, one.text, one.group) for one in asked}) == len(asked), suite.name
    there = [one.there for one in gate.phrasing(data)]
    assert 2 * sum(there) == len(there) > 1000


def test_parts_of_a_large_library_have_what_their_captions_say(gate: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    rows = ["image,split,caption"]
    for at in range(120):
        (tmp_path / "images" / f"{at}.jpg").touch()
        what = "a dog on a beach" if at < 3 else "a red car in a street"
        rows += [f"{at}.jpg,dev,{what}", f"{at}.jpg,dev,again {what}"]
    (tmp_path / "captions.csv").write_text("\n".join(rows))
    data = importlib.import_module("data").read(tmp_path, speech=tmp_path)
    in_part = {part: any(int(name.split(".")[0]) < 3 for name in own) for part, own in data.parts.items()}
    assert len(in_part) == 2
    dogs = [one for one in gate.verdict(data) if one.group == "a dog" and " in:" in one.text]
    assert dogs
    for one in dogs:
        assert one.there is in_part[one.text.rsplit("in:", 1)[1]]
    there, absent = gate.things(data)
    assert "a dog" in there
    assert "a giraffe" in absent
