"""Corrections: a user's word on a passage or a fact, applied again whenever those are made anew.

They hang on the content's hash and the span or region, so that they outlive a new transcript, another
model and a lost file. These are the user's own data: only the user removes them. Functions take an open
session.
"""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from db import kinds
from db.catalog import contents, facts, revision
from db.catalog.units import Region, UnitRow, region_of, same_region
from db.engine.clock import utc_now
from db.engine.schema import (
    Analysis,
    Asset,
    Content,
    Embedding,
    Unit,
)
from db.engine.users import (
    Correction,
)
from db.words.forms import UNKNOWN

log = logging.getLogger(__name__)

COVERED = 0.5
"""A passage of which a correction covers at least this share is the one that was corrected."""


_KEPT = ("id", "start_s", "end_s", "at_s", "x", "y", "w", "h", "text", "language", "track", "detail")
"""What is kept of the units that a correction replaces."""
_NOTHING = "[]"
"""What a correction has replaced that stands where nothing was made."""


@dataclass(frozen=True)
class Span:
    """What a correction is about: seconds of a film or recording, a region of a picture, or all of it.

    ``track`` and ``language`` tell passages apart that are said at the same time, as in ``Unit``.
    """

    start_s: float | None = None
    end_s: float | None = None
    region: Region | None = None
    track: int | None = None
    language: str | None = None

    @classmethod
    def of(cls, row: Unit | UnitRow | Correction) -> Self:
        """That of a unit, or of an earlier correction."""
        region = row.region if isinstance(row, UnitRow) else region_of(row)
        return cls(row.start_s, row.end_s, region, row.track, row.language)


def put(session: Session, sha256: bytes, subject: str, value: str, span: Span = Span()) -> None:
    """Store a correction in place of an earlier one of the same thing, and apply it.

    Args:
        subject: a kind of units, such as ``speech``, or the key of a fact, such as ``taken_at``.
        value: the text of the unit, empty to take it away; or the fact as JSON, see ``db.catalog.facts``.
    """
    before = _of(session, sha256, subject, span)
    replaced = [unit for earlier in before for unit in _replaced(earlier)]
    is_known = any(earlier.replaced is not None for earlier in before)
    row = Correction(
        sha256=sha256,
        subject=subject,
        start_s=span.start_s,
        end_s=span.end_s,
        track=span.track,
        language=span.language,
        value=value,
        replaced=json.dumps(replaced) if is_known else None,
        created_at=utc_now(),
        **(span.region._asdict() if span.region else {}),
    )
    session.add(row)
    session.flush()
    for earlier in before:
        theirs = update(Unit).where(Unit.correction_id == earlier.id)
        session.execute(theirs.values(correction_id=row.id))
        session.delete(earlier)
    session.flush()
    content_id = contents.find(session, sha256)
    if content_id is not None:
        apply(session, content_id)
        revision.touch(session)


def said(session: Session, sha256: bytes, subject: str, span: Span = Span()) -> str | None:
    """The value of the correction of a fact, or of what has a span; None where there is none."""
    return next((row.value for row in _of(session, sha256, subject, span)), None)


def spans(session: Session, sha256: bytes, subject: str) -> list[Span]:
    """What has been corrected of a content, in the order of time."""
    return [Span.of(row) for row in _all_of(session, sha256, subject)]


def every(session: Session, subject: str) -> dict[tuple[bytes, Span], str]:
    """The values of all corrections of a subject, by the hash of the content and the span."""
    rows = session.scalars(select(Correction).where(Correction.subject == subject).order_by(Correction.id))
    return {(row.sha256, Span.of(row)): row.value for row in rows}


