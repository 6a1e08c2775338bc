"""Rows for tests that need a library but no media."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from db.catalog import assets, revision, spaces, units
from db.catalog.assets import FileStat
from db.catalog.units import UnitDraft, Vectors
from db.engine.clock import utc_now
from db.engine.schema import Asset, Content, Embedding, MediaKind, Space, Unit


def directions(count: int, dim: int = 8, seed: int = 0) -> Vectors:
    """(count, dim) float32 unit vectors in random directions."""
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def space(session: Session, dim: int = 8) -> Space:
    """The active space, made when it is not there."""
    return spaces.active(session) or spaces.add(session, "test-model", "0", dim, "active")


def add_many(session: Session, paths: Sequence[Path], vectors: Vectors, space_id: int) -> None:
    """As many pictures as vectors, one a file, in few statements; for libraries of a size."""
    start = 1 + (session.scalar(select(func.max(Content.id))) or 0)
    ids = range(start, start + len(paths))
    facts = [
        (str(number).encode().ljust(32, b"\0"), number, path) for number, path in zip(ids, paths, strict=True)
    ]
    at = utc_now()
    session.execute(
        insert(Content),
        [
            {"id": number, "sha256": digest, "kind": "image", "width": 400, "height": 300, "has_audio": False}
            for digest, number, _ in facts
        ],
    )
    session.execute(
        insert(Asset),
        [
            {
                "path": path,
                "size": 1,
                "mtime_ns": number * 10**14,
                "content_id": number,
                "state": "indexed",
                "indexed_at": at,
            }
            for _, number, path in facts
        ],
    )
    first = 1 + (session.scalar(select(func.max(Unit.id))) or 0)
    ids_of_units = range(first, first + len(paths))
    session.execute(
        insert(Unit),
        [
            {"id": unit, "content_id": number, "kind": "image"}
            for unit, number in zip(ids_of_units, ids, strict=True)
        ],
    )
    session.execute(
        insert(Embedding),
        [
            {"space_id": space_id, "unit_id": unit, "vector": units.pack(vector)}
            for unit, vector in zip(ids_of_units, vectors, strict=True)
        ],
    )
    revision.touch(session)


def add_file(session: Session, path: str, drafts: Sequence[UnitDraft], kind: MediaKind = "image") -> int:
    """A file with a content of its own; returns the content's id."""
    content = Content(sha256=path.encode().ljust(32, b"\0")[-32:], kind=kind, has_audio=kind != "image")
    content_id = units.store(session, content, drafts, space(session).id)
    assets.put(session, FileStat(Path(path), 1, 1), asset_id=None, state="indexed", content_id=content_id)
    revision.touch(session)
    return content_id
