"""Pictures that are damaged or cut short: what can be decoded of them is shown, and said to be a part."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from db.catalog import facts
from db.errors import DecodeError
from db.library import Library
from indexer.media.reader import probe, read_image
from indexer.media.types import Metadata, Picture
from indexer.pipeline import index
from tests.support import media

SIZE = (640, 480)
NOTE = "damaged or cut short: what could be decoded is shown"


def read(path: Path, min_side: int = 240) -> tuple[Metadata, Picture]:
    return read_image(path, min_side=min_side, max_megapixels=50)


def cut(path: Path, share: float) -> Path:
    """The beginning of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    return path


def rows_as(whole: Picture, part: Picture) -> float:
    """The share of the rows that a picture and a part of it have in common."""
    return float((np.abs(whole.astype(int) - part).max(axis=(1, 2)) < 30).mean())


def picture(path: Path, **options: object) -> Path:
    Image.fromarray(media.scene(3, *SIZE)).save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.bmp", "photo.tiff"])
def test_what_is_there_of_a_cut_picture_is_shown(tmp_path: Path, name: str, share: float) -> None:
    path = picture(tmp_path / name)
    header, whole = read(path)
    assert header.note is None
    header, part = read(cut(path, share))
    assert header.note == NOTE
    assert (header.width, header.height) == SIZE
    assert rows_as(whole, part) == pytest.approx(share, abs=0.08)


def test_a_cut_progressive_jpeg_is_seen_whole_and_coarse(tmp_path: Path) -> None:
    path = picture(tmp_path / "photo.jpg", progressive=True)
    _, whole = read(path)
    header, part = read(cut(path, 0.6))
    assert header.note == NOTE
    assert rows_as(whole, part) > 0.7
    assert media.corners(part) == media.UPRIGHT


def test_a_cut_picture_is_turned_upright(tmp_path: Path) -> None:
    path = picture(tmp_path / "photo.jpg", exif=media.exif(6))
    header, part = read(cut(path, 0.97))
    assert (header.note, header.width, header.height) == (NOTE, 480, 640)
    # Its first row as stored is its right side.
    assert media.corners(part)["top right"] == "top left"


def test_a_jpeg_without_its_last_bytes_is_all_there(tmp_path: Path) -> None:
    path = picture(tmp_path / "photo.jpg")
    _, whole = read(path)
    path.write_bytes(path.read_bytes()[:-2])
    header, part = read(path)
    assert header.note in (None, NOTE)
    assert rows_as(whole, part) == 1


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.gif", "photo.webp", "photo.heic"])
def test_a_picture_of_which_nothing_is_there_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    path = cut(picture(tmp_path / name), 0.02) if name != "photo.png" else picture(tmp_path / name)
    if name == "photo.png":
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DecodeError, match=r"^(the picture is damaged or cut|not a picture)[^\n]+$"):
        read(path)


def test_a_damaged_stretch_costs_only_what_follows(tmp_path: Path) -> None:
    path = picture(tmp_path / "photo.png")
    _, whole = read(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    header, part = read(path)
    assert header.note == NOTE
    assert rows_as(whole, part) == pytest.approx(0.5, abs=0.1)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(5 << 20))),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(5 << 20))),
        chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(5 << 20))),
    ],
    ids=["text", "international text", "profile"],
)
@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_huge_text_or_profile_costs_no_png(tmp_path: Path, extra: bytes, place: str) -> None:
    path = picture(tmp_path / "photo.png")
    data = path.read_bytes()
    at = 33 if place == "before" else len(data) - 12
    path.write_bytes(data[:at] + extra + data[at:])
    header, shown = read(path)
    assert header.note is None
    assert probe(path) == header
    assert media.corners(shown) == media.UPRIGHT


@pytest.mark.parametrize("suffix", media.IMAGE_SUFFIXES)
def test_the_header_is_read_without_decoding(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = media.photo(tmp_path / f"photo{suffix}", exif=media.exif(6, camera=("A", "B")))
    expected, _ = read(path)

    def load(self: ImageFile.ImageFile) -> None:
        raise AssertionError(f"{self.format} is decoded")

    kinds = [ImageFile.ImageFile]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        monkeypatch.setattr(kind, "load", load)
    assert probe(path) == expected


def test_it_is_said_of_a_picture_in_the_library(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    path = cut(picture(folder / "photo.jpg"), 0.6)
    report = index(library, [folder])
    assert (report.failed, report.units["image"]) == (0, 1)
    with library.read() as session:
        assert facts.of_file(session, path.resolve())["note"].value == NOTE
