"""What exports of Google Photos (Takeout) and of Apple Photos say in files beside pictures and films."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from db.catalog.facts import Fact
from db.catalog.tags import LEVEL
from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.words.forms import fold
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.analysers.names import NAME, words_of_name
from indexer.analysers.words import KINDS, made_of
from indexer.beside.takeout import JSON, Exported, is_album
from indexer.beside.takeout_json import Album, Photo, read
from indexer.media.types import Word

PEOPLE, ALBUMS = "People", "Albums"
"""The tags above the names of people in a picture, and above the albums that it is in."""

AAE = ".aae"
"""The end of the names of Apple's files that keep how a picture was edited."""


class Exports(Analyser):
    """States what Google's JSON says of a picture or film and of its album, and that Apple has an edit of it.

    The picture's own header goes before it, see ``db.catalog.facts.Source``.
    """

    name = "exports"
    label = "what exports of Google and Apple say"
    kinds = (*KINDS, NAME)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video"})
    phase = 0
    scope = "asset"
    beside: ClassVar[tuple[str, ...]] = (JSON, AAE)
    placed = False
    fingerprint = "2"  # with dates in UTC

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """Its facts, caption and people; as weak words, the name that it had and those of its album."""
        beside = {path.name: path for path in medium.companions}
        names = [name for name in beside if name.casefold().endswith(JSON)]
        own = Exported(name for name in names if not is_album(name)).of(medium.path.name)
        if own is not None and isinstance(photo := read(beside[own]), Photo):
            yield from _of_photo(photo, medium.path)
        for name in filter(is_album, names):
            if isinstance(album := read(beside[name]), Album):
                yield from _of_album(album)
        for path in medium.companions:
            if path.suffix.casefold() == AAE:
                yield Fact("edited", path.name, "sidecar")
        progress(1.0)


def _of_photo(photo: Photo, path: Path) -> Iterator[Draft | Fact]:
    words = [
        Word("keyword", f"{PEOPLE}{LEVEL}{name.replace(LEVEL, ' ')}", "takeout") for name in photo.people
    ]
    if photo.description:
        words.append(Word("description", photo.description, "takeout"))
    if photo.favourite:
        words.append(Word("favourite", True, "takeout"))
    yield from made_of(words)
    if photo.taken_at is not None:
        yield Fact("taken_at", photo.taken_at, "takeout")
    if photo.place is not None:
        yield Fact("place", photo.place, "takeout")
    if photo.archived or photo.trashed:
        yield Fact("put_away", "in the trash" if photo.trashed else "archived", "takeout")
    if photo.title and fold(photo.title) != fold(path.name):
        yield Fact("uploaded_as", photo.title, "takeout")
        if (called := words_of_name(Path(photo.title).stem)) != words_of_name(path.stem) and called:
            yield Draft(NewUnit(NAME.name, text=called))


def _of_album(album: Album) -> Iterator[Draft | Fact]:
    if text := " — ".join(filter(None, (album.title, album.description))):
        yield Draft(NewUnit(NAME.name, text=text))
    if album.title:
        yield Fact("tags", (f"{ALBUMS}{LEVEL}{album.title.replace(LEVEL, ' ')}",), "takeout")
