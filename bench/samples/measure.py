"""Measure search on the samples: photographs by their captions, moments by the sentences said then.

    make demo && .venv/bin/python bench/samples/measure.py demo-library

Ranks are those of the whole fused list, with video frames and spoken passages among the pictures. All is
asked again with other weights of the passages' embeddings, beside the 1 of pictures and of keywords; the
paraphrases were written for this, and say in other words what one sentence of the samples says.
"""

import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from search.engine import sources
from search.query.query import Query
from trove import Library

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NEAR_S = 3.0
WEIGHTS = (0.2, 0.4, 0.6)

PARAPHRASES = {
    "keys of the house are where": "The keys of the garden house",
    "which day does the dentist want to see me": "The dentist called",
    "grandma's birthday candles": "Grandmother turns eighty",
    "buy eggs and milk": "I have to buy bread",
    "repair the bike before midday": "The red bicycle",
    "water the tomato plants": "Do not forget to water",
    "guitar for the party": "Please ask Peter",
    "how long can camels go without drinking": "A camel can live",
    "animals hiding nuts for winter": "In autumn it hides nuts",
    "swans swimming": "A family of swans",
    "heron flying home": "And finally, a heron",
    "thanks for watching": "Thank you for watching",
}
"""A query, and how the sentence that it is about begins."""


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the samples."""
    with (SAMPLES / name).open(newline="") as file:
        return list(csv.DictReader(file))


def share(name: str, ranks: Sequence[int]) -> None:
    """Print the shares of ranks that are 1, and 1 to 5 (0: not found)."""
    best = sum(rank == 1 for rank in ranks)
    five = sum(1 <= rank <= 5 for rank in ranks)
    count = len(ranks)
    print(f"{name:32} {count:3} queries  first {best / count:6.1%}  in the first five {five / count:6.1%}")


def moment(trove: Library, query: str, row: dict[str, str]) -> int:
    """The rank of the moment at which a sentence is said; 0 where it is not among the first five."""
    path, start_s = (SAMPLES / row["file"]).resolve(), float(row["start_s"])
    for hit in trove.search(Query(query, k=5)).hits:
        if hit.path == path and hit.start_s is not None and abs(hit.start_s - start_s) <= NEAR_S:
            return hit.rank
    return 0


def picture(trove: Library, row: dict[str, str]) -> int:
    """The rank of the photograph that a caption describes; 0 where it is not among the first five."""
    hits = trove.search(Query(row["caption"], k=5)).hits
    return next((hit.rank for hit in hits if hit.path.name == row["image"]), 0)


def main() -> None:
    """Ask everything and print the shares."""
    captions, spoken = rows("captions.csv"), rows("speech.csv")
    sentences = {
        start: row for row in spoken for start in PARAPHRASES.values() if row["sentence"].startswith(start)
    }
    with Library.open(Path(sys.argv[1])) as trove:
        by_meaning = sources.every()["meaning"]
        assert isinstance(by_meaning, sources.Nearest)
        for weight in (sources.PASSAGE_WEIGHT, *WEIGHTS):
            sources.unregister("meaning")
            sources.register("meaning", replace(by_meaning, weight=weight))
            print(f"weight of the meaning of passages: {weight:g}")
            share("captions of photographs", [picture(trove, row) for row in captions])
            share(f"sentences, within {NEAR_S:g} s", [moment(trove, row["sentence"], row) for row in spoken])
            asked = [moment(trove, query, sentences[start]) for query, start in PARAPHRASES.items()]
            share("paraphrases", asked)


if __name__ == "__main__":
    main()
