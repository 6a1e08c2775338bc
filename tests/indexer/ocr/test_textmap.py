"""Where in a map of likely text to look closer."""

import numpy as np
import pytest

from indexer.ocr.lines import Quad
from indexer.ocr.textmap import Island, one_in_other, sides, small_regions, within_any


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_an_island_is_text_if_it_is_likely_and_not_too_low() -> None:
    assert Island(box(0, 0, 100, 12), 0.6).is_text
    assert not Island(box(0, 0, 100, 12), 0.4).is_text
    assert not Island(box(0, 0, 100, 5), 0.9).is_text


def test_an_islands_height_is_the_shorter_of_its_sides_however_it_lies() -> None:
    assert Island(box(0, 0, 100, 12), 0.6).height == pytest.approx(12)
    assert Island(box(0, 0, 12, 100), 0.6).height == pytest.approx(12)


def test_neighbours_are_looked_at_together_and_what_is_far_off_by_itself() -> None:
    small = [(box(20, 20, 60, 26), 6.0), (box(20, 30, 60, 36), 6.0), (box(200, 100, 240, 108), 8.0)]
    near, far = small_regions(small, (160, 320))
    assert near.edges[1] < 20 and near.edges[3] > 36 and near.edges[2] < 100
    assert far.edges[0] > 150
    assert (near.scale, far.scale) == (6.0, 8.0)
    assert all(near.has(one) for one, _ in small[:2])
    assert not near.has(small[2][0])


def test_a_region_does_not_have_what_lies_in_a_neighbour_that_reaches_into_its_edges() -> None:
    # One around the corner of the other: their rectangles overlap, they do not.
    small = [(box(10, 10, 290, 16), 6.0), (box(10, 10, 16, 200), 6.0), (box(120, 120, 160, 126), 6.0)]
    corner, inner = sorted(small_regions(small, (220, 320)), key=lambda region: region.edges)
    assert corner.edges[2] > inner.edges[2] and corner.edges[3] > inner.edges[3]
    assert not corner.has(small[2][0])
    assert inner.has(small[2][0])


def test_what_was_read_is_known_again_unless_it_is_much_larger() -> None:
    line = box(100, 100, 300, 130)
    assert within_any(box(105, 98, 290, 128), [box(0, 0, 10, 10), line])
    assert within_any(box(150, 105, 180, 125), [line])
    assert not within_any(box(100, 140, 300, 170), [line])
    assert not within_any(box(50, 60, 400, 180), [line])
    assert not within_any(line, [])


def test_boxes_that_lie_in_one_another_are_found_either_way() -> None:
    line, piece, other = box(100, 100, 300, 130), box(110, 101, 160, 129), box(100, 140, 300, 170)
    assert one_in_other(piece, [other, line]) == [1]
    assert one_in_other(line, [piece, other, box(210, 99, 290, 131)]) == [0, 2]
    assert one_in_other(line, []) == []


def test_sides_are_at_least_a_pixel() -> None:
    assert sides(box(0, 0, 10.4, 0.1)) == (10, 1)
