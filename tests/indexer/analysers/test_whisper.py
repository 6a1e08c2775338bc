"""The builtin speech model on real speech, and on what is none."""

import csv
import math
import re
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment, Word

from db.errors import DecodeError, ModelError, ModelMissingError
from indexer.analysers import rereading
from indexer.analysers import whisper as whisper_module
from indexer.analysers.chunks import ChunkPipeline
from indexer.analysers.rereading import joined, trusted, words_of
from indexer.analysers.whisper import Passage, Transcriber, load_transcriber
from indexer.media.reader import probe, read_audio
from indexer.media.types import SAMPLE_RATE, Samples
from tests.support import SAMPLES, media


@pytest.fixture(scope="module")
def whisper(cache: Path) -> Transcriber:
    transcriber = load_transcriber("builtin", device="cpu", cache=cache)
    assert transcriber is not None
    return transcriber


@pytest.fixture(scope="module")
def recording() -> Samples:
    return read_audio(SAMPLES / "recordings" / "r001.ogg", 0, 600)


def spoken() -> dict[str, list[tuple[float, str]]]:
    sentences: dict[str, list[tuple[float, str]]] = {}
    with (SAMPLES / "speech.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            sentences.setdefault(row["file"], []).append((float(row["start_s"]), row["sentence"]))
    return sentences


def reader(samples: Samples) -> Callable[[float, float], Samples]:
    def read(start_s: float, end_s: float) -> Samples:
        return samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]

    return read


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+", text.lower()))


def likeness(first: str, second: str) -> float:
    return len(words(first) & words(second)) / len(words(first) | words(second))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(spoken()))
def test_sentences_are_found_at_their_second(whisper: Transcriber, name: str) -> None:
    path = SAMPLES / name
    duration_s = probe(path).duration_s
    assert duration_s is not None
    passages = list(whisper.transcribe(partial(read_audio, path), duration_s))
    for start_s, sentence in spoken()[name]:
        best = max(passages, key=lambda passage: likeness(passage.text, sentence))
        assert likeness(best.text, sentence) > 0.5
        assert best.start_s == pytest.approx(start_s, abs=1.0)
    assert all(0 <= p.start_s < p.end_s <= duration_s + 0.5 for p in passages)
    assert [p.start_s for p in passages] == sorted(p.start_s for p in passages)
    assert all(p.text and p.text == p.text.strip() for p in passages)


@pytest.mark.slow
def test_a_sentence_that_is_said_again_is_heard_again(whisper: Transcriber) -> None:
    (start_s, sentence), (end_s, _) = spoken()["recordings/r001.ogg"][:2]
    once = read_audio(SAMPLES / "recordings" / "r001.ogg", max(0.0, start_s - 0.2), end_s - 0.2)
    loop = np.concatenate([once] * 3)
    found = list(whisper.transcribe(reader(loop), len(loop) / SAMPLE_RATE))
    rare = max(words(sentence), key=len)
    assert " ".join(passage.text for passage in found).lower().count(rare) == 3
    for number in range(3):
        begins_s = number * len(once) / SAMPLE_RATE + min(start_s, 0.2)
        assert min(abs(passage.start_s - begins_s) for passage in found) < 0.7


@pytest.mark.slow
def test_silence_noise_and_music_say_nothing(whisper: Transcriber) -> None:
    second = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    beat = 0.5 + 0.5 * np.sin(2 * np.pi * 2 * second)
    chord = sum(0.2 * np.sin(2 * np.pi * hz * second) * beat for hz in (220.0, 277.2, 329.6))
    for samples in (
        np.zeros(20 * SAMPLE_RATE, np.float32),
        np.random.default_rng(0).normal(0, 0.1, 20 * SAMPLE_RATE).astype(np.float32),
        np.asarray(chord, np.float32),
        media.tone(20.0),
        np.zeros(0, np.float32),
    ):
        assert list(whisper.transcribe(reader(samples), 20.0)) == []


@pytest.mark.slow
def test_a_long_recording_is_read_window_by_window_and_cut_in_silence(
    whisper: Transcriber, recording: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper_module, "WINDOW_S", 12.0)
    monkeypatch.setattr(whisper_module, "_TAIL_S", 6.0)
    asked: list[tuple[float, float]] = []

    def read(start_s: float, end_s: float) -> Samples:
        asked.append((start_s, end_s))
        return reader(recording)(start_s, end_s)

    passages = list(whisper.transcribe(read, len(recording) / SAMPLE_RATE))
    assert len(asked) >= 3
    assert all(end_s - start_s <= 12.0 for start_s, end_s in asked)
    for start_s, sentence in spoken()["recordings/r001.ogg"]:
        best = max(passages, key=lambda passage: likeness(passage.text, sentence))
        assert likeness(best.text, sentence) > 0.5
        assert best.start_s == pytest.approx(start_s, abs=1.0)
    # No window was cut inside a sentence.
    for start_s, _ in asked[1:]:
        assert not any(passage.start_s + 0.3 < start_s < passage.end_s - 0.3 for passage in passages)


