"""Thumbnails: made once, upright, and anew when the file changes."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.errors import DecodeError, QueryError, UnreadableError
from db.files import is_intact
from indexer.media.pool import DecodePool
from indexer.media.thumbnails import keep, part, region_of, thumbnail
from tests.support import media

SIDE = 64


Make = Callable[..., Path]


@pytest.fixture
def make(decoders: DecodePool) -> Make:
    """``make(path, cache, at_s=None)`` gives the thumbnail of a file."""

    def make(path: Path, cache: Path, at_s: float | None = None) -> Path:
        return thumbnail(path, at_s, cache=cache, side=SIDE, max_megapixels=100, decoders=decoders)

    return make


@pytest.mark.parametrize("suffix", [".jpg", ".heic", ".tiff", ".dng"])
def test_a_picture_becomes_a_small_upright_jpeg(suffix: str, tmp_path: Path, make: Make) -> None:
    if suffix == ".dng":
        path = media.raw_photo(tmp_path / "photo.dng", 1)
    else:
        path = media.photo(tmp_path / f"photo{suffix}", media.scene(1), exif=media.exif(orientation=6))
    with Image.open(make(path, tmp_path / "cache")) as small:
        assert small.format == "JPEG"
        assert min(small.size) == SIDE
        if suffix == ".jpg":
            assert small.height > small.width


def test_a_video_is_shown_at_its_moment(tmp_path: Path, make: Make) -> None:
    film = media.video(tmp_path / "film.mp4", scenes=(1, 2), scene_s=2.0)
    first, second = (make(film, tmp_path / "cache", at_s) for at_s in (1.0, 3.0))
    assert first != second
    with Image.open(first) as image:
        expected = Image.fromarray(media.scene(1)).resize(image.size)
        difference = sum(abs(a - b) for a, b in zip(image.tobytes(), expected.tobytes(), strict=True)) / len(
            expected.tobytes()
        )
    assert difference < 12


def test_it_is_made_once_until_the_file_changes(tmp_path: Path, make: Make) -> None:
    path = media.photo(tmp_path / "photo.jpg", media.scene(1))
    first = make(path, tmp_path / "cache")
    made_ns = first.stat().st_mtime_ns
    assert make(path, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == made_ns
    media.photo(path, media.scene(2))
    os.utime(path, ns=(1, 1))
    assert make(path, tmp_path / "cache") != first


def test_what_cannot_be_shown_says_why(tmp_path: Path, make: Make) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no more")
    with pytest.raises(DecodeError):
        make(broken, tmp_path / "cache")
    with pytest.raises(UnreadableError):
        make(tmp_path / "gone.jpg", tmp_path / "cache")
    (tmp_path / "file").touch()
    path = media.photo(tmp_path / "photo.jpg", media.scene(1))
    with pytest.raises(UnreadableError, match="cannot be saved"):
        make(path, tmp_path / "file")
    assert not list((tmp_path / "cache").rglob("*.*"))


def test_every_damage_to_a_kept_thumbnail_is_noticed_and_mended(tmp_path: Path, make: Make) -> None:
    path = media.photo(tmp_path / "photo.jpg", 1, size=(40, 30))
    kept = make(path, tmp_path / "cache")
    whole = kept.read_bytes()
    with Image.open(kept) as image:
        image.load()
    damaged = [whole[:length] for length in range(0, len(whole), 7)]
    damaged += [whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :] for at in range(0, len(whole), 13)]
    for number, wrong in enumerate(damaged):
        kept.write_bytes(wrong)
        assert not is_intact(kept)
        if number % 40 == 0:
            assert make(path, tmp_path / "cache") == kept
            assert kept.read_bytes() == whole


def test_what_is_left_of_a_thumbnail_is_made_anew_by_the_next_look(tmp_path: Path) -> None:
    path = media.photo(tmp_path / "photo.jpg", 1, size=(40, 30))
    for _ in range(2):
        keep(np.zeros((30, 40, 3), np.uint8), path, None, cache=tmp_path / "cache")
        [kept] = (tmp_path / "cache").rglob("*.jpg")
        assert is_intact(kept)
        kept.write_bytes(b"")


def test_a_part_is_cut_out_of_the_upright_picture(tmp_path: Path, decoders: DecodePool) -> None:
    plain = Image.new("RGB", (40, 20), "white")
    plain.paste("red", (30, 0, 40, 20))
    photo = tmp_path / "photo.png"
    plain.save(photo)
    made = part(photo, region_of([0.75, 0, 0.25, 1]), cache=tmp_path, max_megapixels=1, decoders=decoders)
    with Image.open(made) as cut:
        assert cut.size == (10, 20)
        red, green, blue = cut.convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert red > 240
    assert max(green, blue) < 15
    again = part(photo, region_of([0, 0, 1, 1]), cache=tmp_path, max_megapixels=1, decoders=decoders)
    assert again != made


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 0, 1),
        (0, 0, 1, 1, 1),
        (-0.1, 0, 1, 1),
        (0.6, 0, 0.5, 1),
        (0, 0, 0.001, 1),
        (0, 0, float("nan"), 1),
        (0, 0, float("inf"), 1),
        "abcd",
        7,
    ],
)
def test_what_is_no_part_is_refused(numbers: Sequence[float]) -> None:
    with pytest.raises(QueryError, match="no part of a picture"):
        region_of(numbers)
