"""Faces in Picasa's files."""

from pathlib import Path

import pytest

from db.errors import DecodeError, UnreadableError
from indexer.media.words.picasa import of_picture

INI = """[Picasa]
name=Holiday 50%
[Contacts2]
8e62398ebda8c1a5=Anna Berg;;
0a=Ben;ben@example.org;
[IMG_1.JPG]
rotate=rotate(1)
faces=rect64(3f845bcb59418507),8e62398ebda8c1a5;rect64(1999333340004000),000000000000000a;rect64(0),ffffffffffffffff
backuphash=4
[img_2.jpg]
star=yes
faces=rect64(80008000ffff),8E62398EBDA8C1A5;rect64(4000400020002000),0a
"""


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    path = tmp_path / ".picasa.ini"
    path.write_bytes(INI.replace("\n", "\r\n").encode("utf-8-sig"))
    return path


def test_the_faces_of_a_picture_have_names_and_places(ini: Path) -> None:
    anna, ben = of_picture(ini, "IMG_1.JPG")
    assert (anna.key, anna.value, ben.value) == ("person", "Anna Berg", "Ben")
    edges = [int(side, 16) / 0xFFFF for side in ("3f84", "5bcb", "5941", "8507")]
    assert anna.region == pytest.approx((edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]))
    assert ben.region == pytest.approx((0.1, 0.2, 0.15, 0.05), abs=1e-4)


def test_numbers_without_their_zeros_and_boxes_of_no_size(ini: Path) -> None:
    (anna,) = of_picture(ini, "IMG_2.jpg")
    assert anna.region == pytest.approx((0.0, 0.5, 0.5, 0.5), abs=1e-4)


def test_who_is_not_in_it_and_what_is_no_such_file(ini: Path, tmp_path: Path) -> None:
    assert of_picture(ini, "IMG_3.JPG") == []
    damaged = tmp_path / "picasa.ini"
    damaged.write_bytes(b"faces=rect64(1)\n[a.jpg")
    with pytest.raises(DecodeError, match="no file of Picasa"):
        of_picture(damaged, "a.jpg")
    with pytest.raises(UnreadableError):
        of_picture(tmp_path, "a.jpg")
