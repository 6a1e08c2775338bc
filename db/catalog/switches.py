"""Which analysers are on, for the whole library or by folder, and so what can be found.

Functions take an open session.

What is switched off makes nothing more and is found no more; it stays stored until it is deleted on request.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, and_, case, exists, literal, or_, select
from sqlalchemy.orm import Session

from db import kinds
from db.catalog import hidden, revision
from db.engine.dialect import unindexed, upsert
from db.engine.pathtext import is_below
from db.engine.schema import LIVE, Analysis, Asset, SwitchRow, Unit
from db.paths import is_under

EVERYWHERE = Path()
"""The folder of a switch for the whole library."""


@dataclass(frozen=True)
class Switches:
    """All switches of a library: by analyser its folders, the deepest first. What has none is on."""

    by_analyser: Mapping[str, tuple[tuple[Path, bool], ...]]

    def is_on(self, analyser: str, path: Path | None = None) -> bool:
        """Whether an analyser and all that it needs are on for a file; without one, outside all folders."""
        return all(self.own(name, path) for name in kinds.needed_by(analyser))

    def off_by_need(self, analyser: str) -> list[str]:
        """The analysers that are off in the whole library and needed by this one."""
        return [name for name in kinds.needed_by(analyser)[1:] if not self.own(name, None)]

    def on_somewhere(self, analyser: str) -> bool:
        """Whether there may be a file for which the analyser is on."""
        return all(
            self.own(name, None) or any(is_on for _, is_on in self.by_analyser.get(name, ()))
            for name in kinds.needed_by(analyser)
        )

    def folders(self, analyser: str) -> dict[Path, bool]:
        """The folders with a switch of their own, and whether the analyser is on there."""
        return {folder: is_on for folder, is_on in self.by_analyser.get(analyser, ()) if folder != EVERYWHERE}

    def own(self, analyser: str, path: Path | None) -> bool:
        """Whether an analyser is on for a file, whatever it needs."""
        for folder, is_on in self.by_analyser.get(analyser, ()):
            if folder == EVERYWHERE or (path is not None and is_under(path, [folder])):
                return is_on
        return True

    def hiding(self) -> dict[str, ColumnElement[bool]]:
        """SQL conditions on ``Asset`` by analyser, of those off somewhere: it is on for the file."""
        return {analyser: self.on(analyser) for analyser in self.off_somewhere()}

    def on(self, analyser: str) -> ColumnElement[bool]:
        """SQL condition on ``Asset``: an analyser and all that it needs are on for the file."""
        return and_(*(self._sql(name) for name in kinds.needed_by(analyser)))

    def off_somewhere(self) -> tuple[str, ...]:
        """The analysers whose units are not found with all files."""
        return tuple(
            analyser
            for analyser in kinds.analysers()
            if kinds.made_by(analyser)
            and any(
                not is_on for name in kinds.needed_by(analyser) for _, is_on in self.by_analyser.get(name, ())
            )
        )

    def _sql(self, analyser: str) -> ColumnElement[bool]:
        own = self.by_analyser.get(analyser, ())
        default = next((is_on for folder, is_on in own if folder == EVERYWHERE), True)
        if not (folders := self.folders(analyser)):
            return literal(default)
        branches = [(is_below(Asset.path, folder), is_on) for folder, is_on in folders.items()]
        return case(*branches, else_=default) == literal(True)


def every(session: Session) -> Switches:
    """All switches."""
    return revision.remembered(session, "switches", lambda: _every(session))


def _every(session: Session) -> Switches:
    by_analyser: dict[str, list[tuple[Path, bool]]] = defaultdict(list)
    for row in session.execute(select(SwitchRow.analyser, SwitchRow.folder, SwitchRow.is_on)):
        by_analyser[row.analyser].append((row.folder, row.is_on))
    return Switches(
        {name: tuple(sorted(rows, key=lambda row: -len(row[0].parts))) for name, rows in by_analyser.items()}
    )


def turn(session: Session, analyser: str, *, on: bool, folder: Path = EVERYWHERE) -> None:
    """Switch an analyser on or off in a folder, or everywhere.

    Off means off in all folders inside; on leaves those alone in which it was switched off by themselves.
    """
    for row in session.query(SwitchRow).filter(SwitchRow.analyser == analyser):
        inside = folder == EVERYWHERE or is_under(row.folder, [folder])
        if inside and (row.is_on or row.folder == folder):
            session.delete(row)
    session.flush()
    session.execute(
        upsert(session, SwitchRow)
        .values(analyser=analyser, folder=folder, is_on=on)
        .on_conflict_do_update(index_elements=["analyser", "folder"], set_={"is_on": on})
    )
    revision.touch(session)


def findable(
    session: Session, of_file: Sequence[ColumnElement[bool]] = (), *, among_hidden: bool = False
) -> ColumnElement[bool]:
    """SQL condition on ``Unit``: it has a live file for which its analyser is on and that meets conditions.

    The conditions are on ``Asset``, and must hold for one file. What belongs to a file is found with that
    file alone. Hidden files do not count, but where it is looked for ``among_hidden`` ones, too. Files are
    selected once, not for each unit: for few units see ``each_findable``.
    """
    if not among_hidden:
        of_file = [*of_file, *hidden.shown(session)]
    hiding = every(session).hiding()
    anywhere = _in_file(of_file)
    return or_(
        and_(*(~made_by(Unit, name) for name in hiding), anywhere) if hiding else anywhere,
        *(and_(made_by(Unit, name), _in_file([*of_file, is_on])) for name, is_on in hiding.items()),
    )


def made_by(unit: type[Unit], analyser: str) -> ColumnElement[bool]:
    """SQL condition on ``unit``: that analyser has made it, as its kind says unless others make that, too."""
    own = {kind for kind in kinds.made_by(analyser) if len(kinds.makers(kind)) == 1}
    shared = set(kinds.made_by(analyser)) - own
    analysis = exists().where(Analysis.id == unit.analysis_id, Analysis.analyser == analyser)
    return or_(
        unit.kind.in_(own), *([and_(unit.kind.in_(shared), analysis.correlate(unit))] if shared else [])
    )


def each_findable(
    session: Session,
    unit: type[Unit] = Unit,
    of_file: Sequence[ColumnElement[bool]] = (),
    *,
    among_hidden: bool = False,
) -> ColumnElement[bool]:
    """The same condition on ``unit``, by a look at the files of each: for queries that come to few units."""
    hiding = every(session).hiding()
    found = exists().where(
        Asset.content_id == unit.content_id,
        unindexed(Asset.state).in_(LIVE),
        or_(unit.asset_id.is_(None), unit.asset_id == Asset.id),
        *(or_(~made_by(unit, name), is_on) for name, is_on in hiding.items()),
        *of_file,
        *([] if among_hidden else hidden.shown(session)),
    )
    # Said outright: the query around it may have files of its own.
    return found.correlate(unit)


def _in_file(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    live = select(Asset.content_id).where(unindexed(Asset.state).in_(LIVE), *conditions)
    of_its_own = live.with_only_columns(Asset.id)
    # Not ``or``: the files would be selected twice, also where no unit belongs to a file.
    return case(
        (Unit.asset_id.is_(None), Unit.content_id.in_(live.correlate(None))),
        else_=Unit.asset_id.in_(of_its_own.correlate(None)),
    )
