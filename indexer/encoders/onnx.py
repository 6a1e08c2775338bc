"""Export PyTorch modules to ONNX, and run the exports on a CPU with ONNX Runtime."""

import functools
import logging
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from db.arrays import Floats
from indexer.encoders.cache import DamagedError

if TYPE_CHECKING:
    from torch import Tensor, nn


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


def onnx_session(path: Path, threads: int = 0, arena: bool = True) -> Any:
    """A session of ONNX Runtime on the CPU, with so many threads (0: one for each core).

    Args:
        arena: keep memory for the next call; where inputs differ in size, what is kept adds up.

    Raises:
        DamagedError: it cannot be used.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = arena
    # Idle threads would otherwise spin, taking the cores from the decoders that prepare the next batch.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no base class of their own
        raise DamagedError(f"ONNX Runtime refuses it: {exc}") from exc


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


@functools.cache
def _cores() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="encode")
