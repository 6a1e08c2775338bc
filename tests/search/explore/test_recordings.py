"""The same recording is found in other formats, cut, quieter and in a film; another one is not."""

from pathlib import Path

import numpy as np

import trove
from db.library import Library
from db.settings import Settings
from indexer.media.reader import read_audio
from indexer.media.soundprints import as_text, from_text, soundprint
from indexer.media.types import SAMPLE_RATE, Samples
from indexer.pipeline import index
from search.explore.recordings import same
from tests.support import SAMPLES, media
from tests.support.music import chords

SPEECH = SAMPLES / "recordings" / "r001.ogg"


def printed(samples: Samples) -> np.ndarray:
    def read(start_s: float, end_s: float) -> Samples:
        return samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]

    rows = soundprint(read, len(samples) / SAMPLE_RATE)
    again = from_text(as_text(rows))
    assert again is not None
    assert np.array_equal(rows, again)
    return rows


def test_copies_are_told_from_other_recordings() -> None:
    said = read_audio(SPEECH, 0, 30)
    played = np.tile(chords(20), 4)
    noise = np.random.default_rng(1).standard_normal(len(said)).astype(np.float32)
    prints = {
        1: printed(said),
        2: printed(said[round(7.03 * SAMPLE_RATE) : 21 * SAMPLE_RATE]),
        3: printed(0.02 * said),
        4: printed(said + 0.003 * noise),
        5: printed(played),
        6: printed(played[round(31.4 * SAMPLE_RATE) :]),
        7: printed(0.1 * noise),
        8: printed(said[: 3 * SAMPLE_RATE]),
    }
    assert len(prints[5]) == len(played) // 1024 - 7 - 4, "what is read at once leaves no seam"
    assert set(same(prints)) == {(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4), (5, 6)}
    assert not printed(np.zeros(10 * SAMPLE_RATE, np.float32)).any()
    assert len(printed(said[:100])) == 0
    for text in (None, 3, "no base64!", "abc"):
        assert from_text(text) is None


def test_they_are_shown_as_duplicates(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    said = read_audio(SPEECH, 0, 16)
    media.sound(folder / "memo.wav", said)
    media.sound(folder / "memo.mp3", 0.2 * said)
    media.video(folder / "film.mp4", (1, 2), 8.0, size=(64, 64), audio=said)
    media.sound(folder / "music.flac", chords(16))
    media.sound(folder / "silence.flac", np.zeros(10 * SAMPLE_RATE, np.float32))
    on = settings.model_copy(update={"off": tuple(name for name in settings.off if name != "soundprints")})
    with Library(on) as core:
        report = index(core, [folder])
        assert (report.failed, report.units["soundprint"]) == (0, 4)
    with trove.Library.of(on) as library:
        (group,) = library.duplicates(threshold=None, saved_again=True)
        assert group.kind == "recording"
        assert [copy.path.name for copy in group.copies] == ["film.mp4", "memo.wav", "memo.mp3"]
        assert library.duplicates(threshold=None) == [], "only copies were asked for"
        library.analysers.off("soundprints")
        assert library.duplicates(threshold=None, saved_again=True) == []
