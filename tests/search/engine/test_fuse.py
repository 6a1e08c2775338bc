"""Fusion: a pure function."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import kinds
from db.catalog.copies import FileRow
from db.catalog.units import UnitRow
from db.engine.schema import UnitKind
from search.engine.fuse import Candidates, fitting, fuse
from search.engine.ranking import Background, Found, Ranking
from search.engine.sources import MOTION_WEIGHT


def unit(
    number: int,
    content: int | None = None,
    kind: UnitKind = "image",
    start_s: float | None = None,
    end_s: float | None = None,
) -> UnitRow:
    text = f"words {number}" if kind == "speech" else None
    names = (f"/{content or number}", f"/copy-{content or number}")
    files = tuple(FileRow(hash(name), Path(name)) for name in names)
    media = "image" if kind == "image" else "video"
    return UnitRow(number, content or number, kind, start_s, end_s, start_s, text, media, files)


def pictures(*ids: int) -> Ranking:
    return Ranking("text_to_image", 1.0, [Found(number, 1 - number / 100) for number in ids])


def passages(*ids: int) -> Ranking:
    return Ranking("text_to_passage", 0.6, [Found(number, 0.5) for number in ids])


def words(*found: tuple[int, float]) -> Ranking:
    return Ranking("keywords", 1.0, [Found(number, value, ("said",), value**2) for number, value in found])


def order(rankings: list[Ranking], units: list[UnitRow], k: int = 10) -> list[int]:
    return [hit.unit_id for hit in fuse(rankings, Candidates({row.id: row for row in units}), k)]


def test_one_ranking_keeps_its_order() -> None:
    assert order([pictures(3, 1, 2)], [unit(1), unit(2), unit(3)]) == [3, 1, 2]


def test_ranks_count_from_one_and_scores_fall() -> None:
    hits = fuse([pictures(1, 2, 3)], Candidates({n: unit(n) for n in (1, 2, 3)}), 2)
    assert [hit.rank for hit in hits] == [1, 2]
    assert hits[0].score == 1.0 > hits[1].score > 0


def test_the_best_score_is_one_however_its_value_is_rounded() -> None:
    ranking = Ranking("text_to_image", 1.0, [Found(1, 0.12346)], Background(0.1, 0.01, 9))
    assert fuse([ranking], Candidates({1: unit(1)}), 1)[0].score == 1.0


def test_a_moment_with_something_hidden_in_it_is_left_out() -> None:
    rows = Candidates({n: unit(n, 7, "frame", float(n), n + 1.0) for n in (1, 2, 30)})
    assert [hit.unit_id for hit in fuse([pictures(1, 2, 30)], rows, 5, hidden={2})] == [30]


def test_what_can_no_longer_be_found_is_left_out() -> None:
    assert order([pictures(1, 2)], [unit(2)]) == [2]


def test_agreement_of_two_sources_wins() -> None:
    text, image = (
        pictures(1, 2, 3),
        Ranking("image_to_image", 1.0, [Found(2, 0.9), Found(4, 0.8), Found(3, 0.7)]),
    )
    assert order([text, image], [unit(n) for n in (1, 2, 3, 4)])[0] == 2


def test_words_that_were_all_said_beat_a_mere_meaning() -> None:
    said = [unit(n, kind="speech", start_s=0, end_s=2) for n in (10, 11)]
    assert order([passages(10, 11), words((11, 1.0))], said)[0] == 11


@pytest.mark.parametrize(
    ("rarity", "doubt", "first"), [(1.0, 0.0, 10), (0.5, 0.0, 1), (0.5, 1.0, 10), (0.0, 0.9, 1)]
)
def test_common_words_stay_below_a_picture_that_fits(rarity: float, doubt: float, first: int) -> None:
    said = Ranking("keywords", 1.0, [Found(10, 1.0, ("dog",), 1.0, rarity)], doubt=doubt)
    rows = [unit(1), unit(2), unit(10, kind="speech", start_s=0, end_s=2)]
    assert order([pictures(1, 2), said], rows)[0] == first


def test_what_fits_counts_for_enough_of_the_best_one() -> None:
    seen = Ranking(
        "text_to_image", 1.0, [Found(1, 0.5), Found(2, 0.3), Found(3, 0.2)], Background(0.1, 0.1, 9)
    )
    assert [found.unit_id for found in fitting(seen, 0.3).found] == [1, 2]
    meant = replace(seen, weight=0.4)
    assert [found.unit_id for found in fitting(meant, 0.3).found] == [1]


def test_a_meaning_alone_stays_below_the_best_pictures() -> None:
    rows = [unit(n) for n in (1, 2, 3)] + [unit(10, kind="speech", start_s=0, end_s=2)]
    assert order([pictures(1, 2, 3), passages(10)], rows) == [1, 2, 3, 10]


def test_a_frame_and_a_passage_of_one_moment_are_one_hit_that_ranks_higher() -> None:
    rows = [unit(1), unit(2, 7, "frame", 10, 20), unit(3, 7, "speech", 12, 14), unit(4)]
    hits = fuse([pictures(1, 4, 2), passages(3)], Candidates({row.id: row for row in rows}), 10)
    assert [hit.unit_id for hit in hits] == [2, 1, 4] or [hit.unit_id for hit in hits] == [3, 1, 4]
    assert hits[0].text == "words 3"
    assert {fact.source for fact in hits[0].why} == {"text_to_image", "text_to_passage"}
    assert hits[0].copies == (Path("/copy-7"),)


def test_what_happens_lifts_a_frame_and_replaces_none() -> None:
    rows = [unit(1), unit(2, 7, "frame", 10, 20), unit(3, 7, "film_clip", 12, 16), unit(4)]
    rows += [unit(5, 8, "frame", 0, 9), unit(6, 8, "film_clip", 0, 4)]
    shown = {3: rows[1], 6: rows[4]}

    def found(*clips: int) -> list[int]:
        moving = Ranking("text_to_clip", MOTION_WEIGHT, [Found(number, 0.5) for number in clips])
        hits = fuse([pictures(1, 2, 4), moving], Candidates({row.id: row for row in rows}, shown), 10)
        return [hit.unit_id for hit in hits]

    assert found() == [1, 2, 4]
    assert found(3) == [2, 1, 4], "that it looks so and happens is more than either"
    assert found(6) == [1, 2, 4, 5], "what happens alone comes after what looks so"


def test_moments_far_apart_stay_apart() -> None:
    rows = [unit(n, 7, "frame", 10.0 * n, 10.0 * n + 2) for n in (1, 2, 3)]
    assert order([pictures(2, 1, 3)], rows) == [2, 1, 3]


def test_near_frames_do_not_chain_into_one() -> None:
    rows = [unit(n, 7, "frame", 4.0 * n, 4.0 * n + 2) for n in range(1, 9)]
    found = order([pictures(1, 2, 3, 4, 5, 6, 7, 8)], rows)
    assert found == [1, 3, 5, 7]


@pytest.fixture
def titles() -> Iterator[None]:
    """Two kinds that are evidence of others: titles of files, and texts in pictures."""
    made = [
        kinds.Kind("title", "title", {}, "by_people", weight=0.5),
        kinds.Kind("written", "text in picture", {}, "in_picture"),
    ]
    kinds.register("titles", made)
    yield
    kinds.unregister("titles")


@pytest.mark.usefixtures("titles")
def test_a_title_speaks_for_all_moments_of_its_film_and_swallows_none() -> None:
    frames = [unit(n, 7, "frame", 10.0 * n, 10.0 * n + 2) for n in (1, 2, 3)]
    rows = [*frames, unit(9, 7, "title"), unit(4)]
    hits = fuse([pictures(2, 4, 1, 3), words((9, 1.0))], Candidates({row.id: row for row in rows}))
    assert [hit.unit_id for hit in hits] == [2, 1, 3, 4]
    assert [[fact.kind for fact in hit.why if fact.source == "keywords"] for hit in hits] == [
        ["title"],
        ["title"],
        ["title"],
        [],
    ]


@pytest.mark.usefixtures("titles")
def test_a_title_is_a_hit_of_its_own_where_nothing_else_matches() -> None:
    hits = fuse([pictures(4), words((9, 1.0))], Candidates({9: unit(9, 7, "title"), 4: unit(4)}))
    assert [(hit.unit_id, hit.kind) for hit in hits] == [(4, "image"), (9, "title")]


@pytest.mark.usefixtures("titles")
def test_text_in_a_picture_is_evidence_of_the_picture() -> None:
    """Also where the picture itself is no candidate; in a film, of the frame that it is in."""
    picture, frame = unit(1, 1), unit(2, 7, "frame", 10, 20)
    lines = [unit(n, 1, "written") for n in (11, 12)] + [unit(13, 7, "written", 12, 14)]
    candidates = Candidates({row.id: row for row in lines}, {11: picture, 12: picture, 13: frame})
    hits = fuse([words((12, 1.0), (13, 0.9), (11, 0.8))], candidates)
    assert [(hit.unit_id, hit.kind, hit.start_s) for hit in hits] == [(1, "image", None), (2, "frame", 10)]
    (fact,) = hits[0].why
    assert (fact.unit_id, fact.kind, fact.rank) == (12, "written", 1)
    assert (hits[1].why[0].start_s, hits[1].why[0].end_s) == (12, 14)


@pytest.mark.usefixtures("titles")
def test_a_kind_that_weighs_little_starts_below() -> None:
    rows = {1: unit(1, kind="title"), 2: unit(2, kind="written")}
    assert [hit.unit_id for hit in fuse([words((1, 1.0), (2, 1.0))], Candidates(rows))] == [2, 1]


rankings = st.lists(
    st.builds(
        lambda source, weight, ids: Ranking(source, weight, [Found(number, 0.5) for number in ids]),
        st.sampled_from(["text_to_image", "image_to_image", "text_to_passage", "keywords"]),
        st.floats(0.1, 2),
        st.lists(st.integers(1, 30), unique=True, max_size=20),
    ),
    unique_by=lambda ranking: ranking.source,
    max_size=4,
)


@given(rankings, st.integers(1, 40))
def test_fusion_never_repeats_never_exceeds_and_is_sorted(given_rankings: list[Ranking], k: int) -> None:
    units = {n: unit(n, 1 + n % 5, "frame", float(n), n + 1.0) for n in range(1, 26)}
    hits = fuse(given_rankings, Candidates(units), k)
    assert len(hits) <= k
    assert len({hit.unit_id for hit in hits}) == len(hits)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_hit_is_of_one_file_with_what_is_found_with_that() -> None:
    """Two copies of a picture, the second with a note of its own; the first has a worse one."""
    first, second = FileRow(1, Path("/a.jpg")), FileRow(2, Path("/b.jpg"))
    picture = replace(unit(1), files=(first, second))
    noted = replace(unit(2, 1, "speech"), kind="speech", text="the garden", files=(second,), others=(first,))
    other = replace(noted, id=3, text="a tree", files=(first,), others=(second,))
    rows = {row.id: row for row in (picture, noted, other)}
    candidates = Candidates(rows, {2: picture, 3: picture})
    (hit,) = fuse([pictures(1)], candidates)
    assert (hit.path, hit.copies) == (Path("/a.jpg"), (Path("/b.jpg"),))
    (hit,) = fuse([pictures(1), words((2, 1.0), (3, 0.6))], candidates)
    assert (hit.path, hit.copies, hit.text) == (Path("/b.jpg"), (Path("/a.jpg"),), "the garden")
    assert [evidence.text for evidence in hit.why] == [None, "the garden"]
