"""Speech to text: how fast and how right, beside other ways of using the same weights; and what is hard.

    python bench/speech.py --audio FOLDER --transcripts CSV [--minutes 10] [--rounds 2] [--without plain]
    python bench/speech.py --hard [--repeat FILE] [--nothing 30] [--json FILE]

CSV has columns ``audio,caption``. The recordings are joined, with a second of silence between them, until
they last ``--minutes``. All use the builtin weights in 8 bits on the CPU, in turns, round by round: Trove;
one look, as the batched pipeline of faster-whisper gives it, without reading anything again; and the plain
use, ``WhisperModel(folder).transcribe(file)``. Words are compared in lower case without punctuation
(Levenshtein distance over the number of words that were said).

``--hard``: with ``--repeat`` a recording of one sentence, again and again (how often each finds it);
recordings made by espeak-ng that change their language every few sentences (word error of each part there,
and alone: as it is, and with some silence before it, which tells how much of a difference is chance); and so
many minutes of silence, noise and tones (words that nobody said).
"""

import argparse
import csv
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from db.settings import Settings
from indexer.analysers import rereading
from indexer.analysers.passages import Passage
from indexer.analysers.whisper import Transcriber, load_transcriber
from indexer.media.reader import read_audio
from indexer.media.types import SAMPLE_RATE, Samples

_PAUSE = np.zeros(SAMPLE_RATE, dtype=np.float32)
_LEADS = [np.zeros(round(lead_s * SAMPLE_RATE), dtype=np.float32) for lead_s in (0, 0.2, 0.5, 1, 1.7)]

TALK = {
    "en": (
        "The children are playing on the beach near the old lighthouse. Their mother reads a book.",
        "Tomorrow we will travel to the mountains by train. The tickets are already paid.",
        "My brother has bought a new bicycle. He rides it to school every morning.",
    ),
    "de": (
        "Die Kinder spielen am Strand neben dem alten Leuchtturm. Ihre Mutter liest ein Buch.",
        "Morgen fahren wir mit dem Zug in die Berge. Die Karten sind schon bezahlt.",
        "Mein Bruder hat ein neues Fahrrad gekauft. Er fährt damit jeden Morgen zur Schule.",
    ),
    "es": (
        "Los niños juegan en la playa cerca del viejo faro. Su madre lee un libro.",
        "Mañana viajaremos a las montañas en tren. Los billetes ya están pagados.",
        "Mi hermano ha comprado una bicicleta nueva. Va con ella a la escuela todas las mañanas.",
    ),
}
"""What is said in a recording that changes its language, and in which."""


def joined(folder: Path, transcripts: Path, minutes: float) -> tuple[Samples, list[str]]:
    """The recordings in one, and the words that are said in it."""
    parts: list[Samples] = []
    words: list[str] = []
    length = 0
    with transcripts.open(newline="") as file:
        for row in csv.DictReader(file):
            if length >= 60 * minutes * SAMPLE_RATE:
                break
            parts += [read_audio(folder / row["audio"], 0, 600), _PAUSE]
            length += sum(len(part) for part in parts[-2:])
            words += spoken(row["caption"])
    return np.concatenate(parts), words


def spoken(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return re.sub(r"[^\w\s']", " ", text.lower()).split()


def error_rate(heard: list[str], said: list[str]) -> float:
    """Word error rate in per cent."""
    row = np.arange(len(heard) + 1)
    for word in said:
        costs = row[:-1] + np.array([word != other for other in heard])
        new = np.minimum(costs, row[1:] + 1)
        row = np.concatenate([[row[0] + 1], new])
        # An insertion costs one more than what stands to the left: a running minimum, shifted.
        places = np.arange(len(row))
        row = np.minimum.accumulate(row - places) + places
    return 100 * float(row[-1]) / len(said)


class Ways:
    """Three ways of reading the same sound with the same weights."""

    def __init__(self) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        cache = Settings().cache
        transcriber = load_transcriber("builtin", device="cpu", cache=cache)
        assert transcriber is not None
        self._trove: Transcriber = transcriber
        self.trove(np.tile(_PAUSE, 5))  # loads the model
        self._model = WhisperModel(str(cache / "whisper-base"), device="cpu", compute_type="int8")
        self._batched = BatchedInferencePipeline(self._model)

    def trove(self, samples: Samples) -> list[Passage]:
        """As Trove reads it."""

        def read(start_s: float, end_s: float) -> Samples:
            return samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]

        return list(self._trove.transcribe(read, len(samples) / SAMPLE_RATE))

    def one_look(self, samples: Samples) -> list[Passage]:
        """What the batched pipeline gives."""
        found: list[Passage] = []
        window = 600 * SAMPLE_RATE
        for start in range(0, len(samples), window):
            segments, _ = self._batched.transcribe(
                samples[start : start + window], batch_size=8, word_timestamps=True
            )
            words = rereading.words_of(filter(rereading.trusted, segments), "")
            found += rereading.joined(words)
        return found

    def plain(self, samples: Samples) -> list[Passage]:
        """The plain use of faster-whisper."""
        segments = self._model.transcribe(samples)[0]
        return [Passage(segment.start, segment.end, segment.text) for segment in segments]

    def every(self) -> dict[str, Callable[[Samples], list[Passage]]]:
        """All of them by name."""
        return {"trove": self.trove, "one look": self.one_look, "plain": self.plain}


