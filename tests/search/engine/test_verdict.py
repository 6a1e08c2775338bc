"""The verdict: its null distribution in the database, and what it says of real libraries."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import kinds
from db.arrays import Vectors
from db.catalog import revision, spaces
from db.catalog.copies import FileRow
from db.catalog.spaces import NullScores
from db.catalog.units import UnitRow
from db.errors import LibraryError
from db.library import Library
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.encoders.phrasings import encode_phrased
from indexer.encoders.registry import CONSE, NEAR_DUPLICATE
from indexer.null_model import background_queries, due, fit, refit
from indexer.pipeline import index
from indexer.switch_model import drop_model, use_model
from search.answer import Verdict
from search.engine.ranking import Background, Found, Match, Ranking
from search.engine.verdict import (
    ABSENT_BELOW,
    CERTAIN,
    FOUND_AT,
    TEXT,
    Calibration,
    Reference,
    calibration_of,
    judge,
    z_score,
)
from search.query.query import Query
from search.service import SearchService
from tests.support.media import photo
from tests.support.rows import Drafted, add_file, directions
from tests.support.searching import searching
from tests.support.tiny_openclip import save_model

ROWS = {1: UnitRow(1, 1, "image", None, None, None, None, "image", (FileRow(1, Path("/1.jpg")),))}


def null(pictures: int = 1000) -> NullScores:
    return fit(np.array([0.2, 0.3, 0.4]), np.array([0.05]), np.array([0.6, 0.7]), pictures, 7)


def against() -> Reference:
    return Reference(null())


def seen(*alternatives: tuple[Match, ...], count: int = 1000) -> Ranking:
    best = [Found(1, alternatives[0][0].similarity)]
    return Ranking("text_to_image", 1.0, best, Background(0.1, 0.05, count), matches=alternatives)


def text(similarity: float) -> Match:
    return Match("text", similarity)


def picture(similarity: float) -> Match:
    return Match("picture", similarity)


def words(coverage: float) -> Ranking:
    return Ranking("keywords", 1.0, [Found(1, coverage, ("said",), coverage**2)])


# --- the verdict, from rankings


def test_nothing_is_absent() -> None:
    assert judge([], ROWS, against()) == ("absent", 0.0)
    empty = Ranking("text_to_image", 1.0, [], Background(0.1, 0.05, 10))
    assert judge([empty, Ranking("text_to_passage", 0.4, [Found(1, 0.9)])], ROWS, against()) == (
        "absent",
        0.0,
    )


def test_the_further_the_best_stands_out_the_surer() -> None:
    verdicts = [judge([seen((text(best),))], ROWS, against()) for best in (0.1, 0.2, 0.3, 0.4, 0.6)]
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict[1])
    assert (verdicts[0][0], verdicts[-1][0]) == ("absent", "found")


def test_a_larger_library_needs_a_better_best() -> None:
    small, same, large = (z_score(text(0.4), null(), count) for count in (10, 1000, 100_000))
    assert small > same > large
    assert same == pytest.approx((0.4 - 0.3) / np.std([0.2, 0.3, 0.4]))


def test_the_larger_the_library_the_more_it_says_that_nothing_stands_out() -> None:
    likely = [[TEXT.probability(z, count) for count in (10, 100, 1000, 10**6)] for z in (-2, 2)]
    assert likely[0] == sorted(likely[0], reverse=True)
    assert likely[1] == sorted(likely[1])
    assert TEXT.probability(1, 1) == TEXT.probability(1, 10), "smaller ones were not measured"


def test_a_model_that_knows_little_calls_nothing_absent() -> None:
    knows_little = Reference(null(), calibration_of(CONSE))
    assert judge([seen((text(-0.9),))], ROWS, knows_little)[0] == "unsure"
    assert judge([seen((text(-0.9),))], ROWS, against())[0] == "absent"
    assert judge([seen((text(0.9),))], ROWS, knows_little)[0] == "found"


def test_what_looks_exactly_like_it_may_be_something_like_it() -> None:
    ceiling = Calibration(bias=-1.0, level=0.0, slope=1.0, most=0.9)
    assert ceiling.probability(50.0, 100) == pytest.approx(0.9)
    assert replace(ceiling, most=1.0).probability(50.0, 100) == pytest.approx(1.0)
    assert ceiling.probability(-50.0, 100) == pytest.approx(0.0)


def test_a_question_of_parts_is_answered_by_one_picture_that_fits_all() -> None:
    both, either = (text(0.5), text(0.5)), (text(0.9), text(0.1))
    assert judge([seen(both)], ROWS, against())[1] > judge([seen(either)], ROWS, against())[1]
    assert judge([seen(either, both)], ROWS, against()) == judge([seen(both)], ROWS, against())


def test_the_surest_of_several_words_counts() -> None:
    both = Ranking("keywords", 1.0, [Found(1, 1.0, ("dog",), 0.4), Found(1, 1.0, ("lighthouse",), 1.0)])
    assert judge([both], ROWS, against()) == ("found", CERTAIN)


def test_words_that_were_said_are_found() -> None:
    assert judge([seen((text(0.1),)), words(1.0)], ROWS, against())[0] == "found"
    assert judge([seen((text(0.1),)), words(0.5)], ROWS, against())[0] == "absent"


def test_what_only_keeps_away_from_something_is_there_as_soon_as_anything_is() -> None:
    kept_away = Ranking("text_to_image", 1.0, [Found(1, -0.1)], Background(0.1, 0.05, 10), matches=[()])
    assert judge([kept_away], ROWS, against()) == ("found", CERTAIN)
    assert judge([replace(kept_away, found=[], matches=[])], ROWS, against()) == ("absent", 0.0)


def test_the_words_of_a_machine_prove_nothing() -> None:
    kinds.register("guesses", [kinds.Kind("guess", "guess", {}, "machine")])
    try:
        captioned = {1: replace(ROWS[1], kind="guess")}
        assert judge([words(1.0)], captioned, against()) == ("absent", 0.0)
        both = Ranking("keywords", 1.0, [Found(1, 1.0, (), 1.0), Found(2, 0.9, (), 0.81)])
        asked = Ranking("keywords", 1.0, [Found(1, 1.0, (), 1.0)])
        likeness = judge([asked], captioned, against(), likeness=True)
        assert likeness == ("nearest", None), "that it fulfils a condition a machine says, and may be wrong"
        by_people = {1: replace(captioned[1], is_corrected=True)}
        assert judge([asked], by_people, against(), likeness=True) == ("found", CERTAIN)
        verdict = judge([both], {**captioned, 2: replace(ROWS[1], id=2)}, against())
        assert verdict == ("found", round(0.81 * CERTAIN, 3))
    finally:
        kinds.unregister("guesses")


def test_where_only_likeness_was_asked_for_nothing_is_absent() -> None:
    far = [seen((picture(0.3),))]
    assert judge(far, ROWS, against(), likeness=True) == ("nearest", None)
    assert judge([seen((picture(0.999),))], ROWS, against(), likeness=True) == ("found", CERTAIN)
    listed = Ranking("listed", 1.0, [Found(1, 1.0, (), 1.0)], proof="nothing")
    assert judge([listed], ROWS, against(), likeness=True) == ("nearest", None)
    kept_away = Ranking("text_to_image", 1.0, [Found(1, -0.1)], Background(0.1, 0.05, 10), matches=[()])
    assert judge([kept_away], ROWS, against(), likeness=True) == ("nearest", None)
    said = replace(listed, source="keywords", proof="kind")
    assert judge([said], ROWS, against(), likeness=True) == ("found", CERTAIN)


def test_what_was_not_understood_is_never_absent() -> None:
    far, near = [seen((text(0.1),))], [seen((text(0.9),))]
    assert judge(far, ROWS, against(), understood="yes")[0] == "absent"
    assert judge(far, ROWS, against(), understood="partly")[0] == "unsure"
    assert judge(near, ROWS, against(), understood="partly")[0] == "found"
    assert judge(near, ROWS, against(), understood="no") == ("unsure", 0.0), "it may look like anything"
    assert judge([*near, words(1.0)], ROWS, against(), understood="no")[0] == "found", "the words are there"


def test_what_may_be_heard_is_not_called_absent() -> None:
    heard = Ranking("text_to_sound", 0.5, [Found(1, 0.3)], Background(0.1, 0.05, 10), role="sound")
    far = seen((text(0.1),))
    assert judge([far, heard], ROWS, against())[0] == "unsure"
    assert judge([far, replace(heard, found=[])], ROWS, against())[0] == "absent"
    assert judge([seen((text(0.9),)), heard], ROWS, against())[0] == "found"


def test_the_same_picture_is_found_and_another_is_not_so_sure() -> None:
    def like(similarity: float) -> tuple[Verdict, float | None]:
        best = [Found(1, similarity)]
        background = Background(0.5, 0.1, 100)
        ranking = Ranking("image_to_image", 1.0, best, background, matches=[(picture(similarity),)])
        return judge([ranking], ROWS, against())

    assert like(NEAR_DUPLICATE)[0] == "found"
    assert like(0.3)[0] == "unsure", "what is like a picture only people can tell"
    assert like(0.3)[1] < like(0.7)[1] < like(NEAR_DUPLICATE)[1]


@given(st.floats(-1, 1), st.sampled_from([text, picture]), st.integers(1, 10**7), st.integers(1, 10**7))
def test_confidence_is_a_probability(
    similarity: float, kind: Callable[[float], Match], count: int, fitted_on: int
) -> None:
    lone = fit(np.array([0.3]), np.array([0.0]), np.empty(0), fitted_on)
    verdict, confidence = judge([seen((kind(similarity),), count=count)], ROWS, Reference(lone))
    assert 0 <= confidence <= 1
    assert verdict == (
        "found" if confidence >= FOUND_AT else "absent" if confidence < ABSENT_BELOW else "unsure"
    )
    assert 0 < ABSENT_BELOW < FOUND_AT < 1 < 1 + TEXT.slope


# --- when the null is fitted, and where it is kept


@pytest.mark.parametrize(
    ("count", "written", "expected"),
    [
        (1000, 0, False),
        (1200, 200, False),
        (1201, 201, True),
        (800, 0, False),
        (799, 0, True),
        (1000, 201, True),  # a fifth was replaced: the size alone does not tell
        (900, 99, False),
        (1000, 4000, True),
    ],
)
def test_the_null_is_fitted_again_when_a_fifth_is_new_or_gone(
    count: int, written: int, expected: bool
) -> None:
    assert due(null(), count, written) is expected


def test_another_list_of_texts_needs_another_null() -> None:
    other = replace(null(), texts="of an older list")
    assert due(other, 1000, 0)
    assert due(None, 1, 1)


class Counting:
    """An encoder of texts that counts; random directions stand for what they mean."""

    name, dim, image_size = "test-model", 8, 32

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint, self.asked = fingerprint, 0

    def encode_texts(self, texts: tuple[str, ...]) -> Vectors:
        self.asked += 1
        return directions(len(texts), self.dim, seed=7)


@pytest.fixture
def counting(tmp_path: Path) -> Encoder:
    return Counting(tmp_path.name)  # type: ignore[return-value]


def fill(library: Library, rows: Vectors, start: int = 0) -> None:
    with library.write() as session:
        for number, row in enumerate(rows, start):
            add_file(session, f"/{number}.jpg", [Drafted("image", row)])


@pytest.fixture
def library(settings: Settings, tmp_path: Path) -> Iterator[Library]:
    """An empty library with a cache of its own."""
    with Library(settings.model_copy(update={"cache": tmp_path / "cache"})) as opened:
        yield opened


def fit_now(library: Library, encoder: Encoder) -> NullScores | None:
    """The null model of the active space, as it must be now."""
    with library.read() as session:
        space = spaces.active(session)
    assert space is not None
    return refit(library, library.vectors(space), encoder)


def test_the_null_is_fitted_once_stored_and_goes_with_its_space(library: Library, counting: Counting) -> None:
    fill(library, directions(40))

    def now() -> NullScores:
        found = fit_now(library, counting)  # type: ignore[arg-type]
        assert found is not None
        return found

    first = now()
    with library.read() as session:
        stored, fitted_at = spaces.null_scores(session, 1), revision.current(session)
    assert stored is not None
    assert (stored.pictures, stored.revision, stored.best_mean) == (40, fitted_at, first.best_mean)
    phrased = encode_phrased(Counting("another"), background_queries())  # type: ignore[arg-type]
    best = (phrased @ directions(40).T).max(axis=1)
    assert stored.best_mean == pytest.approx(best.mean(), abs=2e-3)
    assert stored.best_deviation == pytest.approx(best.std(), abs=2e-3)

    fill(library, directions(8, seed=1), start=40)
    assert now().pictures == 40, "a fifth more is not enough"
    fill(library, directions(1, seed=2), start=48)
    assert now().pictures == 49
    assert counting.asked == 1, "the background texts are encoded once for a model"
    with library.write() as session:
        spaces.drop(session, 1)
        assert spaces.null_scores(session, 1) is None


def test_copies_in_bursts_are_not_their_own_neighbours(library: Library, counting: Encoder) -> None:
    rows = directions(30)
    noise = directions(30, seed=3)
    close = rows + 0.05 * noise
    fill(
        library,
        np.concatenate([rows, close / np.linalg.norm(close, axis=1, keepdims=True)]).astype(np.float32),
    )
    found = fit_now(library, counting)
    assert found is not None
    assert found.near_mean is not None
    apart = rows @ rows.T
    np.fill_diagonal(apart, -1)
    assert found.near_mean == pytest.approx(apart.max(axis=1).mean(), abs=0.05)


def test_without_pictures_there_is_no_null_and_a_lone_one_has_no_neighbour(
    library: Library, counting: Encoder
) -> None:
    fill(library, directions(0))
    with library.write() as session:
        spaces.add(session, "test-model", "0", 8, "active")
    assert fit_now(library, counting) is None
    fill(library, directions(1))
    found = fit_now(library, counting)
    assert found is not None
    assert (found.pictures, found.near_mean) == (1, None)
    assert 0 <= judge([seen((picture(0.5),), count=1)], ROWS, Reference(found))[1] <= 1


def test_a_library_that_cannot_be_written_is_judged_all_the_same(
    library: Library,
    counting: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fill(library, directions(5))

    def full(**_options: int) -> Iterator[None]:
        raise LibraryError("the disk is full", "Free some space.")

    monkeypatch.setattr(library, "write", full)
    assert fit_now(library, counting) is not None
    assert "could not be stored" in caplog.text


# --- real models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    media = tmp_path / "media"
    media.mkdir()
    for seed in range(4):
        photo(media / f"{seed}.jpg", seed)
    return media


def test_each_model_has_a_null_of_its_own(library: Library, folder: Path, tmp_path: Path) -> None:
    index(library, [folder])
    switch = use_model(library, save_model(tmp_path / "model", "CLIP"))
    with library.read() as session:
        active = spaces.active(session)
        assert active is not None
        ours, other = spaces.null_scores(session, 1), spaces.null_scores(session, active.id)
    assert ours is not None
    assert other is not None
    assert active.model == switch.model
    assert other.pictures == ours.pictures == 4
    assert other.best_mean != ours.best_mean
    answer = SearchService(library).search(Query("a colour"))
    assert 0 < answer.confidence < 1
    drop_model(library, "builtin-2")
    with library.read() as session:
        assert spaces.null_scores(session, 1) is None


@pytest.mark.sqlite
def test_a_library_without_a_null_model_gets_it_with_the_first_question(
    settings: Settings, folder: Path
) -> None:
    with Library(settings) as library:
        index(library, [folder])
        before = SearchService(library).search(Query("a colour"))
    with closing(sqlite3.connect(settings.paths.database)) as old:
        old.execute("DELETE FROM null_scores")
        old.commit()
    with searching(settings) as service:
        answer = service.search(Query("a colour"))
        assert (answer.verdict, answer.confidence) == (before.verdict, before.confidence)
        with service.library.read() as session:
            assert spaces.null_scores(session, 1) is not None


@pytest.fixture(scope="module")
def service(sample_library: Settings) -> Iterator[SearchService]:
    with searching(sample_library) as opened:
        yield opened


@pytest.mark.parametrize(
    "asked",
    ["a lighthouse", "a koala", "a polar bear", "jellyfish", "a guitar", "wild horses"],
)
def test_what_is_there_is_found(service: SearchService, asked: str) -> None:
    assert service.search(Query(asked)).verdict == "found"


@pytest.mark.parametrize("asked", ["a submarine", "my tax return", "a birthday cake", "quarterly revenue"])
def test_what_is_not_there_is_absent(service: SearchService, asked: str) -> None:
    answer = service.search(Query(asked, kind="image"))
    assert answer.verdict == "absent"
    assert answer.hits, "the nearest misses are shown"
