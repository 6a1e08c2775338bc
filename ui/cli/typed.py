"""What was typed on a command line as one query: words without quotes, and the current folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trove import Library

Words = Annotated[list[str], typer.Argument(help="What you look for, in plain words.")]
MaybeWords = Annotated[list[str] | None, typer.Argument(help="What you look for, in plain words.")]

_SIGNED = re.compile(r"([-+]?)(.*)", re.S)
_KEYED = re.compile(r"([-+]?[A-Za-z]+:)(.*)", re.S)


def query_of(words: list[str] | None) -> str:
    """The query that the words of a command line make.

    The shell has taken away the quotes around them: beside others, words that were quoted together are again
    a phrase, or the value of a condition. Alone they are a whole query.

    Raises:
        QueryError: what was typed cannot be understood.
    """
    words = words or []
    return words[0] if len(words) == 1 else " ".join(map(_quoted_again, words))


def _quoted_again(word: str) -> str:
    from search.query.conditions import every, understands
    from search.query.language import in_quotes, parse

    if len(word.split()) < 2 or '"' in word:
        return word
    if keyed := _KEYED.fullmatch(word):
        key = keyed[1].strip("-+:").lower()
        if key in every() and understands(key, keyed[2]):
            return f"{keyed[1]}{in_quotes(keyed[2])}"
    sign, text = _SIGNED.fullmatch(word).groups()  # type: ignore[union-attr]
    parsed = parse(text)
    plain = not parsed.conditions and len(parsed.chips) == 1
    return f"{sign}{in_quotes(text)}" if plain else word


def within(text: str, folder: Path) -> str:
    """A query for what is in or below a folder alone.

    Raises:
        QueryError: the query cannot be understood.
    """
    from search.query.language import Clause, parse

    return f"{parse(text)} {Clause('in', (str(folder),))}".strip()


def require_indexed(library: Library, folder: Path) -> None:
    """Make sure that something of a folder can be in the library.

    Raises:
        SettingsError: it is neither in an indexed folder nor around one.
    """
    from db.errors import SettingsError
    from db.paths import is_under

    if not any(is_under(folder, [root]) or is_under(root, [folder]) for root in library.roots()):
        raise SettingsError(f"the folder {folder} is not in your library", "Add it: trove index .")
