"""Bounded look-ahead: threads prepare what one consumer will need next."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def look_ahead(function: Callable[[_T], _R], items: Iterable[_T], depth: int) -> Iterator[_R]:
    """Results in order, computed by threads at most ``depth`` items ahead of the consumer."""
    waiting: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(depth, thread_name_prefix="prepare") as threads:
        try:
            for item in items:
                waiting.append(threads.submit(function, item))
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
    while some := list(islice(iterator, size)):
        yield some
