"""Process pool for decoding: a hostile or hanging file costs a worker, not the run.

pebble rather than ``concurrent.futures``: it ends a task that takes too long by ending its
worker, and one that dies takes only its own task along. Workers are spawned, not forked,
because a fork of a process that runs threads (models, database) may hang.
"""

import importlib
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from pebble import ProcessExpired

from db.errors import DecodeError
from indexer.media.workers import WorkerPool, WorkerStoppedError

if TYPE_CHECKING:  # workers import this, and start sooner without
    from db.settings import Settings

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

# A fresh process now and then gives back what the decoders leaked.
_TASKS_PER_WORKER = 2000
_MOST_STARTS = 3
_GRACE_S = 5.0


class DecodePool:
    """Worker processes for the functions of ``indexer.media.reader``.

    Nothing is started before the first task. As a context manager it ends all workers on
    leaving, tasks under way included. Thread-safe.

    Args:
        workers: number of processes.
        timeout_s: longest time for a task, unless ``submit`` is given another.
        memory_mb: address space of each worker, where the system can limit it.
    """

    def __init__(self, workers: int, timeout_s: float, memory_mb: int) -> None:
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._lock = threading.Lock()
        self._pool: WorkerPool | None = None
        self._tasks: set[_Task] = set()

    @classmethod
    def of(cls, settings: "Settings") -> "DecodePool":
        """A pool with the limits of the settings."""
        return cls(settings.workers, settings.decode_timeout_s, settings.decode_memory_mb)

    def __enter__(self) -> "DecodePool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers at once; tasks that are not done are cancelled. May be used again."""
        with self._lock:
            pool, self._pool = self._pool, None
            tasks, self._tasks = self._tasks, set()
        # pebble leaves the futures of a stopped pool waiting for ever.
        for task in tasks:
            task.answer.cancel()
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def run(self, function: Callable[..., _Result], *args: Any, **kwargs: Any) -> _Result:
        """Run a function in a worker and wait for it: see ``submit``.

        Raises:
            MediaError: the function did, or see ``submit``.
        """
        return self.submit(function, *args, **kwargs).result()

    def submit(
        self, function: Callable[..., _Result], *args: Any, timeout_s: float | None = None, **kwargs: Any
    ) -> Future[_Result]:
        """Run an importable function in a worker; arguments and result must be picklable.

        The future raises what the function raises, and ``DecodeError`` when it took longer than
        ``timeout_s`` (the pool's own when None), needed more memory than a worker may have, or
        crashed the worker. The clock starts when a worker takes the task up. Cancelling the
        future ends the task even when it is under way.

        Raises:
            ValueError: the function is of the main module, which workers do not import.
        """
        if function.__module__ == "__main__":
            raise ValueError(f"{function.__qualname__} must be in an importable module")
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        task = _Task(
            partial(_picklable, limit_s, function.__module__, function.__qualname__, *args, **kwargs),
            limit_s,
        )
        # Weakly, and see ``_end``: futures and tasks in a circle would keep their pictures for a while.
        ended = weakref.ref(task)
        task.answer.add_done_callback(lambda _: self._end(ended()))
        self._start(task)
        return task.answer

    def _start(self, task: "_Task") -> None:
        if task.starts == _MOST_STARTS:
            task.fail(DecodeError("the decoder processes cannot be started, or are killed from outside"))
            return
        task.starts += 1
        with self._lock:
            if self._pool is None:
                self._pool = self._new_pool()
            task.pool = self._pool
            self._tasks.add(task)
        try:
            task.running = running = task.pool.schedule(task.call, timeout=task.timeout_s)
        except RuntimeError:  # it has broken since the last task
            self._replace(task.pool)
        else:
            running.add_done_callback(lambda done: self._settle(task, done))

    def _end(self, task: "_Task | None") -> None:
        if task is None:
            return
        with self._lock:
            self._tasks.discard(task)
        running, task.running = task.running, None
        if task.answer.cancelled() and running is not None:
            running.cancel()

    def _settle(self, task: "_Task", running: Future[Any]) -> None:
        if running is not task.running:  # it was started again meanwhile
            return
        try:
            result = running.result()
        except BrokenProcessPool:
            self._replace(task.pool)
        except WorkerStoppedError:
            self._start(task)
        except CancelledError:
            task.answer.cancel()
        except BaseException as exc:
            task.fail(self._translated(exc, task.timeout_s))
        else:
            task.succeed(result)

    def _replace(self, broken: WorkerPool | None) -> None:
        """Start the tasks of a broken pool again in a new one.

        pebble gives up a whole pool when a worker is killed while none is busy, and leaves the
        tasks that are still queued waiting for ever.
        """
        with self._lock:
            if broken is self._pool and broken is not None:
                log.warning("the decoder processes are replaced")
                self._pool = None
                broken.stop()  # type: ignore[no-untyped-call]
                threading.Thread(target=broken.join, name="trove-pool-end", daemon=True).start()
            orphans = [task for task in self._tasks if task.pool is broken]
        for task in orphans:
            self._start(task)

    def _new_pool(self) -> WorkerPool:
        return WorkerPool(
            self._workers,
            max_tasks=_TASKS_PER_WORKER,
            initializer=_prepare_worker,
            initargs=(self._memory_mb,),
        )

    def _translated(self, exc: BaseException, timeout_s: float) -> BaseException:
        """Translate pebble's errors to Trove's: the one place that does."""
        error: BaseException
        if isinstance(exc, TimeoutError):
            error = DecodeError(
                f"decoding took longer than {timeout_s:g} s",
                "Raise TROVE_DECODE_TIMEOUT_S if it is worth it.",
            )
        elif isinstance(exc, ProcessExpired):
            error = DecodeError(f"the decoder crashed{_signal_name(exc.exitcode)}")
        elif isinstance(exc, MemoryError):
            error = DecodeError(
                f"decoding needs more memory than {self._memory_mb} MB",
                "Raise TROVE_DECODE_MEMORY_MB if there is more.",
            )
        else:
            return exc
        error.__cause__ = exc
        return error


