"""Whether files that are not seen any more are gone, or on a drive that is not connected. A pure function.

Taking a drive's files for deleted costs a library; taking deleted files for those of a drive costs a line
that asks. So absence is believed where somebody saw it happen, or where it is small beside what is there.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.catalog.assets import KnownFile
from db.paths import PathSet

MANY = 20
"""Fewer files than that are deleted in earnest, however few there were."""


@dataclass(frozen=True)
class Evidence:
    """What is known of the places where files are missed."""

    grounds: Collection[Path] = ()
    """The roots, and the folders below where another file system begins or began."""
    hidden: Collection[Path] = ()
    """Folders that are not there or cannot be read, and cannot be looked into."""
    bare: Collection[Path] = ()
    """Folders with nothing in them at all, as a mount point without its drive."""
    changed: Collection[Path] = ()
    """Grounds that are on another file system than before. That may be a mere new number, after a restart."""
    seen: Collection[Path] = ()
    """Files and folders that somebody saw being deleted or moved away, or that surely were."""
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


def judge(missing: Sequence[KnownFile], present: Iterable[KnownFile], evidence: Evidence) -> Absence:
    """Tell missing files that are gone from those out of reach.

    Args:
        missing: files that are not where they were, nor elsewhere.
        present: remembered files that were seen now, so none from where nobody has looked.
    """
    if evidence.believed:
        return Absence(gone=list(missing))
    result, grounds = Absence(), PathSet(evidence.grounds)
    of_ground = _place_certain(missing, grounds, evidence, result)
    here = _states(present, grounds) if of_ground else {}
    for ground, lost in of_ground.items():
        away = _away(ground, lost, here.get(ground, {}), evidence)
        if away and (ground in evidence.bare or ground in evidence.changed):
            result.doubted.add(ground)
        for file in lost:
            if file.id not in away:
                result.gone.append(file)
            elif file.state in ("indexed", "offline"):
                result.offline.append(file)
    return result


def _place_certain(
    missing: Iterable[KnownFile], grounds: PathSet, evidence: Evidence, result: Absence
) -> Mapping[Path, Sequence[KnownFile]]:
    """Place those that need no comparing with what is there; returns the others by their grounds."""
    hidden, seen = PathSet(evidence.hidden), PathSet(evidence.seen)
    others: dict[Path, list[KnownFile]] = defaultdict(list)
    for file in missing:
        ground = grounds.deepest(file.stat.path)
        if _was_seen(file.stat.path, ground, seen):
            result.gone.append(file)
        elif hidden.holds(file.stat.path):
            result.offline += [file] if file.state in ("indexed", "offline") else []
        elif ground is None:
            result.gone.append(file)
        else:
            others[ground].append(file)
    return others


def _states(present: Iterable[KnownFile], grounds: PathSet) -> Mapping[Path, Mapping[str, int]]:
    """How many of the files of each ground are there, by the state that they had."""
    counts: dict[Path, Counter[str]] = defaultdict(Counter)
    for file in present:
        ground = grounds.deepest(file.stat.path)
        if ground is not None:
            counts[ground][file.state] += 1
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


def _was_seen(path: Path, ground: Path | None, seen: PathSet) -> bool:
    """Whether a file, or a folder that it was in, was seen going; not a whole ground, as with its drive."""
    place = seen.deepest(path)
    return place is not None and (
        place == path or (ground is not None and len(place.parts) > len(ground.parts))
    )
