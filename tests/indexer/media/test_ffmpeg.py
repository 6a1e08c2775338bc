"""Videos and recordings: stills, times, turning, sound, and what the container says."""

import struct
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from db.errors import DecodeError
from indexer.media.reader import probe, read_audio, read_stills, still_at
from indexer.media.types import SAMPLE_RATE, Picture, Still
from tests.support import media


def stills(path: Path, start_s: float = 0.0, end_s: float = 60.0, every_s: float = 10.0) -> list[Still]:
    return read_stills(path, start_s, end_s, min_side=120, every_s=every_s)


def shows(picture: Picture, seed: int) -> bool:
    height, width, _ = picture.shape
    return float(np.abs(picture.astype(float) - media.scene(seed, width, height)).mean()) < 25


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


@pytest.mark.parametrize("suffix", media.VIDEO_SUFFIXES)
def test_every_scene_is_one_still_with_its_span(tmp_path: Path, suffix: str) -> None:
    path = media.video(tmp_path / f"film{suffix}", scenes=[1, 2, 2, 3], scene_s=3.0, key_frame_s=1.5)
    metadata = probe(path)
    assert metadata.duration_s == pytest.approx(12.0, abs=0.2)
    assert (metadata.width, metadata.height, metadata.has_audio) == (320, 240, False)
    found = stills(path, 0, 12.0)
    assert [still.start_s for still in found] == pytest.approx([0.0, 3.0, 9.0], abs=0.2)
    assert [still.end_s for still in found] == pytest.approx([3.0, 9.0, 12.0], abs=0.2)
    assert [shows(still.picture, seed) for still, seed in zip(found, [1, 2, 3], strict=True)] == [True] * 3
    assert found[0].picture.shape == (120, 160, 3)


def test_a_stretch_has_only_what_is_in_it(tmp_path: Path) -> None:
    path = media.video(tmp_path / "film.mp4", scenes=[1, 2, 3, 4], scene_s=3.0, key_frame_s=3.0)
    found = stills(path, 4.0, 8.0)
    assert (found[0].start_s, found[-1].end_s) == (4.0, 8.0)
    assert all(4.0 <= still.at_s < 8.0 for still in found)
    assert any(shows(still.picture, 3) for still in found)
    assert stills(path, 60.0, 120.0) == []


def test_gaps_between_key_frames_are_filled(tmp_path: Path) -> None:
    path = media.video(tmp_path / "film.mp4", scenes=[1, 2, 3, 4, 5], scene_s=4.0, key_frame_s=1000.0)
    found = stills(path, 0, 20.0, every_s=4.0)
    assert len(found) >= 4
    assert all(later.at_s - still.at_s <= 4.0 for still, later in pairwise(found))
    assert all(shows(still.picture, 1 + int(still.at_s / 4.0)) for still in found)
    # A stretch without any key frame has at least one still.
    middle = stills(path, 9.0, 11.0)
    assert [shows(still.picture, 3) for still in middle] == [True]


def test_a_slide_show_of_few_frames_keeps_showing_the_one_before(tmp_path: Path) -> None:
    path = media.video(tmp_path / "slides.mkv", scenes=[1, 2], scene_s=1.0, fps=1, key_frame_s=1.0)
    slow = tmp_path / "slow.mkv"
    _stretch(path, slow, 30)
    assert probe(slow).duration_s == pytest.approx(60.0, abs=30)
    found = stills(slow, 0, 30.0)
    assert [shows(still.picture, 1) for still in found] == [True]
    assert shows(still_at(slow, 29.0, min_side=120), 1)
    assert shows(still_at(slow, 31.0, min_side=120), 2)


def _stretch(source: Path, target: Path, factor: int) -> None:
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.size:
                packet.pts, packet.dts = packet.pts * factor, packet.dts * factor
                packet.stream = stream
                new.mux(packet)


