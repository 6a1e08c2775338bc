"""One's own questions: saved searches by their thumbs, beside the results that were kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from db.settings import Settings
from search.evaluation.results import read_results, write_results
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.copying import own_copy
from trove import Library, Query

LIKED = {
    "a lighthouse": "p025.jpg",
    "a penguin": "p028.jpg",
    "an owl": "p031.jpg",
    "the Eiffel Tower": "p009.jpg",
}


@pytest.fixture
def judged(sample_library: Settings, tmp_path: Path) -> Settings:
    """The samples with four saved searches, each with one thumb up, and one without."""
    own = own_copy(sample_library, tmp_path / "library")
    with Library.of(own) as library:
        for text, name in LIKED.items():
            library.saved.add(text, Query(text))
            library.saved.judge_file(text, SAMPLES / "pictures" / name, up=True)
        library.saved.add("nothing liked", Query("a tiger"))
    return own


def test_questions_with_thumbs_up_are_asked_as_they_were_typed_and_compared_with_those_kept(
    judged: Settings,
) -> None:
    with Library.of(judged) as library:
        first = {line.measure.name: line for line in library.evaluate(keep=True)}
        again = {line.measure.name: line for line in library.evaluate()}
    assert first["R@10"].count == 4
    assert first["R@10"].value == 1.0
    assert first["MRR@10"].before is None
    assert (again["MRR@10"].before, again["MRR@10"].p) == (first["MRR@10"].value, 1.0)
    _, kept = judged.paths.results.read_text().split("\n", 1)
    assert not any(word in kept for text in LIKED for word in text.split() if len(word) > 2)


def test_what_was_kept_is_what_later_answers_are_held_against(judged: Settings) -> None:
    with Library.of(judged) as library:
        library.evaluate(keep=True)
        lost = [replace(one, ranks=()) for one in read_results(judged.paths.results)]
        write_results(judged.paths.results, lost)
        found = {line.measure.name: line for line in library.evaluate()}["R@10"]
    assert (found.before, found.change) == (0.0, 1.0)


def test_the_command_shows_the_figures(judged: Settings, sample_library: Settings) -> None:
    shown = trove(judged, "eval", "--keep").stdout
    assert "What you open in the app is not remembered (trove eval --remember)." in shown
    assert "thumbed: 4 saved searches with a thumb up" in shown
    figures = as_json(trove(judged, "eval", "--json"))["figures"]
    assert [one["measure"] for one in figures] == ["R@1", "R@5", "R@10", "MRR@10", "nDCG@10"]
    assert {(one["kind"], one["p"]) for one in figures} == {("thumbed", 1.0)}
    check_error(trove(sample_library, "eval"), "thumb")
    assert trove(judged, "eval", "--keep", "--sample", "3").returncode == 2
