"""Bounded look-ahead: threads prepare what one consumer will need next."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def look_ahead(
    function: Callable[[_T], _R], items: Iterable[_T], depth: int, threads: int | None = None
) -> Iterator[_R]:
    """Results in order, computed at most ``depth`` items ahead of the consumer by so many threads.

    A consumer that takes batches and is busy with each for long needs a depth beyond the batch: else
    the threads wait for it, and then it for them.
    """
    waiting: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(threads or depth, thread_name_prefix="prepare") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Lists of ``size`` items, the last one shorter, as ``itertools.batched`` of Python 3.12."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
