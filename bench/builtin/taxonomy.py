"""Build the nouns of the builtin model, and where they stand to ImageNet's classes, from WordNet.

    apt install wordnet-base
    python bench/builtin/taxonomy.py [--wordnet /usr/share/wordnet]

Of WordNet's nouns those are kept whose words English texts use, and which are something that a class is, or
something like it: up to three senses each, the most usual first, by the nearest synsets above them that are
above a class, too. See ``indexer/encoders/builtin/nouns/taxonomy.py``.
"""

import argparse
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from timm.data import ImageNetInfo

from indexer.encoders.builtin.nouns.taxonomy import CLASSES, NOUNS, TAXONOMY, Taxonomy
from search.translation.english import is_word

SENSES = 3
LEAST_LETTERS = 2
LEAST_LIKE = 0.8
"""Of a sense to the nearest class: all living things are like mushrooms by 0.75, which says nothing."""


@dataclass(frozen=True)
class WordNet:
    """Nouns of WordNet 3.0: what each synset is a kind of, and the synsets of each lemma by usage."""

    above: Mapping[int, tuple[int, ...]]
    senses: Mapping[str, tuple[int, ...]]
    counts: Mapping[str, int]
    """How often each lemma was met as a noun in texts whose senses people have marked."""

    @classmethod
    def read(cls, folder: Path) -> "WordNet":
        """From the files that wndb(5WN) describes."""
        above = {offset: tuple(parents) for offset, parents in _synsets(folder / "data.noun")}
        return cls(above, dict(_lemmas(folder / "index.noun")), _counts(folder / "cntlist.rev"))

    @cached_property
    def kinds(self) -> frozenset[int]:
        """Synsets that are kinds, not single persons, places and events."""
        return frozenset(self.above) - frozenset(offset for offset, up in self.above.items() if not up)

    def is_plural(self, lemma: str) -> bool:
        """Whether it is mostly the plural of another one: dogs, which may also be feet, but not glasses."""
        return lemma.endswith("s") and not self.counts[lemma] and self.counts[lemma[:-1]] > 0

    def reached(self, synset: int) -> dict[int, int]:
        """The synsets above one, itself among them, with the number of steps to each."""
        found, todo = {synset: 0}, deque([synset])
        while todo:
            at = todo.popleft()
            for parent in self.above[at]:
                if parent not in found:
                    found[parent] = found[at] + 1
                    todo.append(parent)
        return found


def _synsets(path: Path) -> Iterator[tuple[int, list[int]]]:
    for line in _records(path):
        fields = line.split(" | ")[0].split()
        at = 4 + 2 * int(fields[3], 16)
        pointers = [fields[at + 1 + 4 * number : at + 5 + 4 * number] for number in range(int(fields[at]))]
        yield int(fields[0]), [int(to) for kind, to, part, _ in pointers if kind == "@" and part == "n"]


def _lemmas(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for line in _records(path):
        fields = line.split()
        yield fields[0].replace("_", " "), tuple(int(offset) for offset in fields[-int(fields[2]) :])


def _counts(path: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in path.read_text(encoding="latin-1").splitlines():
        key, _, count = line.split()
        lemma, _, place = key.partition("%")
        if place.startswith("1:"):
            counts[lemma.replace("_", " ")] += int(count)
    return counts


def _records(path: Path) -> Iterator[str]:
    with path.open(encoding="latin-1") as file:
        yield from (line for line in file if not line.startswith("  "))


def nodes_of(wordnet: WordNet) -> list[int]:
    """The synsets of the classes in their order, then all that are above one of them."""
    info = ImageNetInfo()
    classes = [int(info.index_to_label_name(index)[1:]) for index in range(CLASSES)]
    every = {synset for leaf in classes for synset in wordnet.reached(leaf)}
    return [*classes, *sorted(every - set(classes))]


def entries(wordnet: WordNet, synset: int, number: Mapping[int, int]) -> dict[int, int]:
    """The nearest nodes above a synset and the steps to them: none of them is above another one."""
    reached = {node: steps for node, steps in wordnet.reached(synset).items() if node in number}
    covered = {node for low in reached for node in wordnet.reached(low) if node != low}
    return {number[node]: steps for node, steps in reached.items() if node not in covered}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    arguments = parser.parse_args()
    wordnet = WordNet.read(arguments.wordnet)
    nodes = nodes_of(wordnet)
    number = {synset: index for index, synset in enumerate(nodes)}
    parents = [" ".join(str(number[up]) for up in wordnet.above[synset]) for synset in nodes]
    TAXONOMY.write_text("\n".join(parents) + "\n", encoding="utf-8")
    taxonomy = Taxonomy.load()
    lines = []
    for lemma, synsets in wordnet.senses.items():
        if (
            len(lemma) < LEAST_LETTERS
            or wordnet.is_plural(lemma)
            or not all(is_word(word) for word in lemma.split())
        ):
            continue
        kinds = [synset for synset in synsets[:SENSES] if synset in wordnet.kinds]
        near = (entries(wordnet, synset, number) for synset in kinds)
        senses = [sense for sense in near if sense and taxonomy.likeness(sense).max() >= LEAST_LIKE]
        if senses:
            said = "|".join(" ".join(f"{node}:{steps}" for node, steps in sense.items()) for sense in senses)
            lines.append(f"{lemma}\t{said}")
    NOUNS.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
    print(f"{len(nodes)} synsets, {len(lines)} nouns, {NOUNS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
