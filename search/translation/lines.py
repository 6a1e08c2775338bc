"""Sorted lines of a file as a mapping, looked up by binary search in memory that the system maps."""

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path


class SortedLines(Mapping[str, str]):
    """The lines ``key<tab>value`` of a file in UTF-8, sorted by key; no more is read than is asked for."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            size = path.stat().st_size
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""

    def __getitem__(self, key: str) -> str:
        sought = key.encode("utf-8", "replace")
        low, high = 0, len(self._bytes)
        while low < high:
            start = self._bytes.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self._bytes.find(b"\n", start)
            found, _, value = self._bytes[start:end].partition(b"\t")
            if found == sought:
                return value.decode()
            if found < sought:
                low = end + 1
            else:
                high = start
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        for line in self._bytes[:].splitlines():
            yield line.partition(b"\t")[0].decode()

    def __len__(self) -> int:
        return self._bytes[:].count(b"\n")

    def __bool__(self) -> bool:
        return bool(self._bytes)
