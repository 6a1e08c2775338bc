"""A library with a talk of twelve minutes, of which it is known what is said and when."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from db.library import Library
from db.settings import Settings
from indexer import pipeline
from indexer.analysers import whisper
from indexer.analysers.whisper import Passage
from tests.support.media import sound

MINUTES = 12
TOPICS = (
    "The harbour lay still, and the boats with anchors and sails waited for the fishermen and the storm",
    "Take flour, butter and sugar, knead the dough for the cake, and bake it in the oven of the kitchen",
    "The mechanic took the engine apart, changed the oil and the brakes, and put the wheels on again",
)
EACH_S = 10.0


def passages() -> Iterator[Passage]:
    """One every ten seconds, about one topic after the other; words that follow each other evenly."""
    every = round(60 * MINUTES / EACH_S)
    for number in range(every):
        words = TOPICS[len(TOPICS) * number // every].split()
        words = [*words[number % 7 :], *words[: number % 7], f"for the {number}th time."]
        places = np.cumsum([0, *(len(word) + 1 for word in words)])
        length_s = (EACH_S - 0.5) / len(words)
        timed = (
            (round(n * length_s, 2), round((n + 1) * length_s, 2), int(places[n])) for n in range(len(words))
        )
        start_s = number * EACH_S
        yield Passage(start_s, start_s + EACH_S - 0.5, " ".join(words), "en", tuple(timed))


class _Heard:
    name = "builtin"

    def transcribe(self, *_: object) -> Iterator[Passage]:
        return passages()


def talk_library(folder: Path, cache: Path) -> Path:
    """The folder of a library that has the talk ``talk.wav``, and nothing else."""
    (media := folder / "media").mkdir(parents=True)
    rate = 8_000
    hum = 0.01 * np.sin(np.arange(rate * 60 * MINUTES, dtype=np.float32) / 20)
    sound(media / "talk.wav", hum.astype(np.float32), rate)
    settings = Settings(library=folder / "library", cache=cache, device="cpu", off=("text",))
    with pytest.MonkeyPatch.context() as patch, Library(settings) as library:
        patch.setattr(whisper, "load_transcriber", lambda *_args, **_more: _Heard())
        report = pipeline.index(library, [media])
        assert report.failed == 0
    return settings.paths.folder
