"""Paths in the database: as text, or as bytes where their names are no valid UTF-8."""

import os
from pathlib import Path

from sqlalchemy import ColumnElement, String, TypeDecorator, and_, or_
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import InstrumentedAttribute

from db.engine.dialect import path_key


def stored_path(value: object) -> Path:
    """The path that ``PathText`` stored as ``value``."""
    return Path(os.fsdecode(value) if isinstance(value, bytes) else str(value))


class PathText(TypeDecorator[Path]):
    """A path as text, or as bytes where its name is no valid UTF-8 (POSIX allows any bytes)."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Path | None, dialect: Dialect) -> object:  # noqa: ARG002
        if value is None:
            return None
        name = str(value)
        try:
            name.encode()
        except UnicodeEncodeError:
            return os.fsencode(name)
        return name

    def process_result_value(self, value: object, dialect: Dialect) -> Path | None:  # noqa: ARG002
        return None if value is None else stored_path(value)


def is_below(path: "InstrumentedAttribute[Path]", folder: Path) -> ColumnElement[bool]:
    """SQL condition: a path is that folder, or inside it; compared as bytes, whatever its names are."""
    name = str(folder)
    inside = name if name.endswith(os.sep) else name + os.sep
    stored = path_key(path)
    beyond = inside[:-1] + chr(ord(inside[-1]) + 1)
    return or_(stored == name, and_(stored >= inside, stored < beyond))
