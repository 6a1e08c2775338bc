"""Corrections: a user's word on a passage or a fact, applied again whenever those are made anew.

They hang on the content's hash and the span or region, so that they outlive a new transcript, another
model and a lost file. These are the user's own data: only the user removes them. Functions take an open
session.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db import kinds
from db.catalog import contents, facts, revision
from db.catalog.units import Region, region_of, same_region
from db.engine.clock import utc_now
from db.engine.schema import (
    Analysis,
    Content,
    Embedding,
    Unit,
)
from db.engine.users import (
    Correction,
)

log = logging.getLogger(__name__)

COVERED = 0.5
"""A passage of which a correction covers at least this share is the one that was corrected."""


@dataclass(frozen=True)
class Span:
    """What a correction is about: seconds of a film or recording, a region of a picture, or all of it."""

    start_s: float | None = None
    end_s: float | None = None
    region: Region | None = None


def put(session: Session, sha256: bytes, subject: str, value: str, span: Span = Span()) -> None:
    """Store a correction in place of an earlier one of the same thing, and apply it.

    Args:
        subject: a kind of units, such as ``speech``, or the key of a fact, such as ``taken_at``.
        value: the text of the unit, empty to take it away; or the fact as JSON, see ``db.catalog.facts``.
    """
    for earlier in _of(session, sha256, subject):
        if _covers(span, Span(earlier.start_s, earlier.end_s, region_of(earlier))):
            session.delete(earlier)
    session.flush()
    row = Correction(
        sha256=sha256,
        subject=subject,
        start_s=span.start_s,
        end_s=span.end_s,
        value=value,
        created_at=utc_now(),
        **(span.region._asdict() if span.region else {}),
    )
    session.add(row)
    session.flush()
    content_id = contents.find(session, sha256)
    if content_id is not None:
        apply(session, content_id)
        revision.touch(session)


def said(session: Session, sha256: bytes, subject: str) -> str | None:
    """The value of the correction of a fact; None where there is none."""
    return next((row.value for row in _of(session, sha256, subject)), None)


def drop(session: Session, sha256: bytes, subject: str) -> bool:
    """Take the correction of a fact back: the files' own word counts. Returns whether there was one."""
    rows = _of(session, sha256, subject)
    for row in rows:
        session.delete(row)
    session.flush()
    content_id = contents.find(session, sha256)
    if rows and content_id is not None:
        facts.unclaim(session, [content_id], "user", subject)
        facts.refresh(session, [content_id])
        revision.touch(session)
    return bool(rows)


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
    span = Span(correction.start_s, correction.end_s, region_of(correction))
    statement = select(Unit).where(Unit.content_id == content_id, Unit.kind == correction.subject)
    covered = [
        unit
        for unit in session.scalars(statement.order_by(Unit.start_s, Unit.id))
        if _covers(span, Span(unit.start_s, unit.end_s, region_of(unit)))
    ]
    kept = next((unit for unit in covered if unit.correction_id == correction.id), None)
    if kept is None and covered and correction.value:
        kept = covered[0]
        kept.start_s, kept.end_s, kept.text = span.start_s, span.end_s, correction.value
        kept.correction_id = correction.id
        # It is embedded again, from its new text.
        session.execute(delete(Embedding).where(Embedding.unit_id == kept.id))
    elif kept is None and correction.value:
        _insert(session, content_id, correction)
    for unit in covered:
        if unit is not kept:
            session.delete(unit)
    session.flush()


def _insert(session: Session, content_id: int, correction: Correction) -> None:
    """A unit for what nothing was made of: the user's word counts all the same, once it was looked at."""
    analysis_id = session.scalar(
        select(Analysis.id).where(
            Analysis.content_id == content_id,
            Analysis.analyser.in_(kinds.makers(correction.subject)),
            Analysis.state == "done",
        )
    )
    if analysis_id is not None:
        session.add(
            Unit(
                content_id=content_id,
                analysis_id=analysis_id,
                correction_id=correction.id,
                kind=correction.subject,
                text=correction.value,
                **{name: getattr(correction, name) for name in ("start_s", "end_s", "x", "y", "w", "h")},
            )
        )


def _of(session: Session, sha256: bytes, subject: str) -> Sequence[Correction]:
    return session.scalars(
        select(Correction).where(Correction.sha256 == sha256, Correction.subject == subject)
    ).all()


def _covers(span: Span, other: Span) -> bool:
    """Whether a correction of ``span`` is one of what has the span ``other``."""
    if span.start_s is None or span.end_s is None or other.start_s is None or other.end_s is None:
        return same_region(span.region, other.region)
    common_s = min(span.end_s, other.end_s) - max(span.start_s, other.start_s)
    return common_s >= COVERED * (other.end_s - other.start_s) and common_s > 0
