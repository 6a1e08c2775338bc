"""Speech to text: times real time and word error rate, beside the plain use of faster-whisper.

    python bench/speech.py --audio FOLDER --transcripts CSV [--minutes 10] [--json FILE]

CSV has columns ``audio,caption``. The recordings are joined, with a second of silence between them, until
they last ``--minutes``. Both use the builtin weights in 8 bits on the CPU; the plain use is
``WhisperModel(folder).transcribe(file)``. Words are compared in lower case without punctuation (Levenshtein
distance over the number of words that were said).
"""

import argparse
import csv
import json
import re
import time
from pathlib import Path

import numpy as np

from db.settings import Settings
from indexer.analysers.whisper import load_transcriber
from indexer.media.reader import read_audio
from indexer.media.types import SAMPLE_RATE, Samples

_PAUSE = np.zeros(SAMPLE_RATE, dtype=np.float32)


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


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--transcripts", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    from faster_whisper import WhisperModel

    samples, said = joined(options.audio, options.transcripts, options.minutes)
    seconds = len(samples) / SAMPLE_RATE
    cache = Settings().cache
    transcriber = load_transcriber("builtin", device="cpu", cache=cache)
    assert transcriber is not None

    def ours() -> str:
        def read(start_s: float, end_s: float) -> Samples:
            return samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]

        return " ".join(passage.text for passage in transcriber.transcribe(read, seconds))

    list(transcriber.transcribe(lambda *_: samples[: 5 * SAMPLE_RATE], 5.0))  # loads the model
    plain = WhisperModel(str(cache / "whisper-base"), device="cpu", compute_type="int8")

    def theirs() -> str:
        return " ".join(segment.text for segment in plain.transcribe(samples)[0])

    figures: dict[str, object] = {"seconds of speech": round(seconds), "words": len(said)}
    for name, transcribe in (("trove", ours), ("plain", theirs)):
        started, cpu = time.perf_counter(), time.process_time()
        heard = spoken(transcribe())
        took, used = time.perf_counter() - started, time.process_time() - cpu
        figures[name] = {
            "seconds": round(took, 1),
            "cpu_s": round(used, 1),
            "times real time": round(seconds / took, 1),
            "word error rate %": round(error_rate(heard, said), 2),
        }
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
