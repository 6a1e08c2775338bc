"""Thumbnails: made once, upright, and anew when the file changes."""

import os
from pathlib import Path

import media
import pytest
from PIL import Image

from db.errors import DecodeError, UnreadableError
from search.thumbnails import thumbnail

SIDE = 64


def _thumbnail(path: Path, cache: Path, at_s: float | None = None) -> Path:
    return thumbnail(path, at_s, cache=cache, side=SIDE, max_megapixels=100)


@pytest.mark.parametrize("suffix", [".jpg", ".heic", ".tiff", ".dng"])
def test_a_picture_becomes_a_small_upright_jpeg(suffix: str, tmp_path: Path) -> None:
    if suffix == ".dng":
        path = media.raw_photo(tmp_path / "photo.dng", 1)
    else:
        path = media.photo(tmp_path / f"photo{suffix}", media.scene(1), exif=media.exif(orientation=6))
    with Image.open(_thumbnail(path, tmp_path / "cache")) as small:
        assert small.format == "JPEG"
        assert min(small.size) == SIDE
        if suffix == ".jpg":
            assert small.height > small.width


def test_a_video_is_shown_at_its_moment(tmp_path: Path) -> None:
    film = media.video(tmp_path / "film.mp4", scenes=(1, 2), scene_s=2.0)
    first, second = (_thumbnail(film, tmp_path / "cache", at_s) for at_s in (1.0, 3.0))
    assert first != second
    with Image.open(first) as image:
        expected = Image.fromarray(media.scene(1)).resize(image.size)
        difference = sum(abs(a - b) for a, b in zip(image.tobytes(), expected.tobytes(), strict=True)) / len(
            expected.tobytes()
        )
    assert difference < 12


def test_it_is_made_once_until_the_file_changes(tmp_path: Path) -> None:
    path = media.photo(tmp_path / "photo.jpg", media.scene(1))
    first = _thumbnail(path, tmp_path / "cache")
    made_ns = first.stat().st_mtime_ns
    assert _thumbnail(path, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == made_ns
    media.photo(path, media.scene(2))
    os.utime(path, ns=(1, 1))
    assert _thumbnail(path, tmp_path / "cache") != first


def test_what_cannot_be_shown_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no more")
    with pytest.raises(DecodeError):
        _thumbnail(broken, tmp_path / "cache")
    with pytest.raises(UnreadableError):
        _thumbnail(tmp_path / "gone.jpg", tmp_path / "cache")
    (tmp_path / "file").touch()
    path = media.photo(tmp_path / "photo.jpg", media.scene(1))
    with pytest.raises(UnreadableError, match="cannot be saved"):
        _thumbnail(path, tmp_path / "file")
    assert not list((tmp_path / "cache").rglob("*.*"))
