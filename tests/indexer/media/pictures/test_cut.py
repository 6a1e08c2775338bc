"""Pictures that are damaged or cut short: what can be decoded of them is shown, and said to be a part."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pylibjxl
import pytest
from PIL import Image

from db.catalog import facts
from db.errors import DecodeError
from db.library import Library
from indexer.analysers.headers import Headers
from indexer.media.reader import probe, read_image, read_stills
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


@pytest.mark.parametrize(
    ("name", "options", "share", "seen"),
    [
        ("photo.heic", {"quality": 90}, 0.3, 0.25),
        ("photo.heic", {"quality": 90}, 0.95, 0.9),
        ("photo.webp", {"quality": 90}, 0.6, 0.4),
        ("photo.webp", {"quality": 90}, 0.95, 0.7),
        ("photo.webp", {"lossless": True}, 0.3, 0.28),
        ("photo.webp", {"lossless": True}, 0.6, 0.55),
        ("photo.webp", {"lossless": True}, 0.95, 0.7),
    ],
)
def test_decoders_that_want_all_get_zeros_for_what_is_missing(
    tmp_path: Path, name: str, options: dict[str, object], share: float, seen: float
) -> None:
    path = picture(tmp_path / name, **options)
    header, whole = read(path)
    assert header.note is None
    header, part = read(cut(path, share))
    assert (header.note, header.width, header.height) == (NOTE, *SIZE)
    assert probe(path) == header
    assert seen <= rows_as(whole, part) <= share + 0.05


def packed_tiff(path: Path, rows: int = 40, order: str = "<") -> Path:
    """A packed TIFF whose directory comes first, as Photoshop writes it; libtiff writes it last."""
    pixels = media.scene(3, *SIZE)
    strips = [zlib.compress(pixels[start : start + rows].tobytes()) for start in range(0, SIZE[1], rows)]
    first, count = 512, len(strips)
    starts = [first + sum(map(len, strips[:number])) for number in range(count)]
    entries = (
        *((256, 4, 1, SIZE[0]), (257, 4, 1, SIZE[1]), (258, 3, 3, 200), (259, 3, 1, 8), (262, 3, 1, 2)),
        *((273, 4, count, 220), (277, 3, 1, 3), (278, 4, 1, rows), (279, 4, count, 320)),
    )
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "LH", 8, len(entries))
    for tag, kind, number, value in entries:
        short = kind == 3 and number == 1
        head += struct.pack(order + "HHL", tag, kind, number) + struct.pack(
            order + ("HH" if short else "L"), *((value, 0) if short else (value,))
        )
    data = bytearray(head.ljust(first, b"\0"))
    struct.pack_into(order + "3H", data, 200, 8, 8, 8)
    struct.pack_into(f"{order}{count}L", data, 220, *starts)
    struct.pack_into(f"{order}{count}L", data, 320, *map(len, strips))
    path.write_bytes(bytes(data) + b"".join(strips))
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_whole_strips_of_a_cut_packed_tiff_are_shown(tmp_path: Path, share: float, order: str) -> None:
    path = packed_tiff(tmp_path / "scan.tif", order=order)
    header, whole = read(path)
    assert (header.note, media.corners(whole)) == (None, media.UPRIGHT)
    header, part = read(cut(path, share))
    assert (header.note, header.width, header.height) == (NOTE, *SIZE)
    assert rows_as(whole, part) == pytest.approx(share, abs=0.13)
    assert part[-1].max() == 0


def test_what_cannot_be_shown_of_a_cut_picture_is_said_to_be_cut(tmp_path: Path) -> None:
    last = picture(tmp_path / "last.tif", compression="tiff_lzw")
    tiny = picture(tmp_path / "tiny.webp", quality=90)
    for path, share in ((last, 0.9), (tiny, 0.05), (picture(tmp_path / "photo.avif", quality=90), 0.9)):
        size = path.stat().st_size
        with pytest.raises(
            DecodeError, match=r"^the picture is cut short, of at least [\d,]+ bytes [\d,]+ are there: "
        ):
            read(cut(path, share))
        assert path.stat().st_size < size
    jxl = tmp_path / "photo.jxl"
    jxl.write_bytes(pylibjxl.encode(media.scene(3, *SIZE), exif=media.exif(1)[6:]))
    with pytest.raises(DecodeError, match=r"cut short"):
        read(cut(jxl, 0.9))


def test_a_picture_that_is_damaged_is_not_said_to_be_cut(tmp_path: Path) -> None:
    path = picture(tmp_path / "photo.avif")
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 8
    data[at : at + 400] = bytes(range(200)) * 2
    path.write_bytes(data)
    with pytest.raises(DecodeError) as caught:
        read(path)
    assert "of at least" not in str(caught.value)


def test_the_frames_of_a_cut_animated_webp_that_are_whole_are_shown(tmp_path: Path) -> None:
    path = media.animation(tmp_path / "moving.webp", [media.scene(seed) for seed in (1, 2, 3, 4)])
    header = probe(cut(path, 0.8))
    assert (header.kind, header.note, header.duration_s) == ("video", NOTE, pytest.approx(0.3))
    assert len(read_stills(path, 0.0, 9.0, min_side=240)) == 3


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.gif", "photo.webp", "photo.heic"])
def test_a_picture_of_which_nothing_is_there_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    path = cut(picture(tmp_path / name), 0.02) if name != "photo.png" else picture(tmp_path / name)
    if name == "photo.png":
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DecodeError, match=r"^(the picture is (damaged or )?cut|not a picture)[^\n]+$"):
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
    tmp_path: Path, suffix: str, forbid_decoding: Callable[[], None]
) -> None:
    path = media.photo(tmp_path / f"photo{suffix}", exif=media.exif(6, camera=("A", "B")))
    expected, _ = read(path)
    forbid_decoding()
    assert probe(path) == expected


def test_it_is_said_of_a_picture_in_the_library_also_when_its_header_is_read_anew(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    path = cut(picture(folder / "photo.jpg"), 0.6)
    report = index(library, [folder])
    assert (report.failed, report.units["image"]) == (0, 1)
    assert note_of(library, path) == NOTE
    monkeypatch.setattr(Headers, "fingerprint", "another")
    assert index(library).indexed == 1
    assert note_of(library, path) == NOTE


def note_of(library: Library, path: Path) -> object:
    with library.read() as session:
        return facts.of_file(session, path.resolve())["note"].value
