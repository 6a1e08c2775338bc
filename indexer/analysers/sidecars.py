"""Words of people beside files: sidecars of photo programs, by the table of their readers."""

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from db.catalog.facts import Fact
from db.engine.schema import MediaKind
from db.errors import DecodeError
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.analysers.words import KINDS, made_of
from indexer.media.types import Word
from indexer.media.words import picasa, xmp

log = logging.getLogger(__name__)

READERS: Mapping[str, Callable[[Path, str], list[Word]]] = {
    ".xmp": lambda sidecar, _name: xmp.of_sidecar(sidecar),
    "picasa.ini": picasa.of_picture,
}
"""What reads a file beside another one of a name, by the end of its own in small letters."""


class Sidecars(Analyser):
    """Makes units and facts of what people wrote beside pictures, films and recordings."""

    name = "sidecars"
    label = "captions, keywords and ratings beside files"
    kinds = KINDS
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video", "audio"})
    phase = 0
    scope = "asset"
    beside = tuple(READERS)
    placed = False
    fingerprint = "3"  # with people

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """What is written in its sidecars; a damaged one says nothing, and costs no other.

        Raises:
            UnreadableError: one cannot be read now.
        """
        words: list[Word] = []
        for sidecar in _own(medium):
            try:
                words += _reader(sidecar)(sidecar, medium.path.name)
            except DecodeError as exc:
                log.warning("%s: it is not read: %s", sidecar, exc)
        # Its header is of use only where something has a place in it.
        placed = any(word.is_stored for word in words)
        yield from made_of(words, medium.header if placed else None)
        progress(1.0)


def _reader(sidecar: Path) -> Callable[[Path, str], list[Word]]:
    return next(reader for ending, reader in READERS.items() if sidecar.name.lower().endswith(ending))


def _own(medium: Medium) -> list[Path]:
    """The sidecars of a file, that of its whole name first: ``a.jpg.xmp``, then ``a.xmp``, last its folder's.

    The latter is shared by a RAW and the JPEG of one shot; ``a.cr2.xmp`` belongs to the RAW alone.
    """
    whole = medium.path.name.casefold()
    by_whole_name = [path for path in medium.companions if path.stem.casefold() == whole]
    stem = medium.path.stem.casefold()
    by_stem = [path for path in medium.companions if path.stem.casefold() == stem]
    return by_whole_name + by_stem + [path for path in medium.companions if path.name.lower() in picasa.NAMES]
