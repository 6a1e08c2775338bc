"""Pages of Arabic and Hebrew are put together from the right, their lines being in logical order."""

import numpy as np

from indexer.ocr.blocks import blocks
from indexer.ocr.lines import Line


def line(text: str, left: float, top: float, width: float) -> Line:
    corners = np.array([[0, 0], [width, 0], [width, 20], [0, 20]], np.float32) + np.float32([left, top])
    return Line(text, 0.95, corners, ((0.0, 1.0),))


def texts(lines: list[Line]) -> list[str]:
    return [block.text for block in blocks(lines, 60)]


def test_pieces_of_a_row_are_joined_from_the_right() -> None:
    assert texts([line("לעשן", 0, 0, 60), line("אסור", 70, 0, 60)]) == ["אסור לעשן"]


def test_tables_begin_with_the_right_column() -> None:
    rows = [("خبز", "3"), ("حليب", "12"), ("مجموع", "15")]
    lines = [line(name, 400, 30 * number, 60) for number, (name, _) in enumerate(rows)]
    lines += [line(price, 0, 30 * number, 30) for number, (_, price) in enumerate(rows)]
    assert texts(lines) == ["خبز 3\nحليب 12\nمجموع 15"]


def test_the_right_column_of_prose_is_read_first() -> None:
    first = [line("שורה ראשונה של הטור הימני", 400, 26 * row, 250) for row in range(4)]
    second = [line("שורה אחרת של הטור השמאלי", 0, 26 * row, 250) for row in range(4)]
    right, left = texts(second + first)
    assert right.startswith("שורה ראשונה") and left.startswith("שורה אחרת")


def test_a_latin_row_on_such_a_page_is_still_read_from_the_left() -> None:
    page = [line("אסור לעשן בכל שטח התחנה", 0, 60 * row, 260) for row in (0, 2)]
    page += [line("no", 0, 60, 30), line("smoking", 40, 60, 90)]
    assert "no smoking" in texts(page)


def test_a_hebrew_row_on_a_latin_page_is_read_from_the_right() -> None:
    page = [line("smoking is not allowed here", 0, 60 * row, 260) for row in (0, 2)]
    page += [line("לעשן", 0, 60, 60), line("אסור", 70, 60, 60)]
    assert "אסור לעשן" in texts(page)


def test_thai_lines_are_joined_without_a_space_and_blocks_of_them_end() -> None:
    rows = [line("ห้องสมุดเปิดทุกวัน", 0, 26 * row, 200) for row in range(2)]
    assert texts(rows) == ["ห้องสมุดเปิดทุกวัน" * 2]
    endless = [line("ห้องสมุดเปิดทุกวัน", 0, 26 * row, 200) for row in range(40)]
    assert len(texts(endless)) > 1
