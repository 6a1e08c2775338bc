"""Films of every container that cameras, discs and television use, and what is particular in some."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from indexer.media.formats import media_kind
from indexer.media.reader import probe, read_audio, read_glimpses, read_stills, still_at
from indexer.media.types import SAMPLE_RATE
from indexer.scan import scan
from tests.support import media

FPS = 25
SCENE_S = 2.0

# File name, video codec, container as FFmpeg calls it, audio codec.
FILMS: tuple[tuple[str, str, str, str | None], ...] = (
    ("television.ts", "libx264", "mpegts", "aac"),
    ("camera.m2ts", "libx264", "mpegts", "ac3"),
    ("camera.mts", "mpeg2video", "mpegts", "mp2"),
    ("tape.m2t", "mpeg2video", "mpegts", None),
    ("disk.tod", "mpeg2video", "mpegts", None),
    ("phone.m2ts", "libx265", "mpegts", None),
    ("card.mod", "mpeg2video", "vob", "mp2"),
    ("disc.vob", "mpeg2video", "vob", "ac3"),
    ("disc.mpg", "mpeg1video", "mpeg", "mp2"),
    ("stream.m2v", "mpeg2video", "mpeg2video", None),
    ("sphere.insv", "libx264", "mp4", "aac"),
    ("small.lrv", "libx264", "mp4", None),
    ("flash.f4v", "libx264", "f4v", "aac"),
    ("flash.flv", "flv", "flv", None),
    ("old.divx", "mpeg4", "avi", None),
    ("broadcast.mxf", "mpeg2video", "mxf", "pcm_s16le"),
    ("phone.3g2", "mpeg4", "3g2", None),
    ("windows.asf", "wmv2", "asf", None),
    ("windows.wmv", "wmv1", "asf", None),
    ("apple.qt", "mjpeg", "mov", None),
    ("tape.dv", "dvvideo", "dv", "pcm_s16le"),
)


def film(
    path: Path,
    codec: str = "libx264",
    container: str = "mpegts",
    audio: str | None = None,
    *,
    scenes: int = 2,
    key_frame_s: float = 1.0,
    offset_s: float = 0.0,
    audio_offset_s: float = 0.0,
) -> Path:
    """A film whose clock begins at ``offset_s``; scenes change every two seconds, the sound is one tone."""
    size = (720, 576) if codec == "dvvideo" else (320, 240)
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    with av.open(str(path), "w", format=container) as target:
        stream = target.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.gop_size = round(key_frame_s * FPS)
        stream.thread_count = 1
        stream.options = {"sc_threshold": "0", "preset": "veryfast", "x265-params": "log-level=none"}
        sound = target.add_stream(audio, rate=48_000, layout="stereo") if audio else None
        for number in range(round(scenes * SCENE_S * FPS)):
            frame = av.VideoFrame.from_ndarray(media.scene(1 + int(number / FPS / SCENE_S), *size))
            frame = frame.reformat(format=pixels)
            frame.pts, frame.time_base = number + round(offset_s * FPS), Fraction(1, FPS)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
        if sound is not None:
            tone = (media.tone(scenes * SCENE_S - audio_offset_s, rate=48_000) * 32767).astype(np.int16)
            whole = av.AudioFrame.from_ndarray(tone[np.newaxis], format="s16", layout="mono")
            whole.sample_rate, whole.time_base = 48_000, Fraction(1, 48_000)
            whole.pts = round((offset_s + audio_offset_s) * 48_000)
            target.mux(sound.encode(whole))
            target.mux(sound.encode(None))
    return path


def shows(picture: np.ndarray, seed: int) -> bool:
    height, width, _ = picture.shape
    return float(np.abs(picture.astype(float) - media.scene(seed, width, height)).mean()) < 25


@pytest.mark.parametrize(("name", "codec", "container", "audio"), FILMS, ids=[film[0] for film in FILMS])
def test_every_container_is_read_from_its_first_frame_to_its_last(
    tmp_path: Path, name: str, codec: str, container: str, audio: str | None
) -> None:
    path = film(tmp_path / name, codec, container, audio)
    assert media_kind(path) == "video"
    assert [file.path for file in scan([tmp_path]).files] == [path.resolve()]
    metadata = probe(path)
    assert (metadata.kind, metadata.has_audio) == ("video", audio is not None)
    assert metadata.duration_s == pytest.approx(4.0, abs=0.15)
    stills = read_stills(path, 0.0, 60.0, min_side=240)
    assert stills[0].at_s == pytest.approx(0.0, abs=0.1)
    assert [shows(still.picture, seed) for still, seed in zip(stills, (1, 2), strict=True)] == [True, True]
    # Raw streams have no times.
    for at_s, seed in () if container == "mpeg2video" else ((0.1, 1), (1.8, 1), (2.3, 2), (3.9, 2)):
        assert shows(still_at(path, at_s, min_side=240), seed), at_s
    if audio:
        samples = read_audio(path, 0.0, 60.0)
        assert len(samples) / SAMPLE_RATE == pytest.approx(4.0, abs=0.15)
        assert float(np.sqrt(np.mean(np.square(samples[8000:-8000])))) == pytest.approx(0.35, abs=0.05)


@pytest.mark.parametrize("offset_s", [0.0, 3600.0])
@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_transport_stream_with_a_single_key_frame_is_seen_at_any_moment(
    tmp_path: Path, codec: str, offset_s: float
) -> None:
    path = film(tmp_path / "long.m2ts", codec, scenes=4, key_frame_s=60.0, offset_s=offset_s)
    for at_s in (0.0, 0.5, 2.5, 5.0, 7.9):
        assert shows(still_at(path, at_s, min_side=240), 1 + int(at_s / SCENE_S)), at_s
    stills = read_stills(path, 4.5, 8.0, min_side=240, every_s=1.0)
    assert any(shows(still.picture, 4) for still in stills)
    glimpses = read_glimpses(path, 0.0, 8.0)
    assert glimpses[0].at_s == pytest.approx(0.0, abs=0.1)
    assert all(0 < later.at_s - glimpse.at_s < 0.5 for glimpse, later in pairwise(glimpses))


def test_a_short_transport_stream_is_a_film(tmp_path: Path) -> None:
    path = film(tmp_path / "short.mts", scenes=1, key_frame_s=60.0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 188 // 3 * 188])
    stills = read_stills(path, 0.0, 60.0, min_side=240)
    assert [shows(still.picture, 1) for still in stills] == [True]


def test_sound_that_starts_later_keeps_its_times(tmp_path: Path) -> None:
    for name, container in (("later.m2ts", "mpegts"), ("later.mp4", "mp4"), ("later.mkv", "matroska")):
        path = film(tmp_path / name, container=container, audio="aac", scenes=3, audio_offset_s=3.0)
        samples = read_audio(path, 0.0, 60.0)
        assert len(samples) / SAMPLE_RATE == pytest.approx(6.0, abs=0.15)
        silence, tone = samples[: round(2.9 * SAMPLE_RATE)], samples[round(3.2 * SAMPLE_RATE) :]
        assert float(np.abs(silence).max()) < 0.02
        assert float(np.sqrt(np.mean(np.square(tone[:32_000])))) == pytest.approx(0.35, abs=0.05)
        assert shows(still_at(path, 0.1, min_side=240), 1)


def test_a_film_of_varying_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    path = tmp_path / "varying.mp4"
    times = [0.0, 0.04, 0.08, 1.0, 1.5, 3.0, 3.02, 6.0]
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, at_s in enumerate(times):
            frame = av.VideoFrame.from_ndarray(media.scene(number, 320, 240))
            frame.pts, frame.time_base = round(at_s * 1000), Fraction(1, 1000)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    for at_s, seed in ((0.5, 2), (1.2, 3), (2.9, 4), (5.0, 6), (6.0, 7)):
        assert shows(still_at(path, at_s, min_side=240), seed), at_s


def test_only_what_is_a_film_is_one(tmp_path: Path) -> None:
    (tmp_path / "app.ts").write_text("export const answer: number = 42;\n" * 40)
    (tmp_path / "module.mts").write_text("import { G } from 'GLOBAL';\n" * 80)
    (tmp_path / "song.mod").write_bytes(b"A tracker module".ljust(1080, b"\0") + b"M.K." + bytes(500))
    (tmp_path / "empty.ts").touch()
    there = film(tmp_path / "film.ts")
    # Television that was switched on in the middle of a packet.
    (tmp_path / "late.ts").write_bytes(there.read_bytes()[100:])
    listed = {file.path.name for file in scan([tmp_path]).files}
    assert listed == {"film.ts", "late.ts"}
    assert probe(tmp_path / "late.ts").kind == "video"