@dataclass(eq=False)
class _Task:
    call: Callable[[], Any]
    timeout_s: float
    answer: Future[Any] = field(default_factory=Future)
    starts: int = 0
    pool: WorkerPool | None = None
    running: Future[Any] | None = None

    def succeed(self, result: object) -> None:
        with suppress(InvalidStateError):  # cancelled meanwhile
            self.answer.set_result(result)

    def fail(self, error: BaseException) -> None:
        with suppress(InvalidStateError):
            self.answer.set_exception(error)


def _picklable(limit_s: float, module: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function in the worker; an error that cannot be unpickled becomes a ``RuntimeError``.

    In the parent such an error would break the pool. The function comes by its name: pebble forgets
    a task for ever that cannot be unpickled, as when importing the function's module takes more
    memory than there is.
    """
    try:
        with _alarm(limit_s + _GRACE_S):
            function: Any = importlib.import_module(module)
            for part in name.split("."):
                function = getattr(function, part)
            return function(*args, **kwargs)
    except Exception as exc:
        try:
            pickle.loads(pickle.dumps(exc))  # noqa: S301 - made a moment before, right here
        except Exception:
            raise RuntimeError(f"{type(exc).__name__}: {exc}") from exc
        raise


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Have SIGALRM end this process when time is up.

    The parent does so a little earlier; but where it was killed, and the decoder holds the GIL,
    nothing that runs in Python could end the worker any more.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _signal_name(exitcode: int) -> str:
    try:
        return f" ({signal.Signals(-exitcode).name})"
    except ValueError:
        return ""


def _prepare_worker(memory_mb: int) -> None:
    """Run first in every worker, before any decoder is imported."""
    # Workers are as many as the machine can use; threads inside each would cost memory and gain nothing.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    # pebble's handler runs in Python, which a decoder stuck in C never gets back to.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Decoders complain about damaged files on stderr, across the progress bar; the error tells it all.
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _limit(memory_mb)
    from PIL import Image

    # Pillow's guard is one number for a whole process; ours comes with every call (pillow.check_size).
    Image.MAX_IMAGE_PIXELS = None
    threading.Thread(target=_die_with_parent, name="trove-watch-parent", daemon=True).start()


def _limit(memory_mb: int) -> None:
    """Set resource limits: memory, no core dumps, and no writes to files, even by an exploited decoder."""
    try:
        import resource
    except ImportError:  # Windows
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = {resource.RLIMIT_AS: memory_mb << 20, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    for resource_id, limit in limits.items():
        # macOS knows the limit of memory but refuses to set it.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource_id, (limit, limit))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
