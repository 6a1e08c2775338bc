"""How often the borders of chapters are right: texts of known topics, one after the other, as if spoken.

The texts are those of Choi's data set (2000, "Advances in domain independent linear text segmentation"): the
first sentences of ten different documents of the Brown corpus each, which ``==========`` parts in the files.
A word takes 0.4 s, a passage ends with a sentence or after 15 s; between passages are 0.3 s, and with pauses
up to 3 s more after one in five of them, and 1 to 4 s after each topic. Pk (Beeferman 1999) is how often two
places half a topic apart are wrongly told to be of one topic or of two: 0 is perfect, 0.5 a guess. A border
is right within 15 s.

    python -m bench.chapters FOLDER [--joined 3] [--pauses]
"""

from __future__ import annotations

import argparse
import time
from itertools import groupby
from pathlib import Path

import numpy as np

from search.results.chapters import Spoken, chapters

WORD_S, LONGEST_WORDS, GAP_S, RIGHT_S = 0.4, 37, 0.3, 15.0


def topics(path: Path) -> list[list[str]]:
    """The sentences of each topic of a file."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    parts = groupby(lines, lambda line: line.startswith("====="))
    return [[line for line in own if line.strip()] for is_border, own in parts if not is_border]


def spoken(parts: list[list[str]], random: np.random.Generator | None) -> tuple[list[Spoken], list[int]]:
    """The passages as if they were spoken, and with which of them topics begin. ``random``: with pauses."""
    passages: list[Spoken] = []
    borders: list[int] = []
    now_s = 0.0
    for part in parts:
        borders.append(len(passages))
        for sentence in part:
            words = sentence.split()
            for at in range(0, len(words), LONGEST_WORDS):
                own = words[at : at + LONGEST_WORDS]
                passages.append(Spoken(now_s, now_s + WORD_S * len(own), " ".join(own), "en"))
                now_s = passages[-1].end_s + GAP_S
                if random is not None and random.random() < 0.2:
                    now_s += random.uniform(0.2, 3.0)
        if random is not None:
            now_s += random.uniform(1.0, 4.0)
    return passages, borders


def pk(true: list[int], found: list[int], n: int) -> float:
    """The share of pairs of places half a topic apart wrongly told to have a border between, or none."""
    half = max(1, round(n / len(true) / 2))
    wanted, told = (np.searchsorted(borders, np.arange(n), "right") for borders in (true, found or [0]))
    return float(np.mean((wanted[half:] == wanted[:-half]) != (told[half:] == told[:-half])))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="with the .ref files of one set, such as 9-11")
    parser.add_argument("--joined", type=int, default=1, help="files for one recording")
    parser.add_argument("--pauses", action="store_true")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.ref"))
    random = np.random.default_rng(0) if arguments.pauses else None
    rows = []
    for at in range(0, len(files) - arguments.joined + 1, arguments.joined):
        parts = [part for path in files[at : at + arguments.joined] for part in topics(path)]
        passages, true = spoken(parts, random)
        begun = time.perf_counter()
        found = chapters(passages)
        took_s = time.perf_counter() - begun
        starts = [passages[place].start_s for place in true[1:]]
        told = [passages[place].start_s for place in found[1:]]
        right = sum(min((abs(one - other) for other in starts), default=99) <= RIGHT_S for one in told)
        hit = sum(min((abs(one - other) for other in told), default=99) <= RIGHT_S for one in starts)
        minutes = passages[-1].end_s / 60
        rows.append((minutes, len(true), len(found), right, len(told), hit, len(starts), took_s))
        rows[-1] += (pk(true, found, len(passages)),)
    table = np.array(rows)
    minutes, topics_of, chapters_of = table[:, :3].mean(axis=0)
    print(f"{len(table)} recordings of {minutes:.0f} min, {topics_of:.0f} topics: {chapters_of:.1f} chapters")
    print(f"right of the borders found {table[:, 3].sum() / table[:, 4].sum():.3f}")
    print(f"found of the true borders {table[:, 5].sum() / table[:, 6].sum():.3f}")
    print(f"Pk {table[:, 8].mean():.3f}; {1000 * np.median(table[:, 7]):.0f} ms a recording")


if __name__ == "__main__":
    main()
