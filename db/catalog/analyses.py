"""Queries on analyses: what every analyser has looked at, and what is left for it. Functions take a session.

A row in the state ``retry`` counts as left, and keeps what it made until the next look has succeeded: so an
analysis is redone by that state.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from db.catalog.facts import Key
from db.catalog.units import rows_changed
from db.engine.batches import chunks
from db.engine.dialect import total, unindexed
from db.engine.schema import LIVE, Analysis, AnalysisState, Asset, Content, FactRow, MediaKind, Unit

Scope = Literal["content", "asset"]


@dataclass(frozen=True)
class Work:
    """What is to be known of an analyser to tell what is left for it.

    ``fingerprint``: rows of another one are to be redone; None leaves them. ``facts``: contents of other
    media are its own, too, where one of these is known of them.
    """

    analyser: str
    media: frozenset[MediaKind]
    scope: Scope = "content"
    fingerprint: str | None = None
    facts: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class Tally:
    """How many live contents (or assets) an analyser has looked at, by state.

    ``stale``: of those done, how many by an older version of it; ``took_ms``: the mean over those that were
    measured, None without any.
    """

    done: int = 0
    unwanted: int = 0
    failed: int = 0
    retry: int = 0
    stale: int = 0
    took_ms: float | None = None


def left(session: Session, work: Work, within: Collection[int] | None = None) -> set[int]:
    """The ids of the contents (or assets) of its media that an analyser has not looked at.

    ``within``: only these. Assets count only while they have a content.
    """
    if within is None:
        return set(session.scalars(_left(work)))
    of = Content.id if work.scope == "content" else Asset.id
    return {
        found for batch in chunks(list(within)) for found in session.scalars(_left(work).where(of.in_(batch)))
    }


def count_left(session: Session, work: Work, on: ColumnElement[bool]) -> int:
    """How many contents (or assets) are ``left`` that have a file which can be read, and for which it is on.

    ``on``: a condition on ``Asset``, such as ``Switches.on``.
    """
    readable, left = and_(unindexed(Asset.state) == "indexed", on), _left(work)
    if work.scope == "content":
        readable = exists().where(Asset.content_id == Content.id, readable)
    return session.scalar(select(func.count()).select_from(left.where(readable).subquery())) or 0


def _left(work: Work) -> Select[int]:
    if work.scope == "content":
        statement, mine = select(Content.id), Analysis.content_id == Content.id
    else:
        statement = select(Asset.id).join(Content, Content.id == Asset.content_id)
        mine = Analysis.asset_id == Asset.id
    settled = [Analysis.state != "retry"]
    if work.fingerprint is not None:
        settled.append(or_(Analysis.fingerprint == work.fingerprint, Analysis.state == "failed"))
    looked_at = exists().where(mine, Analysis.analyser == work.analyser, *settled)
    mine = Content.kind.in_(work.media)
    if work.facts:
        mine = or_(mine, Content.id.in_(select(FactRow.content_id).where(FactRow.key.in_(work.facts))))
    return statement.where(mine, ~looked_at)


@dataclass(frozen=True)
class Result:
    """What became of a look at a content, or at an asset with its ``signature``."""

    analyser: str
    fingerprint: str
    state: AnalysisState
    content_id: int | None = None
    asset_id: int | None = None
    signature: str | None = None
    error: str | None = None
    took_ms: int | None = None

    @property
    def _subject(self) -> tuple[str, int | None, int | None]:
        return self.analyser, None if self.asset_id is not None else self.content_id, self.asset_id


def record(session: Session, analyser: str, fingerprint: str, state: AnalysisState, **more: Any) -> int:
    """As ``record_all`` for one result, by its fields."""
    return record_all(session, [Result(analyser, fingerprint, state, **more)])[0]


def record_all(session: Session, results: Sequence[Result]) -> list[int]:
    """Record looks at contents or assets; returns the ids of the analyses.

    A successful one takes the place of what was made before; a failed one leaves that as it is.
    """
    known = _known(session, results)
    rows: list[Analysis] = []
    for result in results:
        before = known.get(result._subject)
        if before is not None and result.state in ("failed", "retry"):
            before.state, before.error = result.state, result.error
            rows.append(before)
            continue
        if before is not None:
            session.execute(delete(Analysis).where(Analysis.id == before.id))
            session.expunge(before)
        analyser, content_id, asset_id = result._subject
        rows.append(
            Analysis(
                content_id=content_id,
                asset_id=asset_id,
                analyser=analyser,
                fingerprint=result.fingerprint,
                signature=result.signature,
                state=result.state,
                error=result.error,
                took_ms=result.took_ms,
            )
        )
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def _known(session: Session, results: Sequence[Result]) -> dict[tuple[str, int | None, int | None], Analysis]:
    contents = {result.content_id for result in results if result.asset_id is None}
    files = {result.asset_id for result in results if result.asset_id is not None}
    statement = select(Analysis).where(or_(Analysis.content_id.in_(contents), Analysis.asset_id.in_(files)))
    return {(row.analyser, row.content_id, row.asset_id): row for row in session.scalars(statement)}


def signatures(session: Session, analyser: str) -> dict[int, str]:
    """The signature of each asset when an analyser of assets looked at it last."""
    statement = select(Analysis.asset_id, Analysis.signature).where(Analysis.analyser == analyser)
    return {
        asset_id: signature or ""
        # By the connection, as a hundred thousand rows are read: a session would make objects of its own.
        for asset_id, signature in session.connection().execute(statement)
        if asset_id is not None
    }


def outdate(session: Session, analyser: str, asset_ids: Collection[int]) -> None:
    """Note that assets have changed since they were looked at: what was made is found until the next look."""
    for batch in chunks(list(asset_ids)):
        changed = and_(Analysis.analyser == analyser, Analysis.asset_id.in_(batch))
        session.execute(update(Analysis).where(changed).values(state="retry"))


def redo(session: Session, analyser: str, content_ids: Collection[int] | None = None) -> int:
    """Let the next run look again, at all or at these contents; returns at how many it will."""
    statement = update(Analysis).where(Analysis.analyser == analyser, Analysis.state != "unwanted")
    if content_ids is None:
        return rows_changed(session.execute(statement.values(state="retry")))
    marked = 0
    for batch in chunks(list(content_ids)):
        marked += rows_changed(session.execute(statement.where(_of_contents(batch)).values(state="retry")))
    return marked


def retry_failures(session: Session) -> int:
    """Let the next run try again what single analysers could not do; returns how many times that was."""
    failed = update(Analysis).where(Analysis.state == "failed")
    return rows_changed(session.execute(failed.values(state="retry")))


def forget(session: Session, content_ids: Collection[int]) -> None:
    """Delete all that analysers have made of contents, as if they had not looked: the next run does anew."""
    for batch in chunks(list(content_ids)):
        session.execute(delete(Analysis).where(Analysis.content_id.in_(batch)))


def delete_made(session: Session, analyser: str, content_ids: Collection[int]) -> int:
    """Delete what an analyser has made of contents; returns how many units there were."""
    units = select(func.count()).select_from(Unit).join(Analysis, Analysis.id == Unit.analysis_id)
    deleted = 0
    for batch in chunks(list(content_ids)):
        mine = and_(Analysis.analyser == analyser, _of_contents(batch))
        deleted += session.scalar(units.where(mine)) or 0
        session.execute(delete(Analysis).where(mine))
    return deleted


def _of_contents(content_ids: Sequence[int]) -> ColumnElement[bool]:
    """SQL condition on ``Analysis``: it is of these contents, or of their files."""
    files = select(Asset.id).where(Asset.content_id.in_(content_ids))
    return or_(Analysis.content_id.in_(content_ids), Analysis.asset_id.in_(files))


def tally(session: Session, work: Work) -> Tally:
    """How far an analyser is, over what has a live file. What is only to be redone counts as done."""
    live = select(Asset.content_id if work.scope == "content" else Asset.id)
    live = live.where(unindexed(Asset.state).in_(LIVE))
    subject = Analysis.content_id if work.scope == "content" else Analysis.asset_id
    to_redo = and_(Analysis.state == "retry", Analysis.error.is_(None))
    state = case((to_redo, "done"), else_=Analysis.state).label("state")
    stale: ColumnElement[bool] = and_(Analysis.state == "done", Analysis.fingerprint != work.fingerprint)
    statement = (
        select(
            state,
            func.count(),
            func.count().filter(stale),
            total(Analysis.took_ms),
            func.count(Analysis.took_ms),
        )
        .where(Analysis.analyser == work.analyser, subject.in_(live))
        .group_by(state)
    )
    counts: dict[str, int] = {}
    old, total_ms, measured = 0, 0, 0
    for name, count, outdated, took_ms, timed in session.execute(statement):
        counts[name] = count
        old += outdated or 0
        if name == "done":
            total_ms, measured = took_ms or 0, timed
    return Tally(**counts, stale=old, took_ms=total_ms / measured if measured else None)


def errors(session: Session) -> list[tuple[Path, str, str]]:
    """(path, analyser, reason) of what single analysers could not do with live files, by path."""
    of_it = or_(Analysis.content_id == Asset.content_id, Analysis.asset_id == Asset.id)
    statement = (
        select(Asset.path, Analysis.analyser, Analysis.error)
        .join(Asset, of_it)
        .where(Analysis.state.in_(("failed", "retry")), Analysis.error.is_not(None), Asset.state.in_(LIVE))
    )
    return [
        (path, analyser, error or "")
        for path, analyser, error in session.execute(statement.order_by(Asset.path))
    ]


def nothing_made(session: Session, makers: Collection[str]) -> dict[int, dict[str, tuple[str, str]]]:
    """Contents of readable files of which these analysers could make nothing so far, whatever is beside them.

    By content the analysers that have looked at it, each with its state and its error or an empty text.
    """
    other = aliased(Analysis)
    made = exists().where(other.content_id == Content.id, other.analyser.in_(makers), other.state == "done")
    failed = select(other.content_id).where(
        other.state.in_(("failed", "retry")), other.analyser.in_(makers), other.error.is_not(None)
    )
    statement = (
        select(Analysis.content_id, Analysis.analyser, Analysis.state, Analysis.error)
        .join(Content, Content.id == Analysis.content_id)
        .where(
            Content.id.in_(failed),
            ~made,
            ~exists().where(Unit.content_id == Content.id, Unit.asset_id.is_(None)),
            exists().where(Asset.content_id == Content.id, Asset.state == "indexed"),
        )
        .order_by(Analysis.id)
    )
    looks: dict[int, dict[str, tuple[str, str]]] = defaultdict(dict)
    for content_id, analyser, state, error in session.execute(statement):
        if content_id is not None:
            looks[content_id][analyser] = (state, error or "")
    return looks
