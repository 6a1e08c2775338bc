"""Decide what has to be done, from what is on disk and what the library remembers. A pure function."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from db.catalog.assets import FileStat, KnownFile
from db.paths import PathSet
from indexer.drives.absence import NOTHING_KNOWN, Evidence, judge
from indexer.drives.clocks import SameBytes, Shifted, only_shifted
from indexer.flow import Task
from indexer.scan import Unread


@dataclass
class Plan:
    """Every listed file is in exactly one of ``tasks``, ``revived``, ``same``, ``skipped`` and ``moved``."""

    tasks: list[Task] = field(default_factory=list)
    """New, changed and moved files, and those worth another attempt."""
    revived: list[KnownFile] = field(default_factory=list)
    """Files that were gone, offline or left out, and are back unchanged."""
    moved: list[KnownFile] = field(default_factory=list)
    """Files in the cloud under another name, which are not to be read: as they are now."""
    same: list[KnownFile] = field(default_factory=list)
    skipped: list[KnownFile] = field(default_factory=list)
    """Files that failed or were skipped before, and have not changed since."""
    gone: list[KnownFile] = field(default_factory=list)
    sizes: set[int] = field(default_factory=set, compare=False)
    """Those of which there is more than one file, remembered or new: the others cannot be copies."""
    offline: list[KnownFile] = field(default_factory=list)
    """Files that are now out of reach: a folder above is missing or unreadable, or is not what it was."""
    left_out: list[KnownFile] = field(default_factory=list)
    """Files that a rule leaves out now."""
    unread: list[tuple[Unread, int | None]] = field(default_factory=list)
    """Files that are there but not to be opened, to be noted so; each with the id of its row, if any."""
    retimed: list[KnownFile] = field(default_factory=list)
    """Files, also in one of the others, of which only the time has changed, as they are now."""
    doubtful: list[KnownFile] = field(default_factory=list)
    """Those of ``offline`` of which only doubt says so: their folder is there."""
    doubted: set[Path] = field(default_factory=set)
    """Folders in which another file system seems to be, or none, where there was one with files."""


def plan(
    files: Sequence[FileStat],
    known: Sequence[KnownFile],
    *,
    roots: Sequence[Path],
    is_left_out: Callable[[Path], bool] = lambda _path: False,
    unread: Sequence[Unread] = (),
    evidence: Evidence = NOTHING_KNOWN,
    same_bytes: SameBytes = lambda _was, _now: False,
) -> Plan:
    """Compare files on disk with the files that the library remembers.

    ``roots``: the folders that were walked; what the library remembers elsewhere is left alone.
    ``is_left_out``: whether a file that was not listed is left out on purpose, so neither missing nor there.
    ``unread``: files that are there but not to be opened; what was made of one, when it still could be read,
    stays. ``evidence``: what speaks for or against a missing file being gone. ``same_bytes``: compares a file
    with what is remembered, asked for a few where clocks may have moved the times of many.
    """
    result = Plan()
    # By text, whose hash is made once and fast; and a hundred thousand files are compared at every run.
    remembered = {str(file.stat.path): file for file in known}
    fresh: list[FileStat] = []
    changed: list[Shifted] = []
    for stat in files:
        file = remembered.pop(str(stat.path), None)
        if file is None:
            fresh.append(stat)
        elif file.stat != stat:
            changed.append(Shifted(file, stat))
        else:
            _place(file, stat, result)
    _place_changed(changed, evidence, same_bytes, result)
    lost_links = [item.stat.path for item in unread if not _place_unread(item, remembered, result)]
    evidence = replace(evidence, hidden=[*evidence.hidden, *lost_links])
    walked = PathSet(roots)
    missing = [file for file in remembered.values() if walked.holds(file.stat.path)]
    left_out = {file.id: file for file in missing if is_left_out(file.stat.path)}
    result.left_out = [file for file in left_out.values() if file.state not in ("gone", "left_out")]
    lost = [file for file in missing if file.id not in left_out]
    here = (file for file in known if str(file.stat.path) not in remembered)
    _place_missing(lost, here, fresh, evidence, result)
    result.tasks.sort(key=lambda task: task.stat.path)
    counts = Counter(file.stat.size for file in known) + Counter(task.stat.size for task in result.tasks)
    result.sizes = {task.stat.size for task in result.tasks if counts[task.stat.size] > 1}
    return result


def _place(file: KnownFile, stat: FileStat, result: Plan) -> None:
    if file.stat != stat or file.retry or file.state == "cloud":
        result.tasks.append(Task(stat, file.id))
    elif not file.complete:
        result.tasks.append(Task(stat, file.id, content_id=file.content_id))
    elif file.state in ("failed", "skipped"):
        result.skipped.append(file)
    elif file.state in ("gone", "offline", "left_out"):
        result.revived.append(file)
    else:
        result.same.append(file)


def _place_missing(
    missing: Sequence[KnownFile],
    here: Iterable[KnownFile],
    fresh: Sequence[FileStat],
    evidence: Evidence,
    result: Plan,
) -> None:
    hidden = PathSet(evidence.hidden)
    there = [file for file in missing if not hidden.holds(file.stat.path)]
    moved = _pair_moved(fresh, there, result)
    lost = [file for file in missing if file.state != "gone" and file.id not in moved]
    absence = judge(lost, chain(here, moved.values()), evidence)
    result.gone = absence.gone
    result.offline = [file for file in absence.offline if file.state != "offline"]
    result.doubtful = [file for file in result.offline if not hidden.holds(file.stat.path)]
    result.doubted = absence.doubted


def _place_unread(item: Unread, remembered: dict[str, KnownFile], result: Plan) -> bool:
    """Place a file that is not to be opened; False for a link whose target was known and is not seen now."""
    file = remembered.get(str(item.stat.path))
    if file is not None and file.content_id is not None and item.state != "cloud":
        return False
    remembered.pop(str(item.stat.path), None)
    if file is None:
        result.unread.append((item, None))
    elif file.content_id is not None:
        (result.same if file.state == "indexed" else result.revived).append(file)
    elif (file.state, file.stat) == (item.state, item.stat):
        result.skipped.append(file)
    else:
        result.unread.append((item, file.id))
    return True


def _place_changed(
    changed: Sequence[Shifted], evidence: Evidence, same_bytes: SameBytes, result: Plan
) -> None:
    same = only_shifted(changed, evidence.grounds, same_bytes)
    for file, stat in ((one.was, one.now) for one in changed):
        if file.id in same:
            result.retimed.append(file._replace(stat=stat))
            _place(result.retimed[-1], stat, result)
        else:
            _place(file, stat, result)


def _pair_moved(
    fresh: Sequence[FileStat], missing: Collection[KnownFile], result: Plan
) -> Mapping[int, KnownFile]:
    """The moved files as they are now, by their ids.

    A new file is a moved one if exactly one missing file, and no other new one, has its size and time. So is
    a placeholder in the cloud, with whose size and time that has to do, as nobody reads it.
    """
    lost: dict[tuple[int, int], list[KnownFile]] = defaultdict(list)
    for file in missing:
        lost[file.stat.size, file.stat.mtime_ns].append(file)
    away = {item.stat for item, asset_id in result.unread if item.state == "cloud" and asset_id is None}
    twins = Counter((stat.size, stat.mtime_ns) for stat in chain(fresh, away))
    moved: dict[int, KnownFile] = {}
    for stat in chain(fresh, away):
        key = (stat.size, stat.mtime_ns)
        candidates = lost.get(key, [])
        was = candidates[0] if len(candidates) == 1 and twins[key] == 1 else None
        if was is not None and (stat not in away or was.content_id is not None):
            moved[was.id] = was._replace(stat=stat)
        if stat in away:
            continue
        result.tasks.append(Task(stat, None if was is None else was.id))
    result.moved = [file for file in moved.values() if file.stat in away]
    carried = {file.stat for file in result.moved}
    result.unread = [(item, asset_id) for item, asset_id in result.unread if item.stat not in carried]
    return moved
