"""The table of two runs: what is the same passes, what became worse does not, and nothing is made up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from db.errors import SettingsError
from search.evaluation.comparison import compare
from search.evaluation.measures import BESIDE, CALIBRATION, FLIPPED, MRR, RECALL, Suite
from search.evaluation.results import Result, digest, read_results, write_results

RETRIEVAL = Suite("retrieval", (*RECALL, MRR))


def answers(seed: int = 3, count: int = 120) -> list[Result]:
    rng = np.random.default_rng(seed)
    return [
        Result(
            "retrieval",
            "photograph",
            digest(f"question {at}"),
            digest(f"picture {at // 2}"),
            (rank,) if (rank := int(rng.integers(1, 15))) <= 10 else (),
            1,
            True,
            round(float(rng.random()), 3),
            "found",
        )
        for at in range(count)
    ]


def test_the_same_answers_are_no_worse() -> None:
    lines = compare([RETRIEVAL], answers(), answers())
    assert [line.measure.name for line in lines] == ["R@1", "R@5", "R@10", "MRR@10"]
    assert all(line.p == 1.0 and line.change == 0.0 and not line.significant for line in lines)
    assert all(line.low <= line.value <= line.high for line in lines)


def test_right_hits_that_went_down_are_found_and_called_worse() -> None:
    before = answers()
    now = [replace(one, ranks=tuple(rank + 2 for rank in one.ranks if rank <= 8)) for one in before]
    worse = {line.measure.name for line in compare([RETRIEVAL], now, before) if line.worse}
    assert worse == {"R@1", "R@5", "R@10", "MRR@10"}
    assert not any(line.worse for line in compare([RETRIEVAL], before, now))


def test_more_flips_and_more_error_are_worse_though_the_figure_grows() -> None:
    measures = (replace(FLIPPED, apart=False), replace(CALIBRATION, apart=False))
    suite = Suite("retrieval", measures, "photograph")
    plain = answers()
    asked = [replace(one, kind="please", question=digest(one.question)) for one in plain]
    sure = [replace(one, confidence=0.95) for one in (*plain, *asked)]
    other = [
        replace(one, confidence=0.2, verdict="absent" if one.kind == "please" else "found") for one in sure
    ]
    flips, error = compare([suite], other, sure)
    assert flips.value == 1.0
    assert flips.before == 0.0
    assert flips.worse
    assert error.worse


def test_only_questions_that_both_have_are_compared() -> None:
    before = answers(count=80)
    now = answers(count=120)
    mrr = compare([Suite("retrieval", (MRR,))], now, before)[0]
    assert (mrr.count, mrr.paired) == (120, 80)
    assert mrr.change == 0.0


def test_without_earlier_results_there_is_nothing_to_compare() -> None:
    (mrr,) = compare([Suite("retrieval", (MRR,))], answers())
    assert (mrr.before, mrr.change, mrr.p) == (None, None, None)
    assert not mrr.worse


def test_languages_are_held_against_english() -> None:
    english = [replace(one, kind="en", ranks=(1,)) for one in answers(count=40)]
    german = [replace(one, kind="de", ranks=(1,) if at % 2 else ()) for at, one in enumerate(english)]
    (line,) = compare([Suite("retrieval", (BESIDE,), "en")], [*english, *german])
    assert line.value == 0.5
    assert line.count == 40


def test_results_are_read_as_they_were_written_and_hold_no_words(tmp_path: Path) -> None:
    one = answers()[0]
    results = [replace(one, there=None, ranks=()), replace(one, kind="another", there=False, ranks=(1, 3))]
    write_results(tmp_path / "new" / "results.csv", results)
    assert sorted(read_results(tmp_path / "new" / "results.csv"), key=lambda one: one.key) == sorted(
        results, key=lambda one: one.key
    )
    assert "question" not in (tmp_path / "new" / "results.csv").read_text().split("\n", 1)[1]


def test_what_is_no_results_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("image,caption\na.jpg,a dog\n")
    with pytest.raises(SettingsError, match=r"other\.csv"):
        read_results(tmp_path / "other.csv")
