"""Paraphrase the names of the gathered pictures by definitions and synonyms of WordNet.

    python bench/drawer/meanings.py [--data build/drawer]       # needs apt-get and dpkg

Before: gather.py. People describe what they have no name for; a drawer that learnt names and keywords alone
has never met a description. Where a picture's name is a noun of WordNet 3.0 (package wordnet-base; WordNet
License), ``meanings.csv`` has a row with the texts of one of its senses, and of the next wider and narrower
ones: the sense whose definition is nearest to the picture's name and keywords, to the sentence model. The
paraphrases that the drawer is measured with were written before, by hand, and none of the texts is one of
them.
"""

import argparse
import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gather import unpacked
from pictures import DATA, table

from indexer.encoders.builtin.encoder import ConseEncoder

_DICTIONARY = "usr/share/wordnet"
_SEEN = frozenset(("05", "06", "08", "13", "17", "18", "19", "20", "25", "27"))
"""Lexicographers' files, lexnames(5WN), of what can be drawn: animals, artifacts, body, food, objects,
people, phenomena, plants, shapes and substances."""
_NEAR = 0.25
"""Least cosine between a sense and the name and keywords of a picture."""
_RELATED = 5
"""Definitions of wider and narrower terms that are taken: they often say what a short one does not."""
_RARER = 0.03
"""Cosine by which a sense must be nearer than one that is commoner by one place."""


@dataclass(frozen=True)
class Sense:
    """A sense of a noun: a synset of WordNet."""

    definition: str
    """Its first clause, without remarks in brackets."""
    words: list[str]
    """Its synonyms."""
    related: list[str]
    """Definitions of its hypernyms, then of its hyponyms."""

    def texts(self, name: str) -> list[str]:
        """The definition, the words beside ``name``, and some of the related definitions."""
        words = (word for word in self.words if word.lower() != name.lower())
        return list(dict.fromkeys([self.definition, *words, *self.related[:_RELATED]]))


class Nouns:
    """The nouns of WordNet, read from its files (their format: wndb(5WN))."""

    def __init__(self, folder: Path) -> None:
        lines = (folder / "index.noun").read_text("utf-8").splitlines()
        self._index = {line.split()[0]: line.split() for line in lines if not line.startswith(" ")}
        self._data = (folder / "data.noun").read_bytes()

    def senses(self, name: str) -> list[Sense]:
        """Drawable senses of a name or its singular, the commonest first."""
        lemma = name.lower().replace(" ", "_")
        forms = (lemma, re.sub("es$", "", lemma), re.sub("s$", "", lemma))
        entry = next((self._index[form] for form in forms if form in self._index), None)
        # The last fields of a line, as many as the third says, are places in the other file.
        found = (self._read(int(offset)) for offset in entry[-int(entry[2]) :]) if entry else ()
        return [sense for sense in found if sense]

    def _read(self, offset: int) -> Sense | None:
        line, _, gloss = self._data[offset : self._data.index(b"\n", offset)].decode().partition(" | ")
        fields = line.split()
        if fields[1] not in _SEEN:
            return None
        end = 4 + 2 * int(fields[3], 16)
        words = [word.replace("_", " ") for word in fields[4:end:2]]
        # After the words and a count, four fields each: a symbol, a place in this file, and two more.
        pointers = list(zip(fields[end + 1 :: 4], fields[end + 2 :: 4], strict=False))
        places = [int(place) for symbol in "@~" for kind, place in pointers if kind == symbol]
        return Sense(_definition(gloss), words, [self._definition_at(place) for place in places])

    def _definition_at(self, offset: int) -> str:
        line = self._data[offset : self._data.index(b"\n", offset)].decode()
        return _definition(line.partition(" | ")[2])


def _definition(gloss: str) -> str:
    return re.sub(r"\([^)]*\)", "", gloss).split(";")[0].strip()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    nouns, rows = Nouns(unpacked("wordnet-base", data) / _DICTIONARY), table(data / "pictures.csv")
    said = {(row["name"], row["keywords"]) for row in rows}
    asked = [(*pair, nouns.senses(pair[0])) for pair in sorted(said)]
    asked = [(name, keywords, senses) for name, keywords, senses in asked if senses]
    embedded = ConseEncoder(data, "cpu").encode_texts
    pictures = embedded([f"{name}, {keywords.replace('|', ', ')}" for name, keywords, _ in asked])
    meant = embedded([f"{name}, {sense.definition}" for name, _, senses in asked for sense in senses])
    begins, count = np.cumsum([0, *(len(senses) for *_, senses in asked)]), 0
    with (data / "meanings.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "keywords", "texts"])
        for i, (name, keywords, senses) in enumerate(asked):
            near = meant[begins[i] : begins[i + 1]] @ pictures[i] - _RARER * np.arange(len(senses))
            if float(near.max()) < _NEAR:
                continue
            writer.writerow([name, keywords, "|".join(senses[int(near.argmax())].texts(name))])
            count += 1
    print(f"{count:,} of {len(said):,} names have a sense")


if __name__ == "__main__":
    main()
