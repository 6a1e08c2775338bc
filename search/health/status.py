"""Counts of a library: files, failures, units, and the state of its index."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.catalog import assets, drives, hidden, runs, spaces, stacks, units
from db.engine.schema import LIVE, UnitKind
from db.library import Library
from db.vectors.store import IndexStatus
from indexer import control
from indexer.control import AnalyserState


@dataclass(frozen=True)
class Status:
    """Counts of a library. ``model`` is None before the first indexing.

    ``assets``: files that can be found, ``offline`` of them out of reach, by the root, or the drive in it,
    that they are on. Not among them are those that are ``hidden``, and found only with ``is:hidden``, that
    ``failed``, were ``skipped`` on purpose, are in the ``cloud``, only a placeholder of them here, or are
    ``unfinished``: still being written.
    ``passed_over``: files of kinds that are not read, by their endings, when the folders were last walked.
    ``stacks``: how many times several files are one hit, such as a live photo and its film.
    """

    library: str
    model: str | None
    units: Mapping[UnitKind, int]
    assets: int
    offline: Mapping[str, int]
    failed: int
    stacks: int
    skipped: int
    cloud: int
    unfinished: int
    hidden: int
    passed_over: Mapping[str, int]
    index: IndexStatus
    analysers: tuple[AnalyserState, ...]


def status(library: Library) -> Status:
    """Count what is in the library."""
    with library.read() as session:
        space = spaces.active(session)
        states = assets.states(session)
        counts = units.counts(session)
        together = stacks.count(session)
        hidden_files = hidden.count(session)
        passed_over = dict(runs.passed_over(session, assets.roots(session)))
        offline = {str(path): count for path, count in drives.offline(session).items()}
    index = IndexStatus("flat", 0, True)
    if space is not None:
        index = library.vectors(space).status()
    return Status(
        library=library.settings.shown,
        model=space.model if space else None,
        units=counts,
        assets=sum(states.get(state, 0) for state in LIVE) - hidden_files,
        offline=offline,
        failed=states.get("failed", 0),
        stacks=together,
        skipped=states.get("skipped", 0),
        cloud=states.get("cloud", 0),
        unfinished=states.get("unfinished", 0),
        hidden=hidden_files,
        passed_over=passed_over,
        index=index,
        analysers=tuple(control.states(library)),
    )
