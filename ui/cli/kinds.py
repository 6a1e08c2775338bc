"""The choices of ``--kind``: what analysers make, whoever they are.

The table of kinds imports all analysers, and with them the database: half a second. A search takes it anyway;
``--help`` and the completion of a shell only want the names, and read them where the analysers declare them.
"""

import ast
import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from db import kinds


def known(name: str) -> str:
    """The name of a kind that there is, as the parser of the option.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    import indexer.analysers.registry  # noqa: F401 - it fills the table

    if name not in kinds.every():
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(map(repr, kinds.every()))}.")
    return name


def beginning_with(incomplete: str) -> list[str]:
    """The names that a shell offers for the beginning of one."""
    return [name for name in names() if name.startswith(incomplete)]


def names() -> tuple[str, ...]:
    """The names of all kinds, sorted: those of the table where it was filled, and else those declared."""
    return tuple(sorted(kinds.every())) if "indexer.analysers.registry" in sys.modules else declared()


def declared() -> tuple[str, ...]:
    """The names of all kinds as the analysers declare them, sorted; none where their source is missing."""
    package = find_spec("indexer.analysers")
    folders = (package.submodule_search_locations or ()) if package else ()
    found = {
        str(call.args[0].value)
        for folder in folders
        for path in Path(folder).glob("*.py")
        for call in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Kind"
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    return tuple(sorted(found))


class _Shown(str):
    """The choices as help shows them, read when they are shown: no other command shall wait for them."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"<{'|'.join(names()) or super().__str__()}>"


SHOWN = _Shown("kind")
