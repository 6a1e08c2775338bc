"""SQL that differs by engine: the one place that says what each database calls it.

Queries name what they need (a table of ids, a path as it is compared, the words of a text), and the compiler
of the engine that they run on writes it. So the catalogue is written once.
"""

import json
import os
import re
from collections.abc import Callable, Collection
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Index,
    Integer,
    LargeBinary,
    SQLColumnExpression,
    String,
    Table,
    TextClause,
    TypeDecorator,
    bindparam,
    cast,
    column,
    event,
    func,
    or_,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from db.mounts import UNMOVED, Mounts
from db.words.forms import fold

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

POSTGRESQL = "postgresql"
ANY_OF = "\0"
"""Between patterns of which one must match."""


class Written(FunctionElement[Any]):
    """An expression that each engine writes in its own way: by a template named after the engine."""

    sqlite: ClassVar[str]
    postgresql: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.inherit_cache = True  # the template is of the class, the rest in the clauses


@compiles(Written)
def _write(element: Written, compiler: SQLCompiler, **options: Any) -> str:
    template: str = getattr(element, compiler.dialect.name)
    return template.format(*(compiler.process(clause, **options) for clause in element.clauses))


# --- rows


def upsert(session: Session, model: type[DeclarativeBase]) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that says what happens where the row is there already: ``on_conflict_do_…``."""
    if not is_postgresql(session):
        return sqlite.insert(model)
    from sqlalchemy.dialects import postgresql  # of no use to most libraries

    return postgresql.insert(model)


def is_postgresql(session: Session) -> bool:
    """Whether a session is one of a library on a server."""
    return session.get_bind().dialect.name == POSTGRESQL


class _IdTable(Written):
    name = "ids"
    sqlite = "json_each({0})"
    postgresql = "trove_ids({0})"


def id_table(ids: Collection[int]) -> Any:
    """Ids as a table with the column ``value``: one parameter, however many they are."""
    return _IdTable(bindparam(None, json.dumps(list(ids)), String)).table_valued(column("value", Integer))


def unindexed(values: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """A column of texts of which no index is used, as where nearly all rows have the same one."""
    return func.coalesce(values, "")


def damage(connection: Connection, name: str) -> str | None:
    """What the engine finds wrong in a table; None where it finds nothing, or cannot look."""
    if connection.dialect.name == POSTGRESQL:
        return None
    told = connection.exec_driver_sql(f"PRAGMA integrity_check({name})").scalars().first()
    return None if told == "ok" else str(told)


def overwrite_deleted(session: Session) -> None:
    """Have what the session deletes from here on overwritten, where it would stay in a file of ours."""
    if not is_postgresql(session):
        session.execute(text("PRAGMA secure_delete = ON"))


# --- tables


def partial_index(name: str, *columns: str, where: TextClause) -> Index:
    """An index of those rows alone for which a condition holds.

    As an argument of an engine's own, ``postgresql_where``, it would load that engine's dialect into every
    process, a quarter of what SQLAlchemy takes to be imported.
    """
    return Index(name, *columns, info={"where": where})


@event.listens_for(Table, "before_create")
def _limit(table: Table, connection: Connection, **_: Any) -> None:
    for index in table.indexes:
        if (where := index.info.get("where")) is not None:
            index.dialect_options[connection.dialect.name]["where"] = where


# --- values

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Ids, bytes and nanoseconds, which take eight bytes."""


class _PlainText(TypeDecorator[str]):
    """Text by its code points in any order and comparison, without NUL, which PostgreSQL cannot store."""

    impl = String
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return value.replace("\0", "") if value is not None and "\0" in value else value


TEXT = String().with_variant(_PlainText(), "postgresql")
"""Text that is compared letter by letter, as SQLite does by itself."""


def total(numbers: SQLColumnExpression[Any]) -> ColumnElement[int | None]:
    """The sum of whole numbers as one: PostgreSQL's own is a decimal. None of none."""
    return cast(func.sum(numbers), NUMBER)


class _Owner(Written):
    type = String()
    sqlite = "''"
    postgresql = "trove_owner()"


OWNER: ColumnElement[str] = _Owner()
"""To whom belongs what is made now: a user of the server, or nobody, which is to all."""


