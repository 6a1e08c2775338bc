"""In how many bits a picture tower runs on this machine: 8 where its processor is made for it and that pays.

A processor without instructions for products of 8 bits either gains nothing or, summing them in 16 bits,
loses accuracy; and one that has them may gain little. So both are asked: the flags, and a measurement of
about a second. What was chosen is kept for each processor, since a cache may be on a shared drive.
"""

import json
import logging
import platform
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.files import write_atomically

log = logging.getLogger(__name__)

LEAST_GAIN = 1.15
"""How many times as fast 8 bits must be to be taken."""
ROUNDS = 3
PICTURES = 4
_PRODUCTS = frozenset(("avx512_vnni", "avx_vnni", "amx_int8", "arm_i8mm", "i8mm"))
"""Flags of processors that multiply 8 bits and sum them in 32."""

Run = Callable[[npt.NDArray[np.float32]], object]


@dataclass(frozen=True)
class Choice:
    """In which precision a tower runs, and what it was chosen by."""

    eight_bits: bool
    gain: float | None
    """How many times as fast 8 bits were as float32; None where the processor is not made for them."""

    def __str__(self) -> str:
        if self.gain is None:
            return "float32: the processor has no instructions for products of 8 bits"
        if self.eight_bits:
            return f"8 bits, measured as {self.gain:.1f} times as fast as float32"
        return f"float32: 8 bits are only {self.gain:.1f} times as fast on this processor"


def kept_at(export: Path) -> Path:
    """Where the choice for an export and this processor is kept."""
    return export.with_name(f"{export.stem}-on-{zlib.crc32(_processor().encode()):08x}.json")


def kept(path: Path) -> Choice | None:
    """The choice that is kept there, if one is."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Choice(bool(stored["eight_bits"]), stored["gain"] and float(stored["gain"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def choose(path: Path, size: int, float32: Run, eight_bits: Callable[[], Run]) -> Choice:
    """Choose by the processor's flags and by measuring, and keep it; ``eight_bits`` is made only for that."""
    choice = Choice(False, None)
    if multiplies_eight_bits():
        pictures = np.random.default_rng(0).uniform(-1, 1, (PICTURES, 3, size, size)).astype(np.float32)
        gain = _gain(float32, eight_bits(), pictures)
        choice = Choice(gain >= LEAST_GAIN, round(gain, 2))
    log.info("%s: %s", path.stem, choice)
    try:
        write_atomically(path, json.dumps(asdict(choice)).encode())
    except OSError as exc:
        log.warning("the choice of precision is not kept: %s", exc)
    return choice


def multiplies_eight_bits() -> bool:
    """Whether the processor has instructions for products of 8 bits."""
    import torch

    return any(has and flag in _PRODUCTS for flag, has in torch.cpu.get_capabilities().items())


def _gain(float32: Run, eight_bits: Run, pictures: npt.NDArray[np.float32]) -> float:
    """Ratio of the least times, in turns; the first round warms up."""
    times = [[_seconds(run, pictures) for run in (float32, eight_bits)] for _ in range(1 + ROUNDS)]
    slow, quick = min(row[0] for row in times[1:]), min(row[1] for row in times[1:])
    return slow / quick


def _seconds(run: Run, pictures: npt.NDArray[np.float32]) -> float:
    started = time.perf_counter()
    run(pictures)
    return time.perf_counter() - started


def _processor() -> str:
    """What tells processors apart: model and flags where the system has them in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(line for line in lines if line.startswith(("model name", "flags", "Features")))
