"""What the first look at speech leaves out is read again: repeats, and other languages."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from faster_whisper.transcribe import Segment
from faster_whisper.transcribe import Word as Heard

from indexer.analysers import rereading
from indexer.analysers.chunks import Piece
from indexer.analysers.passages import Passage
from indexer.media.types import SAMPLE_RATE, Samples


class Told(NamedTuple):
    """What a transcription says of itself."""

    language: str
    language_probability: float


def segment(start_s: float, text: str, share: float = 0.95, **facts: float) -> Segment:
    """A segment with half a second for each word."""
    words = [
        Heard(start=start_s + 0.5 * n, end=start_s + 0.5 * n + 0.45, word=f" {word}", probability=share)
        for n, word in enumerate(text.split())
    ]
    values = {"avg_logprob": -0.2, "compression_ratio": 1.3, "no_speech_prob": 0.0, **facts}
    return Segment(0, 0, start_s, words[-1].end, text, [], words=words, temperature=0.0, **values)


class Scripted:
    """Stands for the pipeline: a first look, and what single clips give in each language."""

    def __init__(
        self,
        first: Sequence[Segment],
        pieces: Sequence[Piece],
        again: dict[tuple[float, str], Segment],
        languages: dict[float, dict[str, float]] | None = None,
    ) -> None:
        self._first, self._pieces, self._again, self._languages = first, pieces, again, languages or {}
        self.asked: list[tuple[float, float, str]] = []
        self.told = 0

    def transcribe(self, _: Samples, **options: Any) -> tuple[list[Segment], Told]:
        """The first look, or the clips."""
        if "clip_timestamps" not in options:
            return list(self._first), Told("en", 0.99)
        language, clips = options["language"], options["clip_timestamps"]
        self.asked += [(clip["start"], clip["end"], language) for clip in clips]
        found = [self._again.get((round(clip["start"], 2), language)) for clip in clips]
        return [one for one in found if one is not None], Told(language, 1.0)

    def pieces(self) -> list[Piece]:
        """The speech."""
        return list(self._pieces)

    def languages_of(self, samples: Samples) -> dict[str, float]:
        """By the first sample, which is the second at which the stretch begins."""
        self.told += 1
        return self._languages.get(round(float(samples[0]), 1), {"en": 0.99})


def seconds(length_s: float) -> Samples:
    """Sound whose samples say at which second they are."""
    return (np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE).astype(np.float32)


def read(pipeline: Scripted) -> list[Passage]:
    return rereading.read(pipeline, seconds(60.0))  # type: ignore[arg-type]


def test_what_has_words_is_not_read_again() -> None:
    talk = [segment(0.4, "all of this was heard at once")]
    pipeline = Scripted(talk, [Piece(0.0, 4.2, {"en": 0.98})], {})
    assert [(one.text, one.language) for one in read(pipeline)] == [("all of this was heard at once", "en")]
    assert (pipeline.asked, pipeline.told) == ([], 0)


def test_speech_without_words_is_read_again_piece_by_piece() -> None:
    pieces = [Piece(start_s, start_s + 2.5, {"en": 0.98}) for start_s in (0.0, 2.7, 5.4)]
    pieces.append(Piece(8.0, 8.8, {"en": 0.98}))
    again = {(start_s, "en"): segment(start_s + 0.4, "one for you") for start_s in (2.7, 5.4)}
    pipeline = Scripted([segment(0.4, "one for you")], pieces, again)
    found = read(pipeline)
    assert [one.text for one in found] == ["one for you"] * 3
    assert [one.start_s for one in found] == pytest.approx([0.4, 3.1, 5.8])
    assert pipeline.asked == [(2.7, 5.2, "en"), (5.4, 7.9, "en")], "what is shorter than a word is left"


def test_a_long_gap_between_words_is_read_again() -> None:
    words = segment(0.4, "here it begins")
    later = segment(9.0, "here it ends")
    pipeline = Scripted(
        [words, later], [Piece(0.0, 11.0, {"en": 0.98})], {(1.85, "en"): segment(4.0, "and more")}
    )
    assert [one.text for one in read(pipeline)] == ["here it begins", "and more", "here it ends"]
    assert pipeline.asked == [(pytest.approx(1.85), 9.0, "en")]


@pytest.mark.parametrize(
    "facts", [{"avg_logprob": -1.2}, {"no_speech_prob": 0.7}, {"compression_ratio": 3.0}]
)
def test_what_a_second_look_is_unsure_of_is_not_believed(facts: dict[str, float]) -> None:
    again = {(0.0, "en"): segment(0.4, "Thanks for watching!", **facts)}
    pipeline = Scripted([], [Piece(0.0, 3.0, {"en": 0.98})], again)
    assert read(pipeline) == []
    assert pipeline.asked == [(0.0, 3.0, "en")]


def test_another_language_is_read_in_its_own() -> None:
    pieces = [Piece(0.0, 3.0, {"en": 0.6}), Piece(3.5, 6.5, {"en": 0.6}), Piece(7.0, 9.0, {"en": 0.6})]
    first = [
        segment(0.4, "good day to you"),
        segment(3.9, "gooten tack", share=0.4),
        segment(7.4, "on my dear", share=0.4),
    ]
    again = {
        (3.5, "de"): segment(3.9, "guten Tag", share=0.9),
        (7.0, "de"): segment(7.4, "ohne Meier", share=0.3),
        (7.0, "en"): segment(7.4, "oh my dear", share=0.7),
    }
    languages = {3.5: {"de": 0.97, "en": 0.01}, 7.0: {"de": 0.4, "en": 0.3}}
    pipeline = Scripted(first, pieces, again, languages)
    assert [(one.text, one.language) for one in read(pipeline)] == [
        ("good day to you", "en"),
        ("guten Tag", "de"),
        ("oh my dear", "en"),
    ]
    assert set(pipeline.asked) == {(3.5, 6.5, "de"), (7.0, 9.0, "de"), (7.0, 9.0, "en")}


def test_one_voice_that_is_hard_to_understand_is_no_other_language() -> None:
    first = [segment(0.4, "mumbled words", share=0.4)]
    pipeline = Scripted(first, [Piece(0.0, 3.0, {"en": 0.7})], {}, {0.0: {"la": 0.5, "en": 0.4}})
    assert [one.text for one in read(pipeline)] == ["mumbled words"]
    assert (pipeline.asked, pipeline.told) == ([], 1)


def test_once_languages_change_a_likely_one_is_tried_as_well() -> None:
    pieces = [Piece(start_s, start_s + 3.0, {"en": 0.6}) for start_s in (0.0, 3.5, 7.0)]
    first = [segment(piece.start_s + 0.4, "who knows", share=0.4) for piece in pieces]
    languages = {0.0: {"la": 0.4, "de": 0.3}, 3.5: {"de": 0.6, "la": 0.3}, 7.0: {"fr": 0.9}}
    again = {
        (0.0, "de"): segment(0.4, "wer weiß", share=0.8),
        (7.0, "fr"): segment(7.4, "qui sait", share=0.8),
    }
    pipeline = Scripted(first, pieces, again, languages)
    assert [(one.text, one.language) for one in read(pipeline)] == [
        ("wer weiß", "de"),
        ("who knows", "en"),
        ("qui sait", "fr"),
    ]
    assert {asked for asked in pipeline.asked if asked[0] == 7.0} == {(7.0, 10.0, "fr")}, "of that it is sure"
    assert "la" not in {language for *_, language in pipeline.asked}, "nowhere likelier than all others"


def test_long_speech_is_told_in_halves_and_leaves_no_short_end() -> None:
    pieces = [Piece(start_s, start_s + 3.8, {"en": 0.6}) for start_s in (0.0, 4.0, 8.0, 12.0)]
    pieces.append(Piece(16.0, 17.2, {"en": 0.6}))
    first = [segment(piece.start_s + 0.1, "who knows", share=0.4) for piece in pieces]
    pipeline = Scripted(first, pieces, {}, {0.0: {"de": 0.9}, 8.0: {"en": 0.9}})
    read(pipeline)
    assert pipeline.asked == [(0.0, 7.8, "de"), (8.0, 17.2, "en")]
