"""Duplicate files: copies of the same bytes, of the same picture, and near-duplicate pictures."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import Session

from db.arrays import Ids
from db.catalog import assets, copies, spaces, stacks, units
from db.catalog.copies import FileRow
from db.catalog.filters import FactRule, Filter, Wanted
from db.catalog.spaces import Space
from db.catalog.stacks import Place
from db.kinds import PICTURE, SIMILAR
from db.library import Library
from db.vectors.store import VectorView
from search.engine import resaved
from search.engine.collapse import say_the_same, words_in
from search.engine.resaved import Pair
from search.explore import recordings

NEIGHBOURS = 16
"""Pictures that each is compared with, those most like it."""
_NEVER = 2.0
"""A cosine that nothing has."""
_CHUNK = 512
Likeness = Literal["same", "copy", "recording", "alike"]


@dataclass(frozen=True)
class Copy:
    """A file in a group. ``unit_id``: of its picture or first moment; ``size``: bytes; sides in pixels.

    ``offline``: its drive is not connected.
    """

    path: Path
    size: int
    width: int | None
    height: int | None
    unit_id: int
    offline: bool = False


@dataclass(frozen=True)
class Group:
    """A group of duplicates, the best first: most pixels, most bytes, then in the order of ``copies.rank``.

    ``kind``: ``same`` for files that are equal byte for byte, ``copy`` for one picture that was saved again:
    smaller, cut, framed, brighter; ``recording`` for one in other formats, cut, or in films;
    ``alike`` for near-duplicates, such as those of a burst.
    """

    kind: Likeness
    copies: tuple[Copy, ...]

    @property
    def spare(self) -> int:
        """Bytes of all files but the best."""
        return sum(copy.size for copy in self.copies[1:])


def duplicates(
    library: Library,
    *,
    threshold: float | None,
    saved_again: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Group]:
    """All groups of duplicates, those with the most ``spare`` bytes first.

    Args:
        threshold: cosine similarity from which pictures are near-duplicates; None finds none of these.
        saved_again: whether copies that were saved again, and recordings, are found without a threshold, too.
    """
    with library.read() as session:
        shown = assets.each_shown(session)
        files = {
            content_id: [_copy(file, shown[content_id]) for file in of_content]
            for content_id, of_content in copies.of_contents(session, shown).items()
        }
    groups = [_group("same", own) for own in files.values() if len(own) > 1]
    if threshold is not None or saved_again:
        near = _near_duplicates(library, threshold or _NEVER, on_progress)
        for kind, group in [*near, *_recordings(library)]:
            best = [files[content_id][0] for content_id in group if content_id in files]
            if len(best) > 1:
                groups.append(_group(kind, best))
    return sorted(groups, key=lambda group: (-group.spare, group.copies[0].path))


def comparing(session: Session) -> Space | None:
    """The space by which pictures are compared: that of a model of pictures alone where there is one."""
    return spaces.active(session, SIMILAR) or spaces.active(session)


def _copy(file: FileRow, unit_id: int) -> Copy:
    return Copy(file.path, file.size, file.width, file.height, unit_id, file.offline)


def _group(kind: Likeness, several: list[Copy]) -> Group:
    def place(copy: Copy) -> tuple[object, ...]:
        pixels = (copy.width or 0) * (copy.height or 0)
        return -pixels, -copy.size, *copies.rank(copy.path, offline=copy.offline)

    return Group(kind, tuple(sorted(several, key=place)))


def _near_duplicates(
    library: Library, least: float, on_progress: Callable[[int, int], None]
) -> list[tuple[Likeness, list[int]]]:
    """Groups of contents by single linkage: chains of copies, and of pictures with at least this similarity.

    Of files that are pictures: a film is no near-duplicate of a photograph. Files of one stack belong
    together, and are no duplicates to clean up.
    """
    with library.read() as session:
        space = comparing(session)
        if space is None:
            return []
        view = library.vectors(space).at(session)
        of_pictures = Filter((FactRule("media", "=", "image"),))
        ids = view.ids(PICTURE, Wanted(filters=(of_pictures,)))
        near: list[Pair] = []
        copied: list[Pair] = []
        for pairs in _neighbours(view, ids, least, on_progress):
            near += [pair for pair, similarity in pairs.items() if similarity >= least]
            copied += resaved.among(session, pairs)
        rows = units.rows(session, {unit for pair in near + copied for unit in pair})
        # A part of a picture, such as a face, says nothing of the whole.
        whole = {unit: row.content_id for unit, row in rows.items() if row.region is None}
        words = words_in(session, whole)
        together = stacks.of(session, set(whole.values()))
    copied = [(one, other) for one, other in copied if say_the_same(words.get(one), words.get(other))]

    def contents(group: list[int]) -> list[int]:
        own = list(dict.fromkeys(whole[unit] for unit in group if unit in whole))
        return _one_of_each_stack(own, together)

    by_copies = {frozenset(group) for group in _linked(copied)}
    return [
        ("copy" if frozenset(group) in by_copies else "alike", contents(group))
        for group in _linked([*near, *copied])
    ]


def _recordings(library: Library) -> list[tuple[Likeness, list[int]]]:
    """Groups of contents with the same recording; a live photo and its film are none."""
    with library.read() as session:
        linked = _linked(recordings.among(session))
        together = stacks.of(session, {content_id for group in linked for content_id in group})
    return [("recording", _one_of_each_stack(group, together)) for group in linked]


def _one_of_each_stack(group: list[int], together: Mapping[int, tuple[Place, ...]]) -> list[int]:
    """The contents without those that belong with an earlier one: a RAW is no spare copy of its JPEG."""
    first: dict[int, int] = {}
    for content_id in group:
        first.setdefault(
            together[content_id][0].content_id if content_id in together else content_id, content_id
        )
    return list(first.values())


def _neighbours(
    view: VectorView, ids: Ids, least: float, on_progress: Callable[[int, int], None]
) -> Iterator[dict[Pair, float]]:
    """Pairs of pictures with their similarity, some at a time: what is alike, and what is worth a look."""
    wanted = set(ids.tolist())
    for start in range(0, len(ids), _CHUNK):
        batch: Ids = ids[start : start + _CHUNK]
        nearest = view.search(PICTURE, view.vectors(PICTURE, batch), NEIGHBOURS)
        pairs: dict[Pair, float] = {}
        for unit, neighbours in zip(batch.tolist(), nearest, strict=True):
            others = [(other, value) for other, value in neighbours if other in wanted and other != unit]
            alike = sum(value >= least for _, value in others)
            for other, value in others[: alike + resaved.MOST]:
                if value >= min(least, resaved.FLOOR):
                    pairs[min(unit, other), max(unit, other)] = value
        yield pairs
        on_progress(min(start + _CHUNK, len(ids)), len(ids))


def _linked(pairs: Iterable[Pair]) -> list[list[int]]:
    """Groups of what is linked by pairs, however long the chain."""
    parent: dict[int, int] = {}

    def root(unit: int) -> int:
        parent.setdefault(unit, unit)
        while parent[unit] != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    for unit, other in pairs:
        parent[root(other)] = root(unit)
    groups: dict[int, list[int]] = defaultdict(list)
    for unit in sorted(parent):
        groups[root(unit)].append(unit)
    return list(groups.values())
