"""Picture towers in 8 bits, for processors that multiply these several times as fast as float32.

Static quantisation (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", arXiv 1712.05877) by ONNX Runtime's own tool: weights by channel, and
the activations between convolutions in ranges that were measured beforehand (``bench/builtin/ranges.py``),
so that nothing has to be measured where it runs. What the tower returns, its first convolutions and its last
one stay float32: they cost most of what is lost, and little time (figures in docs/benchmarks.md).
"""

import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import ModelError
from indexer.pretrained.acceleration import Unfit

_EIGHT_BITS = frozenset(("Conv", "Clip", "Add"))
"""Operators that are computed in 8 bits; the others are at the end of the tower."""
_FIRST = 3
"""Convolutions at the beginning of the tower that are not."""
EIGHT_BITS = f"{sorted(_EIGHT_BITS)} {_FIRST}"
"""What the quantised export depends on beside the ranges."""


@dataclass(frozen=True)
class Ranges:
    """Where the activations of a tower lie, in the order of its graph."""

    operators: tuple[str, ...]
    """Of the graph they were measured on; one exported otherwise cannot use them."""
    bounds: tuple[tuple[float, float], ...]
    """Least and greatest of the input and of the output of each operator; what lies outside is clipped."""

    @classmethod
    def load(cls, path: Path) -> "Ranges":
        """Raises ModelError: the file is missing or damaged."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(stored["operators"]), tuple((low, high) for low, high in stored["bounds"]))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ModelError(f"the ranges {path} cannot be read: {exc}", "Install Trove again.") from exc


def folded(source: Path, target: Path) -> None:
    """Write an export as it is quantised: constants folded, batch normalisation part of the convolutions."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(str(source), str(target))


def activations(graph: Any) -> list[str]:
    """Names of the input of a folded graph and of the outputs of its operators, in their order."""
    return [graph.input[0].name, *(name for node in graph.node for name in node.output)]


def quantise(source: Path, target: Path, ranges: Ranges, size: int) -> None:
    """Write the export ``source``, of pictures of ``size`` pixels a side, in 8 bits.

    Raises:
        Unfit: its operators are not those whose ranges were measured.
    """
    import onnx
    from onnxruntime import quantization

    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "folded.onnx"
        folded(source, plain)
        graph = onnx.load(plain).graph
        if tuple(node.op_type for node in graph.node) != ranges.operators:
            raise Unfit(f"{source.name} has other operators than were measured")
        bounds = dict(zip(activations(graph), ranges.bounds, strict=True))
        level = logging.root.level
        logging.root.setLevel(logging.ERROR)  # the tool speaks to the root logger
        try:
            quantization.quantize_static(
                str(plain),
                str(target),
                _Nothing(graph.input[0].name, size),
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=list(_in_float32(graph.node)),
                extra_options={
                    "TensorQuantOverrides": {name: [_bounds(*own)] for name, own in bounds.items()}
                },
            )
        finally:
            logging.root.setLevel(level)


def _in_float32(nodes: Sequence[Any]) -> Iterator[str]:
    convolutions = [node.name for node in nodes if node.op_type == "Conv"]
    yield from (*convolutions[:_FIRST], convolutions[-1])
    yield from (node.name for node in nodes if node.op_type not in _EIGHT_BITS)


def _bounds(low: float, high: float) -> dict[str, np.float32]:
    return {"rmin": np.float32(low), "rmax": np.float32(high)}


class _Nothing:
    """One black picture: the tool wants to see some, though all ranges are given."""

    def __init__(self, name: str, size: int) -> None:
        self._left = [{name: np.zeros((1, 3, size, size), np.float32)}]

    def get_next(self) -> dict[str, Any] | None:
        return self._left.pop() if self._left else None
