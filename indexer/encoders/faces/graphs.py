"""The nets as ONNX graphs, put together from their weights once and kept: no other library runs them.

MTCNN: Zhang, Zhang, Li and Qiao (2016), "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks". dlib's network: a residual network of 29 layers of convolution, ``anet_type`` in its
example ``dnn_face_recognition_ex.cpp``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from db.arrays import Floats
from indexer.encoders.faces.arrays import read_mtcnn, read_resnet

OPSET = 17
_NARROW = 32
"""Channels of the first layers of dlib's network."""
_BLOCKS = (
    *[(32, False)] * 3,
    *[(64, True), (64, False), (64, False), (64, False)],
    *[(128, True), (128, False), (128, False)],
    *[(256, True), (256, False), (256, False)],
    (256, True),
)
"""Its residual blocks from the picture on: how many channels, and whether the first halves the picture."""
_MEANS = (122.782, 117.001, 104.298)
"""Of red, green and blue, which dlib takes from each pixel."""
_SIDE = 150


class _Graph:
    """Nodes and weights under way; each method adds a layer and returns the name of what it gives."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def keep(self, array: Any) -> str:
        from onnx import numpy_helper

        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def convolve(self, on: str, kernel: Floats, bias: Floats, stride: int = 1, padding: int = 0) -> str:
        return self.add(
            "Conv", on, self.keep(kernel), self.keep(bias), strides=[stride] * 2, pads=[padding] * 4
        )

    def pool(self, on: str, size: int, *, last: bool = True) -> str:
        """The largest of each square; ``last``: also of one that is cut off at the right and below."""
        return self.add("MaxPool", on, kernel_shape=[size] * 2, strides=[2, 2], ceil_mode=int(last))

    def save(self, path: Path, shape: Sequence[int | str], outputs: Sequence[str]) -> None:
        import onnx
        from onnx import TensorProto, helper

        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, list(shape))],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        onnx.save(model, path)


def build_mtcnn(weights: Path, side: int | None, target: Path) -> None:
    """One of the three nets. ``side``: of the squares that it sees; None for pictures of any size.

    Its outputs, in the order of the file: offsets of the box, the points where it tells them, and how likely
    there is a face. Where it sees squares they are (n, 4), (n, 10) and (n, 2); else maps.
    """
    arrays = list(read_mtcnn(weights))
    graph, on = _Graph(), "input"
    while arrays[0].ndim == 4 and arrays[2].shape[0] == 1 and arrays[2].ndim == 3:
        kernel, bias, slope = arrays[:3]
        del arrays[:3]
        on = graph.convolve(on, kernel.transpose(3, 2, 0, 1), bias)
        on = graph.add("PRelu", on, graph.keep(slope.reshape(-1, 1, 1)))
        on = _pooled(graph, on, kernel, side, more=arrays[0].ndim == 4)
    if side is not None:
        # The weights count columns before rows, as they did where the net was trained.
        on = graph.add("Flatten", graph.add("Transpose", on, perm=[0, 3, 2, 1]))
        on = _dense(graph, on, arrays[0], arrays[1])
        on = graph.add("PRelu", on, graph.keep(arrays[2]))
        del arrays[:3]
    heads = []
    for kernel, bias in zip(arrays[::2], arrays[1::2], strict=True):
        if side is None:
            heads.append(graph.convolve(on, kernel.transpose(3, 2, 0, 1), bias))
        else:
            heads.append(_dense(graph, on, kernel, bias))
    heads[-1] = graph.add("Softmax", heads[-1], axis=1)
    graph.save(target, ("n", 3, side or "height", side or "width"), heads)


def _pooled(graph: _Graph, on: str, kernel: Floats, side: int | None, *, more: bool) -> str:
    """What follows a layer of convolution: the first net pools once, the others all but the last one."""
    channels = kernel.shape[3]
    if side is None:
        return graph.pool(on, 2) if channels == 10 else on
    if not more:
        return on
    if kernel.shape[2] == 3:
        return graph.pool(on, 3)
    return graph.pool(on, 2) if side == 48 and kernel.shape[2] == 64 else graph.pool(on, 3, last=False)


def _dense(graph: _Graph, on: str, kernel: Floats, bias: Floats) -> str:
    return graph.add("Gemm", on, graph.keep(kernel), graph.keep(bias))


def build_resnet(weights: Path, target: Path) -> None:
    """dlib's network: (n, 3, 150, 150) pixels, 0 to 255, to (n, 128), not of unit length."""
    tensors = iter(read_resnet(weights))
    graph = _Graph()
    means = graph.keep(np.array(_MEANS, np.float32).reshape(3, 1, 1))
    on = graph.add("Div", graph.add("Sub", "input", means), graph.keep(np.array(256, np.float32)))
    on = graph.add("Relu", _affine(graph, on, tensors, (3, _NARROW, 7), stride=2))
    on = graph.pool(on, 3, last=False)
    before, side = _NARROW, 35
    for channels, halves in _BLOCKS:
        short = on
        sizes = (before, channels, 3)
        on = graph.add("Relu", _affine(graph, on, tensors, sizes, stride=2 if halves else 1))
        on = _affine(graph, on, tensors, (channels, channels, 3))
        if halves:
            short = graph.add("AveragePool", short, kernel_shape=[2, 2], strides=[2, 2])
            kept, skipped = (side - 3) // 2 + 1, side // 2
            side = max(kept, skipped)
            on = _padded(graph, on, 0, side - kept)
            short = _padded(graph, short, channels - before, side - skipped)
        on = graph.add("Relu", graph.add("Add", on, short))
        before = channels
    on = graph.add("Flatten", graph.add("GlobalAveragePool", on))
    graph.save(
        target,
        ("n", 3, _SIDE, _SIDE),
        [graph.add("MatMul", on, graph.keep(next(tensors).reshape(before, -1)))],
    )


def _affine(graph: _Graph, on: str, tensors: Any, sizes: tuple[int, int, int], stride: int = 1) -> str:
    """A layer of convolution and the scaling behind it, as one."""
    inputs, outputs, side = sizes
    own, scaling = next(tensors), next(tensors)
    kernel, bias = own[:-outputs].reshape(outputs, inputs, side, side), own[-outputs:]
    gamma, beta = scaling[:outputs], scaling[outputs:]
    kernel, bias = kernel * gamma.reshape(-1, 1, 1, 1), bias * gamma + beta
    return graph.convolve(on, kernel, bias, stride, 0 if stride > 1 else side // 2)


def _padded(graph: _Graph, on: str, channels: int, pixels: int) -> str:
    """With zeros behind its channels and pixels, as dlib adds what differs in size."""
    if not channels and not pixels:
        return on
    pads = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
    return graph.add("Pad", on, graph.keep(pads))
