"""The files of a library as the rules of stacks look them up. Pure."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from db.catalog.stacks import StackFile
from indexer.media.formats import RAW_SUFFIXES


class Shot:
    """A live file with its name in parts. ``stem``: without suffix, composed and folded."""

    __slots__ = ("file", "folder", "stem", "suffix")

    def __init__(self, file: StackFile) -> None:
        self.file = file
        # A hundred thousand times at once, for which paths as objects are too slow.
        self.folder, _, name = file.path.rpartition(os.sep)
        stem, dot, suffix = name.rpartition(".")
        self.stem, self.suffix = folded(stem or name), f"{dot}{suffix}".lower()

    @property
    def is_raw(self) -> bool:
        """Whether it is what a camera's sensor saw, not a picture made of it."""
        return self.suffix in RAW_SUFFIXES


class Shots:
    """The pictures and films of a library, by what files that belong together have in common."""

    def __init__(self, files: Iterable[StackFile]) -> None:
        self.all = [Shot(file) for file in files]

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], Sequence[Shot]]:
        """The files by folder and stem."""
        named: dict[tuple[str, str], list[Shot]] = defaultdict(list)
        for shot in self.all:
            named[shot.folder, shot.stem].append(shot)
        return named

    @cached_property
    def namesakes(self) -> Sequence[Sequence[Shot]]:
        """Files that share folder and stem with others."""
        return [shots for shots in self.by_name.values() if len(shots) > 1]


def folded(name: str) -> str:
    """A name composed and without case, as file systems that disagree on these mean the same."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
