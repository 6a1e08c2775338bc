"""Queries on units, the searchable items, and on their vectors. Functions take an open session."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Result,
    and_,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids, Vectors
from db.catalog import copies, revision, switches
from db.catalog.copies import FileRow
from db.engine.batches import chunks
from db.engine.schema import (
    Analysis,
    Asset,
    Content,
    Embedding,
    MediaKind,
    SpaceRow,
    Unit,
    UnitKind,
)
from db.engine.users import (
    Correction,
    Judgement,
)
from db.errors import LibraryDamagedError, LibraryError

log = logging.getLogger(__name__)


class Region(NamedTuple):
    """A rectangle of the upright picture: left edge, top edge, width, height, each 0 to 1."""

    x: float
    y: float
    w: float
    h: float

    @property
    def corners(self) -> tuple[float, ...]:
        """x and y of its four corners, from the top left around."""
        right, bottom = self.x + self.w, self.y + self.h
        return self.x, self.y, right, self.y, right, bottom, self.x, bottom


@dataclass(frozen=True)
class NewUnit:
    """A unit before it has an id. ``vectors``: (dim,) float32 of unit length by the id of the space."""

    kind: UnitKind
    vectors: Mapping[int, Vectors] = field(default_factory=dict)
    start_s: float | None = None
    end_s: float | None = None
    at_s: float | None = None
    region: Region | None = None
    text: str | None = None
    language: str | None = None
    track: int | None = None
    detail: Mapping[str, Any] | None = None


def within(unit: NewUnit, duration_s: float | None) -> NewUnit:
    """The unit as far as its film or recording lasts, where that is known: nothing is beyond the end."""
    if duration_s is None or max(unit.start_s or 0.0, unit.end_s or 0.0, unit.at_s or 0.0) <= duration_s:
        return unit
    start_s, end_s, at_s = (_until(one, duration_s) for one in (unit.start_s, unit.end_s, unit.at_s))
    return replace(unit, start_s=start_s, end_s=end_s, at_s=at_s)


def _until(at_s: float | None, end_s: float | None) -> float | None:
    return at_s if at_s is None or end_s is None else min(at_s, end_s)


class StoredUnit(NamedTuple):
    """A unit as it is stored, by itself: what an analyser needs to embed it again."""

    id: int
    kind: UnitKind
    start_s: float | None
    end_s: float | None
    at_s: float | None
    region: Region | None
    text: str | None
    track: int | None


@dataclass(frozen=True)
class UnitRow:
    """A unit joined with its content and files.

    ``files``: the live files with which it is found, at least one, the one that answers for it first (see
    ``db.catalog.copies``). ``others``: further live files with its content, where it belongs to one of them
    or is switched off for some. ``is_corrected``: its text is a user's word; ``said_by``: that user, None
    where it is who asks.
    """

    id: int
    content_id: int
    kind: UnitKind
    start_s: float | None
    end_s: float | None
    at_s: float | None
    text: str | None
    media: MediaKind
    files: tuple[FileRow, ...]
    region: Region | None = None
    others: tuple[FileRow, ...] = ()
    language: str | None = None
    track: int | None = None
    is_corrected: bool = False
    said_by: str | None = None

    @property
    def proof(self) -> kinds.Proof:
        """What a match of it proves: what its kind does, but a user's own words where a machine's were."""
        proof = kinds.named(self.kind).proof
        return "by_people" if self.is_corrected and proof == "machine" else proof

    @property
    def file(self) -> FileRow:
        """The file that answers for it."""
        return self.files[0]

    @property
    def path(self) -> Path:
        """The path of that file."""
        return self.files[0].path

    @property
    def copies(self) -> tuple[FileRow, ...]:
        """All other live files with its content."""
        return (*self.files[1:], *self.others)

    def led_by(self, path: Path) -> "UnitRow":
        """The same with the file at a path first, where it is one of those with which it is found."""
        if path == self.path or all(file.path != path for file in self.files):
            return self
        return replace(self, files=tuple(sorted(self.files, key=lambda file: file.path != path)))


_OF_TRACK = "track"


def details(session: Session, ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    """What else their analysers know of these units, by id, such as where the lines of a text stand.

    Left out are those of which nothing is known, or nothing that can be read. Of those that a user has
    corrected there is the track alone: theirs is another text.
    """
    found: dict[int, Mapping[str, Any]] = {}
    for batch in chunks(list(ids)):
        statement = select(Unit.id, Unit.detail, Unit.correction_id).where(Unit.id.in_(batch))
        for unit_id, detail, correction_id in session.execute(statement):
            try:
                known = json.loads(detail or "{}")
            except ValueError as exc:
                log.warning("a damaged detail of a unit is left out: %s", exc)
                continue
            if not isinstance(known, dict):
                continue
            if correction_id is not None:
                known = {name: value for name, value in known.items() if name == _OF_TRACK}
            if known:
                found[unit_id] = known
    return found


def without_detail(session: Session, analyser: str, kind: UnitKind) -> dict[int, Path]:
    """A path of each unit of a kind of which its analyser knows nothing else, in files that are there."""
    statement = (
        select(Unit.id, func.min(Asset.path))
        .join(Analysis, Analysis.id == Unit.analysis_id)
        .join(Asset, Asset.content_id == Unit.content_id)
        .where(Analysis.analyser == analyser, Unit.kind == kind, Unit.detail.is_(None))
        .where(Asset.state == "indexed")
    )
    return dict(session.execute(statement.group_by(Unit.id)).all())


def detail(session: Session, known: Mapping[int, Mapping[str, Any]]) -> None:
    """Keep what else is known of units, by id, instead of what was known."""
    rows = [{"id": unit_id, "detail": json.dumps(own)} for unit_id, own in known.items()]
    session.execute(update(Unit), rows)


def track_of(detail: Mapping[str, Any]) -> str | None:
    """The track, or the file beside it, that a unit was said in, as its analyser calls it."""
    track = detail.get(_OF_TRACK)
    return track if isinstance(track, str) and track else None


def texts_in(session: Session, content_ids: Iterable[int]) -> dict[int, list[str]]:
    """What is written in pictures, by the id of the content, in reading order."""
    texts: dict[int, list[str]] = defaultdict(list)
    for batch in chunks(list(content_ids)):
        statement = select(Unit.content_id, Unit.text).where(
            Unit.content_id.in_(batch),
            Unit.kind.in_(kinds.proving("in_picture")),
            Unit.text.is_not(None),
            switches.each_findable(session, among_hidden=True),
        )
        for content_id, text in session.execute(statement.order_by(Unit.id)):
            texts[content_id].append(text or "")
    return texts


def of_kind(session: Session, kind: UnitKind) -> dict[int, int]:
    """The id of the content of each unit of a kind that can be found."""
    statement = select(Unit.id, Unit.content_id).where(Unit.kind == kind, switches.findable(session))
    return dict(session.execute(statement).all())


def some_texts(session: Session, of_kinds: Sequence[UnitKind], most: int) -> list[str]:
    """A few texts of these kinds, evenly spread over the library."""
    ids = list(session.scalars(select(Unit.id).where(Unit.kind.in_(of_kinds), Unit.text.is_not(None))))
    chosen = sorted(ids)[:: max(1, len(ids) // most)][:most]
    return [text or "" for text in session.scalars(select(Unit.text).where(Unit.id.in_(chosen)))]


def add(session: Session, made: Iterable[tuple[NewUnit, int, int, int | None]]) -> None:
    """Store units with the vectors that they already have.

    Args:
        made: (unit, id of its content, of its analysis, of its asset where it belongs to a file).
    """
    made = list(made)
    rows = [
        Unit(
            content_id=content_id,
            asset_id=asset_id,
            analysis_id=analysis_id,
            kind=new.kind,
            start_s=new.start_s,
            end_s=new.end_s,
            at_s=new.at_s,
            text=new.text,
            language=new.language,
            track=new.track,
            detail=None if new.detail is None else json.dumps(new.detail),
            **(new.region._asdict() if new.region else {}),
        )
        for new, content_id, analysis_id, asset_id in made
    ]
    session.add_all(rows)
    session.flush()
    vectors: list[dict[str, object]] = [
        {"space_id": space_id, "unit_id": row.id, "vector": pack(vector)}
        for row, (new, *_) in zip(rows, made, strict=True)
        for space_id, vector in new.vectors.items()
    ]
    if vectors:
        now = revision.touch(session)
        session.execute(insert(Embedding), [vector | {"revision": now} for vector in vectors])


def pack(vector: Vectors) -> bytes:
    """Serialise a float32 vector as little-endian float16: half the size, cosine to the original > 0.9999."""
    return vector.astype("<f2").tobytes()


def rows(
    session: Session,
    ids: Iterable[int],
    of_file: Sequence[ColumnElement[bool]] = (),
    *,
    among_hidden: bool = False,
) -> dict[int, UnitRow]:
    """Those of these units that can be found, by id.

    ``of_file``: conditions on ``Asset``; of several files with a content those that fulfil them come first.
    ``among_hidden``: also those of hidden files, for who has been given the ids.
    """
    live: dict[int, UnitRow] = {}
    switched = switches.every(session)
    off = switched.off_somewhere()
    for batch in chunks(list(ids)):
        statement = (
            select(Unit, Content.kind, Analysis.analyser, Correction.said_by)
            .join(Content, Content.id == Unit.content_id)
            .join(Analysis, Analysis.id == Unit.analysis_id)
            .outerjoin(Correction, Correction.id == Unit.correction_id)
        )
        found = session.execute(statement.where(Unit.id.in_(batch)).order_by(Unit.id)).all()
        files = copies.of_contents(
            session, {unit.content_id for unit, *_ in found}, of_file, among_hidden=among_hidden
        )
        for unit, media, analyser, said_by in found:
            parted: tuple[list[FileRow], list[FileRow]] = ([], [])
            for file in files.get(unit.content_id, ()):
                is_found = unit.asset_id in (None, file.asset_id) and (
                    analyser not in off or switched.is_on(analyser, file.path)
                )
                parted[not is_found].append(file)
            if parted[0]:
                row = _row(unit, media, *map(tuple, parted))
                live[unit.id] = replace(row, said_by=said_by) if said_by else row
    return live


def _row(unit: Unit, media: MediaKind, files: tuple[FileRow, ...], others: tuple[FileRow, ...]) -> UnitRow:
    # Libraries of older versions have units that reach beyond the end.
    start_s, end_s, at_s = (_until(one, files[0].duration_s) for one in (unit.start_s, unit.end_s, unit.at_s))
    return UnitRow(
        unit.id,
        unit.content_id,
        unit.kind,
        start_s,
        end_s,
        at_s,
        unit.text,
        media,
        files,
        region_of(unit),
        others,
        unit.language,
        unit.track,
        unit.correction_id is not None,
    )


def stored(row: Unit) -> StoredUnit:
    """A row as what analysers take."""
    return StoredUnit(row.id, row.kind, row.start_s, row.end_s, row.at_s, region_of(row), row.text, row.track)


def region_of(row: Unit | Judgement | Correction) -> Region | None:
    """The region of a unit, or of another row with the same columns; None for the whole picture."""
    if row.x is None or row.y is None or row.w is None or row.h is None:
        return None
    return Region(row.x, row.y, row.w, row.h)


def same_region(one: Region | None, other: Region | None) -> bool:
    """Whether two regions are of the same thing: both the whole picture, or half of them in common (IoU)."""
    if one is None or other is None:
        return one is other
    both, either = common_areas(one, other)
    return both >= 0.5 * either


def common_areas(one: Region, other: Region) -> tuple[float, float]:
    """The areas that are in both of two regions, and in one of them at least: IoU is the ratio."""
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    both = max(0.0, width) * max(0.0, height)
    return both, one.w * one.h + other.w * other.h - both


def ids_at(session: Session, path: Path) -> list[int]:
    """The ids of the units of a file, ascending; empty where it is not in the library.

    What belongs to another file with the same content is none of its own. Who names a hidden file means it.
    """
    statement = (
        select(Unit.id)
        .join(Asset, Asset.content_id == Unit.content_id)
        .where(
            Asset.path == path,
            switches.each_findable(session, of_file=[Asset.path == path], among_hidden=True),
        )
    )
    return list(session.scalars(statement.order_by(Unit.id)))


def vectors(session: Session, space_id: int, ids: Ids) -> Vectors:
    """The stored vectors of these units, (n, dim) float32 in the order of ``ids``.

    Raises:
        LibraryError: a unit has no vector in this space.
    """
    packed: dict[int, bytes] = {}
    for batch in chunks(ids.tolist()):
        statement = select(Embedding.unit_id, Embedding.vector).where(
            Embedding.space_id == space_id, Embedding.unit_id.in_(batch)
        )
        packed.update(session.execute(statement).all())
    if len(packed) != len(set(ids.tolist())):
        raise lacking()
    dim = session.scalars(select(SpaceRow.dim).where(SpaceRow.id == space_id)).one()
    if any(len(blob) != 2 * dim for blob in packed.values()):
        raise LibraryDamagedError("a vector in the database is damaged", "Run: trove doctor --repair")
    stacked = np.frombuffer(b"".join(packed[i] for i in ids.tolist()), dtype="<f2")
    return stacked.astype(np.float32).reshape(len(ids), dim)


def lacking() -> LibraryError:
    """The error for units that have no vector."""
    return LibraryError("some units have no vector in this space", "Run: trove rebuild")


def written(session: Session, space_id: int, of_kinds: Sequence[UnitKind], after: int) -> Ids:
    """The units of these kinds, live or not, whose vector in a space was written after a revision."""
    statement = (
        select(Unit.id)
        .join(Embedding, and_(Embedding.unit_id == Unit.id, Embedding.space_id == space_id))
        .where(Unit.kind.in_(of_kinds), Embedding.revision > after)
    )
    return np.fromiter(session.scalars(statement.order_by(Unit.id)), dtype=np.int64)


def counts(session: Session, *, among_hidden: bool = False) -> dict[UnitKind, int]:
    """The number of live units of each registered kind, with ``among_hidden`` those of hidden files, too."""
    is_found = switches.findable(session, among_hidden=among_hidden)
    statement = select(Unit.kind, func.count()).where(is_found).group_by(Unit.kind)
    found = dict(session.execute(statement).all())
    return {kind: found.get(kind, 0) for kind in kinds.every()}


def is_bare(space_id: int | None) -> ColumnElement[bool]:
    """SQL condition on ``Unit``: it has no vector in this space."""
    return ~exists().where(Embedding.unit_id == Unit.id, Embedding.space_id == space_id)


def rows_changed(result: Result[Any]) -> int:
    """How many rows a statement has changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0
