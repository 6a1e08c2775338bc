"""Films of every container that cameras, discs and television use, and what is particular in some."""

import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from db.errors import DecodeError
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
    # Theora, which most of these have, is decoded, but nothing here encodes it.
    ("web.ogv", "libvpx", "ogg", "libopus"),
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


def remuxed(path: Path, target: Path, shift_s: float = 0.0, **options: str) -> Path:
    """A copy with the packets of a file, the clock of its pictures put on by a while."""
    with av.open(str(path)) as source, av.open(str(target), "w", options=options) as copy:
        streams = {stream.index: copy.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "video":
                packet.pts += round(shift_s / packet.time_base)
                packet.dts += round(shift_s / packet.time_base)
            packet.stream = streams[packet.stream.index]
            copy.mux(packet)
    return target


CUT = [
    *(("film.mp4", "libx264", "mp4", "aac"), ("film.mkv", "libx264", "matroska", "aac")),
    *(("sound.webm",), ("sound.mp3",), ("sound.flac",), ("sound.m4a",)),
]


@pytest.mark.parametrize("made", CUT, ids=[made[0] for made in CUT])
def test_a_film_that_ends_early_says_how_much_of_it_there_is(tmp_path: Path, made: tuple[str, ...]) -> None:
    path = tmp_path / f"whole-{made[0]}"
    if len(made) > 1:
        film(path, *made[1:], scenes=4)
    else:
        media.sound(path, media.tone(8.0))
    if path.suffix in (".mp4", ".m4a"):
        path = remuxed(path, tmp_path / f"first-{made[0]}", movflags="faststart")
    header = probe(path)
    assert (header.note, header.duration_s) == (None, pytest.approx(8.0, abs=0.15))
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * 0.5)])
    header = probe(path)
    assert header.duration_s is not None
    assert 1.5 < header.duration_s < 7.0
    assert header.note == f"cut short: {round(header.duration_s)} s of 8 s could be read"
    if header.kind == "video":
        stills = read_stills(path, 0.0, 8.0, min_side=240)
        assert stills[-1].at_s < header.duration_s
    else:
        assert len(read_audio(path, 0.0, 8.0)) / SAMPLE_RATE == pytest.approx(header.duration_s, abs=0.3)


@pytest.mark.parametrize("name", ["film.ts", "film.avi", "sound.ogg", "sound.wav"])
def test_what_says_no_length_lasts_as_long_as_what_is_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".ts":
        film(path, scenes=4)
    elif path.suffix == ".avi":
        media.video(path, scenes=(1, 2, 3), scene_s=2.7)
    else:
        media.sound(path, media.tone(8.0))
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * 0.5)])
    header = probe(path)
    assert header.note is None
    assert header.duration_s is not None
    assert 1.5 < header.duration_s < 7.0


def test_a_film_without_its_index_is_said_to_be_cut(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", container="mp4", scenes=3)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(
        DecodeError, match=r"^it is cut short: its index, which is written last, is missing; .*FFmpeg"
    ):
        probe(path)


def test_an_mp3_that_does_not_count_its_bytes_is_not_said_to_be_cut(tmp_path: Path) -> None:
    path = media.sound(tmp_path / "sound.mp3", media.tone(12.0))
    data = path.read_bytes()
    at = data.index(b"Info") if b"Info" in data[:200] else data.index(b"Xing")
    path.write_bytes(data[:at] + b"None" + data[at + 4 :])
    assert probe(path).note is None
    path.write_bytes(b"ID3\4\0\0\0\0\x01\0" + bytes(128) + data[: len(data) // 2])
    assert probe(path).note == "cut short: 6 s of 12 s could be read"


@pytest.mark.parametrize(("suffix", "container"), [(".mp4", "mp4"), (".mov", "mov")])
def test_an_edit_list_moves_pictures_and_sound_alike(tmp_path: Path, suffix: str, container: str) -> None:
    # The muxer writes an empty edit before pictures that begin later than the sound.
    path = film(tmp_path / f"film{suffix}", container=container, audio="aac", scenes=2)
    late = remuxed(path, tmp_path / f"late{suffix}", shift_s=1.5)
    assert b"elst" in late.read_bytes()
    assert probe(late).duration_s == pytest.approx(5.5, abs=0.15)
    for at_s, seed in ((1.6, 1), (3.3, 1), (3.7, 2), (5.4, 2)):
        assert shows(still_at(late, at_s, min_side=240), seed), at_s
    stills = read_stills(late, 0.0, 60.0, min_side=240)
    assert [round(still.at_s, 1) for still in stills] == [1.5, 3.5]
    assert len(read_audio(late, 0.0, 60.0)) / SAMPLE_RATE == pytest.approx(4.0, abs=0.15)


def test_what_an_edit_list_cuts_off_at_the_start_is_not_there(tmp_path: Path) -> None:
    """As phones trim: the film begins later than its first frame, by the time of the list's one entry."""
    path = film(tmp_path / "film.mp4", container="mp4", audio="aac", scenes=3)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        ticks = {stream.type: stream.time_base for stream in container.streams}
    at = -1
    for kind in ("video", "audio"):
        at = data.index(b"elst", at + 1)
        assert struct.unpack_from(">II", data, at + 4) == (0, 1)
        start = struct.unpack_from(">i", data, at + 16)[0]
        struct.pack_into(">Ii", data, at + 12, 4000, start + round(2.0 / ticks[kind]))
    path.write_bytes(data)
    assert shows(still_at(path, 0.2, min_side=240), 2)
    assert shows(still_at(path, 3.8, min_side=240), 3)
    stills = read_stills(path, 0.0, 60.0, min_side=240)
    assert [round(still.at_s, 1) for still in stills] == [0.0, 2.0]
    assert len(read_audio(path, 0.0, 60.0)) / SAMPLE_RATE == pytest.approx(4.0, abs=0.15)


@pytest.mark.parametrize("suffix", [".mp4", ".mp3", ".flac"])
def test_cover_art_is_no_film(tmp_path: Path, suffix: str) -> None:
    audio = {".mp4": "aac", ".mp3": "libmp3lame", ".flac": "flac"}[suffix]
    path = tmp_path / f"song{suffix}"
    with av.open(str(path), "w") as target:
        cover = target.add_stream("mjpeg" if suffix != ".flac" else "png", rate=1)
        cover.width, cover.height = 320, 240
        cover.pix_fmt = "yuvj420p" if suffix != ".flac" else "rgb24"
        cover.disposition = Disposition.attached_pic
        sound = target.add_stream(audio, rate=48_000, layout="mono")
        frame = av.VideoFrame.from_ndarray(media.scene(1, 320, 240)).reformat(format=cover.pix_fmt)
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        pictures = [*cover.encode(frame), *cover.encode(None)]
        target.mux(pictures)
        tone = (media.tone(4.0, rate=48_000) * 32767).astype(np.int16)
        whole = av.AudioFrame.from_ndarray(tone[np.newaxis], format="s16", layout="mono")
        whole.sample_rate, whole.pts, whole.time_base = 48_000, 0, Fraction(1, 48_000)
        target.mux(sound.encode(whole))
        target.mux(sound.encode(None))
    header = probe(path)
    assert (header.kind, header.has_audio, header.note) == ("audio", True, None)
    assert header.duration_s == pytest.approx(4.0, abs=0.1)
    assert len(read_audio(path, 0.0, 60.0)) / SAMPLE_RATE == pytest.approx(4.0, abs=0.1)


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
