"""Paths in the database: as text, or in a form of the engine's where their names are no valid UTF-8."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, String, TypeDecorator, and_, bindparam, or_
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from db.engine.dialect import TEXT, PathEnd, mounts_of, path_key, stored, stored_name


def stored_path(value: object, dialect: Dialect) -> Path:
    """The path on this machine that ``PathText`` stored as ``value``."""
    return Path(here(value if isinstance(value, bytes) else str(value), dialect))


def here(value: str | bytes, dialect: Dialect) -> str:
    """The name of a path on this machine that an engine has stored."""
    return mounts_of(dialect).outward(stored_name(value))


class PathText(TypeDecorator[Path]):
    """A path as text, whatever bytes its name is of (POSIX allows any); see ``dialect.stored``."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TEXT)

    def process_bind_param(self, value: Path | None, dialect: Dialect) -> object:
        return None if value is None else stored(mounts_of(dialect).inward(str(value)), dialect)

    def process_result_value(self, value: object, dialect: Dialect) -> Path | None:
        return None if value is None else stored_path(value, dialect)


class NameText(TypeDecorator[str]):
    """The same as a name, which is no path of this machine's, and is copied as it is."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TEXT)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:
        return None if value is None else stored(value, dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else stored_name(value)


def is_below(path: "InstrumentedAttribute[Path]", folder: Path) -> ColumnElement[bool]:
    """SQL condition: a path is that folder, or inside it; compared as bytes, whatever its names are."""
    name = str(folder)
    inside = name if name.endswith(os.sep) else name + os.sep
    stored = path_key(path)
    return or_(stored == name, and_(stored >= inside, stored < bindparam(None, name, PathEnd())))
