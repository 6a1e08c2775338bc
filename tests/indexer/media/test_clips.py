"""Clips for what browsers cannot play."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from db.errors import DecodeError, QueryError, UnreadableError
from indexer.media.clips import browser_type, clip, cut
from indexer.media.pool import DecodePool
from tests.support import media


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [(".mp4", "video/mp4"), (".mov", "video/mp4"), (".webm", "video/webm"), (".avi", None), (".mkv", None)],
)
def test_which_videos_browsers_play(
    suffix: str, expected: str | None, tmp_path: Path, decoders: DecodePool
) -> None:
    film = media.video(tmp_path / f"film{suffix}", scene_s=1.0, audio=media.tone(2.0))
    assert browser_type(film, decoders) == expected


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        (".mp3", "audio/mpeg"),
        (".m4a", "video/mp4"),
        (".wav", "audio/wav"),
        (".flac", "audio/flac"),
        (".opus", "audio/ogg"),
    ],
)
def test_recordings_play(suffix: str, expected: str, tmp_path: Path, decoders: DecodePool) -> None:
    assert browser_type(media.sound(tmp_path / f"memo{suffix}", media.tone(1.0)), decoders) == expected


def test_a_clip_shows_and_sounds_what_is_there(tmp_path: Path, decoders: DecodePool) -> None:
    film = media.video(tmp_path / "film.avi", scenes=(1, 2, 3), scene_s=4.0, audio=media.tone(12.0), fps=10)
    made = clip(film, 9.0, cache=tmp_path / "cache", decoders=decoders)
    assert made.start_s == 4.0
    assert browser_type(made.path, decoders) == "video/mp4"
    with av.open(str(made.path)) as container:
        duration_s = container.duration / av.time_base
        colours = {
            round(frame.time): media.corners(frame.to_ndarray(format="rgb24"))
            for frame in container.decode(video=0)
        }
        container.seek(0)
        heard_s = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert duration_s == pytest.approx(8.0, abs=0.3)
    assert heard_s == pytest.approx(8.0, abs=0.3)
    assert set(map(str, colours.values())) == {str(media.UPRIGHT)}
    # Asked again, it is the same one.
    assert clip(film, 9.0, cache=tmp_path / "cache", decoders=decoders) == made
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_clip_of_a_slide_show_lasts_as_long_as_it(tmp_path: Path, decoders: DecodePool) -> None:
    film = tmp_path / "slides.mkv"
    with av.open(str(film), "w") as target:
        stream = target.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, at_s in enumerate((0, 3, 6, 9)):
            frame = av.VideoFrame.from_ndarray(media.scene(number))
            frame.pts, frame.time_base = 1000 * at_s, Fraction(1, 1000)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    with av.open(str(clip(film, 0.0, cache=tmp_path, decoders=decoders).path)) as container:
        assert container.duration / av.time_base == pytest.approx(9.0, abs=0.1)
        assert [round(frame.time) for frame in container.decode(video=0)] == [0, 3, 6, 9]


def test_a_turned_film_is_upright(tmp_path: Path, decoders: DecodePool) -> None:
    film = media.video(tmp_path / "film.mp4", scenes=(1,), rotation=90)
    with av.open(str(clip(film, 0.0, cache=tmp_path, decoders=decoders).path)) as container:
        frame = next(container.decode(video=0))
    with av.open(str(film)) as container:
        source = next(container.decode(video=0))
    assert source.rotation == 90
    assert (frame.width, frame.height, frame.rotation) == (source.height, source.width, 0)


def test_a_film_of_high_dynamic_range_says_so_of_its_clip(tmp_path: Path, decoders: DecodePool) -> None:
    film = tmp_path / "film.mkv"
    with av.open(str(film), "w") as target:
        stream = target.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, 18, 9
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(media.scene(1)).reformat(
                format="yuv420p10le", dst_colorspace=9
            )
            frame.pts, frame.time_base = number, Fraction(1, 10)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    made = clip(film, 0.5, cache=tmp_path / "cache", decoders=decoders)
    with av.open(str(made.path)) as container:
        shown = next(container.decode(video=0))
    assert (shown.color_primaries, shown.color_trc, shown.colorspace) == (9, 18, 9)


def test_a_recording_becomes_sound_alone(tmp_path: Path, decoders: DecodePool) -> None:
    made = clip(media.sound(tmp_path / "memo.flac", media.tone(3.0)), 1.0, cache=tmp_path, decoders=decoders)
    assert made.start_s == 0.0
    with av.open(str(made.path)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def test_what_cannot_be_played_says_why(tmp_path: Path, decoders: DecodePool) -> None:
    (tmp_path / "letter.avi").write_text("Dear diary, this is no film.")
    with pytest.raises(DecodeError):
        browser_type(tmp_path / "letter.avi", decoders)
    with pytest.raises(UnreadableError):
        clip(tmp_path / "gone.avi", 1.0, cache=tmp_path, decoders=decoders)
    film = media.video(tmp_path / "film.avi", scene_s=1.0)
    with pytest.raises(DecodeError, match="nothing could be decoded"):
        clip(film, 60.0, cache=tmp_path, decoders=decoders)


@pytest.mark.parametrize(
    ("suffix", "start_s", "copied"),
    [(".mp4", 2.0, True), (".mov", 2.3, True), (".mp4", 3.0, False), (".webm", 2.0, False)],
)
def test_a_moment_is_cut_out_as_it_is_where_that_can_be(
    suffix: str, start_s: float, copied: bool, tmp_path: Path, decoders: DecodePool
) -> None:
    film = media.video(tmp_path / f"film{suffix}", (1, 2, 3), audio=media.tone(6.0), rotation=90)
    made = cut(film, start_s, 4.0, cache=tmp_path / "cache", decoders=decoders)
    assert made.copied == copied
    with av.open(str(made.path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        frames = list(container.decode(video=0))
    with av.open(str(film)) as source:
        whole = {frame.time: frame for frame in source.decode(video=0)}
    # The same pictures, to the pixel, begin at the key frame.
    same = (frames[0].to_ndarray() == whole[2.0].to_ndarray()).all() if copied else False
    assert same == copied
    assert frames[0].rotation == (90 if copied else 0)
    assert frames[-1].time == pytest.approx(4.0 - (2.0 if copied else start_s), abs=0.5)
    assert cut(film, start_s, 4.0, cache=tmp_path / "cache", decoders=decoders) == made


def test_sound_is_cut_out_as_it_is(tmp_path: Path, decoders: DecodePool) -> None:
    made = cut(
        media.sound(tmp_path / "memo.mp3", media.tone(3.0)), 1.0, 2.0, cache=tmp_path, decoders=decoders
    )
    assert made.copied
    with av.open(str(made.path)) as container:
        heard_s = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert heard_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("span", [(2.0, 1.0), (-1.0, 1.0), (0.0, 1000.0), (float("nan"), 1.0)])
def test_what_is_no_moment_is_not_cut_out(
    span: tuple[float, float], tmp_path: Path, decoders: DecodePool
) -> None:
    with pytest.raises(QueryError):
        cut(tmp_path / "film.mp4", *span, cache=tmp_path, decoders=decoders)
