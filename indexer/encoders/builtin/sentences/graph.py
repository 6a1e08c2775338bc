"""multilingual-e5-small as an ONNX graph whose weights keep the 4 bits that they are stored with.

The graph is BERT's (Devlin et al. 2018), post-norm, with the matrices as operators of ONNX Runtime for blocks
of 4 bits (``MatMulNBits``, ``GatherBlockQuantized``): nothing is rounded a second time.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from db.arrays import Floats
from indexer.encoders.builtin.sentences.weights import BLOCK, Blocks, Weights

_OPSET, _IR_VERSION = 20, 9
_ZERO = 8
"""What stands for zero among 16 values."""
_EIGHT_BITS = 4
"""The accuracy level of ``MatMulNBits`` that computes with activations of 8 bits."""


def write_graph(weights: Weights, target: Path) -> None:
    """Write the graph: ``input``, (n, length) int64 pieces, to ``layers``, (n, layers + 1, width) float32.

    ``layers`` is the average over the pieces, padding left out, of the input embedding and of each layer.
    """
    made = _Graph()
    made.constant("zero", np.array([0], np.int64))
    made.constant("one", np.array([1], np.int64))
    made.constant("padding", np.array(weights.padding, np.int64))
    x = _embedded(made, weights)
    # Pieces that count: as integers for attention, as shares of the average.
    is_padding = made.node("Equal", ["input", "padding"])
    counts = made.node("Not", [is_padding])
    mask = made.node("Cast", [counts], to=TensorProto.INT32)
    kept = made.node("Cast", [counts], to=TensorProto.FLOAT)
    shares = made.node("Div", [kept, made.node("ReduceSum", [kept, "one"])])
    row = made.node("Unsqueeze", [shares, "one"])
    means = [made.node("MatMul", [row, x])]
    for number in range(weights.layers):
        x = _layer(made, weights, f"l{number}", x, mask)
        means.append(made.node("MatMul", [row, x]))
    made.node("Concat", means, output="layers", axis=1)
    onnx.save(made.model(weights), target)


class _Graph:
    """A graph in the making: nodes in their order, and constants."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Add an operator of one output, whose name is returned."""
        output = output or f"{operator}-{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        """Add a constant, whose name is returned."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def linear(self, x: str, name: str, blocks: Blocks, bias: Floats) -> str:
        """Add a linear map of 4 bits."""
        rows, count, _ = blocks.values.shape
        packed = blocks.values[..., 0::2] | (blocks.values[..., 1::2] << 4)
        inputs = [
            x,
            self.constant(f"{name}.packed", packed),
            self.constant(f"{name}.factors", blocks.factors.astype(np.float32)),
        ]
        product = self.node(
            "MatMulNBits", inputs, domain="com.microsoft", K=count * BLOCK, N=rows, bits=4, block_size=BLOCK,
            accuracy_level=_EIGHT_BITS,
        )  # fmt: skip
        return self.node("Add", [product, self.constant(f"{name}.bias", bias)])

    def normed(self, x: str, name: str, weights: Weights) -> str:
        """Add a layer normalisation."""
        inputs = [x, *(self.constant(f"{name}.{end}", weights.floats(f"{name}.{end}")) for end in "wb")]
        return self.node("LayerNormalization", inputs, epsilon=weights.epsilon)

    def model(self, weights: Weights) -> onnx.ModelProto:
        """The whole model."""
        ids = helper.make_tensor_value_info("input", TensorProto.INT64, ["n", "length"])
        shape: list[str | int | None] = ["n", weights.layers + 1, weights.width]
        layers = helper.make_tensor_value_info("layers", TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "multilingual-e5-small", [ids], [layers], self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


def _embedded(made: _Graph, weights: Weights) -> str:
    """The pieces with their places, normalised."""
    blocks = weights.blocks("emb.word", weights.width)
    signed = (blocks.values.astype(np.int8) - _ZERO).reshape(len(blocks.values), -1) & 15
    packed = (signed[:, 0::2] | (signed[:, 1::2] << 4)).astype(np.uint8)
    shape = [len(packed), weights.width]
    made.constants.append(helper.make_tensor("words", TensorProto.INT4, shape, packed.tobytes(), raw=True))
    made.constant("words.factors", blocks.factors)
    words = made.node(
        "GatherBlockQuantized", ["words", "input", "words.factors"], domain="com.microsoft", gather_axis=0,
        quantize_axis=1, block_size=BLOCK,
    )  # fmt: skip
    words = made.node("Cast", [words], to=TensorProto.FLOAT)
    places = (
        weights.floats("emb.pos").reshape(-1, weights.width) + weights.floats("emb.type")[: weights.width]
    )
    made.constant("places", places)
    length = made.node("Shape", ["input"], start=1)
    placed = made.node("Slice", ["places", "zero", length, "zero"])
    return made.normed(made.node("Add", [words, placed]), "emb.ln", weights)


def _layer(made: _Graph, weights: Weights, name: str, x: str, mask: str) -> str:
    """One layer: attention and two linear maps, each added to what it was made of."""
    width = weights.width
    each = [weights.blocks(f"{name}.{part}.w", width) for part in "qkv"]
    joined = Blocks(
        np.concatenate([part.values for part in each]), np.concatenate([part.factors for part in each])
    )
    bias = np.concatenate([weights.floats(f"{name}.{part}.b") for part in "qkv"])
    of_three = made.linear(x, f"{name}.qkv", joined, bias)
    parts = [f"{name}.{part}" for part in "qkv"]
    made.nodes.append(helper.make_node("Split", [of_three], parts, axis=2, num_outputs=3))
    attended = made.node(
        "MultiHeadAttention", [*parts, "", mask], domain="com.microsoft", num_heads=weights.heads
    )
    attended = made.linear(
        attended, f"{name}.ao", weights.blocks(f"{name}.ao.w", width), weights.floats(f"{name}.ao.b")
    )
    x = made.normed(made.node("Add", [x, attended]), f"{name}.aln", weights)
    first_bias = weights.floats(f"{name}.fi.b")
    wide = made.linear(x, f"{name}.fi", weights.blocks(f"{name}.fi.w", width), first_bias)
    wide = made.node("Gelu", [wide])
    last = weights.blocks(f"{name}.fo.w", len(first_bias))
    narrow = made.linear(wide, f"{name}.fo", last, weights.floats(f"{name}.fo.b"))
    return made.normed(made.node("Add", [x, narrow]), f"{name}.oln", weights)
