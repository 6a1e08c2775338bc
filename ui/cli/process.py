"""What Trove sets for a whole process, which only a process of its own may: a library has hosts."""

import atexit
import gc
import os
from contextlib import suppress

_ENVIRONMENT = {
    # Threads of PyTorch and FAISS that wait for each other shall sleep. They would spin, and take the cores
    # from whatever else is at work: beside an indexing, a drawing of 1.5 s took 20 s.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Trove has no plugins for pydantic, which would look through all installed packages for some.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    # No telemetry is sent.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
_GARBAGE = (50_000, 20, 50)
"""Allocations, and collections of the younger generation, between two collections of each generation.

A survey of 100,000 files keeps what it makes: with Python's own numbers a seventh of its time is spent
looking for garbage.
"""


BACKGROUND_NICE = 10
"""Of what nobody waits for: it takes the processor that others leave."""


def restrain(nice: int, cores: int | None) -> None:
    """Have this process, and those that it starts, stand back for others, and use so many cores at most.

    Nothing that another program set is taken back: a process may only become nicer. macOS binds no process to
    cores: there the libraries that calculate are told to use so many threads.
    """
    import psutil

    process = psutil.Process()
    with suppress(psutil.Error, OSError):
        if os.name == "nt":
            if nice:
                process.nice(psutil.IDLE_PRIORITY_CLASS if nice > 10 else psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            process.nice(max(nice, process.nice()))
    if cores is None:
        return
    if hasattr(process, "cpu_affinity"):
        with suppress(psutil.Error, OSError):
            process.cpu_affinity(process.cpu_affinity()[:cores])
    else:
        os.environ["OMP_NUM_THREADS"] = str(cores)


def own() -> None:
    """Set the environment, but for what its owner has set; look for garbage less often, and not at the end.

    Before any library reads the environment. Python would look through all modules once more before it ends,
    which takes a fifth of a search; what they hold goes with the process.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(*_GARBAGE)
    atexit.register(gc.freeze)
