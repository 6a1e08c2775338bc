"""How a model runs quickest on this machine: in smaller numbers, or by other hardware than the processor.

A processor without instructions for smaller numbers either gains nothing or loses accuracy, and what is there
may gain little. So both are asked: whether it is there, and a measurement of about a second. What was chosen
is kept for each processor, since a cache may be on a shared drive.
"""

import json
import logging
import platform
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from db.files import write_atomically
from db.settings import Precision

log = logging.getLogger(__name__)

LEAST_GAIN = 1.15
"""How many times as fast as float32 on the processor another way must be to be taken."""
ROUNDS = 3
LONGEST_S = 3.0
"""After which no further round begins: a large model takes seconds for one."""

Run = TypeVar("Run", bound=Callable[[npt.NDArray[np.float32]], Any])
"""Encodes pixels, (n, 3, H, W) float32."""


class Unfit(Exception):  # noqa: N818 - a finding rather than a fault; stays inside the encoders
    """A model cannot run in some way, or does not agree with itself there."""


@dataclass(frozen=True)
class Way:
    """A way of running a model that may be several times as fast as in float32 on the processor.

    ``precision``: the setting that asks for it, if one does.
    """

    called: str
    is_here: Callable[[], bool]
    precision: Precision | None = None


def _computes(*flags: str) -> Callable[[], bool]:
    """Whether the processor has instructions, by any of its flags as PyTorch names these."""

    def has() -> bool:
        import torch

        return any(has and flag in flags for flag, has in torch.cpu.get_capabilities().items())

    return has


def _has_apple_gpu() -> bool:
    import torch

    return torch.backends.mps.is_available()


# Only products of 8 bits that are summed in 32; older instructions sum in 16, and clip.
INT8 = Way("8 bits", _computes("avx512_vnni", "avx_vnni", "amx_int8", "arm_i8mm", "i8mm"), "int8")
BFLOAT16 = Way("bfloat16", _computes("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"), "bfloat16")
APPLE_GPU = Way("Apple's GPU", _has_apple_gpu)


@dataclass(frozen=True)
class Choice:
    """How a model runs, and what that was chosen by.

    ``gains``: how many times as fast as float32 each way was that is here and can be gone.
    """

    model: str
    gains: Mapping[str, float]

    @property
    def best(self) -> str | None:
        """The quickest way, if it pays."""
        best = max(self.gains, key=lambda way: self.gains[way], default=None)
        return best if best and self.gains[best] >= LEAST_GAIN else None

    def __str__(self) -> str:
        if way := self.best:
            return f"{self.model} in {way}, measured as {self.gains[way]:.1f} times as fast as float32"
        if not self.gains:
            return f"{self.model} in float32: there is nothing quicker here"
        tried = ", ".join(f"{way} {gain:.1f}" for way, gain in self.gains.items())
        return f"{self.model} in float32: of what is quicker elsewhere {tried} times as fast"


@dataclass(frozen=True)
class Trial(Generic[Run]):
    """A model, and the ways in which it can run.

    ``plain``, in float32 on the processor, and each of ``ways`` make the function that encodes, and are
    called only when it is needed; a way raises ``Unfit`` where the model cannot go it.
    """

    model: str
    export: Path
    """The file beside which the choice is kept: it is made anew for another."""
    pictures: tuple[int, int, int, int]
    """Shape of what is encoded to compare the ways."""
    plain: Callable[[], Run]
    ways: Mapping[Way, Callable[[], Run]]

    def quickest(self, precision: Precision) -> Run:
        """The model as it is to run: by the setting, or by what was or is now measured."""
        best = self._choice().best if precision == "auto" else None
        for way, make in self.ways.items():
            if way.called == best or way.precision == precision:
                try:
                    return make()
                except Unfit as why:
                    log.warning("%s runs in float32: %s", self.model, why)
        return self.plain()

    def _choice(self) -> Choice:
        path = _kept_at(self.export, [way.called for way in self.ways])
        return _kept(path) or self._made(path)

    def _made(self, path: Path) -> Choice:
        choice = Choice(self.model, self._gains())
        log.info("%s", choice)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(asdict(choice)).encode())
        except OSError as exc:
            log.warning("what runs quickest is not kept: %s", exc)
        return choice

    def _gains(self) -> dict[str, float]:
        """Ratios of the least times, in turns; the first round warms up, and counts where it is alone."""
        runs: dict[str, Run] = {}
        for way, make in self.ways.items():
            if way.is_here():
                try:
                    runs[way.called] = make()
                except Unfit as why:
                    log.info("%s: not in %s: %s", self.model, way.called, why)
        if not runs:
            return {}
        pictures = np.random.default_rng(0).uniform(-1, 1, self.pictures).astype(np.float32)
        each = [self.plain(), *runs.values()]
        times: list[list[float]] = []
        while len(times) <= ROUNDS and sum(map(sum, times)) < LONGEST_S:
            times.append([_seconds(run, pictures) for run in each])
        plain, *quick = (min(taken) for taken in zip(*(times[1:] or times), strict=True))
        return {way: round(plain / taken, 2) for way, taken in zip(runs, quick, strict=True)}


def choices(folder: Path) -> list[Choice]:
    """What was chosen on this processor for the models whose exports are in a folder, the latest of each."""
    paths = sorted(folder.glob(f"*-on-{_processor()}-*.json"), key=lambda path: path.stat().st_mtime_ns)
    found = {choice.model: choice for path in paths if (choice := _kept(path))}
    return [found[model] for model in sorted(found)]


def _kept_at(export: Path, ways: list[str]) -> Path:
    return export.with_name(f"{export.stem}-on-{_processor()}-{zlib.crc32(' '.join(ways).encode()):08x}.json")


def _kept(path: Path) -> Choice | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        gains = {str(way): float(gain) for way, gain in stored["gains"].items()}
        return Choice(str(stored["model"]), gains)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _seconds(run: Callable[[npt.NDArray[np.float32]], Any], pictures: npt.NDArray[np.float32]) -> float:
    started = time.perf_counter()
    run(pictures)
    return time.perf_counter() - started


def _processor() -> str:
    """What tells processors apart: a checksum of model and flags where the system has them in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        told = "\n".join(line for line in lines if line.startswith(("model name", "flags", "Features")))
    except OSError:
        told = f"{platform.machine()} {platform.processor()}"
    return f"{zlib.crc32(told.encode()):08x}"