def drop(session: Session, sha256: bytes, subject: str, span: Span = Span()) -> bool:
    """Take a correction back: what analysers and files say counts. Returns whether there was one.

    The passages that it replaced are there again at once, and what stood where none was is gone. Of a
    correction that an older Trove has stored they are not known: its text stays, as that of an analyser,
    until that looks again.
    """
    rows = _of(session, sha256, subject, span)
    content_id = contents.find(session, sha256)
    if rows and content_id is not None:
        if subject in kinds.every():
            for row in rows:
                _put_back(session, content_id, row)
        else:
            facts.unclaim(session, [content_id], "user", subject)
        revision.touch(session)
    for row in rows:
        session.delete(row)
    session.flush()
    if rows and content_id is not None and subject not in kinds.every():
        facts.refresh(session, [content_id])
    return bool(rows)


def reword(session: Session, subject: str, before: str, now: str) -> None:
    """Let all corrections of this value have another one; an empty one takes them back."""
    statement = select(Correction).where(Correction.subject == subject, Correction.value == before)
    for row in session.scalars(statement).all():
        if now:
            put(session, row.sha256, subject, now, Span.of(row))
        else:
            drop(session, row.sha256, subject, Span.of(row))


def forget(session: Session, subjects: Collection[str]) -> None:
    """Delete all corrections of these subjects, with the units that are nothing else."""
    ids = select(Correction.id).where(Correction.subject.in_(subjects))
    session.execute(delete(Unit).where(Unit.correction_id.in_(ids)))
    session.execute(delete(Correction).where(Correction.subject.in_(subjects)))
    revision.touch(session)


def corrected(session: Session, content_ids: Collection[int]) -> set[int]:
    """Those of these contents of which there are corrections."""
    statement = select(Content.id).join(Correction, Correction.sha256 == Content.sha256)
    return set(session.scalars(statement.where(Content.id.in_(content_ids))))


def apply(session: Session, content_id: int) -> None:
    """Apply all corrections of a content to its units and facts as they are now."""
    mine = select(Correction).join(Content, Content.sha256 == Correction.sha256)
    rows = session.scalars(mine.where(Content.id == content_id).order_by(Correction.id)).all()
    for row in rows:
        if row.subject in kinds.every():
            _reword(session, content_id, row)
        else:
            _claim(session, content_id, row)
    if any(row.subject not in kinds.every() for row in rows):
        facts.refresh(session, [content_id])


def _claim(session: Session, content_id: int, correction: Correction) -> None:
    try:
        fact = facts.from_json(correction.subject, correction.value, "user")
    except ValueError as exc:
        log.warning("a damaged correction is left out: %s", exc)
        return
    facts.unclaim(session, [content_id], "user", correction.subject)
    facts.claim(session, [fact], content_id=content_id)


def _reword(session: Session, content_id: int, correction: Correction) -> None:
    """Give the passage that a correction covers its text; others that it covers are part of it."""
    span = Span.of(correction)
    statement = select(Unit).where(Unit.content_id == content_id, Unit.kind == correction.subject)
    covered = [
        unit
        for unit in session.scalars(statement.order_by(Unit.start_s, Unit.id))
        if _covers(span, Span.of(unit))
    ]
    if made := [unit for unit in covered if unit.correction_id is None]:
        correction.replaced = json.dumps([{name: getattr(unit, name) for name in _KEPT} for unit in made])
    covered.sort(key=lambda unit: unit.correction_id != correction.id)
    kept = covered[0] if covered and correction.value else None
    if kept is None and correction.value:
        correction.replaced = correction.replaced or _NOTHING
        _insert(session, content_id, correction)
    elif kept is not None and (kept.correction_id, kept.text) != (correction.id, correction.value):
        kept.correction_id = correction.id
        words = {"start_s": span.start_s, "end_s": span.end_s, "text": correction.value}
        _change(session, kept, words)
    for unit in covered:
        if unit is not kept:
            session.delete(unit)
    session.flush()


