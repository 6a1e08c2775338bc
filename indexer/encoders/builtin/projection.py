"""The trained projection of the builtin model: linear maps from both towers' features to one space.

It is an ensemble. Each member is one linear map per tower, trained on its own with contrastive loss
(see ``bench/builtin/train.py`` and docs/models.md). Their unit outputs are concatenated, so that a dot
product is the mean of the members' similarities.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.arrays import Floats, unit_length
from indexer.encoders.builtin.hubness import Hubness
from indexer.encoders.builtin.weights import damaged, read_tensors

_TENSORS = frozenset(
    "image_weight image_bias text_weight text_bias gate_weight gate_bias gate_power conse_weight "
    "named_weight hub_centroids hub_usual".split()
)


@dataclass(frozen=True)
class Projection:
    """Weights of the trained maps and of the gate, see ``load_projection``."""

    image_weight: Floats
    """(image features, members * d)"""
    image_bias: Floats
    """(members, d)"""
    text_weight: Floats
    """(text features, members * d)"""
    text_bias: Floats
    """(members, d)"""
    gate_weight: Floats
    """(text features,)"""
    gate_bias: float
    conse_weight: float
    """Weight of names against the projection in the score of a text that describes a scene."""
    named_weight: float
    """The same for a text that names one thing."""
    hubness: Hubness
    """Hubness correction of the joint vectors, the part of names included."""
    gate_power: float = 1.0
    """Exponent of the gate in the weight of names: the greater, the more only what is surely a name."""

    @property
    def dim(self) -> int:
        """Length of a projected vector."""
        return int(self.image_bias.size)

    def images(self, features: Floats) -> Floats:
        """The picture tower's (n, image features) to (n, dim) unit rows."""
        rooted = np.sign(features) * np.sqrt(np.abs(features))  # tames the heavy tail of pooled activations
        return _project(rooted, self.image_weight, self.image_bias)

    def texts(self, layers: Floats) -> Floats:
        """The text tower's (n, 7, 384) to (n, dim) unit rows."""
        return _project(layers.reshape(len(layers), -1), self.text_weight, self.text_bias)

    def named(self, layers: Floats) -> Floats:
        """Gate, (n,) 0 to 1: whether a text reads like the name of a thing (1) or like a caption (0)."""
        logits = layers.reshape(len(layers), -1) @ self.gate_weight + self.gate_bias
        named: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        return named

    def conse_weights(self, named: Floats) -> Floats:
        """(n,) weights of names: the projection knows scenes and people, they know single things."""
        weights: Floats = self.conse_weight + (self.named_weight - self.conse_weight) * named**self.gate_power
        return weights


def load_projection(path: Path) -> Projection:
    """Load the weights.

    Raises:
        ModelError: the file is missing, damaged, or lacks a tensor.
    """
    try:
        return from_tensors(read_tensors(path, _TENSORS))
    except KeyError as exc:
        raise damaged(path, exc) from exc


def from_tensors(stored: Mapping[str, Floats]) -> Projection:
    """Build a projection from tensors named after its fields; scalars are stored as (1,)."""
    return Projection(
        image_weight=stored["image_weight"],
        image_bias=stored["image_bias"],
        text_weight=stored["text_weight"],
        text_bias=stored["text_bias"],
        gate_weight=stored["gate_weight"],
        gate_bias=float(stored["gate_bias"][0]),
        conse_weight=float(stored["conse_weight"][0]),
        named_weight=float(stored["named_weight"][0]),
        hubness=Hubness(stored["hub_centroids"], float(stored["hub_usual"][0])),
        gate_power=float(stored.get("gate_power", [1.0])[0]),
    )


def _project(rows: Floats, weight: Floats, bias: Floats) -> Floats:
    members = unit_length((rows @ weight).reshape(len(rows), *bias.shape) + bias)
    joined: Floats = (members / np.sqrt(len(bias))).reshape(len(rows), -1)
    return joined
