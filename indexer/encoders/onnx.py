"""Export PyTorch modules to ONNX, and run the exports with ONNX Runtime, on a CPU or what else it knows."""

import functools
import logging
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from db.arrays import Floats
from db.errors import first_line
from indexer.encoders.cache import DamagedError
from indexer.pretrained.acceleration import Unfit, Way

if TYPE_CHECKING:
    from torch import Tensor, nn


_PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "CoreML": "CoreMLExecutionProvider",
        "DirectML": "DmlExecutionProvider",
        "OpenVINO": "OpenVINOExecutionProvider",
    }
)
"""ONNX Runtime's providers of hardware that PyTorch's CUDA does not have, as their makers call them."""
LEAST_COSINE = 0.99
"""Least cosine between an output of other hardware and the CPU's, as the builtin tower in 8 bits has it."""
ROWS_AT_ONCE = 4
"""Pictures that a core encodes at a time: few, so that all cores end a batch at about the same time."""


def export(
    tower: "nn.Module",
    example: "Tensor",
    axes: list[str],
    outputs: list[str],
    target: Path,
    weights: Path | None = None,
) -> None:
    """Export a PyTorch module to ONNX, with one input called ``input``.

    Args:
        example: an input to trace the module with.
        axes: names of the leading axes of the input, whose sizes are dynamic.
        outputs: names of the module's outputs.
        target: the file to write.
        weights: the file for its weights, in the same folder. Sessions map it into memory; out of the export
            itself they would copy them, and hold both for a while.
    """
    import torch

    tower.eval()
    exporter_log = logging.getLogger("torch.onnx")
    level = exporter_log.level
    exporter_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the exporter warns about its own inner workings
            program = torch.onnx.export(
                tower,
                (example,),
                input_names=["input"],
                output_names=outputs,
                dynamic_shapes=(dict(enumerate(axes)),),
                dynamo=True,
                verbose=False,
            )
    finally:
        exporter_log.setLevel(level)
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    if weights is None:
        program.save(target, external_data=False)
        return
    from onnxscript import ir

    weights.unlink(missing_ok=True)  # a session that has mapped it keeps what it had
    ir.save(program.model, target, external_data=weights.name)


def onnx_session(
    path: Path, threads: int = 0, arena: bool = True, provider: str | None = None, packed: bool = True
) -> Any:
    """A session of ONNX Runtime, with so many threads of the CPU (0: one for each core).

    Args:
        arena: keep memory for the next call; where inputs differ in size, what is kept adds up.
        packed: have the weights rearranged for the processor while they are loaded.
        provider: of other hardware, which leaves to the CPU what it cannot do; None is the CPU alone.

    Raises:
        DamagedError: it cannot be used.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = arena
    # Idle threads would otherwise spin, taking the cores from the decoders that prepare the next batch.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not packed:
        options.add_session_config_entry("session.disable_prepacking", "1")
    options.log_severity_level = 3
    if provider == "DmlExecutionProvider":  # it wants both
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    providers = list(dict.fromkeys((provider or "CPUExecutionProvider", "CPUExecutionProvider")))
    try:
        return onnxruntime.InferenceSession(path, options, providers=providers)
    except Exception as exc:  # onnxruntime's errors share no base class of their own
        raise DamagedError(f"ONNX Runtime refuses it: {exc}") from exc


def asking_session(path: Path) -> Any:
    """``onnx_session`` for what is mostly asked once, such as a question in a process of its own.

    Weights that are mapped and not rearranged are there in a sixth of the time, 0.03 s instead of 0.17 for
    90 MB, and each batch takes a twentieth longer.
    """
    return onnx_session(path, packed=False)


def one_thread_session(path: Path) -> Any:
    """``onnx_session`` with one thread, for ``data_parallel``."""
    return onnx_session(path, threads=1)


def data_parallel(session: Any, outputs: Sequence[str]) -> Callable[[npt.NDArray[Any]], list[Floats]]:
    """Data-parallel inference: a batch is split over calls of a single-threaded session, one a core.

    Threads that share the work on the same rows wait for each other after every layer, and for long
    when decoders take the core of one of them; so they take different rows.
    """

    def run(batch: npt.NDArray[Any]) -> list[Floats]:
        parts = [batch[start : start + ROWS_AT_ONCE] for start in range(0, len(batch), ROWS_AT_ONCE)]
        results = list(_cores().map(lambda part: session.run(list(outputs), {"input": part}), parts))
        return [np.concatenate(rows) for rows in zip(*results, strict=True)]

    return run


def noise(side: int) -> Floats:
    """Two pictures of noise, (2, 3, side, side), by which ways to run a tower are held against each other."""
    return np.random.default_rng(0).standard_normal((2, 3, side, side)).astype(np.float32)


def accelerators() -> dict[Way, str]:
    """Other hardware that the ONNX Runtime which is installed can use, with the names of its providers."""
    return {
        Way(called, _always): provider for called, provider in _PROVIDERS.items() if provider in _installed()
    }


def accelerated(
    path: Path, provider: str, outputs: Sequence[str], example: npt.NDArray[Any]
) -> Callable[[npt.NDArray[Any]], list[Floats]]:
    """Inference with whole batches, one at a time, by a provider of ``accelerators``.

    Raises:
        Unfit: it cannot load the export, or its first output for the example is another than the CPU's.
    """
    lock = Lock()
    try:
        session = onnx_session(path, provider=provider)
        expected, found = (
            each.run([outputs[0]], {"input": example})[0] for each in (one_thread_session(path), session)
        )
    except Exception as exc:  # what providers raise comes from many libraries
        raise Unfit(f"{provider} refuses the model: {first_line(exc)}") from exc
    if not (cosine := least_cosine(expected, found)) > LEAST_COSINE:
        raise Unfit(f"{provider} agrees with the processor only to a cosine of {cosine:.4f}")

    def run(batch: npt.NDArray[Any]) -> list[Floats]:
        with lock:
            results: list[Floats] = session.run(list(outputs), {"input": batch})
        return results

    return run


def least_cosine(expected: Floats, vectors: Floats) -> float:
    """The least cosine between rows of the two, (n, d) each; no number where one is not finite."""
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(vectors, axis=1)
    return float(((expected * vectors).sum(1) / np.maximum(lengths, np.finfo(np.float32).tiny)).min())


def _always() -> bool:
    return True


def _installed() -> list[str]:
    import onnxruntime

    return list(onnxruntime.get_available_providers())


@functools.cache
def _cores() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="encode")
