"""Every track of sound is heard: named where there are several, and once where two are the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from db.library import Library
from db.settings import Settings
from indexer.analysers import whisper
from indexer.analysers.same_sound import is_same
from indexer.analysers.tracks import told
from indexer.analysers.whisper import Passage
from indexer.media.reader import probe, read_audio
from indexer.media.types import SAMPLE_RATE, Samples, Track
from indexer.pipeline import index
from search.query.query import Query
from search.service import SearchService
from tests.support import SAMPLES, media
from tests.support.tracks import with_tracks

WORDS = {440: "a family of swans", 880: "how we filmed the swans"}
"""What is heard in sounds of some height."""


class Heard:
    """Hears words in the height of a sound, as a ``Transcriber`` does."""

    name = "heard"

    def __init__(self) -> None:
        self.asked = 0

    def transcribe(
        self, read: Callable[[float, float], Samples], duration_s: float, *_: object
    ) -> Iterator[Passage]:
        """One passage."""
        self.asked += 1
        samples = read(0.0, duration_s)
        loudest = int(np.argmax(np.abs(np.fft.rfft(samples)))) * SAMPLE_RATE / len(samples)
        text = next((text for hz, text in WORDS.items() if abs(loudest - hz) < 5), None)
        if text is not None:
            yield Passage(0.5, 1.5, text, "en")


def test_every_track_is_heard_and_named_and_the_same_one_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    monkeypatch.setattr(whisper, "load_transcriber", lambda *_args, **_more: heard)
    (tmp_path / "media").mkdir()
    film = media.video(tmp_path / "film.mp4", [1], 2.0, size=(64, 64), fps=5)
    several = with_tracks(
        tmp_path / "media" / "several.mkv",
        film,
        sounds=[
            (media.tone(2.0), {"language": "eng"}),
            (0.5 * media.tone(2.0), {"language": "ger"}),
            (media.tone(2.0, 880), {"language": "eng", "title": "The director"}),
        ],
    )
    with_tracks(tmp_path / "media" / "one.mkv", film, sounds=[(media.tone(2.0, 880), {"title": "Alone"})])
    with Library(settings.model_copy(update={"whisper": "builtin"})) as library:
        report = index(library, [tmp_path / "media"])
        assert (report.indexed, report.units["speech"], heard.asked) == (2, 3, 3)
        with SearchService(library) as service:
            hits = service.search(Query("said:filmed")).hits
            tracks = {hit.path: hit.why[0].track for hit in hits}
            assert tracks == {
                several: "sound track 3, The director (English)",
                tmp_path / "media" / "one.mkv": None,
            }
            (first,) = service.search(Query("said:family")).hits
            assert (first.path, first.why[0].track) == (several, "sound track 1 (English)")


def test_tracks_are_read_by_their_number(tmp_path: Path) -> None:
    film = media.video(tmp_path / "film.mp4", [1], 1.0, size=(64, 64), fps=5)
    sounds = [(media.tone(1.0), {}), (0.1 * media.tone(1.0), {"language": "fre"})]
    both = with_tracks(tmp_path / "both.mkv", film, sounds=sounds)
    assert [track.language for track in probe(both).sounds] == ["", "fre"]
    levels = [float(np.abs(read_audio(both, 0.0, 1.0, number)).max()) for number in (0, 1)]
    assert levels == pytest.approx([0.5, 0.05], rel=0.01)
    assert not len(read_audio(both, 0.0, 1.0, 2))
    assert probe(film).sounds == ()


def test_tracks_are_told_in_words() -> None:
    assert told(Track(0)) == "track 1"
    assert (
        told(Track(1, "ger", "Die Regie", ("default", "comment")))
        == "track 2, Die Regie (German, commentary)"
    )
    assert told(Track(2, "und")) == "track 3"
    assert told(Track(3, "pt-BR")) == "track 4 (Portuguese)"


@pytest.fixture(scope="module")
def speech() -> Samples:
    return read_audio(SAMPLES / "recordings" / "r001.ogg", 0, 20)


def reader(samples: Samples) -> Callable[[float, float], Samples]:
    return lambda start_s, end_s: samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]


def test_the_same_sound_in_another_encoding_is_the_same(speech: Samples, tmp_path: Path) -> None:
    for name in ("a.mp3", "a.m4a", "a.opus"):
        path = media.sound(tmp_path / name, 0.7 * speech)
        encoded = read_audio(path, 0, 20)
        assert is_same(reader(speech), reader(encoded), 20.0), name
    assert is_same(reader(np.zeros_like(speech)), reader(np.zeros_like(speech)), 20.0)


def test_one_sentence_more_is_another_track(speech: Samples) -> None:
    more = speech.copy()
    more[10 * SAMPLE_RATE : 12 * SAMPLE_RATE] += 0.2 * speech[: 2 * SAMPLE_RATE]
    assert not is_same(reader(speech), reader(more), 20.0)
    assert not is_same(reader(speech), reader(speech[: 10 * SAMPLE_RATE]), 20.0)
    assert not is_same(reader(speech), reader(np.zeros_like(speech)), 20.0)
