"""The keeper of large models: loaded on first use, released after idle minutes, one large one at a time.

Captions, answers and drawings each want gigabytes. Whoever uses a model asks here for it, every time, and
holds it no longer than the work takes; so what nobody uses goes, and two never meet in memory by accident.
"""

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from indexer.pretrained.memory import GB, require_memory, smaller_model

log = logging.getLogger(__name__)

LARGE = 1.0 * GB
"""Memory from which a model is a large one: no two of these are kept."""


@dataclass
class _Kept:
    model: Any
    needed: float
    idle_s: float
    used_at: float = field(default_factory=time.monotonic)


class Keeper:
    """Keeps models while they are used. Thread-safe: one thread at a time works with any of them."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None

    @contextmanager
    def use(
        self,
        key: Hashable,
        name: str,
        needed: float,
        load: Callable[[], Any],
        *,
        device: str,
        idle_s: float,
        smaller: Callable[[float], str] = smaller_model,
    ) -> Iterator[Any]:
        """The model of ``key``, loaded by ``load()`` if it is not kept, for as long as the block runs.

        Args:
            name: for messages.
            needed: bytes of memory that it will take, see ``memory.needed_bytes``.
            device: ``cpu`` or ``cuda``.
            idle_s: how long it is kept after its last use.
            smaller: says what to do where so many bytes are not enough, see ``memory.require_memory``.

        Raises:
            ModelError: there is not enough memory for it, or from ``load``.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                if needed >= LARGE:
                    self._release([other for other, held in self._kept.items() if held.needed >= LARGE])
                require_memory(name, needed, device, smaller)
                started = time.monotonic()
                kept = self._kept[key] = _Kept(load(), needed, idle_s)
                log.info("loaded %s in %.1f s", name, time.monotonic() - started)
            try:
                yield kept.model
            finally:
                kept.used_at, kept.idle_s = time.monotonic(), idle_s
                self._watch()

    def kept(self) -> list[Hashable]:
        """The keys of the models that are in memory."""
        return list(self._kept)

    def release(self) -> None:
        """Let go of all that is kept, once nobody uses it."""
        with self._lock:
            self._release(list(self._kept))

    def _release(self, keys: list[Hashable]) -> None:
        for key in keys:
            log.info("released %s", key)
            del self._kept[key]
        if keys:
            _give_back()

    def _watch(self) -> None:
        """Look again when the first of the kept models has been idle for long enough."""
        if self._timer is not None:
            self._timer.cancel()
        if self._kept:
            due = min(kept.used_at + kept.idle_s for kept in self._kept.values())
            self._timer = threading.Timer(max(0.0, due - time.monotonic()), self._release_idle)
            self._timer.daemon = True
            self._timer.start()

    def _release_idle(self) -> None:
        with self._lock:
            now = time.monotonic()
            idle = [key for key, kept in self._kept.items() if kept.used_at + kept.idle_s <= now]
            self._release(idle)
            self._watch()


KEEPER = Keeper()
"""That of this process."""


def _give_back() -> None:
    """Return memory to the system: models are full of cycles, and PyTorch keeps what it had on a GPU."""
    gc.collect()
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
