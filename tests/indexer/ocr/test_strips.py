"""Strips of a picture: cut out, divided, and what is where in them."""

import numpy as np
import pytest

from indexer.media.types import Picture
from indexer.ocr.lines import Quad
from indexer.ocr.strips import cut, lying, pieces, spans


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def picture() -> Picture:
    """A picture each of whose pixels tells its place."""
    rows, columns = np.mgrid[0:120, 0:200]
    return np.stack([rows, columns, rows * 0], axis=2).astype(np.uint8)


def test_a_wide_box_is_cut_out_as_it_lies() -> None:
    strip = cut(picture(), box(20, 30, 120, 50), on_its_side=False)
    assert strip.pixels.shape == (20, 100, 3)
    assert strip.pixels[0, 0, :2].tolist() == pytest.approx([30, 20], abs=1)
    assert strip.pixels[19, 99, :2].tolist() == pytest.approx([49, 119], abs=1)


def test_a_tall_box_is_laid_down_and_its_corners_follow_the_reader() -> None:
    strip = cut(picture(), box(20, 10, 40, 110), on_its_side=False)
    assert strip.pixels.shape == (20, 100, 3)
    # Its right edge is on top now: it begins at the top right of the picture's box.
    assert strip.pixels[0, 0, :2].tolist() == pytest.approx([10, 39], abs=1)
    assert strip.corners[0].tolist() == [40, 10]


def test_a_single_digit_lies_as_its_page_does() -> None:
    digit = box(20, 10, 40, 50)
    assert cut(picture(), digit, on_its_side=False).pixels.shape == (40, 20, 3)
    assert cut(picture(), digit, on_its_side=True).pixels.shape == (20, 40, 3)


def test_a_strip_upside_down_begins_at_its_other_end() -> None:
    strip = cut(picture(), box(20, 30, 120, 50), on_its_side=False)
    turned = strip.turned()
    assert np.array_equal(turned.pixels, np.rot90(strip.pixels, 2))
    assert turned.corners[0].tolist() == [120, 50]
    assert np.array_equal(turned.turned().corners, strip.corners)


def test_most_of_the_length_says_whether_a_page_lies() -> None:
    wide, tall = box(0, 0, 300, 20), box(0, 0, 20, 100)
    assert not lying([wide, tall, tall])
    assert lying([wide, tall, tall, tall, tall])
    assert not lying([])


def test_a_very_long_line_is_divided_where_nothing_stands() -> None:
    strip = np.full((10, 1200, 3), 255, np.uint8)
    strip[2:8, ::7] = 0
    strip[:, 460:490] = 255
    first, *_, last = pieces(strip)
    assert first[0] == 0 and 460 <= first[1] <= 490
    assert last[1] == 1200
    assert list(pieces(strip[:, :400])) == [(0, 400)]


def test_words_are_where_their_letters_are() -> None:
    places = [0.1, 0.15, 0.2, 0.5, 0.55]
    first, second = spans("two ok", places, height=0.1)
    assert first == pytest.approx((0.072, 0.228))
    assert second == pytest.approx((0.472, 0.578))


def test_each_sign_of_chinese_and_japanese_is_by_itself() -> None:
    found = spans("東京 9", [0.1, 0.2, 0.4], height=0.1)
    assert [round(left, 3) for left, _ in found] == [0.055, 0.155, 0.372]
    assert [round(right, 3) for _, right in found] == [0.145, 0.245, 0.428]
    assert len(spans("9番線 ok", [0.1, 0.2, 0.3, 0.5, 0.6], height=0.1)) == 4


def test_spans_stay_in_the_strip() -> None:
    assert spans("東", [0.01], height=0.5) == [(0.0, pytest.approx(0.235))]


def test_nothing_written_has_no_spans() -> None:
    assert spans("", [], height=0.1) == []


def test_a_glance_is_as_small_as_its_classifier_takes_it() -> None:
    short, long = (cut(picture(), box(20, 30, right, 50), on_its_side=False).glance() for right in (50, 190))
    assert short.pixels.shape == (48, 72, 3) and short.length == 1.5
    assert long.pixels.shape == (48, 192, 3) and long.length == 8.5