def _put_back(session: Session, content_id: int, correction: Correction) -> None:
    """Let the passages stand again that a correction has replaced, by their ids where these are theirs."""
    replaced = {made.pop("id", -number): made for number, made in enumerate(_replaced(correction))}
    statement = select(Unit).where(Unit.content_id == content_id, Unit.correction_id == correction.id)
    for unit in session.scalars(statement).all():
        if not replaced:
            if correction.replaced == _NOTHING:
                session.delete(unit)
            continue
        unit.correction_id = None
        _change(session, unit, replaced.pop(unit.id if unit.id in replaced else next(iter(replaced))))
    if replaced and (maker := _maker(session, content_id, correction.subject)) is not None:
        taken = set(session.scalars(select(Unit.id).where(Unit.id.in_(replaced))))
        for unit_id, made in replaced.items():
            own = {"id": unit_id} if unit_id > 0 and unit_id not in taken else {}
            session.add(Unit(content_id=content_id, kind=correction.subject, **own, **maker, **made))
    session.flush()


def _change(session: Session, unit: Unit, columns: Mapping[str, Any]) -> None:
    """Change the text of a unit, which is embedded again, from its new text."""
    for name, value in columns.items():
        setattr(unit, name, value)
    session.execute(delete(Embedding).where(Embedding.unit_id == unit.id))


def _insert(session: Session, content_id: int, correction: Correction) -> None:
    """A unit for what nothing was made of: the user's word counts all the same, once it was looked at."""
    if (maker := _maker(session, content_id, correction.subject)) is not None:
        names = ("start_s", "end_s", "x", "y", "w", "h", "track", "language")
        session.add(
            Unit(
                content_id=content_id,
                correction_id=correction.id,
                kind=correction.subject,
                text=correction.value,
                **maker,
                **{name: getattr(correction, name) for name in names},
            )
        )


def _maker(session: Session, content_id: int, kind: str) -> dict[str, int | None] | None:
    """The analysis that looked for such units in a content, or in a file with it; None where none has."""
    statement = (
        select(Analysis.id, Analysis.asset_id)
        .outerjoin(Asset, Asset.id == Analysis.asset_id)
        .where(
            or_(Analysis.content_id == content_id, Asset.content_id == content_id),
            Analysis.analyser.in_(kinds.makers(kind)),
            Analysis.state == "done",
        )
    )
    found = session.execute(statement.order_by(Analysis.id).limit(1)).first()
    return None if found is None else {"analysis_id": found.id, "asset_id": found.asset_id}


def _replaced(correction: Correction) -> list[dict[str, Any]]:
    """The units that a correction has replaced; none where nobody knows, or it cannot be read."""
    try:
        return [
            {name: unit[name] for name in _KEPT if name in unit}
            for unit in json.loads(correction.replaced or "[]")
        ]
    except (ValueError, TypeError) as exc:
        log.warning("what a correction has replaced is damaged, and left out: %s", exc)
        return []


def _all_of(session: Session, sha256: bytes, subject: str) -> Sequence[Correction]:
    statement = select(Correction).where(Correction.sha256 == sha256, Correction.subject == subject)
    return session.scalars(statement.order_by(Correction.start_s, Correction.id)).all()


def _of(session: Session, sha256: bytes, subject: str, span: Span) -> list[Correction]:
    """The corrections of that span; of a fact, which has none, the one that there is."""
    return [row for row in _all_of(session, sha256, subject) if _covers(span, Span.of(row))]


def _covers(span: Span, other: Span) -> bool:
    """Whether a correction of ``span`` is one of what has the span ``other``."""
    languages = {span.language, other.language} - {None, UNKNOWN}
    if (span.track or 0) != (other.track or 0) or len(languages) > 1:
        return False
    if span.start_s is None or span.end_s is None or other.start_s is None or other.end_s is None:
        return same_region(span.region, other.region)
    if span.region and other.region and not same_region(span.region, other.region):
        return False
    common_s = min(span.end_s, other.end_s) - max(span.start_s, other.start_s)
    return common_s >= COVERED * (other.end_s - other.start_s) and common_s > 0
