"""Measures of single answers, counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from search.evaluation.measures import area, auroc, beside, calibration_error, flipped, gain, reciprocal
from search.evaluation.results import Result

ONE = Result("suite", "kind", "q", "g", (2, 4), 3, True, 0.7, "found")


def test_the_rank_of_the_first_right_hit_counts() -> None:
    assert reciprocal(ONE) == (0.5,)
    assert reciprocal(replace(ONE, ranks=())) == (0.0,)


def test_the_gain_is_discounted_by_rank_and_held_against_the_best_order() -> None:
    best = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert gain(ONE)[0] == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / best)
    assert gain(replace(ONE, ranks=(1, 2, 3))) == (1.0,)


def test_a_verdict_has_flipped_if_it_is_another_than_that_of_the_plain_question() -> None:
    assert flipped(ONE, replace(ONE, verdict="absent")) == (1.0,)
    assert flipped(ONE, replace(ONE, confidence=0.9)) == (0.0,)
    assert flipped(ONE, None) is None


def test_a_question_is_held_against_the_same_in_another_language() -> None:
    assert beside(1)(ONE, replace(ONE, ranks=(1,))) == (0.0, 1.0)


def test_the_area_counts_pairs_in_the_right_order_and_ties_half() -> None:
    present, absent = np.array([3.0, 2.0, 1.0]), np.array([2.0, 0.0])
    assert auroc(present, absent) == pytest.approx((2 + 1.5 + 1) / 6)
    rows = np.array([[3.0, 1], [2.0, 1], [1.0, 1], [2.0, 0], [0.0, 0]])
    assert area(rows) == pytest.approx((2 + 1.5 + 1) / 6)


def test_who_says_three_quarters_and_is_right_half_of_the_time_is_off_by_a_quarter() -> None:
    assert calibration_error(np.array([[0.75, 1.0], [0.75, 0.0]])) == pytest.approx(0.25)
    assert calibration_error(np.array([[1.0, 1.0], [0.0, 0.0]])) == 0.0
