"""Pictures, embedded whole: what a photograph shows is found by what it looks like."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from db.catalog import facts, revision
from db.catalog import units as found
from db.catalog.facts import Fact
from db.catalog.units import NewUnit, StoredUnit
from db.engine.schema import MediaKind
from db.kinds import CLIP, PICTURE, SIMILAR, Kind
from db.library import Library
from indexer.analysers.base import Analyser, Draft, Payload, PicturePayload
from indexer.analysers.medium import Medium
from indexer.media import sketches
from indexer.media.colours import colours
from indexer.media.thumbnails import kept
from indexer.media.types import Picture

T = TypeVar("T")

_AT_ONCE = 500
"""Pictures that are stored in one transaction."""


class Pictures(Analyser):
    """Makes one unit of a picture with its sketch, names its colours, and says where a part is missing."""

    name = "pictures"
    label = "what pictures show"
    kinds = (Kind("image", "picture", {CLIP: PICTURE, SIMILAR: PICTURE}, "shows"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 0

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """The picture itself, its colours, and what is to be known of what is shown."""
        picture = medium.picture()
        yield Draft(NewUnit("image", detail=_sketched(picture)), PicturePayload(picture))
        yield _colours(picture)
        # What only decoding it tells must last when headers alone are read anew.
        if medium.header.note is not None:
            yield Fact("note", medium.header.note, "decoder")
        progress(1.0)

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:
        """The picture, whatever else is known of it: never a text that it may have."""
        for _ in units:
            yield None if medium is None else PicturePayload(medium.picture())

    def finish(self, library: Library) -> None:
        """Name the colours of pictures that were looked at before Trove did, and sketch them, by thumbnails.

        One without a thumbnail has to wait until it is looked at again.
        """
        with library.read() as session:
            plain = facts.without_colours(session, self.name)
            bare = found.without_detail(session, self.name, "image")
        for some in _batches(plain, library.paths.thumbnails):
            with library.write() as session:
                claims = [
                    facts.Claims([_colours(picture)], content_id, analysis_id=analysis_id)
                    for (content_id, analysis_id), picture in some.items()
                ]
                facts.claim_all(session, claims)
                facts.refresh(session, [content_id for content_id, _ in some])
                revision.touch(session)
        for drawn in _batches(bare, library.paths.thumbnails):
            with library.write() as session:
                found.detail(
                    session,
                    {unit_id: _sketched(one) for unit_id, one in drawn.items()},
                )
                revision.touch(session)


def _batches(paths: Mapping[T, Path], thumbnails: Path) -> Iterator[dict[T, Picture]]:
    """The thumbnails at these paths, as far as they were kept, some at a time."""
    keys = list(paths)
    for start in range(0, len(keys), _AT_ONCE):
        some = {key: kept(paths[key], cache=thumbnails) for key in keys[start : start + _AT_ONCE]}
        if there := {key: picture for key, picture in some.items() if picture is not None}:
            yield there


def _colours(picture: Picture) -> Fact:
    return Fact("colours", " ".join(colours(picture)), "decoder")


def _sketched(picture: Picture) -> dict[str, str]:
    return {sketches.DETAIL: sketches.sketch(picture)}
