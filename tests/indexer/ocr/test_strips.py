"""Strips of a picture: cut out, divided, and what is where in them."""

import numpy as np
import pytest

from indexer.media.types import Picture
from indexer.ocr.lines import Quad
from indexer.ocr.strips import Strip, column, cut, lying, pieces, spans


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def picture() -> Picture:
    """A picture each of whose pixels tells its place."""
    rows, columns = np.mgrid[0:120, 0:200]
    return np.stack([rows, columns, rows * 0], axis=2).astype(np.uint8)


def test_a_wide_box_is_cut_out_as_it_lies() -> None:
    strip = cut(picture(), box(20, 30, 120, 50), on_its_side=False)
    assert strip.pixels.shape == (20, 100, 3)
    assert not strip.tall
    assert strip.pixels[0, 0, :2].tolist() == pytest.approx([30, 20], abs=1)
    assert strip.pixels[19, 99, :2].tolist() == pytest.approx([49, 119], abs=1)


def test_a_tall_box_is_laid_down_and_its_corners_follow_the_reader() -> None:
    strip = cut(picture(), box(20, 10, 40, 110), on_its_side=False)
    assert strip.pixels.shape == (20, 100, 3)
    assert strip.tall
    # Its right edge is on top now: it begins at the top right of the picture's box.
    assert strip.pixels[0, 0, :2].tolist() == pytest.approx([10, 39], abs=1)
    assert strip.corners[0].tolist() == [40, 10]


def test_a_single_digit_lies_as_its_page_does() -> None:
    digit = box(20, 10, 40, 50)
    assert not cut(picture(), digit, on_its_side=False).tall
    assert cut(picture(), digit, on_its_side=True).tall


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


def test_the_signs_of_a_column_are_set_upright_beside_each_other() -> None:
    """Three signs, each with another of its edges missing, so that it tells how it stands."""
    signs = []
    for missing in (np.s_[:, -4:], np.s_[-4:, :], np.s_[:, :4]):
        sign = np.full((24, 24, 3), 255, np.uint8)
        sign[2:22, 2:22] = 0
        sign[missing] = 255
        signs.append(sign)
    upright = np.pad(np.vstack(signs), ((6, 6), (5, 5), (0, 0)), constant_values=255)
    line, start, end = column(np.rot90(upright))
    assert line.shape[1] > 2.5 * line.shape[0]
    assert start == pytest.approx(6 / 84, abs=0.06) and end == pytest.approx(78 / 84, abs=0.06)
    cells = np.array_split(line[:, :, 0] == 0, 3, axis=1)
    assert [np.ptp(np.nonzero(cell)[1]) + 1 for cell in cells] == pytest.approx([18, 20, 18], abs=1)
    assert [np.ptp(np.nonzero(cell)[0]) + 1 for cell in cells] == pytest.approx([20, 18, 20], abs=1)


def test_a_blank_column_stays_as_it_is() -> None:
    strip = Strip(np.full((20, 90, 3), 200, np.uint8), box(0, 0, 90, 20), tall=True)
    line, start, end = column(strip.pixels)
    assert line.shape == strip.pixels.shape
    assert (start, end) == (0.0, 1.0)
