"""What is said in a motion photo finds the picture; pictures without a film are no work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from db.library import Library
from db.settings import Settings
from indexer import control
from indexer.analysers import whisper
from indexer.analysers.whisper import Passage
from indexer.media.types import Samples
from indexer.pipeline import index
from search.query.query import Query
from search.service import SearchService
from tests.support import media


class Heard:
    """Hears the same words in whatever sounds, as a ``Transcriber`` does."""

    name = "heard"

    def transcribe(
        self, read: Callable[[float, float], Samples], duration_s: float, *_: object
    ) -> Iterator[Passage]:
        """One passage, as long as the sound is."""
        samples = read(0.0, min(duration_s, 60.0))
        if len(samples) and abs(samples).max() > 0.3:
            yield Passage(0.0, len(samples) / 16_000, "a family of swans")


def test_what_is_said_in_a_motion_photo_finds_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "load_transcriber", lambda *_args, **_more: Heard())
    folder = tmp_path / "media"
    folder.mkdir()
    film = media.video(tmp_path / "film.mp4", [5], 1.0, size=(64, 64), audio=media.tone(1.0))
    media.motion_photo(folder / "moving.jpg", film, seed=1)
    media.photo(folder / "still.jpg", 2)
    with Library(settings.model_copy(update={"whisper": "builtin"})) as library:
        report = index(library, [folder])
        assert (report.indexed, report.units["speech"]) == (2, 1)
        speech = next(state for state in control.states(library) if state.name == "speech")
        assert (speech.done, speech.left) == (1, 0), "the other picture is none of its work"
        assert index(library).unchanged == 2
        with SearchService(library) as service:
            for words in ("said:swans", "a family of swans"):
                hit = service.search(Query(words)).hits[0]
                assert (hit.kind, hit.path.name, hit.start_s) == ("image", "moving.jpg", None), words
                assert "speech" in {fact.kind for fact in hit.why}
                assert hit.text == "a family of swans"
