"""Intervals and tests, beside those of SciPy where it has them."""

import numpy as np
import pytest
from scipy import stats

from search.evaluation.measures import area, mean
from search.evaluation.resampling import holm, interval, paired_p

RNG = np.random.default_rng(7)
ALONE = [str(at) for at in range(200)]


def test_the_interval_is_that_of_scipy_where_each_question_stands_alone() -> None:
    rows = RNG.random((200, 1))
    low, high = interval(rows, ALONE, mean)
    theirs = stats.bootstrap((rows[:, 0],), np.mean, method="percentile", random_state=1).confidence_interval
    assert low == pytest.approx(theirs.low, abs=0.005)
    assert high == pytest.approx(theirs.high, abs=0.005)


@pytest.mark.slow
def test_the_interval_covers_what_is_so_nineteen_times_in_twenty() -> None:
    covered = 0
    for _ in range(60):
        low, high = interval(RNG.normal(0.5, 0.2, (60, 1)), ALONE[:60], mean)
        covered += low <= 0.5 <= high
    assert covered >= 50


def test_questions_about_the_same_thing_are_no_more_certain_than_one_of_them() -> None:
    once = RNG.random((40, 1))
    groups = ALONE[:40]
    alone = interval(once, groups, mean)
    five = interval(np.repeat(once, 5, axis=0), np.repeat(groups, 5).tolist(), mean)
    assert five == pytest.approx(alone, abs=1e-12)


def test_an_area_that_no_resample_has_is_no_interval() -> None:
    low, high = interval(np.array([[0.3, 1.0], [0.4, 1.0]]), ["a", "b"], area)
    assert np.isnan([low, high]).all()


def test_what_has_not_changed_is_certain_not_to_have() -> None:
    rows = RNG.random((200, 1))
    assert paired_p(rows, rows.copy(), ALONE, mean) == 1.0


def test_a_small_change_of_every_answer_is_seen_where_the_means_alone_would_not_tell() -> None:
    before = RNG.random((200, 1))
    now = before - RNG.random((200, 1)) * 0.02
    assert stats.ttest_ind(now[:, 0], before[:, 0]).pvalue > 0.5
    assert paired_p(now, before, ALONE, mean) == 1e-4


def test_the_p_value_is_that_of_scipy() -> None:
    before = RNG.random((30, 1))
    now = before + RNG.normal(0.03, 0.1, (30, 1))
    theirs = stats.permutation_test(
        (now[:, 0], before[:, 0]),
        lambda one, other: abs(np.mean(one) - np.mean(other)),
        permutation_type="samples",
        alternative="greater",
        rng=1,
    )
    assert paired_p(now, before, ALONE[:30], mean) == pytest.approx(theirs.pvalue, abs=0.02)


def test_one_group_that_has_changed_proves_nothing_however_many_questions_it_has() -> None:
    before = np.ones((100, 1))
    now = before.copy()
    now[:50] = 0
    groups = ["one"] * 50 + ALONE[:50]
    assert paired_p(now, before, groups, mean) == 1.0
    assert paired_p(now, before, ALONE[:100], mean) == 1e-4


@pytest.mark.slow
def test_chance_alone_is_called_a_change_one_time_in_twenty() -> None:
    called = 0
    for _ in range(20):
        before, now = RNG.random((2, 30, 1))
        called += paired_p(now, before, ALONE[:30], mean) < 0.05
    assert called <= 4


def test_holm_multiplies_the_smallest_most() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
