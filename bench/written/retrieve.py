"""Find pictures with text among pictures without: by two of their words, and by what the text means.

    python bench/written/retrieve.py FOLDER --among PHOTOGRAPHS [--most 2000] [--of CLASS ...]
        [--library LIBRARY]

FOLDER comes from ``make.py``; its pictures and so many photographs become one library, with the builtin
models. *By words*: of each picture two words that stand in it are asked for, of Chinese and Japanese three
signs each. *By meaning*: questions that share no content word with the text
(``MEANT``). A hit is right if it is a picture in which the words, or the text that is meant, stand. Printed:
how often the first hit is right, how often one of the first five, by class or question, and the seconds.
"""

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from words import WITHOUT_SPACES

import trove

MEANT = {
    "a bill from a shop": "Bread Cheese Total",
    "a warning about an animal": "Beware dog",
    "slippery ground": "Caution wet floor",
    "keep silent where books are lent": "Library quiet please",
    "an appointment was postponed": "meeting moved Thursday",
    "return the papers that you have agreed to": "signed contract back",
    "departure of the railway in the morning": "train leaves breakfast",
    "where to get a loaf when it opens": "Bakery open daily",
    "the sea gets warmer in June": "temperature water rises summer",
    "a building that guides ships": "small lighthouse famous",
}
"""Questions, and words that stand together in the text that is meant."""


@dataclass
class Count:
    """Questions of one group, and how often the first hit, or one of five, was right."""

    asked: int = 0
    first: int = 0
    in_five: int = 0

    def add(self, hits: Sequence[Path], right: set[Path]) -> None:
        """Count one question."""
        self.asked += 1
        self.first += bool(hits[:1] and hits[0] in right)
        self.in_five += any(hit in right for hit in hits[:5])


@dataclass(frozen=True)
class Made:
    """A made picture: its class, and what stands in it."""

    path: Path
    of: str
    words: tuple[str, ...]
    spaced: bool

    def has(self, asked: Sequence[str]) -> bool:
        """Whether all of these words stand in it; signs of Chinese and Japanese may stand in any line."""
        if not self.spaced:
            return all(part in "".join(self.words) for part in asked)
        return {part.casefold() for part in asked} <= {_plain(word).casefold() for word in self.words}

    def two(self, chance: random.Random) -> list[str]:
        """Two different words that stand in it, of Chinese and Japanese three signs each; else none."""
        words = sorted({plain for word in self.words if len(plain := _plain(word)) > 1})
        if len(words) < 2:
            return []
        return [
            word if word.isascii() or self.spaced else _three(word, chance)
            for word in chance.sample(words, 2)
        ]


def _plain(word: str) -> str:
    return word.strip(".,:;!?\u3002")


def _three(line: str, chance: random.Random) -> str:
    start = chance.randrange(max(1, len(line) - 2))
    return line[start : start + 3]


def read_made(folder: Path, of: Sequence[str]) -> list[Made]:
    """The made pictures of these classes, or all, that have words."""
    return [
        Made(
            (folder / truth["file"]).resolve(),
            truth["of"],
            tuple(truth["words"]),
            truth["language"] not in WITHOUT_SPACES,
        )
        for truth in json.loads((folder / "truth.json").read_text("utf-8"))
        if truth["words"] and (not of or truth["of"] in of)
    ]


def asked(library: trove.Library, question: str, kind: str | None = None) -> list[Path]:
    """The first five hits, near-identical ones each by itself."""
    return [hit.path for hit in library.search(trove.Query(question, k=5, kind=kind, apart=True)).hits]


def report(title: str, counts: dict[str, Count]) -> None:
    """Print the shares by group, and of all."""
    print(f"\n{title:44} asked  first %  in five %")
    each = counts.values()
    total = Count(sum(c.asked for c in each), sum(c.first for c in each), sum(c.in_five for c in each))
    for name, count in [*counts.items(), ("all", total)]:
        first, five = (100 * part / max(1, count.asked) for part in (count.first, count.in_five))
        print(f"{name:44} {count.asked:5} {first:8.1f} {five:10.1f}")


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--among", type=Path, required=True, help="photographs, most of them without text")
    parser.add_argument("--most", type=int, default=2000, help="photographs")
    parser.add_argument("--of", nargs="*", default=[], help="classes of the pictures with text, else all")
    parser.add_argument("--library", type=Path, help="where to keep it; else it is thrown away")
    options = parser.parse_args()
    made = read_made(options.folder, options.of)
    photographs = sorted(path for path in options.among.rglob("*.jpg"))[: options.most]
    with tempfile.TemporaryDirectory() as scratch:
        place = options.library or Path(scratch) / "library"
        with trove.Library.open(place, whisper="none", device="cpu") as library:
            began = time.monotonic()
            found = library.index([*(one.path for one in made), *photographs])
            print(f"{len(made)} pictures with text, {len(photographs)} without: {found.units}")
            print(f"indexed in {time.monotonic() - began:.0f} s")
            ask_by_words(library, made)
            ask_by_meaning(library, made)


def ask_by_words(library: trove.Library, made: Sequence[Made]) -> None:
    """Ask for two words of each picture."""
    counts: dict[str, Count] = defaultdict(Count)
    chance = random.Random(1)  # noqa: S311 - for questions
    for one in made:
        if words := one.two(chance):
            right = {other.path for other in made if other.has(words)}
            counts[one.of].add(asked(library, " ".join(words)), right)
    report("by two of its words", counts)


def ask_by_meaning(library: trove.Library, made: Sequence[Made]) -> None:
    """Ask for what texts mean, among all pictures, and then among texts alone."""
    for title, kind in (("by its meaning", None), ("by its meaning, --kind text", "text")):
        counts: dict[str, Count] = defaultdict(Count)
        for question, words in MEANT.items():
            if right := {one.path for one in made if one.spaced and one.has(words.split())}:
                counts[question].add(asked(library, question, kind), right)
        report(title, counts)


if __name__ == "__main__":
    main()