def test_films_of_key_frames_alone_are_thinned_out(tmp_path: Path) -> None:
    path = media.video(tmp_path / "film.avi", scenes=list(range(8)), scene_s=0.5, key_frame_s=0.1)
    assert len(stills(path, 0, 4.0)) <= 4


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_films_are_turned_upright(tmp_path: Path, rotation: int) -> None:
    upright = media.video(tmp_path / "upright.mp4", scenes=[3])
    path = media.video(tmp_path / "turned.mp4", scenes=[3], rotation=rotation)
    expected = np.rot90(still_at(upright, 0.5, min_side=120), rotation // 90)
    picture = still_at(path, 0.5, min_side=120)
    assert picture.shape == expected.shape
    assert float(np.abs(picture.astype(float) - expected).mean()) < 2
    metadata = probe(path)
    assert (metadata.width, metadata.height) == ((240, 320) if rotation % 180 else (320, 240))
    assert stills(path, 0, 2.0)[0].picture.shape == expected.shape


@pytest.mark.parametrize("turns", range(4))
def test_mirrored_films_are_turned_upright(tmp_path: Path, turns: int) -> None:
    # As a camera that faces the person writes it: mirrored left to right, then turned.
    upright = media.scene(3)
    path = media.video(tmp_path / "mirrored.mp4", scenes=[3])
    a, b, c, d = [(-1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 0, -1), (0, -1, -1, 0)][turns]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    data[at : at + 20] = struct.pack(">5i", a << 16, b << 16, 0, c << 16, d << 16)
    path.write_bytes(data)
    expected = np.rot90(np.fliplr(upright), turns)
    metadata = probe(path)
    assert (metadata.width, metadata.height) == ((240, 320) if turns % 2 else (320, 240))
    picture = still_at(path, 0.5, min_side=240)
    assert float(np.abs(picture.astype(float) - expected).mean()) < 6


def test_still_at_a_second_shows_what_a_player_shows(tmp_path: Path) -> None:
    path = media.video(tmp_path / "film.mp4", scenes=[1, 2, 3], scene_s=2.0, key_frame_s=3.0)
    for at_s, seed in [(0.0, 1), (1.85, 1), (2.0, 2), (3.99, 2), (4.5, 3), (99.0, 3)]:
        assert shows(still_at(path, at_s, min_side=120), seed), at_s


def test_a_cut_film_gives_what_could_be_decoded(tmp_path: Path) -> None:
    path = media.video(tmp_path / "film.mkv", scenes=[1, 2, 3, 4], scene_s=3.0, audio=media.tone(12.0))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert shows(stills(path, 0, 12.0)[0].picture, 1)
    assert 1.0 < len(read_audio(path, 0, 12.0)) / SAMPLE_RATE < 11.0
    path.write_bytes(content[:700])
    with pytest.raises(DecodeError):
        stills(path)


def test_what_has_no_pictures_or_no_sound(tmp_path: Path) -> None:
    silent = media.video(tmp_path / "silent.mp4")
    assert not probe(silent).has_audio
    assert read_audio(silent, 0, 4.0).shape == (0,)
    deaf = media.sound(tmp_path / "deaf.mp3", media.tone(2.0))
    for read in (stills, lambda path: still_at(path, 0.0, min_side=64)):
        with pytest.raises(DecodeError, match="no video"):
            read(deaf)


def test_a_film_without_pictures_is_a_recording(tmp_path: Path) -> None:
    path = media.sound(tmp_path / "only-sound.mp4", media.tone(2.0))
    metadata = probe(path)
    assert (metadata.kind, metadata.has_audio, metadata.width) == ("audio", True, None)


def test_the_cover_of_a_song_is_no_film(tmp_path: Path) -> None:
    path = media.sound(tmp_path / "song.mp3", media.tone(2.0), cover=True)
    assert probe(path).kind == "audio"


@pytest.mark.parametrize("suffix", [*media.AUDIO_SUFFIXES, *media.VIDEO_SUFFIXES])
def test_sound_is_cut_at_the_right_sample(tmp_path: Path, suffix: str) -> None:
    # A second of silence, a second of sound, and so on: any shift would show.
    beat = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), media.tone(1.0)] * 4)
    path = tmp_path / f"beat{suffix}"
    if suffix in media.AUDIO_SUFFIXES:
        media.sound(path, beat)
    else:
        media.video(path, scenes=[1], scene_s=8.0, audio=beat)
    assert probe(path).duration_s == pytest.approx(8.0, abs=0.2)
    whole = read_audio(path, 0, 60.0)
    assert whole.dtype == np.float32
    assert len(whole) / SAMPLE_RATE == pytest.approx(8.0, abs=0.1)
    for start_s in (0.1, 2.1, 4.1, 6.1):
        assert loudness(read_audio(path, start_s, start_s + 0.8)) < 0.02
        assert loudness(read_audio(path, start_s + 1, start_s + 1.8)) == pytest.approx(0.35, abs=0.08)
    part = read_audio(path, 2.5, 5.5)
    assert len(part) == 3 * SAMPLE_RATE
    np.testing.assert_allclose(
        part[1600:-1600], whole[round(2.5 * SAMPLE_RATE) :][1600 : len(part) - 1600], atol=0.1
    )
    assert read_audio(path, 100.0, 160.0).shape == (0,)


