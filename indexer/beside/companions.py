"""The files beside pictures, films and recordings that belong to them, known by their names alone.

Sidecars bear the name of what they are beside: ``a.xmp``, ``a.jpg.json``, ``a.en.srt``. The files of Google's
exports need not, and those of its albums belong to all that is in the folder.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, islice, takewhile
from pathlib import Path

from db.catalog.assets import FileStat
from indexer.beside.takeout import JSON, Exported, is_album
from indexer.stacks.shots import folded


class Companions:
    """The files of one folder that are no media, by the media that they belong to.

    A folder may hold as many sidecars as pictures: each picture looks at its own alone.
    """

    def __init__(self, others: Iterable[FileStat]) -> None:
        self._named = sorted((folded(other.path.name), other) for other in others)

    def of(self, medium: Path) -> Iterator[FileStat]:
        """Those of one medium in the folder, each once."""
        start = f"{folded(medium.stem)}."
        begun = islice(self._named, bisect_left(self._named, (start,)), None)
        namesakes = (other for _, other in takewhile(lambda item: item[0].startswith(start), begun))
        yield from dict.fromkeys(chain(namesakes, self._of_exports(medium.name)))

    def _of_exports(self, name: str) -> Iterator[FileStat]:
        if self._json and (own := self._exported.of(name)) is not None:
            yield self._json[own]
        yield from self._albums

    @cached_property
    def _json(self) -> dict[str, FileStat]:
        found = (other for name, other in self._named if name.endswith(JSON))
        return {other.path.name: other for other in found if not is_album(other.path.name)}

    @cached_property
    def _exported(self) -> Exported:
        return Exported(self._json)

    @cached_property
    def _albums(self) -> list[FileStat]:
        return [other for name, other in self._named if name.endswith(JSON) and is_album(other.path.name)]
