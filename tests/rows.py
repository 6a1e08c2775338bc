"""Rows for tests that need a library but no media."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from db import catalog, spaces
from db.catalog import FileStat, UnitDraft, Vectors
from db.schema import Content, MediaKind, Space


def directions(count: int, dim: int = 8, seed: int = 0) -> Vectors:
    """(count, dim) float32 unit vectors in random directions."""
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def space(session: Session, dim: int = 8) -> Space:
    """The active space, made when it is not there."""
    return spaces.active(session) or spaces.add(session, "test-model", "0", dim, "active")


def add_file(session: Session, path: str, units: Sequence[UnitDraft], kind: MediaKind = "image") -> int:
    """A file with a content of its own; returns the content's id."""
    content = Content(sha256=path.encode().ljust(32, b"\0")[-32:], kind=kind, has_audio=kind != "image")
    content_id = catalog.store_content(session, content, units, space(session).id)
    catalog.put_asset(
        session, FileStat(Path(path), 1, 1), asset_id=None, state="indexed", content_id=content_id
    )
    catalog.touch(session)
    return content_id
