"""Whether files that are not seen any more are gone, or on a drive that is not connected. A pure function.

Taking a drive's files for deleted costs a library; taking deleted files for those of a drive costs a line
that asks. So absence is believed where somebody saw it happen, or where it is small beside what is there.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.catalog.assets import KnownFile
from db.paths import deepest, is_under

MANY = 20
"""Fewer files than that are deleted in earnest, however few there were."""


@dataclass(frozen=True)
class Evidence:
    """What is known of the places where files are missed."""

    grounds: Collection[Path] = ()
    """The roots, and the folders below where another file system begins or began."""
    hidden: Sequence[Path] = ()
    """Folders that are not there or cannot be read, and cannot be looked into."""
    bare: Collection[Path] = ()
    """Folders with nothing in them at all, as a mount point without its drive."""
    changed: Collection[Path] = ()
    """Grounds that are on another file system than before. That may be a mere new number, after a restart."""
    seen: Collection[Path] = ()
    """Files and folders that somebody who was watching saw being deleted or moved away."""
    believed: bool = False
    """Whether the user says that whatever is missing is gone."""


NOTHING_KNOWN = Evidence()


@dataclass
class Absence:
    """The missing files. Those out of reach that had failed or were skipped are in neither: they stay so."""

    gone: list[KnownFile] = field(default_factory=list)
    offline: list[KnownFile] = field(default_factory=list)
    doubted: set[Path] = field(default_factory=set)
    """The grounds that do not seem to be what they were; what is there now tells nothing of them."""


def judge(missing: Sequence[KnownFile], known: Sequence[KnownFile], evidence: Evidence) -> Absence:
    """Tell missing files that are gone from those out of reach.

    Args:
        missing: files that are not where they were, nor elsewhere.
        known: all remembered files, these among them.
    """
    if evidence.believed:
        return Absence(gone=list(missing))
    result = Absence()
    of_ground: dict[Path, list[KnownFile]] = defaultdict(list)
    for file in missing:
        if is_under(file.stat.path, evidence.hidden):
            result.offline += [file] if file.state in ("indexed", "offline") else []
            continue
        ground = deepest(file.stat.path, evidence.grounds)
        if ground is None or _was_seen(file.stat.path, ground, evidence.seen):
            result.gone.append(file)
        else:
            of_ground[ground].append(file)
    for ground, lost in of_ground.items():
        away = _away(ground, lost, _present(ground, known, missing, evidence), evidence)
        if away and (ground in evidence.bare or ground in evidence.changed):
            result.doubted.add(ground)
        for file in lost:
            if file.id not in away:
                result.gone.append(file)
            elif file.state in ("indexed", "offline"):
                result.offline.append(file)
    return result


def _present(
    ground: Path, known: Sequence[KnownFile], missing: Sequence[KnownFile], evidence: Evidence
) -> Mapping[str, int]:
    """How many of the files of a ground are there, by the state that they had."""
    lost = {file.id for file in missing}
    counts: dict[str, int] = defaultdict(int)
    inner = [other for other in evidence.grounds if other != ground and is_under(other, [ground])]
    for file in known:
        path = file.stat.path
        if file.id not in lost and is_under(path, [ground]) and not is_under(path, inner):
            counts[file.state] += 1
    return counts


def _away(
    ground: Path, lost: Sequence[KnownFile], present: Mapping[str, int], evidence: Evidence
) -> set[int]:
    """The ids of the missing files of a ground that are taken to be out of reach."""
    everything = {file.id for file in lost}
    if ground in evidence.bare:
        return everything
    live = [file for file in lost if file.state in ("indexed", "offline")]
    if ground in evidence.changed and len(live) > present.get("indexed", 0) + present.get("offline", 0):
        return everything
    fresh = [file.id for file in live if file.state == "indexed"]
    before = [file.id for file in live if file.state == "offline"]
    away: set[int] = set()
    if _is_much(fresh, present.get("indexed", 0)):
        away.update(fresh)
    # Out of reach once, a file is so until others come back without it: what else is there says nothing.
    if not present.get("offline", 0) or _is_much(before, present["offline"]):
        away.update(before)
    return away


def _is_much(lost: Collection[int], present: int) -> bool:
    return len(lost) > MANY and len(lost) > present


def _was_seen(path: Path, ground: Path, seen: Collection[Path]) -> bool:
    """Whether a file, or a folder that it was in, was seen going; not all of a ground, as with its drive."""
    if not seen:
        return False
    folders = [path, *path.parents]
    return any(folder in seen for folder in folders[: folders.index(ground)])
