"""Reads speech with Whisper, and once more what it left out of it or took for another language.

The batched pipeline writes a sentence once that is said six times, since half a minute is one text to it, and
reads all in the language of the beginning. So the seconds of speech are compared with those that got words:
pieces without words, or with words that it is unsure of, are read again one by one, each in its own language.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from indexer.analysers.passages import Passage, passages
from indexer.media.types import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment

    from indexer.analysers.chunks import ChunkPipeline, Piece

log = logging.getLogger(__name__)

# Whisper's own limits for text that is hallucinated on noise, or repeats itself for ever
# (Radford et al. 2022, section 4.5).
_MOST_COMPRESSIBLE = 2.4
_LEAST_LOGPROB = -1.0
_MOST_NO_SPEECH = 0.6

_SURE_OF_LANGUAGE = 0.5
_SURE_OF_ANOTHER, _TOLD_S = 0.8, 2.5
"""Another language is spoken somewhere if so many seconds are so likely in it; shorter ones tell little.
Then every language counts that is likelier than all others together of some stretch."""
_MOST_LANGUAGES = 3
"""Of those that are spoken somewhere, in how many a stretch is read of which the language is not sure."""
_SURE_OF_WORDS = 0.8
"""The mean probability of the words of a stretch: in the right language it is hardly ever less."""
_JOINED_S, _STRETCH_S = 0.3, 15.0
"""Pieces so near to each other are in one language, as far as they last no longer than a passage."""
_SHORTEST_S = 1.0
"""Of a piece that is read again: silence of 0.4 s on both sides is part of it."""
_MISSING_S = 3.0
"""Of speech without a word: nobody pauses as long without it being a silence."""


@dataclass(frozen=True)
class Word:
    """A word as it was heard.

    ``share``: how sure that is, 0 to 1. ``segment``: the second at which the text begins that it is of.
    """

    start_s: float
    end_s: float
    text: str
    share: float
    language: str
    segment: float


class Clip(NamedTuple):
    """A stretch of sound that is read by itself, in a language."""

    start_s: float
    end_s: float
    language: str = ""

    @property
    def lasts_s(self) -> float:
        """Its length."""
        return self.end_s - self.start_s

    def of(self, samples: Samples) -> Samples:
        """It, of the sound that it is of."""
        return samples[round(self.start_s * SAMPLE_RATE) : round(self.end_s * SAMPLE_RATE)]

    def holds(self, word: Word) -> bool:
        """Whether the middle of a word is in it."""
        return self.start_s <= (word.start_s + word.end_s) / 2 < self.end_s

    def those(self, words: Iterable[Word]) -> list[Word]:
        """Those of some words that are in it."""
        return [word for word in words if self.holds(word)]


def read(pipeline: "ChunkPipeline", samples: Samples) -> list[Passage]:
    """The spoken passages of some minutes of sound, in the order of time."""
    segments, heard = pipeline.transcribe(samples)
    words = words_of(filter(trusted, segments), heard.language)
    pieces = pipeline.pieces()
    others = _in_other_languages(pipeline, samples, pieces, words, heard.language)
    words = _read_again(pipeline, samples, list(others), words)
    words = _read_again(pipeline, samples, list(_missing(pieces, words, heard.language)), words)
    is_sure = heard.language_probability >= _SURE_OF_LANGUAGE or any(
        word.language != heard.language for word in words
    )
    told = heard.language if is_sure else None
    return [
        replace(passage, language=told) if passage.language == heard.language else passage
        for passage in joined(words)
    ]


def trusted(segment: "Segment") -> bool:
    """False for text that repeats itself, and for text hallucinated where nobody speaks."""
    if segment.compression_ratio > _MOST_COMPRESSIBLE:
        log.debug("left out, as it repeats itself: %s", segment.text)
        return False
    return not (segment.no_speech_prob > _MOST_NO_SPEECH and segment.avg_logprob < _LEAST_LOGPROB)


def _certain(segment: "Segment") -> bool:
    """Whether to believe what a second look found: what nobody says is mostly found where little is."""
    return (
        trusted(segment) and segment.no_speech_prob < _MOST_NO_SPEECH and segment.avg_logprob > _LEAST_LOGPROB
    )


def _in_other_languages(
    pipeline: "ChunkPipeline", samples: Samples, pieces: Sequence["Piece"], words: Sequence[Word], main: str
) -> Iterator[Clip]:
    """Stretches that are perhaps in another language than the beginning, each in those in which it may be."""
    doubtful = {
        stretch: pipeline.languages_of(stretch.of(samples))
        for stretch, shares in _stretches(pieces)
        if _is_doubtful(shares, stretch.those(words), main)
    }
    told = {
        stretch: max(shares.items(), key=lambda own: own[1], default=(main, 0.0))
        for stretch, shares in doubtful.items()
    }
    sure = {
        stretch: language
        for stretch, (language, share) in told.items()
        if share >= _SURE_OF_ANOTHER and stretch.lasts_s >= _TOLD_S
    }
    if set(sure.values()) <= {main}:
        return
    spoken = {main} | {
        language
        for stretch, (language, share) in told.items()
        if share >= _SURE_OF_LANGUAGE and stretch.lasts_s >= _TOLD_S
    }
    for stretch, shares in doubtful.items():
        likely = [name for _, name in sorted((-shares.get(name, 0.0), name) for name in spoken)]
        for language in (sure[stretch],) if stretch in sure else likely[:_MOST_LANGUAGES]:
            yield stretch._replace(language=language)


def _stretches(pieces: Sequence["Piece"]) -> Iterator[tuple[Clip, dict[str, float]]]:
    """Pieces with hardly a pause between them, and how likely their chunk is in each language."""
    first = 0
    for last, piece in enumerate(pieces):
        if last + 1 == len(pieces) or pieces[last + 1].start_s - piece.end_s >= _JOINED_S:
            yield from _parts(pieces[first : last + 1])
            first = last + 1


def _parts(pieces: Sequence["Piece"]) -> Iterator[tuple[Clip, dict[str, float]]]:
    """Pieces in one, or in halves where that is too long: of a second or two nobody can tell the language."""
    whole = Clip(pieces[0].start_s, pieces[-1].end_s)
    if whole.lasts_s <= _STRETCH_S or len(pieces) == 1:
        yield whole, pieces[0].languages
        return
    middle_s = (whole.start_s + whole.end_s) / 2
    half = min(range(1, len(pieces)), key=lambda at: abs(pieces[at].start_s - middle_s))
    yield from _parts(pieces[:half])
    yield from _parts(pieces[half:])


def _is_doubtful(shares: dict[str, float], words: Sequence[Word], main: str) -> bool:
    """Whether a stretch may be in another language than the beginning."""
    if not words or shares.get(main, 1.0) < _SURE_OF_LANGUAGE:
        return True
    return _sureness(words) < _SURE_OF_WORDS


def _missing(pieces: Sequence["Piece"], words: Sequence[Word], main: str) -> Iterator[Clip]:
    """Speech without words: whole pieces, or longer parts of them; in the language that is spoken before."""
    language = main
    for piece in pieces:
        whole = Clip(piece.start_s, piece.end_s)
        own = whole.those(words)
        edges = [whole.start_s, *(edge for word in own for edge in (word.start_s, word.end_s)), whole.end_s]
        language = own[0].language if own else language
        for start_s, end_s in zip(edges[::2], edges[1::2], strict=True):
            if end_s - start_s >= (_MISSING_S if own else _SHORTEST_S):
                yield Clip(start_s, end_s, language)


def _read_again(
    pipeline: "ChunkPipeline", samples: Samples, clips: Sequence[Clip], words: list[Word]
) -> list[Word]:
    """The words with those of another look at some clips, each by itself, where it is surer."""
    for language in dict.fromkeys(clip.language for clip in clips):
        own = [clip for clip in clips if clip.language == language]
        spans = [{"start": clip.start_s, "end": clip.end_s} for clip in own]
        segments, _ = pipeline.transcribe(samples, language=language, clip_timestamps=spans)
        words = _with(words, own, words_of(filter(_certain, segments), language))
    return words


def _with(words: Sequence[Word], clips: Sequence[Clip], read: Sequence[Word]) -> list[Word]:
    merged = list(words)
    for clip in clips:
        old, new = clip.those(merged), clip.those(read)
        if new and (not old or _sureness(new) > _sureness(old)):
            merged = [word for word in merged if not clip.holds(word)] + new
    return sorted(merged, key=lambda word: word.start_s)


def _sureness(words: Sequence[Word]) -> float:
    return fmean(word.share for word in words)


def words_of(segments: Iterable["Segment"], language: str) -> list[Word]:
    """The words of segments that were read in a language."""
    return [
        Word(float(word.start), float(word.end), word.word, float(word.probability), language, segment.start)
        for segment in segments
        for word in segment.words or ()
    ]


def joined(words: Sequence[Word]) -> Iterator[Passage]:
    """Passages of words, those of each segment and language by themselves."""
    parts: list[Passage] = []
    before: Word | None = None
    for word in words:
        if before is not None and (word.segment, word.language) != (before.segment, before.language):
            yield from passages(parts)
            parts = []
        parts.append(Passage(word.start_s, word.end_s, word.text, word.language))
        before = word
    yield from passages(parts)
