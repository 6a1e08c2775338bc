"""Timing for the other benchmarks: several runs, their spread, and the CPU time beside the wall clock."""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

# As on people's machines, processes find what Python has compiled before.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@dataclass(frozen=True)
class Spread:
    """Seconds of several runs.

    ``cpu_s``: median of the CPU time, which other programs disturb less. ``peak_mb``: of commands, the most
    resident memory of their process trees.
    """

    min_s: float
    median_s: float
    max_s: float
    cpu_s: float
    runs: int
    peak_mb: float = 0


@dataclass(frozen=True)
class Process:
    """One command: wall-clock and CPU seconds, and the peak of its tree's resident memory in MB."""

    seconds: float
    cpu_s: float
    peak_mb: float


_TELLING = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "i8mm",
    "bf16",
)
"""Flags of processors that tell how fast they multiply."""


def machine() -> str:
    """The processor, what it can, how many threads may run, and how busy it is: above every table."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    known = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = {*known.get("flags", "").split(), *known.get("Features", "").split()}
    threads = os.environ.get("OMP_NUM_THREADS", "as many")
    return (
        f"{known.get('model name') or platform.processor() or platform.machine()} "
        f"({', '.join(flag for flag in _TELLING if flag in flags)}), {os.cpu_count()} cores, "
        f"{threads} threads, load {os.getloadavg()[0]:.1f}"
    )


def spread(function: Callable[[], object], runs: int = 5) -> Spread:
    """Call a function several times, once before to warm up."""
    function()
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return spread_of(walls, cpus)


def commands(each: Sequence[Sequence[str]], environment: dict[str, str]) -> Spread:
    """Run commands, each once and in a process of its own."""
    return side_by_side({"": each}, environment)[""]


def side_by_side(
    ways: Mapping[str, Sequence[Sequence[str]]], environment: dict[str, str]
) -> dict[str, Spread]:
    """Run several ways in turns, each by equally many commands: a slow spell of the machine slows all."""
    done: dict[str, list[Process]] = {name: [] for name in ways}
    for turn in zip(*ways.values(), strict=True):
        for name, one in zip(ways, turn, strict=True):
            done[name].append(command(one, environment))
    return {
        name: spread_of(
            [one.seconds for one in runs], [one.cpu_s for one in runs], max(one.peak_mb for one in runs)
        )
        for name, runs in done.items()
    }


def command(arguments: Sequence[str], environment: dict[str, str]) -> Process:
    """Run a command to its end; its memory is looked at every 0.1 s, shared pages count in each process."""
    before, started = os.times(), time.perf_counter()
    child = subprocess.Popen(arguments, env=os.environ | environment, stdout=subprocess.DEVNULL)
    process, peak = psutil.Process(child.pid), 0
    while True:
        try:
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(member.memory_info().rss for member in family))
        except psutil.Error:
            pass
        try:
            child.wait(0.1)
            break
        except subprocess.TimeoutExpired:
            continue
    seconds, after = time.perf_counter() - started, os.times()
    assert child.returncode == 0, f"{arguments[:4]} ended with {child.returncode}"
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Process(round(seconds, 3), round(used, 3), round(peak / 1e6))


def spread_of(walls: Sequence[float], cpus: Sequence[float] = (), peak_mb: float = 0) -> Spread:
    """Spread of times taken elsewhere; without CPU times where another process does the work."""
    numbers = (min(walls), statistics.median(walls), max(walls), statistics.median(cpus or [0.0]))
    return Spread(*(round(number, 4) for number in numbers), len(walls), peak_mb)
