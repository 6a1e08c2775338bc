"""Queries over the samples through the command line, against what people have written down that they find.

The file is never written by a test. Most commands run in this process, every tenth in one of its own.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from db.library import Library
from db.moving import move
from db.settings import Settings
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.server import NOTHING, Server

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


@pytest.mark.slow
def test_a_library_that_is_moved_to_a_server_and_back_gives_the_same_answers(
    sample_library: Settings, server: Server, tmp_path: Path
) -> None:
    with server.lending("samples", NOTHING) as address:
        places = [
            sample_library,
            sample_library.model_copy(update={"library": tmp_path / "own", "shared": address}),
            sample_library.model_copy(update={"library": tmp_path / "back"}),
        ]
        for here, there in pairwise(places):
            with Library(here) as library:
                move(library, there, lambda _done, _total: None)
        for case in GOLDEN:
            asked = [argument.replace("{samples}", str(SAMPLES)) for argument in case["ask"]]
            told = [trove(place, case.get("command", "search"), *asked, "--json") for place in places]
            if "error" in case:
                assert told[0].stderr == told[1].stderr == told[2].stderr
                continue
            answers = [as_json(each) for each in told]
            for answer in answers:
                answer.pop("took_ms", None)
            assert answers[0] == answers[1] == answers[2], asked
