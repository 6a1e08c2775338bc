"""Worker processes: how they start, and that none is given up before all it sent was read.

pebble reads what workers send in one thread and looks for dead ones in another. A worker that dies
before it was read which task it took up leaves that task behind: it counts as queued, which breaks
the whole pool, or as running until its time is up (https://github.com/noxdafox/pebble/issues/153).
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any

from pebble import ProcessPool
from pebble.common.types import Result, ResultStatus
from pebble.pool.process import PoolManager


class WorkerStoppedError(Exception):
    """A task's worker was stopped for the sake of another task: it is to be started again."""


class WorkerPool(ProcessPool):
    """A ``pebble.ProcessPool`` of spawned processes in which a task ends as its worker does.

    The future of a task raises ``WorkerStoppedError`` when its worker was stopped for another one, and
    else what pebble's does.
    """

    def __init__(self, workers: int, **parameters: Any) -> None:
        context = BareSpawnContext()
        super().__init__(workers, context=context, **parameters)
        self._pool_manager = _Manager(self._context, context)


class _Manager(PoolManager):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._reading = threading.Lock()

    def process_next_message(self, timeout: float) -> None:
        """Wait for a message without the lock, which the other thread would hardly get otherwise."""
        if self._waiting(timeout):
            with self._reading:
                super().process_next_message(0)

    def handle_worker_expiration(self, expiration: tuple[int, int]) -> None:
        self._read_all()
        super().handle_worker_expiration(expiration)

    def update_status(self) -> None:
        super().update_status()  # type: ignore[no-untyped-call]
        if any(self._stopped()):
            self._read_all()
            for task in self._stopped():
                self.task_manager.task_done(task.id, Result(ResultStatus.ERROR, WorkerStoppedError()))

    def _stopped(self) -> list[Any]:
        """Tasks under way in workers that are no more. Only this thread starts and stops any."""
        workers = self.worker_manager.workers
        tasks = list(self.task_manager.tasks.values())
        return [task for task in tasks if task.worker_id and task.worker_id not in workers]

    def _read_all(self) -> None:
        while self._waiting(0):
            with self._reading:
                super().process_next_message(0)
        with self._reading:  # the other thread may be at the last one
            pass

    def _waiting(self, timeout: float) -> bool:
        try:
            return bool(self.worker_manager.pool_channel.poll(timeout))  # type: ignore[union-attr]
        except OSError:  # closed, which reading says in pebble's way
            return True


class _BareProcess(SpawnProcess):
    """A spawned process that does not run the parent's main module again.

    multiprocessing does that for the sake of functions defined there. Ours never are, and it
    would import the command line, or run the app's page, in every worker.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802
        with _main_hidden():
            return SpawnProcess._Popen(process_obj)


class BareSpawnContext(SpawnContext):
    """A multiprocessing context whose processes start without the parent's main module."""

    Process = _BareProcess


_main_lock = threading.Lock()


@contextmanager
def _main_hidden() -> Iterator[None]:
    with _main_lock:
        main, stand_in = sys.modules["__main__"], ModuleType("__main__")
        sys.modules["__main__"] = stand_in
        try:
            yield
        finally:
            # Streamlit puts its own page there on every run, perhaps just now.
            if sys.modules["__main__"] is stand_in:
                sys.modules["__main__"] = main
