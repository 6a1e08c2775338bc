"""Find pictures with text among pictures without: by two of their words, and by what the text means.

    python bench/written/retrieve.py FOLDER --among PHOTOGRAPHS [--most 2000] [--of CLASS ...]
        [--library LIBRARY]

FOLDER comes from ``make.py``; its pictures and so many photographs become one library, with the builtin
models. *By words*: of each picture two words that stand in it are asked for, those of Chinese and Japanese
as the pairs of signs of ``make.py``. *By meaning*: questions that share no content word with the text
(``MEANT``). A hit is right if it is a picture in which the words, or the text that is meant, stand. Printed:
how often the first hit is right, how often one of the first five, by class or question, and the seconds.
"""

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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


def having(truths: Iterable[dict[str, object]], words: Sequence[str], folder: Path) -> set[Path]:
    """The made pictures in which all of these words stand."""
    wanted = {word.casefold() for word in words}
    found = set()
    for truth in truths:
        own = {str(word).casefold().strip(".,:;!?") for word in truth["words"]}  # type: ignore[attr-defined]
        if wanted <= own:
            found.add((folder / str(truth["file"])).resolve())
    return found


def two_words(words: Sequence[str], chance: random.Random) -> list[str]:
    """Two different words of some length, without what ends a sentence; none where there are fewer."""
    long = sorted({plain for word in words if len(plain := word.strip(".,:;!?")) > 1})
    return chance.sample(long, 2) if len(long) > 1 else []


def asked(library: trove.Library, question: str) -> list[Path]:
    """The first five hits, near-identical ones each by itself."""
    return [hit.path for hit in library.search(trove.Query(question, k=5, apart=True)).hits]


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
    truths = [
        truth
        for truth in json.loads((options.folder / "truth.json").read_text("utf-8"))
        if truth["words"] and (not options.of or truth["of"] in options.of)
    ]
    photographs = sorted(path for path in options.among.rglob("*.jpg"))[: options.most]
    with tempfile.TemporaryDirectory() as scratch:
        place = options.library or Path(scratch) / "library"
        with trove.Library.open(place, whisper="none", device="cpu") as library:
            began = time.monotonic()
            made = [options.folder / truth["file"] for truth in truths]
            found = library.index([*made, *photographs])
            print(f"{len(made)} pictures with text, {len(photographs)} without: {found.units}")
            print(f"indexed in {time.monotonic() - began:.0f} s")
            ask_by_words(library, truths, options.folder)
            ask_by_meaning(library, truths, options.folder)


def ask_by_words(library: trove.Library, truths: list[dict[str, object]], folder: Path) -> None:
    """Ask for two words of each picture."""
    counts: dict[str, Count] = defaultdict(Count)
    chance = random.Random(1)  # noqa: S311 - for questions
    for truth in truths:
        words = two_words([str(word) for word in truth["words"]], chance)  # type: ignore[attr-defined]
        if words:
            hits = asked(library, " ".join(words))
            counts[str(truth["of"])].add(hits, having(truths, words, folder))
    report("by two of its words", counts)


def ask_by_meaning(library: trove.Library, truths: list[dict[str, object]], folder: Path) -> None:
    """Ask for what texts mean."""
    counts: dict[str, Count] = defaultdict(Count)
    for question, words in MEANT.items():
        if right := having(truths, words.split(), folder):
            counts[question].add(asked(library, question), right)
    report("by its meaning", counts)


if __name__ == "__main__":
    main()
