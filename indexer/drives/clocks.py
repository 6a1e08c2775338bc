"""Times of files that differ although the files are the same, as clocks, zones and file systems make them.

FAT keeps local time in steps of two seconds, so all of a drive's files differ by the same whole hours after
the clocks have changed, or on a machine with another time zone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from db.catalog.assets import FileStat, KnownFile
from db.paths import PathSet

_STEP_S = 15 * 60
"""All zones in use differ by a multiple of a quarter of an hour."""

_MOST_S = 26 * 3600
"""From UTC-12 to UTC+14."""

_COARSE_S = 2
"""The steps of FAT."""

SAMPLE = 5
"""How many files are compared by their bytes before the others are believed; so few are simply read."""

_NS = 1_000_000_000

SameBytes = Callable[[KnownFile, FileStat], bool]
"""Whether a file has the content that is remembered of another."""


@dataclass(frozen=True)
class Shifted:
    """A file as it is remembered, and as it is now."""

    was: KnownFile
    now: FileStat


def shift(was: FileStat, now: FileStat) -> int | None:
    """By how many seconds a clock or a zone may have moved a file's time; None where that is no explanation.

    The size is the same then. Zero for times that are the same, but for the steps of FAT.
    """
    if was.size != now.size:
        return None
    seconds = (now.mtime_ns - was.mtime_ns) / _NS
    whole = round(seconds / _STEP_S) * _STEP_S
    return whole if abs(seconds - whole) <= _COARSE_S and abs(whole) <= _MOST_S else None


def only_shifted(candidates: Sequence[Shifted], grounds: Iterable[Path], same_bytes: SameBytes) -> set[int]:
    """The ids of those files of which nothing but the time has changed.

    More than ``SAMPLE`` files of one ground that all differ by the same shift are believed when that many of
    them have the same bytes as before. The others are read, one by one.
    """
    holding = PathSet(grounds)
    groups: dict[tuple[Path | None, int], list[Shifted]] = defaultdict(list)
    for candidate in candidates:
        moved = shift(candidate.was.stat, candidate.now)
        if moved is not None and candidate.was.content_id is not None:
            groups[holding.deepest(candidate.now.path), moved].append(candidate)
    believed: set[int] = set()
    for group in groups.values():
        if len(group) > SAMPLE and all(same_bytes(one.was, one.now) for one in sample(group)):
            believed.update(one.was.id for one in group)
    return believed


def sample(files: Sequence[Shifted]) -> list[Shifted]:
    """A few of the files, from all over, of the smaller half: these are read fast."""
    small = sorted(files, key=lambda file: file.now.size)[: max(SAMPLE, len(files) // 2)]
    spread = sorted(small, key=lambda file: file.now.path)
    count = min(SAMPLE, len(spread))
    return [spread[place * len(spread) // count] for place in range(count)]
