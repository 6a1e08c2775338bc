"""Bounded look-ahead: threads prepare what one consumer will need next."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

_IDLE_EVERY_S = 0.5


def look_ahead(
    function: Callable[[_T], _R],
    items: Iterable[_T],
    depth: int,
    threads: int | None = None,
    idle: Callable[[], None] | None = None,
) -> Iterator[_R]:
    """Results in order, computed at most ``depth`` items ahead of the consumer by so many threads.

    A consumer that takes batches and is busy with each for long needs a depth beyond the batch: else
    the threads wait for it, and then it for them. ``idle`` is called now and then while it waits.
    """
    waiting: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(threads or depth, thread_name_prefix="prepare") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= depth:
                    yield _awaited(waiting.popleft(), idle)
            while waiting:
                yield _awaited(waiting.popleft(), idle)
        finally:
            for future in waiting:
                future.cancel()


def _awaited(future: "Future[_R]", idle: Callable[[], None] | None) -> _R:
    while idle is not None and not wait([future], _IDLE_EVERY_S).done:
        idle()
    return future.result()


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Lists of ``size`` items, the last one shorter, as ``itertools.batched`` of Python 3.12."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
