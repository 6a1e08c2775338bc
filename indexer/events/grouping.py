"""Events out of what a machine finds near in time and place, and what users said. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.arrays import Ids
from db.catalog.events import EventFile, Said, Stored
from indexer.events.segmentation import Shots, segment


@dataclass(frozen=True)
class Group:
    """The files of an event, in the order of time; ``said_id``: what users said of it."""

    files: tuple[EventFile, ...]
    said_id: int | None = None


def shots_of(files: Sequence[EventFile]) -> Shots:
    """What is known of dated files."""
    taken = [file.taken_at for file in files]
    times = np.array([one.replace(microsecond=0) if one else None for one in taken], "datetime64[s]")
    seconds = times.astype(np.int64)
    places = [
        (np.nan, np.nan)
        if file.latitude is None or file.longitude is None
        else (file.latitude, file.longitude)
        for file in files
    ]
    # Midnight to the second is a day of which nobody says the time.
    return Shots(
        seconds.astype(np.float64), seconds % 86_400 != 0, np.array(places, np.float64).reshape(-1, 2)
    )


def grouped(files: Sequence[EventFile], said: Said) -> list[Group]:
    """The events of files. What users put together or parted stays so.

    A file of which they said nothing, but which a machine puts with some of which they did, joins the nearest
    of these in time: pictures that arrive later come into the event that they are of.
    """
    dated = [file for file in files if file.taken_at is not None]
    labels = segment(shots_of(dated))
    of_kept: dict[int, list[EventFile]] = defaultdict(list)
    for file in files:
        if (said_id := said.of.get(file.sha256)) is not None:
            of_kept[said_id].append(file)
    found: list[Group] = []
    for members in _by_label(dated, labels):
        free = [file for file in members if file.sha256 not in said.of]
        kept = [file for file in members if said.of.get(file.sha256) is not None]
        if kept:
            for file, near in zip(free, _nearest(free, kept), strict=True):
                of_kept[said.of[near.sha256] or 0].append(file)
        elif free:
            found.append(Group(tuple(free)))
    for said_id, members in of_kept.items():
        if any(file.taken_at for file in members):
            found.append(Group(tuple(sorted(members, key=_when)), said_id))
    return sorted(found, key=lambda group: _when(group.files[0]))


def _by_label(files: Sequence[EventFile], labels: Ids) -> list[list[EventFile]]:
    """The files of each event that a machine finds, in the order of time."""
    groups: dict[int, list[EventFile]] = defaultdict(list)
    for file, label in zip(files, labels.tolist(), strict=True):
        if label >= 0:
            groups[label].append(file)
    return [sorted(members, key=_when) for members in groups.values()]


def _when(file: EventFile) -> tuple[str, bytes]:
    return (file.taken_at.isoformat() if file.taken_at else ""), file.sha256


def _nearest(files: Sequence[EventFile], others: Sequence[EventFile]) -> list[EventFile]:
    """For each file the one of the others that is nearest in time, of two the earlier one; all are dated."""
    here, there = shots_of(files).times, shots_of(others).times
    after = np.searchsorted(there, here).clip(0, len(there) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.where(np.abs(there[before] - here) <= np.abs(there[after] - here), before, after)
    return [others[at] for at in nearer.tolist()]


def matched(groups: Sequence[Group], stored: Sequence[Stored]) -> list[Stored | None]:
    """The stored event that each group is: what users said the same of, else that most of them are of.

    So an event has its id as long as most of its files stay, and links to it live.
    """
    event_of = {content_id: at for at, event in enumerate(stored) for content_id in event.contents}
    by_said = {event.said_id: at for at, event in enumerate(stored) if event.said_id is not None}
    pairs: list[tuple[float, int, int]] = []
    for number, group in enumerate(groups):
        shared = Counter(event_of[file.content_id] for file in group.files if file.content_id in event_of)
        pairs += [
            (-count, number, at)
            for at, count in shared.items()
            if 2 * count >= min(len(group.files), len(stored[at].contents))
        ]
        if group.said_id in by_said:
            pairs.append((-np.inf, number, by_said[group.said_id]))
    found: list[Stored | None] = [None] * len(groups)
    taken: set[int] = set()
    for _, number, at in sorted(pairs):
        if found[number] is None and at not in taken:
            found[number] = stored[at]
            taken.add(at)
    return found
