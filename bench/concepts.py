"""Label pictures with concepts by their captions: the ground truth of ``verdict.py``.

``concepts.csv`` lists what a person might type, the words by which a caption says it, and further words
that hint at it: kinds, synonyms, what one does with it. ``*`` stands for any ending, ``+`` for a few words
in between at most, ``&`` joins concepts that must all be there. A picture *shows* a concept when at least
two of its captions say it; it *may show* it when any of them says or hints at it. A concept
without words in the second column is *elsewhere*, if no caption hints at it.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

TABLE = Path(__file__).with_name("concepts.csv")
LEAST_CAPTIONS = 2

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Concepts:
    """(concepts, pictures) flags in the order of ``names``, and the names of those elsewhere."""

    names: list[str]
    shown: Flags
    may_show: Flags
    elsewhere: list[str]


def read_concepts(captions: Sequence[str], picture: npt.NDArray[np.intp]) -> Concepts:
    """Concepts of the pictures 0, 1, …; ``picture`` (captions,) is the one that each caption belongs to."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [(row["concept"], row["said as"], row["or hinted at by"]) for row in csv.DictReader(file)]
    lowered = [caption.lower() for caption in captions]
    single = [row for row in rows if "&" not in row[1]]
    says = {name: _matches(said, lowered) for name, said, _ in single}
    hints = {name: says[name] | _matches(hinted, lowered) for name, _, hinted in single}
    elsewhere = [name for name, said, _ in rows if not said and not hints[name].any()]

    count = int(picture.max()) + 1
    names, shown, may_show = [], [], []
    for name, said, _ in rows:
        if said:
            parts = [part.strip() for part in said.split("&")] if "&" in said else [name]
            together = np.all([says[part] for part in parts], axis=0)
            names.append(name)
            shown.append(np.bincount(picture, weights=together, minlength=count) >= LEAST_CAPTIONS)
            each = [np.bincount(picture, weights=hints[part], minlength=count) > 0 for part in parts]
            may_show.append(np.all(each, axis=0))
    return Concepts(names, np.array(shown), np.array(may_show), elsewhere)


def _matches(words: str, captions: Sequence[str]) -> Flags:
    if not words:
        return np.zeros(len(captions), dtype=bool)
    few = r"\W+(?:\w+\W+){0,2}?"
    spelled = [few.join(part.replace("*", r"\w*") for part in word.split("+")) for word in words.split()]
    pattern = re.compile(rf"\b(?:{'|'.join(spelled)})\b")
    return np.array([bool(pattern.search(caption)) for caption in captions])
