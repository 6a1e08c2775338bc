"""Shots of films: where they are cut, and where they are not."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from db.errors import DecodeError
from indexer.analysers.medium import Medium
from indexer.media.pool import DecodePool
from indexer.media.shots import MOST_S, Shot, find_shots
from indexer.media.types import GLIMPSE_SIDE, Glimpse, Grey
from tests.support import media

STEP_S = 0.25


def grey(seed: int) -> Grey:
    return media.scene(seed, 640, 180).mean(axis=2).astype(np.uint8)


def still(seed: int, seconds: float, shift: int = 0) -> Iterator[Grey]:
    """A scene for so long, seen by a camera that moves by ``shift`` pixels from glimpse to glimpse."""
    for number in range(round(seconds / STEP_S)):
        yield grey(seed)[:, shift * number : 320 + shift * number]


def mixed(one: Grey, other: Grey, seconds: float) -> Iterator[Grey]:
    for share in np.linspace(0, 1, round(seconds / STEP_S)):
        yield ((1 - share) * one + share * other).astype(np.uint8)


def found(*parts: Iterator[Grey]) -> list[Shot]:
    pictures = [picture for part in parts for picture in part]
    return list(find_shots((Glimpse(STEP_S * n, one) for n, one in enumerate(pictures)), 30.0))


def spans(shots: list[Shot]) -> list[tuple[float, float]]:
    return [(shot.start_s, shot.end_s) for shot in shots]


def test_shots_begin_where_a_film_is_cut() -> None:
    assert spans(found(still(1, 4), still(2, 1), still(3, 5))) == [(0, 4), (4, 5), (5, 10)]


def test_where_one_dissolves_into_the_next_it_is_the_middle() -> None:
    (first, second) = found(still(1, 4), mixed(grey(1)[:, :320], grey(2)[:, :320], 2), still(2, 4))
    assert first.end_s == second.start_s == pytest.approx(5.0, abs=0.5)


def test_a_fade_to_black_and_back_is_a_boundary_with_the_black_perhaps_by_itself() -> None:
    black = np.zeros((180, 320), np.uint8)
    one, other = grey(1)[:, :320], grey(2)[:, :320]
    shots = found(still(1, 4), mixed(one, black, 1), mixed(black, other, 1), still(2, 4))
    assert len(shots) in (2, 3)
    assert 4.0 <= shots[0].end_s <= shots[-1].start_s <= 6.0


def test_a_film_that_changes_its_size_is_cut_there() -> None:
    shots = found(still(1, 3), (picture[:, 40:280] for picture in still(1, 3)))
    assert spans(shots) == [(0, 3), (3, 6)]
    shapes = [{glimpse.picture.shape for glimpse in shot.glimpses} for shot in shots]
    assert shapes == [{(180, 320)}, {(180, 240)}]


def test_a_camera_that_moves_cuts_nothing() -> None:
    assert len(found(still(1, 10, shift=8))) == 1


def test_noise_and_a_flash_cut_nothing() -> None:
    noise = np.random.default_rng(0)
    pictures = [(one + noise.normal(0, 6, one.shape)).clip(0, 255).astype(np.uint8) for one in still(1, 8)]
    pictures[15] = np.full_like(pictures[15], 250)
    assert len(found(iter(pictures))) == 1


@pytest.mark.slow
def test_a_long_shot_comes_in_pieces() -> None:
    shots = found(still(1, 2.5 * MOST_S), still(2, 5))
    assert [shot.goes_on for shot in shots] == [False, True, True, False]
    assert spans(shots) == [(0, 60), (60, 120), (120, 150), (150, 155)]
    assert sum(len(shot.glimpses) for shot in shots) == 155 / STEP_S


@pytest.mark.parametrize("count", range(8))
def test_films_of_hardly_any_glimpse(count: int) -> None:
    shots = found(iter([grey(1)[:, :320]] * count))
    assert spans(shots) == ([(0, count * STEP_S)] if count else [])


def test_what_could_not_be_decoded_is_in_no_shot() -> None:
    glimpses = [Glimpse(at_s, grey(1)[:, :320]) for at_s in (0, 0.25, 0.5, 60, 60.25, 60.5)]
    shots = list(find_shots(glimpses, 30.0))
    assert spans(shots) == [(0, 0.75), (60, 60.75)]
    assert not shots[1].goes_on


# --- films


def medium(path: Path, decoders: DecodePool) -> Medium:
    return Medium(path, decoders, side=64, max_megapixels=100)


@pytest.mark.parametrize("suffix", media.VIDEO_SUFFIXES)
def test_the_shots_of_a_film(tmp_path: Path, decoders: DecodePool, suffix: str) -> None:
    path = media.video(tmp_path / f"film{suffix}", scenes=[1, 2, 2, 3], scene_s=3.0, key_frame_s=5.0)
    shots = list(medium(path, decoders).shots())
    assert [shot.start_s for shot in shots] == pytest.approx([0, 3, 9], abs=0.3)
    assert [shot.end_s for shot in shots] == pytest.approx([3, 9, 12], abs=0.5)
    assert min(shots[0].glimpses[0].picture.shape) == GLIMPSE_SIDE


def test_shots_go_on_from_one_stretch_to_the_next(tmp_path: Path, decoders: DecodePool) -> None:
    path = media.video(tmp_path / "film.mp4", scenes=[1, 2, 3, 4], scene_s=20.0, fps=5)
    shots = list(medium(path, decoders).shots())
    assert [shot.start_s for shot in shots] == pytest.approx([0, 20, 40, 60], abs=0.3)
    times = [glimpse.at_s for shot in shots for glimpse in shot.glimpses]
    assert np.diff(times).min() > 0
    assert np.diff(times).max() < 1.0


def test_the_stills_at_glimpses_are_what_these_show(tmp_path: Path, decoders: DecodePool) -> None:
    path = media.video(tmp_path / "film.mp4", scenes=range(12), scene_s=1.0)
    film = medium(path, decoders)
    glimpses = [glimpse for shot in film.shots() for glimpse in shot.glimpses]
    stills = list(film.stills_at([glimpse.at_s for glimpse in glimpses], side=180))
    assert [at_s for at_s, _ in stills] == [glimpse.at_s for glimpse in glimpses]
    for (_, picture), glimpse in zip(stills, glimpses, strict=True):
        assert np.abs(picture @ [0.299, 0.587, 0.114] - glimpse.picture).mean() < 6
    assert next(film.stills_at([1.0]))[1].shape == (64, 85, 3)
    assert list(film.stills_at([])) == []


def test_a_slide_show_of_few_frames_keeps_showing_the_one_before(
    tmp_path: Path, decoders: DecodePool
) -> None:
    path = media.video(tmp_path / "slides.mkv", scenes=[1, 2], scene_s=20.0, fps=1, key_frame_s=100.0)
    (first, second) = medium(path, decoders).shots()
    assert second.start_s == pytest.approx(20.0, abs=0.3)
    assert len(first.glimpses) >= 40


def test_the_shots_of_a_film_that_is_cut_short(tmp_path: Path, decoders: DecodePool) -> None:
    whole = media.video(tmp_path / "film.mkv", scenes=[1, 2, 3], scene_s=4.0).read_bytes()
    path = tmp_path / "short.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    shots = list(medium(path, decoders).shots())
    assert shots[0].start_s == 0
    assert 3.0 < shots[-1].end_s < 10.0


def test_what_is_no_film_has_no_shots(tmp_path: Path, decoders: DecodePool) -> None:
    path = media.photo(tmp_path / "photo.jpg")
    with pytest.raises(DecodeError):
        list(medium(path, decoders).shots())
    sound = media.sound(tmp_path / "sound.wav", media.tone(1.0))
    with pytest.raises(DecodeError, match="no video"):
        list(medium(sound, decoders).shots())
