"""Train the judge of the builtin drawer: a classifier of pictograms among 1,000 names.

    python bench/drawer/judge.py [--data build/drawer]       # needs npm, and resvg-py beside Trove's packages

The judge knows neither the drawer, nor the pictures it learnt from, nor its text model: it looks with
EfficientNet-Lite0 and learnt the names from four other sets of emoji, drawn by other hands (Fluent Emoji,
MIT; Twemoji, CC BY 4.0; OpenMoji, CC BY-SA 4.0; EmojiOne 2, CC BY 4.0; all from npm's @iconify-json; they
are measured with and not shipped). It is a linear discriminant (Fisher 1936), its covariance shrunk towards
a sphere. How many of Noto's own pictures it recognises bounds what drawings can reach.
"""

import argparse
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import resvg_py
from gather import SIDE, from_npm, in_square, trimmed
from pictures import DATA, VARIANT, gathered
from PIL import Image

from indexer.encoders.builtin import towers
from indexer.encoders.builtin.encoder import ConseEncoder

SETS = {
    "fluent-emoji-flat": "1.2.6",
    "twemoji": "1.2.5",
    "openmoji": "1.2.29",
    "emojione": "1.2.3",
}
NAMES = 1000
_SHRINK = 0.3
_FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' viewBox="0 0 {0} {1}">{2}</svg>'
)

Floats = npt.NDArray[np.float32]


def slug(name: str) -> str:
    """An emoji's name as the sets write it."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def chosen_names(data: Path = DATA) -> list[str]:
    """The 1,000 names: Noto's without variants, in a random order."""
    names = [row["name"] for row in gathered(data).rows if row["source"] == "noto"]
    plain = sorted({name for name in names if not VARIANT.search(name)})
    order = np.random.default_rng(0).permutation(len(plain))
    return [plain[i] for i in order[:NAMES]]


def icon_set(name: str, out: Path) -> dict[str, str]:
    """The SVG text of every icon of a set, by slug."""
    found = json.loads(from_npm(f"@iconify-json/{name}", SETS[name], "icons.json", out))
    icons, side = found["icons"], found.get("width", 16)
    icons |= {
        alias: icons[to["parent"]] for alias, to in found.get("aliases", {}).items() if to["parent"] in icons
    }
    return {
        key: _FRAME.format(
            icon.get("width", side), icon.get("height", found.get("height", side)), icon["body"]
        )
        for key, icon in icons.items()
    }


def rendered(svg: str) -> npt.NDArray[np.uint8]:
    """(128, 128, 3) on white, filling the square as Noto's pictures do."""
    data = resvg_py.svg_to_bytes(svg_string=svg, width=2 * SIDE, height=2 * SIDE, background="white")
    drawn = Image.open(BytesIO(bytes(data))).convert("RGB")
    return np.asarray(in_square(trimmed(drawn, SIDE - 4, paper=250) or drawn))


class Eyes:
    """EfficientNet-Lite0's features of pictures."""

    def __init__(self, cache: Path) -> None:
        self._encoder = ConseEncoder(cache, "cpu")
        self._tower = towers.load_image_tower(self._encoder.backbone, cache, "cpu")

    def __call__(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """(n, h, w, 3) RGB to (n, 1984)."""
        found = []
        for start in range(0, len(pictures), 64):
            pixels = [self._encoder.prepare(Image.fromarray(each)) for each in pictures[start : start + 64]]
            found.append(self._tower(np.stack(pixels)).features)
        return np.concatenate(found)


@dataclass(frozen=True)
class Judge:
    """Linear classifier of pictures among names."""

    names: list[str]
    weights: Floats
    """(1984, n)."""
    bias: Floats
    """(n,)."""

    def scores(self, features: Floats) -> Floats:
        """(m, 1984) features to (m, n): the larger, the likelier the name."""
        return features @ self.weights + self.bias

    def ranks(self, features: Floats, names: list[str]) -> npt.NDArray[np.int64]:
        """(m,) 1 where the name of a picture is the likeliest, and so on."""
        scores = self.scores(features)
        own = scores[np.arange(len(names)), [self.index[name] for name in names]]
        return 1 + (scores > own[:, None]).sum(axis=1)

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each name in ``names``."""
        return {name: i for i, name in enumerate(self.names)}


def learn(features: Floats, labels: npt.NDArray[np.int64], names: list[str]) -> Judge:
    """The linear discriminant of (m, 1984) features whose names are ``labels``."""
    means = np.stack([features[labels == label].mean(axis=0) for label in range(len(names))])
    within = features - means[labels]
    covariance = within.T @ within / len(within)
    sphere = np.trace(covariance) / len(covariance)
    shrunk = (1 - _SHRINK) * covariance + _SHRINK * sphere * np.eye(len(covariance), dtype=np.float32)
    weights = np.linalg.solve(shrunk, means.T).astype(np.float32)
    return Judge(names, weights, (-0.5 * (means.T * weights).sum(axis=0)).astype(np.float32))


def load_judge(data: Path = DATA) -> Judge:
    """The judge that ``main`` has trained and saved."""
    with np.load(data / "judge.npz") as kept:
        return Judge(list(kept["names"]), kept["weights"], kept["bias"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    names, eyes = chosen_names(data), Eyes(data)
    features, labels, sources = [], [], []
    for number, source in enumerate(SETS):
        icons = icon_set(source, data)
        found = [(i, icons[slug(name)]) for i, name in enumerate(names) if slug(name) in icons]
        features.append(eyes(np.stack([rendered(svg) for _, svg in found])))
        labels += [i for i, _ in found]
        sources += [number] * len(found)
    seen, label, source_of = np.concatenate(features), np.array(labels), np.array(sources)
    told = {}
    for number, source in enumerate(SETS):
        rest, own = source_of != number, source_of == number
        if len(set(label[rest])) == len(names):  # else a name that only this set has cannot be known
            judge = learn(seen[rest], label[rest], names)
            told[f"{source}, from the others"] = shares(
                judge.ranks(seen[own], [names[i] for i in label[own]])
            )
    judge = learn(seen, label, names)
    noto = gathered(data)
    mine = [i for i, row in enumerate(noto.rows) if row["source"] == "noto" and row["name"] in judge.index]
    ranks = judge.ranks(eyes(noto.pictures[mine]), [noto.rows[i]["name"] for i in mine])
    told["Noto, never seen"] = shares(ranks)
    np.savez(data / "judge.npz", names=np.array(names), weights=judge.weights, bias=judge.bias)
    print(json.dumps({"names": len(names), "pictures": len(seen), "top 1, top 10": told}, indent=1))


def shares(ranks: npt.NDArray[np.int64]) -> list[float]:
    """Shares of ranks that are 1, and at most 10."""
    return [round(float((ranks <= most).mean()), 3) for most in (1, 10)]


if __name__ == "__main__":
    main()
