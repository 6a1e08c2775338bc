"""How well the samples are found: captions their photographs, sentences their second.

    make demo && .venv/bin/python bench/samples/measure.py demo-library

Ranks are those of the whole fused list, with video frames and spoken passages among the pictures.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from db.settings import load_settings
from search.query import Query
from search.service import SearchService

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NEAR_S = 3.0


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the samples."""
    with (SAMPLES / name).open(newline="") as file:
        return list(csv.DictReader(file))


def share(name: str, ranks: Sequence[int]) -> None:
    """Print how many of some ranks (0: not found) are good."""
    best = sum(rank == 1 for rank in ranks)
    five = sum(1 <= rank <= 5 for rank in ranks)
    count = len(ranks)
    print(f"{name:32} {count:3} queries  first {best / count:6.1%}  in the first five {five / count:6.1%}")


def main() -> None:
    """Ask everything and print the shares."""
    with SearchService.open(load_settings(library=Path(sys.argv[1]))) as trove:
        pictures, moments = [], []
        for row in rows("captions.csv"):
            hits = trove.search(Query(row["caption"], k=5)).hits
            pictures.append(next((hit.rank for hit in hits if hit.path.name == row["image"]), 0))
        for row in rows("speech.csv"):
            hits = trove.search(Query(row["sentence"], k=5)).hits
            path, start_s = (SAMPLES / row["file"]).resolve(), float(row["start_s"])
            right = (
                hit.rank
                for hit in hits
                if hit.path == path and hit.start_s is not None and abs(hit.start_s - start_s) <= NEAR_S
            )
            moments.append(next(right, 0))
    share("captions of photographs", pictures)
    share(f"sentences, within {NEAR_S:g} s", moments)


if __name__ == "__main__":
    main()
