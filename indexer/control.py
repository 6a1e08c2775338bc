"""Look after the analysers of a library: how far each is, switch them on and off, have them look again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from db.catalog import analyses, assets, facts, revision, spaces, switches
from db.catalog.switches import EVERYWHERE, Switches
from db.errors import SettingsError
from db.library import Library
from db.paths import is_under
from indexer.analysers import registry
from indexer.analysers.base import Analyser
from indexer.encoders.active import roles
from indexer.pretrained.presets import of_task


@dataclass(frozen=True)
class AnalyserState:
    """How far an analyser is. ``on``: outside the folders that have a switch of their own, ``folders``.

    ``off_by``: analysers that it needs and that are off. ``done``: files that it has looked at, ``stale`` of
    them by an older version; ``failed``: those of which it could make nothing; ``left``: those that the next
    run takes to it. ``seconds_per_file``: the mean so far, None where nothing was measured; ``seconds_left``:
    for what is left, by that. ``lacking``: what to choose before it can do anything, and
    ``costs`` what it takes of this machine; mostly empty.
    """

    name: str
    label: str
    kinds: tuple[str, ...]
    phase: int
    on: bool
    off_by: tuple[str, ...]
    folders: Mapping[Path, bool]
    done: int
    stale: int
    failed: int
    left: int
    seconds_per_file: float | None
    seconds_left: float | None
    lacking: str = ""
    costs: str = ""


def states(library: Library) -> list[AnalyserState]:
    """All analysers, in the order in which they look at a file."""
    with library.read() as session:
        switched = switches.every(session)
    return [_state(library, analyser, switched) for analyser in registry.made(library.settings)]


def turn(library: Library, name: str, *, on: bool, folder: Path | None = None) -> None:
    """Switch an analyser on or off, for all files or for those in a folder.

    What is off makes nothing more and is found no more; what it made is kept, and found again once it is on.

    Raises:
        SettingsError: there is no such analyser, or the folder is not in the library.
    """
    _require(library, name, folder)
    with library.write() as session:
        switches.turn(session, name, on=on, folder=folder or EVERYWHERE)
        if on:  # what gave nothing to the others may give something to this one
            assets.retry_failures(session)


def to_download(library: Library, name: str) -> str:
    """What has to be downloaded before an analyser can work, with size and licence; mostly nothing.

    Raises:
        SettingsError: there is no such analyser.
        ModelError: the settings name no model for it that there is.
    """
    return _ready(library, name).to_download() if _can_work(library, name) else ""


def download(library: Library, name: str) -> None:
    """Fetch that; errors as ``to_download``, and where it cannot be had."""
    if _can_work(library, name):
        _ready(library, name).download()


def delete_made(library: Library, name: str, folder: Path | None = None) -> int:
    """Delete what an analyser has made, of all files or of those in a folder; returns how many units.

    What is also in a file for which the analyser is on, a copy elsewhere, stays.

    Raises:
        SettingsError: there is no such analyser, or the folder is not in the library.
        LibraryBusyError: another process is indexing into this library.
    """
    _require(library, name, folder)
    with library.indexing(), library.write() as session:
        switched = switches.every(session)
        inside = assets.content_ids(session, folder or EVERYWHERE)
        wanted = {
            content_id
            for path, content_id in assets.at(session, inside).values()
            if switched.is_on(name, path)
        }
        deleted = analyses.delete_made(session, name, inside - wanted)
        facts.refresh(session, inside - wanted)
        revision.touch(session)
    return deleted


def redo(library: Library, name: str, folder: Path | None = None) -> int:
    """Have the next run look again, at all files or at those in a folder; returns at how many.

    What was made before is found until then.

    Raises:
        SettingsError: there is no such analyser, or the folder is not in the library.
    """
    _require(library, name, folder)
    with library.write() as session:
        contents = None if folder is None else assets.content_ids(session, folder)
        return analyses.redo(session, name, contents)


def _state(library: Library, analyser: Analyser, switched: Switches) -> AnalyserState:
    work = analyses.Work(analyser.name, analyser.media, analyser.scope, analyser.fingerprint)
    with library.read() as session:
        chosen = {space.role for space in spaces.all_active(session)}
    waits = not registry.works_for(type(analyser), chosen)
    left_out = waits or analyser.is_left_out(library.settings)
    with library.read() as session:
        tally = analyses.tally(session, work)
        left = 0
        if switched.on_somewhere(analyser.name) and not left_out:
            left = analyses.count_left(session, registry.work_of(analyser), switched.on(analyser.name))
    seconds = None if tally.took_ms is None else tally.took_ms / 1000
    return AnalyserState(
        name=analyser.name,
        label=analyser.label,
        kinds=tuple(kind.name for kind in analyser.kinds),
        phase=analyser.phase,
        on=switched.is_on(analyser.name),
        off_by=tuple(switched.off_by_need(analyser.name)),
        folders=switched.folders(analyser.name),
        done=tally.done + tally.unwanted,
        stale=0 if left_out else tally.stale,
        failed=tally.failed + tally.retry,
        left=left,
        seconds_per_file=None if seconds is None else round(seconds, 3),
        seconds_left=None if seconds is None else round(seconds * left, 1),
        lacking=_model_of(type(analyser)) if waits else analyser.lacking(library.settings),
        costs="" if left_out else analyser.costs(),
    )


def _model_of(maker: type[Analyser]) -> str:
    """How to choose the model that an analyser works for."""
    role = registry.role_of(maker)
    if begun_by := roles()[role].begun_by:
        return f"switch it on with: {begun_by}"
    small = next(of_task(task)).name if (task := roles()[role].task) else "NAME"
    return f"choose a model with: trove model use {small} --role {role}"


def _can_work(library: Library, name: str) -> bool:
    _require(library, name, None)
    return not registry.every()[name].lacking(library.settings)


def _ready(library: Library, name: str) -> Analyser:
    (analyser,) = registry.made(library.settings, [name])
    return analyser


def _require(library: Library, name: str, folder: Path | None) -> None:
    if name not in registry.every():
        raise SettingsError(
            f"there is no analyser {name!r}", f"There are {', '.join(registry.every())}: see trove analysers"
        )
    if folder is None:
        return
    with library.read() as session:
        roots = assets.roots(session)
    if not is_under(folder, roots) and not any(is_under(root, [folder]) for root in roots):
        raise SettingsError(f"{folder} is no folder of this library", "See: trove status")
