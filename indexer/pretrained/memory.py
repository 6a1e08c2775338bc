"""Memory that models need: told before they are loaded, refused where it is not there, and halved batches."""

import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from db.errors import ModelError

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

GB = 10**9
WORKING_BYTES = 1.5 * GB
"""Memory needed besides the weights of a large model: activations of its largest layer, in round numbers."""
_WORKING_SHARE = 0.5
"""The same of a small one, as a share of its weights."""


def needed_bytes(weights: float) -> float:
    """Memory that a model of so many bytes of weights needs, by a rule of thumb."""
    return weights + min(WORKING_BYTES, _WORKING_SHARE * weights)


def free_bytes(device: str) -> float:
    """Memory that is free on a device, ``cpu`` or ``cuda``."""
    if device == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[0])
    import psutil

    return float(psutil.virtual_memory().available)


def smaller_model(free: float) -> str:  # noqa: ARG001
    """What to do where so many bytes are not enough for a model, in a clause."""
    return "choose a smaller model: see trove models"


def require_memory(
    name: str, needed: float, device: str, smaller: Callable[[float], str] = smaller_model
) -> None:
    """Check that a model fits before it is loaded: a system out of memory kills instead of raising.

    ``smaller``: says what to do with so many free bytes, in a clause.

    Raises:
        ModelError: it does not.
    """
    free = free_bytes(device)
    if needed > free:
        raise ModelError(
            f"the model {name} needs about {needed / GB:.1f} GB of memory and {free / GB:.1f} GB are free",
            f"Close other programs, or {smaller(free)}",
        )


def is_out_of_memory(exc: BaseException) -> bool:
    """Whether an error says that there was not enough memory, in whichever words."""
    import torch

    if isinstance(exc, MemoryError | torch.OutOfMemoryError):
        return True
    # PyTorch's allocator on the CPU raises a bare RuntimeError.
    told = ("not enough memory", "allocate memory", "out of memory", "DefaultCPUAllocator")
    return isinstance(exc, RuntimeError) and any(words in str(exc) for words in told)


def let_go(exc: BaseException) -> None:
    """Free what the calls that raised an error held, which live as long as the error is kept to be shown."""
    traceback.clear_frames(exc.__traceback__)


def too_little(model: str) -> ModelError:
    """The error of a model that has found too little memory while it was loaded or used."""
    return ModelError(
        f"there is not enough memory for the model {model}",
        "Close other programs, choose a smaller model, or use the device cpu (TROVE_DEVICE).",
    )


def in_batches(
    model: str, items: Sequence[T], size: int, run: Callable[[Sequence[T]], Sequence[R]]
) -> Iterator[R]:
    """What ``run`` makes of batches of items, in their order; a batch that takes too much memory is halved.

    Args:
        model: that runs, for messages.

    Raises:
        ModelError: there is not enough memory for a single one.
    """
    start = 0
    while start < len(items):
        batch = items[start : start + size]
        try:
            made = run(batch)
        except Exception as exc:
            if not is_out_of_memory(exc):
                raise
            if len(batch) == 1:
                raise too_little(model) from exc
            size = len(batch) // 2
            log.info("too little memory for %d at once: now %d", len(batch), size)
            continue
        yield from made
        start += len(batch)
