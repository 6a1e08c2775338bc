"""Pictures: orientation, colour, size, animation and what EXIF says."""

import io
import struct
import zlib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from db.errors import DecodeError
from indexer.media.pool import DecodePool
from indexer.media.reader import probe, read_image
from indexer.media.types import Picture
from tests.support import media

TURNED = {
    1: lambda pixels: pixels,
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: np.transpose(pixels, (1, 0, 2)),
    6: lambda pixels: np.rot90(pixels, 1),
    7: lambda pixels: np.rot90(np.transpose(pixels, (1, 0, 2)), 2),
    8: lambda pixels: np.rot90(pixels, -1),
}
"""How a camera stores an upright picture under each EXIF orientation."""


def read(path: Path, min_side: int = 10_000) -> Picture:
    return read_image(path, min_side=min_side, max_megapixels=50)[1]


def difference(first: Picture, second: Picture) -> float:
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".heic", ".avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    upright = media.scene(5, 120, 80)
    stored = Image.fromarray(np.ascontiguousarray(TURNED[orientation](upright)))
    path = tmp_path / f"turned{suffix}"
    stored.save(path, quality=95, exif=media.exif(orientation=orientation))
    metadata, picture = read_image(path, min_side=10_000, max_megapixels=50)
    assert (metadata.width, metadata.height) == (120, 80)
    assert probe(path) == metadata
    assert picture.shape == upright.shape
    assert picture.dtype == np.uint8
    assert difference(picture, upright) < 5


@pytest.mark.parametrize("suffix", [".jpg", ".heic", ".webp", ".tiff", ".avif"])
def test_what_the_camera_wrote(tmp_path: Path, suffix: str) -> None:
    taken_at = datetime(2019, 8, 7, 18, 30, 15)
    exif = media.exif(taken_at=taken_at, camera=("Canon", "Canon EOS R5"), position=(-33.8568, 151.2153))
    metadata = probe(media.photo(tmp_path / f"photo{suffix}", exif=exif))
    assert metadata.taken_at == taken_at
    assert metadata.camera == "Canon EOS R5"
    assert (metadata.latitude, metadata.longitude) == pytest.approx((-33.8568, 151.2153), abs=1e-4)
    assert (metadata.duration_s, metadata.has_audio, metadata.generated) == (None, False, False)


@pytest.mark.parametrize(
    ("camera", "name"),
    [
        (("Apple", "iPhone 15"), "Apple iPhone 15"),
        (("NIKON CORPORATION", "NIKON D750"), "NIKON D750"),
        (("", "X100"), "X100"),
        (("\0\0", " "), None),
    ],
)
def test_camera_names_are_not_doubled(tmp_path: Path, camera: tuple[str, str], name: str | None) -> None:
    assert probe(media.photo(tmp_path / "photo.jpg", exif=media.exif(camera=camera))).camera == name


@pytest.mark.parametrize(
    ("comment", "is_one"),
    [(b"ASCII\0\0\0Screenshot", True), (b"ASCII\0\0\0My Screenshot", False), (b"", False)],
)
def test_a_picture_of_the_screen_says_so(tmp_path: Path, comment: bytes, is_one: bool) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
    Image.fromarray(media.scene(2)).save(tmp_path / "IMG_1.png", exif=exif.tobytes())
    assert probe(tmp_path / "IMG_1.png").screenshot is is_one


def test_no_position_is_not_the_gulf_of_guinea(tmp_path: Path) -> None:
    metadata = probe(media.photo(tmp_path / "photo.jpg", exif=media.exif(position=(0.0, 0.0))))
    assert (metadata.latitude, metadata.longitude) == (None, None)


