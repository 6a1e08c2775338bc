"""Fusion: a pure function."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from db.catalog.units import UnitRow
from db.engine.schema import UnitKind
from search.engine.fuse import Candidates, fuse
from search.engine.ranking import Background, Found, Ranking


def unit(
    number: int,
    content: int | None = None,
    kind: UnitKind = "image",
    start_s: float | None = None,
    end_s: float | None = None,
) -> UnitRow:
    text = f"words {number}" if kind == "speech" else None
    paths = (Path(f"/{content or number}"), Path(f"/copy-{content or number}"))
    media = "image" if kind == "image" else "video"
    return UnitRow(number, content or number, kind, start_s, end_s, start_s, text, media, paths, None)


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


def test_moments_far_apart_stay_apart() -> None:
    rows = [unit(n, 7, "frame", 10.0 * n, 10.0 * n + 2) for n in (1, 2, 3)]
    assert order([pictures(2, 1, 3)], rows) == [2, 1, 3]


def test_near_frames_do_not_chain_into_one() -> None:
    rows = [unit(n, 7, "frame", 4.0 * n, 4.0 * n + 2) for n in range(1, 9)]
    found = order([pictures(1, 2, 3, 4, 5, 6, 7, 8)], rows)
    assert found == [1, 3, 5, 7]


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