def compared(
    ways: Ways, samples: Samples, said: list[str], rounds: int, without: Sequence[str]
) -> dict[str, object]:
    """Seconds, CPU seconds and word error rate of each way; the best of some rounds, in turns."""
    seconds = len(samples) / SAMPLE_RATE
    figures: dict[str, object] = {"seconds of speech": round(seconds), "words": len(said)}
    each = {name: transcribe for name, transcribe in ways.every().items() if name not in without}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in each}
    heard: dict[str, str] = {}
    for _ in range(rounds):
        for name, transcribe in each.items():
            started, cpu = time.perf_counter(), time.process_time()
            heard[name] = " ".join(passage.text for passage in transcribe(samples))
            took[name].append((time.perf_counter() - started, time.process_time() - cpu))
    for name, times in took.items():
        best, used = min(times)[0], min(cpu for _, cpu in times)
        figures[name] = {
            "seconds": round(best, 1),
            "cpu_s": round(used, 1),
            "all seconds": [round(wall, 1) for wall, _ in times],
            "all cpu_s": [round(cpu, 1) for _, cpu in times],
            "times real time": round(seconds / best, 1),
            "word error rate %": round(error_rate(spoken(heard[name]), said), 2),
        }
    return figures


def repeats(ways: Ways, path: Path) -> dict[str, object]:
    """How many passages each way makes of a recording of one sentence, and where they begin."""
    samples = read_audio(path, 0, 600)
    found: dict[str, object] = {"seconds": round(len(samples) / SAMPLE_RATE, 1)}
    for name, transcribe in ways.every().items():
        passages = transcribe(samples)
        found[name] = {
            "passages": len(passages),
            "words": sum(len(spoken(passage.text)) for passage in passages),
            "starts": [round(passage.start_s, 1) for passage in passages],
        }
    return found


def changes(ways: Ways) -> list[dict[str, object]]:
    """Word error of each part of a recording that changes its language, there and alone."""
    with tempfile.TemporaryDirectory() as folder:
        parts = [
            (language, text, _said_by_machine(language, text, Path(folder)))
            for number in range(3)
            for language, texts in TALK.items()
            for text in [f"{texts[number]} {texts[(number + 1) % 3]}"]
        ]
    whole = np.concatenate([piece for *_, samples in parts for piece in (samples, _PAUSE)])
    heard = {name: transcribe(whole) for name, transcribe in ways.every().items()}
    rows: list[dict[str, object]] = []
    start_s = 0.0
    for language, text, samples in parts:
        end_s = start_s + len(samples) / SAMPLE_RATE
        row: dict[str, object] = {"language": language, "words": len(spoken(text))}
        alone = [_rate(ways.trove(np.concatenate([quiet, samples, quiet])), text) for quiet in _LEADS]
        row["alone"], row["alone, later"] = alone[0], alone[1:]
        for name, passages in heard.items():
            own = [one for one in passages if start_s <= (one.start_s + one.end_s) / 2 < end_s + 0.5]
            row[name] = _rate(own, text)
            if name == "trove":
                row["told"] = sorted({one.language or "" for one in own})
        rows.append(row)
        start_s = end_s + 1.0
    return rows


def _rate(passages: Sequence[Passage], text: str) -> float:
    return round(error_rate(spoken(" ".join(passage.text for passage in passages)), spoken(text)), 1)


def _said_by_machine(language: str, text: str, folder: Path) -> Samples:
    path = folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", language, "-s", "140", "-w", path, text], check=True)
    return read_audio(path, 0, 600)


def nothing(minutes: float) -> Iterator[tuple[str, Samples]]:
    """Sound in which nobody speaks, so many minutes of it in equal parts."""
    random = np.random.default_rng(1)
    count = round(60 * minutes * SAMPLE_RATE / 6)
    second = np.arange(count) / SAMPLE_RATE
    white = random.normal(0, 1, count)
    beat = 0.5 + 0.5 * np.sin(2 * np.pi * 2 * second)
    melody = np.repeat(220 * 2 ** (random.integers(0, 24, count // 4000 + 1) / 12), 4000)[:count]
    yield "silence", np.zeros(count, np.float32)
    yield "white noise", (0.1 * white).astype(np.float32)
    brown = np.cumsum(white) - np.convolve(np.cumsum(white), np.ones(800) / 800, "same")
    yield "rumble", (0.2 * brown / np.abs(brown).max()).astype(np.float32)
    yield (
        "hum",
        (0.2 * np.sin(2 * np.pi * 50 * second) + 0.1 * np.sin(2 * np.pi * 150 * second)).astype(np.float32),
    )
    chord = sum(0.2 * np.sin(2 * np.pi * hz * second) * beat for hz in (220.0, 277.2, 329.6))
    yield "chords", np.asarray(chord, np.float32)
    phase = 2 * np.pi * np.cumsum(melody) / SAMPLE_RATE
    yield (
        "melody",
        (0.3 * (np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase))).astype(np.float32),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--transcripts", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--without", nargs="*", default=[], choices=["trove", "one look", "plain"])
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--repeat", type=Path, help="a recording of one sentence, again and again")
    parser.add_argument("--nothing", type=float, default=30, help="minutes of silence, noise and tones")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if not options.hard and not (options.audio and options.transcripts):
        parser.error("give --audio and --transcripts, or --hard")
    ways, figures = Ways(), {}
    if options.audio and options.transcripts:
        samples, said = joined(options.audio, options.transcripts, options.minutes)
        figures |= compared(ways, samples, said, options.rounds, options.without)
    if options.repeat:
        figures["repeats"] = repeats(ways, options.repeat)
    if options.hard:
        figures["changes"] = changes(ways)
        figures["invented words"] = {
            name: sum(len(spoken(passage.text)) for passage in ways.trove(samples))
            for name, samples in nothing(options.nothing)
        }
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
