"""Words that a reader of text in pictures finds in made ones, words that it invents, and what it costs.

    python bench/written/measure.py FOLDER [--reader MODULE:FUNCTION ...] [--of CLASS ...] [--most 24]
        [--textless FOLDER] [--json FILE]

FOLDER comes from ``make.py``. A word is found if it stands by itself in what was read, marks and all; of
Chinese and Japanese the pairs of neighbouring signs are counted. ``joined`` forgives lost spaces. Seconds are
those of the processor, without the decode; readers are to use one thread. Several readers, such as those of
``readers.py``, take turns with each picture; the peak of memory is that of all, so it wants a run of one.
``--textless`` names photographs (such as those of a captioned set) for the first reader, in which every word
counts as false; look at these, some have text.
"""

import argparse
import importlib
import json
import re
import resource
import statistics
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from words import WITHOUT_SPACES

from indexer.media.reader import read_image
from indexer.media.types import Picture

Reader = Callable[[Picture], list[str]]
"""Gives the lines, or blocks, that stand in a picture."""


@dataclass
class Count:
    """What was found of one class of pictures."""

    found: int = 0
    joined: int = 0
    words: int = 0
    seconds: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, wanted: Iterable[str], text: str, language: str) -> None:
        """Count the words of a picture."""
        tokens, run = set(_normal(text).split()), _normal(text).replace(" ", "")
        for word in wanted:
            for part in _parts(word, language):
                here = part in (run if language in WITHOUT_SPACES else tokens)
                self.found += here
                self.joined += part.replace(" ", "") in run
                self.words += 1
                if not here:
                    self.missed.append(part)


def measure(
    readers: dict[str, Reader], folder: Path, of: Iterable[str], most: int
) -> dict[str, dict[str, Count]]:
    """The counts by reader, and by class and language, of at most so many pictures of a class."""
    counts: dict[str, dict[str, Count]] = {name: defaultdict(Count) for name in readers}
    seen: dict[str, int] = defaultdict(int)
    for truth in json.loads((folder / "truth.json").read_text("utf-8")):
        seen[truth["of"]] += 1
        if (of and truth["of"] not in of) or seen[truth["of"]] > most or truth["of"] == "textless":
            continue
        for name, reader in readers.items():
            text, seconds = _timed(reader, folder / truth["file"])
            for group in (truth["of"], truth["language"]):
                counts[name][group].add(truth["words"], " ".join(text), truth["language"])
                counts[name][group].seconds.append(seconds)
    return counts


def invented(reader: Reader, paths: Iterable[Path]) -> tuple[list[tuple[str, str]], list[float]]:
    """(file, line) of all that is read in photographs without text, and the seconds."""
    lines, seconds = [], []
    for path in paths:
        text, took = _timed(reader, path)
        lines += [(path.name, line) for line in text]
        seconds.append(took)
    return lines, seconds


def _timed(reader: Reader, path: Path) -> tuple[list[str], float]:
    _, picture = read_image(path, min_side=100_000, max_megapixels=500)
    start = time.process_time()
    return reader(picture), time.process_time() - start


def _parts(word: str, language: str) -> list[str]:
    """What is looked for of a word: itself, or the pairs of its signs."""
    plain = _normal(word)
    if language not in WITHOUT_SPACES or plain.isascii():
        return plain.split()
    plain = plain.replace(" ", "")
    return [plain[at : at + 2] for at in range(max(1, len(plain) - 1))]


def _normal(text: str) -> str:
    """Small letters in one form, with nothing between words but one space; points in numbers stay."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"(?<!\d)[^\w\s]|[^\w\s](?!\d)", " ", plain).split())


def _load(name: str) -> Reader:
    module, function = name.split(":")
    reader: Reader = getattr(importlib.import_module(module), function)()
    return reader


def _report(counts: dict[str, Count]) -> list[dict[str, Any]]:
    rows = []
    print("class         pictures   words   found %  joined %  seconds")
    for name, count in counts.items():
        found, joined = (100 * part / count.words for part in (count.found, count.joined))
        mean = statistics.mean(count.seconds)
        print(
            f"{name:13} {len(count.seconds):8} {count.words:7} {found:9.1f} {joined:9.1f} {mean:8.2f}"
            f"  {' '.join(count.missed[:6])}"
        )
        rows.append({"of": name, "words": count.words, "found": found, "joined": joined, "seconds": mean})
    return rows


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reader", nargs="+", default=["readers:trove"], help="MODULE:FUNCTION makes it")
    parser.add_argument("--of", nargs="*", default=[], help="these classes")
    parser.add_argument("--most", type=int, default=24, help="pictures of a class")
    parser.add_argument("--textless", type=Path, help="photographs, most of them without text")
    parser.add_argument("--most-textless", type=int, default=500)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    readers = {name: _load(name) for name in options.reader}
    rows: list[Any] = []
    for name, counts in measure(readers, options.folder, options.of, options.most).items():
        print(name)
        rows += [{"reader": name, **row} for row in _report(counts)]
    if options.textless:
        reader = readers[options.reader[0]]
        paths = sorted(path for path in options.textless.rglob("*") if path.is_file())
        lines, seconds = invented(reader, paths[: options.most_textless])
        pictures = len({name for name, _ in lines})
        print(
            f"{len(seconds)} photographs: {len(lines)} lines in {pictures}, {statistics.mean(seconds):.2f} s"
        )
        for name, line in lines:
            print(f"  {name}  {line}")
        rows.append({"of": "textless", "lines": lines, "seconds": statistics.mean(seconds)})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"at most {peak:.0f} MB")
    if options.json:
        options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    main()
