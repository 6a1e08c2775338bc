"""The files beside pictures, films and recordings that belong to them, known by their names alone.

Sidecars bear the name of what they are beside: ``a.xmp``, ``a.jpg.json``, ``a.en.srt``. The files of Google's
exports need not; those of its albums, and Picasa's, belong to all that is in the folder.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from db.catalog.assets import FileStat
from indexer.beside.takeout import JSON, Exported, is_album
from indexer.media.words.picasa import NAMES
from indexer.stacks.shots import folded

Named = tuple[str, FileStat]
"""A file with its name, composed and without case."""


class Companions:
    """The files of one folder that are no media, by the media that they belong to.

    A folder may hold as many sidecars as pictures: each picture looks at its own alone.
    """

    def __init__(self, others: Iterable[FileStat]) -> None:
        self._named = sorted((folded(other.path.name), other) for other in others)
        self._known: dict[str, Sequence[Named]] = {}

    def of(self, name: str) -> Sequence[Named]:
        """Those of the medium of that name in the folder, each once."""
        if (known := self._known.get(name)) is None:
            known = self._known[name] = tuple(dict.fromkeys(self._of(name)))
        return known

    def _of(self, name: str) -> Iterator[Named]:
        whole = folded(name)
        start = f"{whole.rpartition('.')[0] or whole}."
        has_json = False
        for at in range(bisect_left(self._named, (start,)), len(self._named)):
            other = self._named[at][0]
            if not other.startswith(start):
                break
            has_json = has_json or (other.endswith(JSON) and other.startswith(f"{whole}."))
            yield self._named[at]
        # One that bears the whole name is Google's own choice, too.
        if not has_json and self._json and (own := self._exported.of(name)) is not None:
            yield self._json[own]
        yield from self._albums
        yield from self._of_folder

    @cached_property
    def _json(self) -> Mapping[str, Named]:
        return {
            named[0]: named for named in self._named if named[0].endswith(JSON) and not is_album(named[0])
        }

    @cached_property
    def _exported(self) -> Exported:
        return Exported(self._json)

    @cached_property
    def _of_folder(self) -> Sequence[Named]:
        return [named for named in self._named if named[0] in NAMES]

    @cached_property
    def _albums(self) -> Sequence[Named]:
        return [named for named in self._named if named[0].endswith(JSON) and is_album(named[0])]