@pytest.mark.filterwarnings("ignore")  # Pillow's, of what it cannot read; workers ignore them too
@pytest.mark.parametrize(
    "damage", [b"", b"\xff" * 40, b"\0" * 40, b"II*\0\xff\xff\xff\x7f", b"MM\0*" + b"\1" * 90]
)
def test_damaged_exif_does_not_cost_the_picture(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(media.scene(2)).save(path, exif=b"Exif\0\0" + damage)
    metadata, picture = read_image(path, min_side=64, max_megapixels=50)
    assert metadata.taken_at is None
    assert picture.shape == (64, 85, 3)


def test_drawings_of_our_own_are_known(tmp_path: Path) -> None:
    assert probe(media.photo(tmp_path / "drawn.png", text={"trove:generated": "1"})).generated
    assert not probe(media.photo(tmp_path / "other.png", text={"prompt": "a cat"})).generated


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_every_colour_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    suffix = {"LA": ".png", "P": ".png", "1": ".png", "RGBA": ".png"}.get(mode, ".tiff")
    picture = read(media.photo(tmp_path / f"photo{suffix}", seed=4, mode=mode))
    expected = media.scene(4)
    if mode in ("L", "LA", "1"):
        expected = np.asarray(Image.fromarray(expected).convert("L").convert("RGB"))
    # One bit is a matter of the average only.
    assert difference(picture, expected) < (25 if mode == "P" else 12) or mode == "1"
    assert abs(float(picture.mean()) - float(expected.mean())) < 12


def test_cmyk_jpeg(tmp_path: Path) -> None:
    assert difference(read(media.photo(tmp_path / "print.jpg", seed=4, mode="CMYK")), media.scene(4)) < 12


@pytest.mark.parametrize("white", [255, 1023, 4095, 65535])
def test_deep_grey_levels_keep_their_brightness(tmp_path: Path, white: int) -> None:
    grey = np.asarray(Image.fromarray(media.scene(4)).convert("L")).astype(np.float64)
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    path = tmp_path / "deep.tiff"
    Image.fromarray((grey * white).astype(np.uint16)).save(path)
    assert difference(read(path)[:, :, 0], (grey * 255).astype(np.uint8)) < 2


def test_floating_point_levels(tmp_path: Path) -> None:
    grey = np.linspace(-3, 7, 64 * 64, dtype=np.float32).reshape(64, 64)
    grey[0, 0] = np.nan
    Image.fromarray(grey).save(tmp_path / "heights.tiff")
    picture = read(tmp_path / "heights.tiff")
    assert (int(picture.min()), int(picture.max())) == (0, 255)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif", ".tiff", ".avif", ".heic"])
def test_transparency_is_laid_on_white(tmp_path: Path, suffix: str) -> None:
    pixels = np.dstack([media.scene(3), np.full((240, 320), 255, np.uint8)])
    pixels[100:140, 100:140] = 0
    path = tmp_path / f"hole{suffix}"
    Image.fromarray(pixels).save(path, quality=90)
    picture = read(path)
    assert picture[120, 120].min() > 245
    assert media.corners(picture) == media.UPRIGHT


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".heic", ".dng"])
@pytest.mark.parametrize(
    ("size", "min_side", "expected"),
    [
        ((640, 480), 120, (120, 160)),
        ((640, 480), 480, (480, 640)),
        ((640, 480), 1000, (480, 640)),
        ((480, 640), 100, (133, 100)),
        ((1600, 100), 64, (32, 512)),  # a panorama: the long side is held at 8 times the short one asked for
    ],
)
def test_the_short_side_is_what_was_asked_for(
    tmp_path: Path, suffix: str, size: tuple[int, int], min_side: int, expected: tuple[int, int]
) -> None:
    metadata, picture = read_image(
        media.photo(tmp_path / f"photo{suffix}", size=size), min_side=min_side, max_megapixels=50
    )
    assert picture.shape == (*expected, 3)
    assert (metadata.width, metadata.height) == size
    assert media.corners(picture) == media.UPRIGHT


