"""Queries over the samples through the command line, against what people have written down that they find.

The file is never written by a test. Most commands run in this process, every tenth in one of its own.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from db.settings import Settings
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove

GOLDEN = json.loads((Path(__file__).parent / "golden" / "samples.json").read_text(encoding="utf-8"))[
    "queries"
]
EVERY = 10


def test_the_file_covers_the_whole_language() -> None:
    asked = " ".join(argument for case in GOLDEN for argument in case["ask"])
    assert len([case for case in GOLDEN if "error" not in case]) >= 40
    for part in (*"said type date after before near camera in name".split(),):
        assert f"{part}:" in asked, part
    for part in (" AND ", " OR ", " NOT ", "*3", " -", "--image", '+"'):
        assert part in asked, part
    assert {case.get("verdict") for case in GOLDEN} >= {"found", "absent"}


@pytest.mark.parametrize(
    ("number", "case"), list(enumerate(GOLDEN)), ids=[" ".join(case["ask"])[:60] for case in GOLDEN]
)
def test_it_finds_what_is_written_down(sample_library: Settings, number: int, case: dict[str, Any]) -> None:
    asked = [argument.replace("{samples}", str(SAMPLES)) for argument in case["ask"]]
    command = [case.get("command", "search"), *asked, "--json"]
    result = trove(sample_library, *command, process=number % EVERY == 0)
    if "error" in case:
        check_error(result, case["error"])
        return
    assert result.returncode == 0, result.stderr
    answer = as_json(result)
    hits = answer["hits"]
    names = [Path(hit["path"]).name for hit in hits]
    for place, key in enumerate(("first", "second")):
        if key in case:
            assert names[place] == case[key], names[:5]
    if "kind" in case:
        assert hits[0]["kind"] == case["kind"]
    if "at_s" in case:
        assert hits[0]["start_s"] <= case["at_s"] < hits[0]["end_s"]
    if "files" in case:
        assert set(names) == set(case["files"])
    assert not set(names) & set(case.get("absent", []))
    if "verdict" in case:
        assert answer["verdict"] == case["verdict"], answer["confidence"]
