"""Names of files in the Markdown of a page."""

import os

import pytest

from ui.app.resources import plain


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("new\nline.jpg", "new line.jpg"),
        (os.fsdecode(b"latin\xe9.jpg"), "latin\ufffd.jpg"),
        ("\u202egpj.exe", "\ufffdgpj.exe"),
        ("family \U0001f468\u200d\U0001f469.jpg", "family \U0001f468\u200d\U0001f469.jpg"),
    ],
)
def test_every_name_is_shown_in_one_line_that_can_be_sent(name: str, shown: str) -> None:
    assert plain(name).replace("\\", "") == shown
    plain(name).encode()
