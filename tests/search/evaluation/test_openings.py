"""What people opened: remembered where they want it, and measured by beside their thumbs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from db import kinds
from db.kinds import Kind
from db.settings import Settings
from search.answer import Hit
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.copying import own_copy
from trove import Library, Query

QUESTION = "a brick lighthouse"


@pytest.fixture
def settings(sample_library: Settings, tmp_path: Path) -> Settings:
    """A library of the samples of one's own."""
    return own_copy(sample_library, tmp_path / "library")


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    with Library.of(settings) as opened:
        yield opened


def hit(library: Library, text: str, name: str) -> Hit:
    """The hit of a question in a file of that name."""
    return next(one for one in library.search(text).hits if one.path.name == name)


def figures(library: Library, kind: str) -> dict[str, float]:
    return {line.measure.name: line.value for line in library.evaluate() if line.kind == kind}


def test_nothing_is_remembered_that_nobody_asked_for(library: Library) -> None:
    best = hit(library, QUESTION, "p025.jpg")
    library.openings.add(Query(QUESTION), best)
    assert (library.openings.remembered, library.openings.count()) == (False, 0)
    library.openings.remember(True)
    library.openings.add(Query(QUESTION), best)
    library.openings.remember(False)
    library.openings.add(Query("a penguin"), best)
    assert (library.openings.remembered, library.openings.count()) == (False, 1), "what is there stays"


def test_only_questions_of_words_alone_are(library: Library) -> None:
    library.openings.remember(True)
    best, picture = hit(library, QUESTION, "p025.jpg"), SAMPLES / "pictures" / "p025.jpg"
    for query in (
        Query("type:image"),
        Query(image=picture),
        Query(QUESTION, image=picture),
        Query(like=picture),
        Query("-fog type:image"),
        Query(QUESTION, kind="image"),
    ):
        library.openings.add(query, best)
    assert library.openings.count() == 0
    library.openings.add(Query(f" {QUESTION} type:image", k=1, order="date"), best)
    assert library.openings.count() == 1
    (judged,) = library.openings.judged()
    assert (judged.name, judged.query) == (f"{QUESTION} type:image", Query(f"{QUESTION} type:image"))


def test_what_is_forgotten_is_in_no_backup(library: Library) -> None:
    library.openings.remember(True)
    library.openings.add(Query(QUESTION), hit(library, QUESTION, "p025.jpg"))
    (today,) = library.core.paths.backups.glob("*.json")
    older = today.with_name("2020-01-01.json")
    older.write_bytes(today.read_bytes())
    assert QUESTION in older.read_text()
    library.openings.forget()
    assert [QUESTION in path.read_text() for path in (today, older)] == [False, False]
    assert '"remembers_opened": false' in today.read_text()


def test_a_hit_that_has_gone_meanwhile_is_not(library: Library) -> None:
    library.openings.remember(True)
    library.openings.add(Query(QUESTION), replace(hit(library, QUESTION, "p025.jpg"), unit_id=1_000_000))
    assert library.openings.count() == 0


def test_what_was_opened_is_right_beside_what_has_a_thumb_up(library: Library) -> None:
    library.saved.add("birds", Query("an owl"))
    library.saved.judge_file("birds", SAMPLES / "pictures" / "p031.jpg", up=True)
    library.openings.remember(True)
    library.openings.add(Query(QUESTION), hit(library, QUESTION, "p025.jpg"))
    tenth = library.search(Query("a penguin", apart=True)).hits[9]
    library.openings.add(Query("a penguin"), tenth)
    first = {line.kind: line.count for line in library.evaluate(keep=True)}
    assert first == {"thumbed": 1, "opened": 2}
    now = figures(library, "opened")
    assert (now["R@1"], now["R@10"]) == (0.5, 1.0)
    assert now["MRR@10"] == pytest.approx((1 + 1 / 10) / 2)
    again = [line for line in library.evaluate() if line.kind == "opened"]
    assert {(line.paired, line.change, line.p) for line in again} == {(2, 0.0, 1.0)}
    assert "lighthouse" not in library.core.paths.results.read_text()


def test_a_moment_that_was_opened_is_one_answer_however_many_hits_are_near(library: Library) -> None:
    library.openings.remember(True)
    films = [one for one in library.search(Query("water", k=60)).hits if one.start_s is not None]
    library.openings.add(Query("water"), films[0])
    (judged,) = library.openings.judged()
    assert [films[0].unit_id in answer for answer in judged.answers] == [True]
    assert figures(library, "opened")["nDCG@10"] <= 1.0


def test_a_question_that_cannot_be_asked_any_more_is_left_out(library: Library) -> None:
    library.openings.remember(True)
    best = hit(library, QUESTION, "p025.jpg")
    library.openings.add(Query(QUESTION), best)
    kinds.register("test", [Kind("bang", "bang", {}, "said")])
    library.openings.add(Query(f"{QUESTION} -type:bang"), best)
    assert library.evaluate()[0].count == 2
    kinds.unregister("test")
    assert library.evaluate()[0].count == 1


def test_the_command_turns_it_on_and_off_and_forgets(settings: Settings) -> None:
    check_error(trove(settings, "eval"), "trove eval --remember")
    assert as_json(trove(settings, "eval", "--remember", "--json")) == {"remembered": True, "opened": 0}
    check_error(trove(settings, "eval"), "that is remembered now")
    with Library.of(settings) as library:
        library.openings.add(Query(QUESTION), hit(library, QUESTION, "p025.jpg"))
    shown = trove(settings, "eval").stdout
    assert "is remembered; 1 opened hit is kept" in shown
    assert "opened: 1 question for which you opened something" in shown
    answered = as_json(trove(settings, "eval", "--json"))
    assert (answered["remembered"], answered["opened"]) == (True, 1)
    assert {one["kind"] for one in answered["figures"]} == {"opened"}
    assert (
        "Nothing more is remembered; 1 opened hit is kept" in trove(settings, "eval", "--no-remember").stdout
    )
    assert as_json(trove(settings, "eval", "--forget", "--json")) == {"remembered": False, "opened": 0}
    for together in (("--forget", "--remember"), ("--remember", "--keep"), ("--forget", "--sample", "3")):
        assert trove(settings, "eval", *together).returncode == 2
