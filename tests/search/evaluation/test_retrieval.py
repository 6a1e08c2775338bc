"""Ranks, on scores small enough to count by hand."""

import numpy as np

from search.evaluation.retrieval import ranks

# Three captions ask for two pictures; the first two belong to the first picture.
SCORES = np.array([[0.9, 0.1], [0.2, 0.3], [0.5, 0.4]], dtype=np.float32)
BELONG = np.array([[True, False], [True, False], [False, True]])


def test_a_caption_ranks_its_picture_among_all_pictures() -> None:
    assert ranks(SCORES, BELONG).tolist() == [1, 2, 2]


def test_a_picture_counts_by_the_best_of_its_captions() -> None:
    # The second caption of the first picture ranks below the third caption, which does not matter.
    assert ranks(SCORES.T, BELONG.T).tolist() == [1, 1]