def test_shrinking_while_decoding_changes_little(tmp_path: Path) -> None:
    path = media.photo(tmp_path / "large.jpg", seed=6, size=(2400, 1800))
    with Image.open(path) as image:
        whole = np.asarray(image.resize((299, 224), Image.Resampling.BICUBIC), dtype=np.float64).ravel()
    small = read(path, 224).astype(np.float64).ravel()
    assert whole @ small / np.linalg.norm(whole) / np.linalg.norm(small) > 0.999


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animation_shows_its_first_frame_that_is_not_blank(tmp_path: Path, suffix: str) -> None:
    blank = np.zeros((240, 320, 3), np.uint8)
    later = media.animation(tmp_path / f"fades{suffix}", [blank, blank + 255, media.scene(7), media.scene(8)])
    assert difference(read(later), media.scene(7)) < 12
    never = media.animation(tmp_path / f"empty{suffix}", [blank, blank + 1, blank + 2])
    assert read(never).max() < 8
    first = media.animation(tmp_path / f"first{suffix}", [media.scene(7), media.scene(8)])
    assert difference(read(first), media.scene(7)) < 12


def test_camera_raw_is_developed_or_shown_by_its_preview(tmp_path: Path) -> None:
    # Twice as large as asked for: every 2 by 2 sensor cells become one pixel.
    half = read(media.raw_photo(tmp_path / "half.dng", seed=3, size=(640, 480)), 240)
    assert difference(half, media.scene(3)) < 40
    preview = media.raw_photo(tmp_path / "preview.dng", seed=3, size=(640, 480), preview=(320, 240))
    assert difference(read(preview, 240), media.scene(3)) < 5
    # Too small a preview is of no use.
    assert read(preview, 400).shape == (400, 533, 3)


@pytest.mark.parametrize("preview", [None, (320, 240)])
@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, "top left"), (3, "top left"), (6, "bottom left"), (8, "top right")]
)
def test_camera_raw_is_turned(
    tmp_path: Path, preview: tuple[int, int] | None, orientation: int, corner: str
) -> None:
    path = media.raw_photo(tmp_path / "turned.dng", 3, (640, 480), orientation=orientation, preview=preview)
    metadata, picture = read_image(path, min_side=240, max_megapixels=50)
    turned = orientation in (6, 8)
    assert picture.shape == ((320, 240, 3) if turned else (240, 320, 3))
    assert (metadata.width, metadata.height) == ((480, 640) if turned else (640, 480))
    if orientation != 3:
        assert media.corners(picture)["top left"] == corner
    assert metadata.camera == "Trove Testcamera 1"
    assert metadata.taken_at == datetime(2021, 7, 8, 9, 10, 11)


def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    )
    with pytest.raises(DecodeError, match="more pixels than this process lets Pillow open"):
        read(bomb)
    allowed = r"3,600 megapixels \(60000 by 60000\), more than the 50 allowed"
    with DecodePool(1, 30.0, 1024) as pool, pytest.raises(DecodeError, match=allowed):
        pool.run(read_image, bomb, min_side=64, max_megapixels=50.0)
    for suffix in (".jpg", ".dng"):
        with pytest.raises(DecodeError, match="megapixels"):
            read_image(media.photo(tmp_path / f"photo{suffix}"), min_side=64, max_megapixels=0.05)


def test_pictures_with_several_images_show_the_first(tmp_path: Path) -> None:
    for name, kind in (("phone.jpg", "MPO"), ("scan.tiff", "TIFF")):
        first, second = (Image.fromarray(media.scene(seed)) for seed in (1, 2))
        first.save(tmp_path / name, kind, save_all=True, append_images=[second])
        assert difference(read(tmp_path / name), media.scene(1)) < 5


def test_memory_of_the_picture_is_its_own(tmp_path: Path) -> None:
    picture = read(media.photo(tmp_path / "photo.png"))
    buffer = io.BytesIO()
    np.save(buffer, picture)
    assert buffer.tell() < picture.nbytes + 1000
