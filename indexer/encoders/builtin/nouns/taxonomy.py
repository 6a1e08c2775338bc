"""ImageNet's classes in the taxonomy of WordNet: how like each of them something is.

The likeness is Wu and Palmer's (1994, "Verb semantics and lexical selection", section 3): how deep the
nearest synset above both lies, against how deep they lie themselves. So a pony, which is no class, is like a
sorrel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from db.arrays import Floats, Mask
from db.errors import ModelError

CLASSES = 1000
TAXONOMY = Path(__file__).with_name("taxonomy.txt")
"""By line the synsets right above one, by their lines from 0; the first thousand are the classes."""
NOUNS = Path(__file__).with_name("nouns.tsv")
"""A noun, and by sense ``LINE:STEPS``: the nearest synsets of the other file above it."""

Sense = Mapping[int, int]
"""Synsets right above something and the steps to each; 0 is the thing itself."""


@dataclass(frozen=True)
class Taxonomy:
    """Synsets above the classes, themselves among them: ``parents`` of each by number."""

    parents: tuple[tuple[int, ...], ...]

    @classmethod
    def load(cls, path: Path = TAXONOMY) -> "Taxonomy":
        """Raises ModelError: the file is missing or damaged."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            taxonomy = cls(tuple(tuple(map(int, line.split())) for line in lines))
            taxonomy._steps  # noqa: B018 - it fails where a number leads nowhere
        except (OSError, ValueError, IndexError, RecursionError) as exc:
            raise ModelError(f"the taxonomy {path} cannot be read: {exc}", "Install Trove again.") from exc
        return taxonomy

    def likeness(self, sense: Sense) -> Floats:
        """(1000,) how like each class something is, 0 to 1."""
        above = self._above(sense)
        nodes = list(above)
        depth = self._depths[nodes][:, None]
        far = np.array(list(above.values()), np.float32)[:, None] + self._steps[nodes]
        best: Floats = np.maximum.reduce(2 * depth / (2 * depth + far), axis=0)
        return best

    def kinds(self, sense: Sense) -> Mask:
        """(1000,) which classes are kinds of it, or the thing itself."""
        own = [node for node, steps in sense.items() if steps == 0]
        below: Mask = np.logical_or.reduce(np.isfinite(self._steps[own]), axis=0)
        return below

    def above_classes(self) -> Mask:
        """(1000, nodes) which synsets each class is a kind of, itself among them."""
        return np.isfinite(self._steps.T)

    def _above(self, sense: Sense) -> dict[int, int]:
        found = dict(sense)
        todo = list(sense)
        while todo:
            at = todo.pop(0)
            for parent in self.parents[at]:
                if found.get(parent, np.inf) > found[at] + 1:
                    found[parent] = found[at] + 1
                    todo.append(parent)
        return found

    @cached_property
    def _depths(self) -> Floats:
        """(nodes,) synsets on the shortest way to the root, itself among them."""
        known: dict[int, int] = {}

        def depth(node: int) -> int:
            if node not in known:
                known[node] = 1 + min(map(depth, self.parents[node]), default=0)
            return known[node]

        return np.array([depth(node) for node in range(len(self.parents))], np.float32)

    @cached_property
    def _steps(self) -> Floats:
        """(nodes, 1000) steps from each class up to each synset; infinite where it is not above it."""
        steps = np.full((len(self.parents), CLASSES), np.inf, np.float32)
        for leaf in range(CLASSES):
            for node, count in self._above({leaf: 0}).items():
                steps[node, leaf] = count
        return steps
