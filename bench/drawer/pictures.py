"""Load the gathered pictures and their texts, and encode texts as the drawer sees them."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from search.drawing.pictograms import text_parts

ROOT = Path(__file__).parents[2]
DATA = ROOT / "build" / "drawer"
TEMPLATES = ("a {}", "a picture of a {}", "a drawing of a {}", "{} icon", "{} emoji", "a small {}")
VARIANT = re.compile(
    r"\b(man|woman|men|women|mx|boy|girl|family|couple|kiss)\b|clock|thirty|keycap|\bbutton\b"
)
"""Names of emoji that are variants of others in a detail, or letters in a square."""
_AN = re.compile(r"\ba(?= [aeiou])")
_COMMON = 3
"""A keyword of more emoji than this says too little to draw from."""
_TOGETHER = (2, 3, 3, 4, 4, 6)
"""Numbers of keywords joined to one text: how people describe a thing that they do not name."""
MAX_TOKENS = 24
"""Tokens of a caption; a longer one is truncated, since a pictogram cannot show that much."""


@dataclass(frozen=True)
class Gathered:
    """n pictures and n rows that describe them, in the same order."""

    pictures: npt.NDArray[np.uint8]
    """(n, 128, 128, 3) RGB on white."""
    rows: list[dict[str, str]]

    @property
    def held(self) -> npt.NDArray[np.bool_]:
        """(n,): which of them the drawer never learns from."""
        return np.array([row["held"] == "1" for row in self.rows])


def gathered(folder: Path = DATA) -> Gathered:
    """Read what ``gather.py`` wrote; the pictures are a memory map."""
    return Gathered(np.load(folder / "pictures.npy", mmap_mode="r"), table(folder / "pictures.csv"))


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a file of comma-separated values."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def captions(rows: Sequence[dict[str, str]], folder: Path = DATA) -> list[list[tuple[str, float]]]:
    """For each picture the texts that stand for it, and how often each: its name more than all others."""
    usage = Counter(word for row in rows for word in row["keywords"].split("|"))
    senses = table(folder / "meanings.csv")
    meanings = {(row["name"], row["keywords"]): row["texts"].split("|") for row in senses}
    found = []
    for row in rows:
        name = row["name"]
        words = [word for word in row["keywords"].split("|") if word]
        telling = [word for word in words if usage[word] <= _COMMON and row["source"] == "noto"]
        meant = meanings.get((name, row["keywords"]), [])
        texts = [(name, 5.0)]
        texts += [(_AN.sub("an", t.format(name)), 2.0 / len(TEMPLATES)) for t in TEMPLATES]
        texts += [(f"{name}, {word}", 2.0 / len(words)) for word in words]
        texts += [(word, 1.5 / len(telling)) for word in telling]
        if len(words) > 1:
            chance = np.random.default_rng(len(found))
            some = [", ".join(chance.permutation(words)[:size]) for size in _TOGETHER]
            texts += [(text, 2.5 / len(some)) for text in some]
        texts += [(text, 3.5 / len(meant)) for text in meant]
        found.append(texts)
    return found


def encode_texts(texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """(n, 24, 384) float16: the sentence model's last layer, as the pipeline hands it on; (n, 24) masks."""
    parts = text_parts()
    encoder, tokenizer = parts["text_encoder"], parts["tokenizer"]
    # Many pictures share a keyword or a definition: each is encoded once.
    places = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    distinct = list(places)
    found, masks = [], []
    with torch.inference_mode():
        for start in range(0, len(distinct), 256):
            encoded = tokenizer(
                distinct[start : start + 256],
                padding="max_length",
                max_length=MAX_TOKENS,
                truncation=True,
                return_tensors="pt",
            )
            found.append(encoder(encoded.input_ids, attention_mask=encoded.attention_mask)[0].half())
            masks.append(encoded.attention_mask.float())
    order = [places[text] for text in texts]
    return torch.cat(found)[order], torch.cat(masks)[order]


def as_batch(pictures: npt.NDArray[np.uint8]) -> Tensor:
    """(n, height, width, 3) uint8 to (n, 3, height, width) float32, -1 to 1."""
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1
