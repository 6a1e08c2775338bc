"""What is particular in some readers: second tries, previews of unknown cameras, levels, and bombs."""

import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pylibjxl
import pytest
from PIL import Image

from db.errors import DecodeError
from indexer.media.pool import DecodePool
from indexer.media.reader import probe, read_image
from indexer.media.types import Metadata, Picture
from tests.support import media
from tests.support.mutants import most_memory_mb

PREVIEW = "the photograph itself cannot be developed: the preview that the camera put into it is shown"


def read(path: Path, min_side: int = 10_000) -> tuple[Metadata, Picture]:
    return read_image(path, min_side=min_side, max_megapixels=50)


def difference(first: Picture, second: Picture) -> float:
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


def without_alpha_size(data: bytes) -> bytes:
    """An AVIF as older writers wrote it: the size of its transparency is not stated."""
    at = data.index(b"ipco") + 4
    end, number, place = data.index(b"ipco") - 4 + int.from_bytes(data[at - 8 : at - 4], "big"), 0, 0
    while at < end:
        number += 1
        if data[at + 4 : at + 8] == b"ispe":
            place = number
        at += int.from_bytes(data[at : at + 4], "big")
    assert place, "its picture and its transparency have one size"
    start = data.index(b"ipma") + 12
    assert int.from_bytes(data[start : start + 2], "big") == 1
    count = data[start + 2]
    second = start + 3 + count
    assert int.from_bytes(data[second : second + 2], "big") == 2
    changed = bytearray(data)
    for index in range(second + 3, second + 3 + data[second + 2]):
        if changed[index] & 0x7F == place:
            changed[index] = changed[second + 4]  # another one twice
    assert bytes(changed) != data
    return bytes(changed)


def test_an_avif_of_an_older_writer_is_read_by_another_decoder(tmp_path: Path) -> None:
    pixels = np.dstack([media.scene(3), np.full((240, 320), 255, np.uint8)])
    pixels[100:140, 100:140] = 0
    path = tmp_path / "old.avif"
    Image.fromarray(pixels).save(path, quality=95)
    path.write_bytes(without_alpha_size(path.read_bytes()))
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(path)
    header, picture = read(path)
    assert (header.width, header.height) == (320, 240)
    assert probe(path) == header
    assert media.corners(picture) == media.UPRIGHT
    assert picture[120, 120].min() > 245


@pytest.mark.parametrize("suffix", [".nef", ".cr3", ".raf", ".dng"])
def test_a_camera_that_is_not_known_is_seen_by_its_preview(tmp_path: Path, suffix: str) -> None:
    small, large = (io.BytesIO() for _ in range(2))
    Image.fromarray(media.scene(3, 160, 120)).save(small, "JPEG")
    Image.fromarray(media.scene(3, 640, 480)).save(large, "JPEG", quality=95, exif=media.exif(8))
    noise = np.random.default_rng(1).integers(0, 200, 50_000, dtype=np.uint8).tobytes()
    path = tmp_path / f"new{suffix}"
    path.write_bytes(b"NEWCAM01" + bytes(92) + small.getvalue() + noise + large.getvalue() + noise)
    header, picture = read(path, 240)
    assert header.note == PREVIEW
    assert (header.width, header.height) == (480, 640)
    assert probe(path) == header
    assert difference(np.rot90(picture, -1), media.scene(3, 320, 240)) < 5
    path.write_bytes(b"NEWCAM01" + noise)
    with pytest.raises(DecodeError, match="camera that is not known"):
        read(path)


def test_a_raw_photograph_that_is_cut_short_is_seen_by_its_preview(tmp_path: Path) -> None:
    path = media.raw_photo(tmp_path / "cut.dng", 3, (640, 480), preview=(320, 240))
    data = path.read_bytes()
    at = data.index(b"\xff\xd8\xff")
    # The preview first, as cameras write it, then half of the photograph.
    path.write_bytes(b"II*\0" + bytes(60) + data[at:] + data[2048:300_000])
    header, picture = read(path, 240)
    assert header.note == PREVIEW
    assert difference(picture, media.scene(3)) < 5


def test_temperatures_use_all_levels(tmp_path: Path) -> None:
    heat = np.asarray(Image.fromarray(media.scene(4)).convert("L")).astype(np.float64)
    heat = (heat - heat.min()) / np.ptp(heat)
    levels = (6800 + heat * 900).astype(np.uint16)
    levels[5, 5], levels[6, 6] = 65_535, 0  # a hot pixel and a dead one
    for suffix in (".tiff", ".png"):
        path = tmp_path / f"thermal{suffix}"
        Image.fromarray(levels[10:]).save(path)
        assert difference(read(path)[1][:, :, 0], (heat[10:] * 255).astype(np.uint8)) < 4