def test_stereo_at_another_rate_becomes_one_channel_at_ours(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    tone = media.tone(1.0, rate=44_100)
    interleaved = np.stack([tone, np.zeros_like(tone)], axis=1)
    data = (interleaved * 32767).astype("<i2").tobytes()
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 2, 44_100,
                         176_400, 4, 16, b"data", len(data))  # fmt: skip
    path.write_bytes(header + data)
    samples = read_audio(path, 0, 5.0)
    assert len(samples) == pytest.approx(SAMPLE_RATE, abs=50)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(samples) == pytest.approx(440, abs=2)


def test_what_a_phone_writes_into_a_film(tmp_path: Path) -> None:
    path = media.video(
        tmp_path / "phone.mp4",
        scenes=[1],
        metadata={"creation_time": "2022-03-04T05:06:07.000000Z", "location": "+52.5163+013.3777/"},
    )
    metadata = probe(path)
    assert metadata.taken_at == datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert (metadata.latitude, metadata.longitude) == pytest.approx((52.5163, 13.3777), abs=1e-3)


def test_a_film_that_states_no_length_is_measured(tmp_path: Path) -> None:
    # As browsers record: a live stream has no length in its header.
    path = tmp_path / "live.webm"
    with av.open(str(path), "w", options={"live": "1"}) as container:
        stream = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.options = {"deadline": "realtime", "cpu-used": "8"}
        for _ in range(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(media.scene(1, 64, 64))))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert container.duration is None
    assert probe(path).duration_s == pytest.approx(5.0, abs=0.2)


def test_a_length_beyond_belief_is_measured(tmp_path: Path) -> None:
    path = media.video(tmp_path / "film.mp4", scenes=[1, 2])
    content = path.read_bytes()
    at = content.index(b"mvhd") + 4
    scale, length = struct.unpack_from(">II", content, at + 12)
    assert length / scale == pytest.approx(4.0, abs=0.1)
    for box, offset in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        where = content.index(box) + 4 + offset
        content = content[:where] + b"\x7f\xff\xff\xff" + content[where + 4 :]
    path.write_bytes(content)
    assert probe(path).duration_s == pytest.approx(4.0, abs=0.2)


def test_a_playlist_cannot_name_other_files(tmp_path: Path) -> None:
    media.video(tmp_path / "other.mp4", scenes=[1])
    for name, text in {
        "list.mp4": "ffconcat version 1.0\nfile 'other.mp4'\n",
        "list.mkv": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.mp4\n#EXT-X-ENDLIST\n",
        "list.mp3": "[playlist]\nFile1=other.mp4\n",
    }.items():
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(DecodeError):
            probe(path)


def test_times_in_whole_milliseconds_leave_no_clicks(tmp_path: Path) -> None:
    path = tmp_path / "tone.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(media.tone(4.0, rate=44_100)[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44_100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    samples = read_audio(path, 1.0, 3.0)
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    assert power[:800].sum() + power[960:].sum() < 1e-4 * power.sum(), "440 Hz and nothing else"
