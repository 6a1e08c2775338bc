"""Motion photos: the film that is appended to a picture is found, heard and played."""

from pathlib import Path

import pytest

from indexer.media.clips import clip
from indexer.media.pool import DecodePool
from indexer.media.reader import probe, read_audio, read_image
from tests.support import media


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of film with a tone."""
    return media.video(
        tmp_path_factory.mktemp("film") / "film.mp4", [5], 1.0, size=(64, 64), audio=media.tone(1.0)
    )


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("a.jpg", "google"),
        ("b.jpg", "micro video"),
        ("c.jpg", "samsung"),
        ("d.heic", "google"),
        ("e.heic", "box"),
        ("f.heic", "behind"),
    ],
)
def test_the_film_is_found_and_heard(tmp_path: Path, film: Path, name: str, way: str) -> None:
    path = media.motion_photo(tmp_path / name, film, way)
    header = probe(path)
    assert header.kind == "image"
    assert header.film is not None
    assert path.read_bytes()[header.film[0] :][: header.film[1]] == film.read_bytes()
    assert header.has_audio
    assert abs(read_audio(path, 0.0, 10.0)).max() > 0.3
    assert read_image(path, min_side=64, max_megapixels=1.0)[0].width == 320


def test_what_is_no_film_is_none(tmp_path: Path, film: Path) -> None:
    plain = media.photo(tmp_path / "plain.jpg")
    assert probe(plain).film is None
    assert not probe(plain).has_audio
    cut = media.motion_photo(tmp_path / "cut.jpg", film)
    cut.write_bytes(cut.read_bytes()[:-300])
    assert probe(cut).film is None, "its length leads to what is no film"
    broken = media.motion_photo(tmp_path / "broken.jpg", film)
    data = broken.read_bytes()
    broken.write_bytes(data[: -film.stat().st_size + 40] + bytes(film.stat().st_size - 40))
    assert probe(broken).film is None
    for length in (0, 8, 20, 300):
        odd = tmp_path / f"odd{length}.jpg"
        odd.write_bytes(plain.read_bytes() + b"SEFH" + bytes(8) + length.to_bytes(4, "little") + b"SEFT")
        assert probe(odd).film is None


def test_it_is_played_as_a_clip(tmp_path: Path, film: Path, decoders: DecodePool) -> None:
    path = media.motion_photo(tmp_path / "a.jpg", film)
    made = clip(path, 0.0, cache=tmp_path / "clips", decoders=decoders)
    assert probe(made.path).kind == "video"
    assert probe(made.path).duration_s == pytest.approx(1.0, abs=0.2)
