"""Rows for tests that need a library but no media."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids, Vectors
from db.catalog import analyses, assets, contents, facts, orders, revision, spaces, units
from db.catalog.assets import FileStat
from db.catalog.facts import Fact
from db.catalog.spaces import Space
from db.catalog.units import NewUnit
from db.engine.clock import utc_now
from db.engine.schema import Analysis, Asset, Base, Content, Embedding, MediaKind, Unit
from indexer.analysers import registry as registry
from indexer.analysers.headers import Headers


def directions(count: int, dim: int = 8, seed: int = 0) -> Vectors:
    """(count, dim) float32 unit vectors in random directions."""
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def space(session: Session, dim: int = 8) -> Space:
    """The active space, made when it is not there."""
    return spaces.active(session) or spaces.add(session, "test-model", "0", dim, "active")


@dataclass(frozen=True)
class Drafted:
    """A unit to be stored with one vector, that of the active space, or without."""

    kind: str
    vector: Vectors | None
    start_s: float | None = None
    end_s: float | None = None
    at_s: float | None = None
    text: str | None = None
    language: str | None = None
    track: int | None = None


def add_units(session: Session, content_id: int, drafts: Sequence[Drafted]) -> None:
    """Store units as their analysers would have made them, in place of older ones of theirs."""
    space_id = space(session).id
    for analyser in dict.fromkeys(kinds.makers(draft.kind)[0] for draft in drafts):
        analysis_id = analyses.record(session, analyser, "1", "done", content_id=content_id, took_ms=10)
        made = [
            NewUnit(
                draft.kind,
                {} if draft.vector is None else {space_id: draft.vector},
                draft.start_s,
                draft.end_s,
                draft.at_s,
                text=draft.text,
                language=draft.language,
                track=draft.track,
            )
            for draft in drafts
            if kinds.makers(draft.kind)[0] == analyser
        ]
        units.add(session, [(unit, content_id, analysis_id, None) for unit in made])


def add_file(
    session: Session,
    path: str,
    drafts: Sequence[Drafted],
    kind: MediaKind = "image",
    *,
    claims: Sequence[Fact] = (),
    changed: datetime | None = None,
) -> int:
    """A file with a content of its own; returns the content's id."""
    content_id = contents.add(session, path.encode().ljust(32, b"\0")[-32:], kind)
    stat = FileStat(Path(path), 1, int(changed.timestamp() * 1e9) if changed else 1)
    assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
    add_units(session, content_id, drafts)
    facts.claim(session, claims, content_id=content_id)
    facts.refresh(session, [content_id])
    return content_id


def latest(session: Session, ids: Ids, of_file: Sequence[ColumnElement[bool]] = ()) -> list[int]:
    """The first unit of each content of these units, the latest content first."""
    return [placed.unit_id for placed in orders.arranged(session, ids, orders.LATEST, of_file)]


def add_many(
    session: Session, paths: Sequence[Path], vectors: Vectors, space_id: int, *, first: int | None = None
) -> None:
    """As many pictures as vectors, one a file, in few statements; for libraries of a size.

    ``first``: the lowest id of their contents, files and units, that of another writer who was given ids
    before; by default they go on from those that are there.
    """
    start = first or 1 + (session.scalar(select(func.max(Content.id))) or 0)
    ids = list(range(start, start + len(paths)))
    at, arrived = utc_now(), revision.touch(session)
    first_asset = first or 1 + (session.scalar(select(func.max(Asset.id))) or 0)
    first_analysis = 1 + (session.scalar(select(func.max(Analysis.id))) or 0)
    first_unit = first or 1 + (session.scalar(select(func.max(Unit.id))) or 0)
    rows: dict[type[Base], list[dict[str, object]]] = {
        table: [] for table in (Content, Asset, Analysis, Unit, Embedding)
    }
    for place, (number, path, vector) in enumerate(zip(ids, paths, vectors, strict=True)):
        digest = str(number).encode().ljust(32, b"\0")
        rows[Content].append({"id": number, "sha256": digest, "kind": "image", "arrived": arrived})
        rows[Asset].append(
            {
                "id": first_asset + place,
                "path": path,
                "size": 1,
                "mtime_ns": number * 10**12,
                "content_id": number,
                "state": "indexed",
                "indexed_at": at,
                "moment": datetime.fromtimestamp(number * 10**4),
                "width": 400,
                "height": 300,
            }
        )
        done = {"content_id": number, "fingerprint": "1", "state": "done", "took_ms": 10}
        analysis_id = first_analysis + 2 * place
        rows[Analysis] += [
            {"id": analysis_id, "analyser": "pictures", **done},
            {"id": analysis_id + 1, "analyser": "headers", **done, "fingerprint": Headers.fingerprint},
        ]
        unit_id = first_unit + place
        rows[Unit].append({"id": unit_id, "content_id": number, "analysis_id": analysis_id, "kind": "image"})
        packed = {"vector": units.pack(vector), "revision": arrived}
        rows[Embedding].append({"space_id": space_id, "unit_id": unit_id, **packed})
    for table, values in rows.items():
        session.execute(insert(table), values)