@pytest.mark.slow
def test_what_is_heard_does_not_depend_on_how_many_cores_hear(recording: Samples, cache: Path) -> None:
    (kind, compute_type, *_), *_ = whisper_module._ways("cpu")
    model = WhisperModel(str(cache / "whisper-base"), device=kind, compute_type=compute_type, num_workers=3)
    long = np.concatenate([recording] * 2)
    alone, batched, at_once = (ChunkPipeline(model, *ways) for ways in ((1, 1), (1, 8), (3, 1)))
    heard = rereading.read(alone, long)
    assert len(heard) > len(spoken()["recordings/r001.ogg"])
    assert rereading.read(batched, long) == heard
    assert rereading.read(at_once, long) == heard
    assert at_once.pieces() == alone.pieces()


@pytest.mark.slow
def test_how_much_is_read_is_told_meanwhile_and_what_it_raises_ends_the_reading(
    whisper: Transcriber, recording: Samples
) -> None:
    long = np.concatenate([recording] * 4)
    told: list[float] = []
    passages = whisper.transcribe(reader(long), len(long) / SAMPLE_RATE, told.append)
    next(passages)
    assert told == sorted(told)
    assert any(0 < read_s < len(long) / SAMPLE_RATE for read_s in told)
    passages.close()  # type: ignore[attr-defined]

    def interrupt(read_s: float) -> None:
        if read_s > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(whisper.transcribe(reader(long), len(long) / SAMPLE_RATE, interrupt))
    assert list(whisper.transcribe(reader(recording), len(recording) / SAMPLE_RATE))


@pytest.mark.slow
@pytest.mark.parametrize("duration_s", [3600.0, math.inf])
def test_a_recording_shorter_than_it_claims(
    whisper: Transcriber, recording: Samples, duration_s: float
) -> None:
    passages = list(whisper.transcribe(reader(recording), duration_s))
    assert likeness(passages[0].text, spoken()["recordings/r001.ogg"][0][1]) > 0.5
    assert passages[-1].end_s <= len(recording) / SAMPLE_RATE + 0.5


def test_errors_of_the_decoder_pass_through(whisper: Transcriber) -> None:
    def broken(start_s: float, end_s: float) -> Samples:
        raise DecodeError(f"nothing from {start_s} to {end_s}")

    with pytest.raises(DecodeError, match="nothing from"):
        list(whisper.transcribe(broken, 10.0))


def _segment(text: str, **facts: float) -> Segment:
    said = [
        Word(start=i * 0.5, end=i * 0.5 + 0.4, word=f" {w}", probability=1.0)
        for i, w in enumerate(text.split())
    ]
    values = {"avg_logprob": -0.2, "compression_ratio": 1.3, "no_speech_prob": 0.0, **facts}
    return Segment(0, 0, 0.0, 30.0, text, [], words=said, temperature=0.0, **values)


def test_long_talk_is_cut_into_sentences() -> None:
    passages = list(
        joined(
            words_of([_segment("One two three four five. Yes. Six seven eight nine. " + "la " * 80)], "en")
        )
    )
    assert [passage.text for passage in passages[:2]] == [
        "One two three four five.",
        "Yes. Six seven eight nine.",
    ]
    assert all(passage.end_s - passage.start_s <= 15 for passage in passages)
    start_s, second = passages[1].start_s, passages[1]
    words = [
        (start_s + begins, start_s + ends, second.text[at:].split()[0]) for begins, ends, at in second.words
    ]
    assert words == [
        (pytest.approx(2.5 + 0.5 * number), pytest.approx(2.9 + 0.5 * number), word)
        for number, word in enumerate("Yes. Six seven eight nine.".split())
    ]
    assert list(joined(words_of([_segment("... ♪ ♪")], "en"))) == []


def test_loops_and_inventions_are_left_out() -> None:
    assert trusted(_segment("A good sentence."))
    assert not trusted(_segment("la la la", compression_ratio=5.0))
    assert not trusted(_segment("Thanks for watching!", no_speech_prob=0.9, avg_logprob=-1.3))


def test_no_speech_model_is_wanted(tmp_path: Path) -> None:
    assert load_transcriber("none", device="cpu", cache=tmp_path) is None


def test_models_that_cannot_be_had_are_named_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(ModelMissingError, match=r"weights of the speech model large-v3") as caught:
        load_transcriber("large-v3", device="cpu", cache=tmp_path)
    assert time.monotonic() - start < 10
    assert caught.value.hint
    with pytest.raises(ModelError, match=r"there is no speech model 'enormous'"):
        load_transcriber("enormous", device="cpu", cache=tmp_path)
    with pytest.raises(ModelMissingError, match=r"holds no speech model"):
        load_transcriber(str(tmp_path), device="cpu", cache=tmp_path)


@pytest.mark.slow
def test_the_weights_are_put_together_once_and_again_when_damaged(tmp_path: Path, recording: Samples) -> None:
    def first_passage() -> Passage:
        transcriber = load_transcriber("builtin", device="cpu", cache=tmp_path)
        assert transcriber is not None
        return next(transcriber.transcribe(reader(recording[: 4 * SAMPLE_RATE]), 4.0))

    first = first_passage()
    weights = tmp_path / "whisper-base" / "model.bin"
    written = weights.stat().st_mtime_ns
    assert first_passage() == first
    assert weights.stat().st_mtime_ns == written
    with weights.open("r+b") as file:
        file.truncate(1000)
    assert first_passage() == first
    assert weights.stat().st_size > 100e6


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"something else")
    with pytest.raises(ModelError, match="do not fit together"):
        whisper_module.join_parts([tmp_path / "part"], tmp_path / "whole")
