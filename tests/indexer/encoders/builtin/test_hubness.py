"""The correction of hubs, on vectors small enough to reason about."""

import numpy as np
import numpy.typing as npt
import pytest

from db.arrays import unit_length
from indexer.encoders.builtin.hubness import EXTRA, Hubness

Rows = npt.NDArray[np.float32]


@pytest.fixture
def rows() -> Rows:
    return unit_length(np.random.default_rng(0).normal(size=(40, 64)).astype(np.float32))


@pytest.fixture
def hubness(rows: Rows) -> Hubness:
    """Captions that crowd around the first row."""
    crowd = unit_length(rows[:1] + 0.1 * np.random.default_rng(1).normal(size=(30, 64)).astype(np.float32))
    found = Hubness(crowd, 0.0)
    return Hubness(crowd, float(found.of(rows).mean()))


def test_all_vectors_keep_length_one(rows: Rows, hubness: Hubness) -> None:
    described = np.linspace(0, 1, len(rows), dtype=np.float32)
    for vectors in (hubness.pictures(rows), hubness.texts(rows, described)):
        assert vectors.dtype == np.float32
        assert vectors.shape == (40, 64 + EXTRA)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_picture_near_to_all_captions_steps_back_for_a_scene_and_not_for_a_name(
    rows: Rows, hubness: Hubness
) -> None:
    pictures, text = hubness.pictures(rows), unit_length(rows[:1] + rows[1:2])
    plain = (text @ rows.T)[0]
    scene = (hubness.texts(text, np.ones(1, np.float32)) @ pictures.T)[0]
    name = (hubness.texts(text, np.zeros(1, np.float32)) @ pictures.T)[0]
    assert scene[0] - scene[1] < plain[0] - plain[1] - 0.05
    np.testing.assert_allclose(name, 0.95 * np.sqrt(1 - 0.09) * plain, atol=1e-5)


def test_two_pictures_stay_as_alike_as_they_were(rows: Rows) -> None:
    spread = Hubness(unit_length(np.random.default_rng(2).normal(size=(30, 64)).astype(np.float32)), 0.0)
    pictures = Hubness(spread.centroids, float(spread.of(rows).mean())).pictures(rows)
    expected = 0.9025 * (rows @ rows.T) + 0.0975
    assert np.abs(pictures @ pictures.T - expected).max() < 0.05