def test_a_bmp_has_transparency_only_where_its_fourth_bytes_differ(tmp_path: Path) -> None:
    pixels = media.scene(3, 64, 48)
    head = struct.pack("<2sIHHI", b"BM", 54 + 64 * 48 * 4, 0, 0, 54)
    head += struct.pack("<IiiHHIIiiII", 40, 64, -48, 1, 32, 0, 0, 2835, 2835, 0, 0)
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[20:30, 20:30] = 0
    for fourth, hole in ((alpha, True), (alpha * 0, False), (alpha | 255, False)):
        path = tmp_path / "picture.bmp"
        path.write_bytes(head + np.dstack([pixels[:, :, ::-1], fourth]).tobytes())
        _, picture = read(path)
        assert bool(picture[25, 25].min() == 255) is hole
        assert (picture[40, 40] == pixels[40, 40]).all()


def test_what_another_program_wrote_into_jpeg_xl_is_known(tmp_path: Path) -> None:
    path = tmp_path / "photo.jxl"
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    xmp += b"<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title><rdf:Alt>"
    xmp += b"<rdf:li>Ein Hund</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    exif = media.exif(camera=("Canon", "Canon EOS R5"), position=(10.0, 20.0)).removeprefix(b"Exif\0\0")
    path.write_bytes(pylibjxl.encode(media.scene(1), exif=exif, xmp=xmp))
    header, _ = read(path)
    assert (header.camera, header.latitude) == ("Canon EOS R5", pytest.approx(10.0))
    assert [word.value for word in header.words if word.key == "title"] == ["Ein Hund"]


def test_a_library_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.jxl"
    path.write_bytes(pylibjxl.encode(media.scene(1)))
    monkeypatch.delitem(sys.modules, "indexer.media.pictures.jxl", raising=False)
    monkeypatch.setitem(sys.modules, "pylibjxl", None)
    with pytest.raises(DecodeError, match="the package pylibjxl is missing"):
        read(path)


# --- bombs of the formats that have readers of their own


def jpeg_xl(side: int) -> bytes:
    """The header of a JPEG XL (ISO/IEC 18181-1): its size, and that all else is as usual."""
    bits = "0" + "11" + f"{side - 1:030b}"[::-1] + "000" + "11" + f"{side - 1:030b}"[::-1] + "1"
    number = int(bits[::-1], 2)
    return b"\xff\x0a" + number.to_bytes(64, "little")


def _patched(suffix: str, mark: bytes, skip: int, size: bytes) -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        path = folder / f"small{suffix}"
        Image.fromarray(media.scene(1, 64, 64)).save(path)
        data = bytearray(path.read_bytes())
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + skip : at + skip + len(size)] = size
        return bytes(data)

    return make


def _png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


def _icon(_: Path) -> bytes:
    picture = _png(60_000)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(picture), 22) + picture


_BOMBS: dict[str, Callable[[Path], bytes]] = {
    "largest.jxl": lambda _: jpeg_xl(1 << 30),
    "large.jxl": lambda _: jpeg_xl(17_000),
    "picture.jp2": _patched(".jp2", b"\xff\x51", 6, struct.pack(">II", 100_000, 100_000)),
    "picture.j2k": _patched(".j2k", b"\xff\x51", 6, struct.pack(">II", 17_000, 17_000)),
    "picture.tga": _patched(".tga", bytes((0, 0, 2)), 12, struct.pack("<HH", 65_535, 65_535)),
    "picture.psd": lambda _: struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 30_000, 30_000, 8, 3) + bytes(64),
    "icon.ico": _icon,
    "big.tif": lambda _: (
        struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, 2)
        + struct.pack("<HHQQHHQQ", 256, 4, 1, 99_999, 257, 4, 1, 99_999)
        + bytes(8)
    ),
}


@pytest.mark.parametrize("name", _BOMBS)
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(_BOMBS[name](tmp_path))
    with DecodePool(1, 20.0, 4096) as pool:
        with pytest.raises(DecodeError, match=r"megapixels|damaged|not a picture"):
            pool.run(read_image, path, min_side=64, max_megapixels=300)
        assert pool.run(most_memory_mb) < 200
