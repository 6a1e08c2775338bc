"""In which numbers a model runs: smaller ones than float32 where the processor is made for them and it pays.

A processor without instructions for such numbers either gains nothing or loses accuracy, and one that has
them may gain little. So both are asked: the flags, and a measurement of about a second. What was chosen is
kept for each processor, since a cache may be on a shared drive.
"""

import json
import logging
import platform
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from db.files import write_atomically
from db.settings import Precision

log = logging.getLogger(__name__)

LEAST_GAIN = 1.15
"""How many times as fast as float32 other numbers must be to be taken."""
ROUNDS = 3
LONGEST_S = 3.0
"""After which no further round begins: a large model takes seconds for one."""

Run = Callable[[npt.NDArray[np.float32]], object]


@dataclass(frozen=True)
class Numbers:
    """Numbers smaller than float32 that some processors compute several times as fast."""

    precision: Precision
    called: str
    flags: frozenset[str]
    """Of processors that are made for them, as ``torch.cpu.get_capabilities`` names these."""


INT8 = Numbers(
    # Only those that sum products of 8 bits in 32; the older ones sum in 16, and clip.
    "int8",
    "8 bits",
    frozenset(("avx512_vnni", "avx_vnni", "amx_int8", "arm_i8mm", "i8mm")),
)
BFLOAT16 = Numbers("bfloat16", "bfloat16", frozenset(("avx512_bf16", "amx_bf16", "arm_bf16", "bf16")))
_numbers = MappingProxyType({numbers.precision: numbers for numbers in (INT8, BFLOAT16)})


@dataclass(frozen=True)
class Choice:
    """In which numbers a model runs, and what that was chosen by."""

    model: str
    asked: Precision
    """What was compared with float32: a key of ``_numbers``."""
    gain: float | None
    """How many times as fast it was; None where the processor is not made for it."""

    @property
    def pays(self) -> bool:
        """Whether the smaller numbers are taken."""
        return self.gain is not None and self.gain >= LEAST_GAIN

    def __str__(self) -> str:
        called = _numbers[self.asked].called
        if self.gain is None:
            return f"{self.model} in float32: the processor has no instructions for {called}"
        if self.pays:
            return f"{self.model} in {called}, measured as {self.gain:.1f} times as fast as float32"
        return f"{self.model} in float32: {called} would be {self.gain:.1f} times as fast on this processor"


@dataclass(frozen=True)
class Trial:
    """A model that can run in float32 and in smaller numbers, and where the choice for it is kept.

    ``float32`` and ``smaller`` make the functions that encode; each is called only when it is needed.
    """

    model: str
    numbers: Numbers
    export: Path
    """The file beside which the choice is kept: it is made anew for another."""
    pictures: tuple[int, int, int, int]
    """Shape of what both encode to be compared."""
    float32: Callable[[], Run]
    smaller: Callable[[], Run]

    def wanted(self, precision: Precision) -> bool:
        """Whether the smaller numbers are to be used: by the setting, or by what was or is now measured."""
        if precision != "auto":
            return precision == self.numbers.precision
        path = _kept_at(self.export)
        return (_kept(path) or self._choose(path)).pays

    def _choose(self, path: Path) -> Choice:
        choice = Choice(self.model, self.numbers.precision, self._gain() if self._made_for() else None)
        log.info("%s", choice)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(asdict(choice)).encode())
        except OSError as exc:
            log.warning("the choice of precision is not kept: %s", exc)
        return choice

    def _made_for(self) -> bool:
        import torch

        return any(has and flag in self.numbers.flags for flag, has in torch.cpu.get_capabilities().items())

    def _gain(self) -> float:
        """Ratio of the least times, in turns; the first round warms up, and counts only where it is alone."""
        pictures = np.random.default_rng(0).uniform(-1, 1, self.pictures).astype(np.float32)
        runs = self.float32(), self.smaller()
        times: list[list[float]] = []
        while len(times) <= ROUNDS and sum(map(sum, times)) < LONGEST_S:
            times.append([_seconds(run, pictures) for run in runs])
        counted = times[1:] or times
        return round(min(row[0] for row in counted) / min(row[1] for row in counted), 2)


def choices(folder: Path) -> list[Choice]:
    """What was chosen on this processor for the models whose exports are in a folder, the latest of each."""
    paths = sorted(folder.glob(_kept_at(folder / "*.onnx").name), key=lambda path: path.stat().st_mtime_ns)
    found = {choice.model: choice for path in paths if (choice := _kept(path))}
    return [found[model] for model in sorted(found)]


def _kept_at(export: Path) -> Path:
    return export.with_name(f"{export.stem}-on-{zlib.crc32(_processor().encode()):08x}.json")


def _kept(path: Path) -> Choice | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        gain = stored["gain"]
        asked = _numbers[stored["asked"]].precision
        return Choice(str(stored["model"]), asked, None if gain is None else float(gain))
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
