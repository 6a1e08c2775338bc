"""Measure how long it takes to find the words of a question in texts of one and of fourteen languages.

    python bench/languages/lookup.py FOLDER [--texts 2000] [--asked 300]

``FOLDER`` has ``captions.csv`` and ``captions-dev-LANG.csv`` (image,caption). Texts are captions, a hundred a
recording, all in English, or half of the recordings in thirteen other languages, of whose captions two are
joined in the middle. Asked are one to four words on end of captions in the languages that there are. Printed:
CPU time of one question, and how many hits there were in all.
"""

import argparse
import csv
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from forms import add

from db.catalog import fulltext
from db.library import Library
from db.settings import Settings
from indexer.told import tell_languages
from search.translation.router import language_asked_in

ENGLISH = "en"
LANGUAGES = "ar de es fr it ja ko nl pl pt ru tr zh".split()
UNSPACED = ("ja", "zh")
PASSAGES = 100
"""Of a recording."""
MOST_WORDS, MOST_HITS = 4, 200


def captions(folder: Path, language: str) -> list[str]:
    """The captions of a language."""
    name = "captions.csv" if language == ENGLISH else f"captions-dev-{language}.csv"
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return [row["caption"].strip(" .\u3002") for row in csv.DictReader(file)]


def parts(text: str, language: str) -> Sequence[str]:
    """Its words, or its signs."""
    return text if language in UNSPACED else text.split()


def joined(some: Sequence[str], language: str) -> str:
    """Parts as a text again."""
    return ("" if language in UNSPACED else " ").join(some)


def passages(by_language: dict[str, list[str]], chance: random.Random) -> Iterator[str]:
    """The texts of one recording after the other."""
    others = [language for language in by_language if language != ENGLISH]
    for number in range(10**9):
        language = chance.choice(others) if others and number % 2 else ENGLISH
        for _ in range(PASSAGES):
            first, second = (parts(text, language) for text in chance.sample(by_language[language], 2))
            halves = [*first[: len(first) // 2], *second[len(second) // 2 :]]
            yield chance.choice(by_language[language]) if language == ENGLISH else joined(halves, language)


def asked(by_language: dict[str, list[str]], chance: random.Random) -> Iterator[str]:
    """Questions of a few words."""
    while True:
        language = chance.choice(list(by_language))
        some = parts(chance.choice(by_language[language]), language)
        length = chance.randint(1, MOST_WORDS)
        start = chance.randrange(max(1, len(some) - length))
        yield joined(some[start : start + length], language)


def measured(by_language: dict[str, list[str]], texts: int, questions: int) -> str:
    """Make a library, ask, and say how long it took."""
    chance = random.Random(1)  # noqa: S311 - a sample, no secret
    with tempfile.TemporaryDirectory() as folder, Library(Settings(library=Path(folder))) as library:
        said = passages(by_language, chance)
        for number in range(texts // PASSAGES):
            add(library, number, list(islice(said, PASSAGES)))
        tell_languages(library)
        took, hits = [], 0
        every = asked(by_language, chance)
        with library.read() as session:
            for question in islice(every, questions):
                started = time.process_time()
                language = language_asked_in(question)
                hits += len(fulltext.match_words(session, question, MOST_HITS, language=language))
                took.append(1000 * (time.process_time() - started))
    return f"median {np.median(took):.1f} ms, mean {np.mean(took):.1f} ms, {hits} hits"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--asked", type=int, default=300)
    args = parser.parse_args()
    every = {language: captions(args.folder, language) for language in (ENGLISH, *LANGUAGES)}
    for name, some in (("English", {ENGLISH: every[ENGLISH]}), ("fourteen languages", every)):
        print(f"{args.texts} texts in {name}: {measured(some, args.texts, args.asked)}", flush=True)


if __name__ == "__main__":
    main()
