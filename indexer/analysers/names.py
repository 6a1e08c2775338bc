"""Names of files and folders as a weak source of words: "Trip 2023", "invoice", "screenshot"."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from db.catalog.facts import Fact
from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.kinds import Kind
from db.names import composed
from db.words.forms import fold
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.dated_names import taken_at
from indexer.analysers.medium import Medium

_TABLE = Path(__file__).with_name("names.json")

NAME = Kind("file_name", "file name", {}, "called")
"""The words of a file's name, and of the folders that it is in."""


class Names(Analyser):
    """Makes a unit of the words that people have called a file and its folders by, and states its date.

    What cameras, phones and programs call them is left out by a table, ``names.json``: ``IMG_1234`` says
    nothing. Dates in the names of files are those of ``dated_names``.
    """

    name = "names"
    label = "names of files and folders"
    kinds = (NAME,)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video", "audio"})
    phase = 0
    scope = "asset"
    beside: ClassVar[tuple[str, ...]] = ()
    fingerprint = "2"  # with dates

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """One unit, or none where no name has words; the date that the file's name says."""
        if (moment := taken_at(medium.path.stem)) is not None:
            yield Fact("taken_at", moment, "name")
        if words := called(medium.path, medium.root):
            yield Draft(NewUnit(NAME.name, text=words))
        progress(1.0)


def called(path: Path, root: Path | None = None) -> str:
    """The words of a file's name and of the folders that it is in, below the root, with slashes between.

    A root's own name is that of all its files, and ``in:`` finds it.

    >>> called(Path("/pictures/Trip 2023/100CANON/BeachParty_IMG_1234.jpg"), Path("/pictures"))
    'Trip 2023 / BeachParty Beach Party'
    """
    folders = () if root is None or root == path else path.parent.relative_to(root).parts
    parts = [*(words_of_folder(name) for name in folders), words_of_name(path.stem)]
    return " / ".join(dict.fromkeys(filter(None, parts)))


@lru_cache(maxsize=10_000)
def words_of_folder(name: str) -> str:
    """The words of the name of a folder; none of one that cameras and systems make."""
    name = composed(name)
    if any(pattern.fullmatch(name) for pattern, _ in _patterns("folders")):
        return ""
    return words_of_name(name)


def words_of_name(name: str) -> str:
    """The words of a name, without suffix, with spaces between; numbers only beside words.

    What is written in one is kept and taken apart, as ``BeachParty`` and ``Trip2023`` are.
    """
    name = composed(name)
    is_screen = fold(name).startswith(tuple(map(fold, screenshots())))
    for pattern, kept in _patterns("names"):
        name = pattern.sub(kept, name)
    tokens = [token for token in re.findall(r"[^\W_]+", name) if _is_word(token) or _is_number(token)]
    if not any(map(_is_word, tokens)):
        tokens = []
    words = [word for token in tokens for word in dict.fromkeys((token, *_parts(token)))]
    if is_screen and not any(fold(word).startswith("screenshot") for word in words):
        words.append("screenshot")
    return " ".join(words)


@cache
def screenshots() -> Sequence[str]:
    """How systems begin the names of pictures of the screen, in their languages."""
    return tuple(_table()["screenshots"])


@cache
def _table() -> Mapping[str, Sequence[Any]]:
    table: Mapping[str, Sequence[Any]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


@cache
def _patterns(of: str) -> Sequence[tuple[re.Pattern[str], str]]:
    """The patterns of the table, each with what of it are words: whole words, whatever their case."""
    return tuple(
        (re.compile(rf"(?<![^\W_])(?:{row['pattern']})(?![^\W_])", re.I), f" {row.get('words', '')} ")
        for row in _table()[of]
    )


def _is_word(token: str) -> bool:
    """Whether it has two letters, or one of a script in which that may be a word."""
    letters = [letter for letter in token if letter.isalpha()]
    return len(letters) > 1 or not "".join(letters).isascii()


def _is_number(token: str) -> bool:
    return token.isdecimal() and len(token) <= 4


def _parts(token: str) -> list[str]:
    """What a token is put together from: ``iPhoneXL2`` of Phone, XL and 2."""
    cuts = [0]
    for at, (left, right) in enumerate(pairwise(token), start=1):
        begins = right.isupper() and (left.islower() or token[at + 1 : at + 2].islower())
        if begins or left.isdecimal() != right.isdecimal():
            cuts.append(at)
    parts = [token[start:end] for start, end in pairwise([*cuts, len(token)])]
    return [part for part in parts if _is_word(part) or _is_number(part)]
