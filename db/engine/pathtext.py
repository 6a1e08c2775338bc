"""Paths in the database: as text, or in a form of the engine's where their names are no valid UTF-8."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, String, TypeDecorator, and_, or_
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from db.engine.dialect import TEXT, path_key, stored, stored_name


def stored_path(value: object) -> Path:
    """The path that ``PathText`` stored as ``value``."""
    return Path(stored_name(value if isinstance(value, bytes) else str(value)))


class PathText(TypeDecorator[Path]):
    """A path as text, whatever bytes its name is of (POSIX allows any); see ``dialect.stored``."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TEXT)

    def process_bind_param(self, value: Path | None, dialect: Dialect) -> object:
        return None if value is None else stored(str(value), dialect)

    def process_result_value(self, value: object, dialect: Dialect) -> Path | None:  # noqa: ARG002
        return None if value is None else stored_path(value)


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
    beyond = inside[:-1] + chr(ord(inside[-1]) + 1)
    return or_(stored == name, and_(stored >= inside, stored < beyond))
