"""The choices of ``--kind``: what analysers make, whoever they are.

The table of kinds imports all analysers, and with them the database: half a second, which only those pay who
use the option or read its help.
"""

import typer


def known(name: str) -> str:
    """The name of a kind that there is, as the parser of the option.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    if name not in names():
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(map(repr, names()))}.")
    return name


def beginning_with(incomplete: str) -> list[str]:
    """The names that a shell offers for the beginning of one."""
    return [name for name in names() if name.startswith(incomplete)]


def names() -> tuple[str, ...]:
    """The names of all kinds, in the order of the table."""
    import indexer.analysers.registry  # noqa: F401 - it fills the table
    from db import kinds

    return tuple(kinds.every())


class _Shown(str):
    """The choices as help shows them, read when they are shown: no other command shall wait for them."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"<{'|'.join(names())}>"


SHOWN = _Shown("kind")