def is_seen(owner: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Whether what belongs to an owner is there for who asks: it is shared, or their own."""
    return or_(owner == "", owner == OWNER)


class _Me(Written):
    type = String()
    sqlite = "''"
    postgresql = "CAST(current_user AS varchar)"


ME: ColumnElement[str] = _Me()
"""The user of the server who asks; nobody on this machine."""


def another_user(author: SQLColumnExpression[str]) -> ColumnElement[str | None]:
    """The user who said something, where it is another one than who asks; else NULL."""
    return func.nullif(func.nullif(author, ME), "")


class _DateText(Written):
    type = String()
    sqlite = "{0}"
    postgresql = "to_char({0}, 'YYYY-MM-DD HH24:MI:SS')"


def date_text(date: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """A date and time as text, ``2023-07-14 18:30:00``, of which a part can be taken."""
    return _DateText(date)


_ODD = {0xDC80 + byte: 0x10FF80 + byte for byte in range(128)}
"""Bytes that are no UTF-8, as Python has them in names, and what they are in text: the end of Unicode, which
nobody writes with."""
_EVEN = {there: here for here, there in _ODD.items()}


def mounts_of(dialect: Dialect) -> Mounts:
    """Which folders are under another path on this machine than in the database of an engine."""
    mounts: Mounts = getattr(dialect, "trove_mounts", UNMOVED)
    return mounts


def stored(name: str, dialect: Dialect) -> str | bytes:
    """A name as an engine stores it: SQLite bytes where it is no text, PostgreSQL other letters there."""
    if name.isascii():
        return name
    if dialect.name == POSTGRESQL:
        return name.translate(_ODD)
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def stored_name(value: str | bytes) -> str:
    """The name that an engine has stored so."""
    if isinstance(value, bytes):
        return os.fsdecode(value)
    return value if value.isascii() else value.translate(_EVEN)


class PathKey(TypeDecorator[str]):
    """A path as it is compared: by its bytes, whatever its names are."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == POSTGRESQL else LargeBinary())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:
        if value is None:
            return None
        if dialect.name != POSTGRESQL:
            return os.fsencode(value)
        return stored(mounts_of(dialect).inward(value), dialect)


class PathEnd(PathKey):
    """Where the paths in a folder end, as they are compared: behind all that begin with its name."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:
        if value is None:
            return None
        end = chr(ord(os.sep) + 1)
        if dialect.name != POSTGRESQL:
            return os.fsencode(value.removesuffix(os.sep) + end)
        return stored(mounts_of(dialect).inward(value).removesuffix(os.sep) + end, dialect)


class _PathKey(Written):
    type = PathKey()
    sqlite = "CAST({0} AS BLOB)"
    postgresql = "{0}"


def path_key(path: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """A stored path to compare by its bytes with others, and with text."""
    return _PathKey(path)


class _Pattern(TypeDecorator[str]):
    """A pattern of folders or names; PostgreSQL takes the regular expression that it is."""

    impl = String
    cache_ok = True

    def __init__(self, expression: Callable[[str], str]) -> None:
        super().__init__()
        self.expression = expression

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != POSTGRESQL:
            return value
        # By whole folders: one that is elsewhere here has its own name there.
        here = Mounts({fold(library): fold(own) for library, own in mounts_of(dialect).here.items()})
        return "|".join(f"(?:{self.expression(here.inward(each))})" for each in value.split(ANY_OF))


def _of_folders(pattern: str) -> str:
    parts = [part for part in PurePath(pattern).parts if part != "."]
    begin, parts = ("^/", parts[1:]) if PurePath(pattern).is_absolute() else ("(?:^|/)", parts)
    return begin + "".join(f"{_any(part)}/" for part in parts)


def _of_name(pattern: str) -> str:
    if "/" in pattern:
        return "^$"  # no name has it
    return f"(?:^|/){_any(pattern)}$" if "*" in pattern else f"{_any(pattern)}[^/]*$"


def _any(pattern: str) -> str:
    return "[^/]*".join(map(re.escape, pattern.split("*")))


class _InFolder(Written):
    type = Integer()
    sqlite = "trove_in({0}, {1})"
    postgresql = "CAST(trove_fold({0}) ~ {1} AS integer)"


def in_folder(path: SQLColumnExpression[Any], pattern: str) -> ColumnElement[int]:
    """Whether consecutive folders of a path match a folded pattern: 1 or 0."""
    return _InFolder(path, bindparam(None, pattern, _Pattern(_of_folders)))


class _IsNamed(_InFolder):
    sqlite = "trove_named({0}, {1})"


def is_named(path: SQLColumnExpression[Any], pattern: str) -> ColumnElement[int]:
    """Whether the name of a file matches a folded pattern, or has it: 1 or 0."""
    return _IsNamed(path, bindparam(None, pattern, _Pattern(_of_name)))


class _HasPattern(Written):
    type = Boolean()
    sqlite = "{0} REGEXP {1}"
    postgresql = "trove_matches({0}, {1})"


def has_pattern(text: SQLColumnExpression[Any], expression: str) -> ColumnElement[bool]:
    """Whether a text has what a regular expression describes."""
    return _HasPattern(text, bindparam(None, expression, String))
