"""Pictures, embedded whole: what a photograph shows is found by what it looks like."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from db.catalog import facts, revision
from db.catalog.facts import Fact
from db.catalog.units import NewUnit, StoredUnit
from db.engine.schema import MediaKind
from db.kinds import CLIP, PICTURE, Kind
from db.library import Library
from indexer.analysers.base import Analyser, Draft, Payload, PicturePayload
from indexer.analysers.medium import Medium
from indexer.media.colours import colours
from indexer.media.thumbnails import kept
from indexer.media.types import Picture

_AT_ONCE = 500
"""Pictures that are stored in one transaction."""


class Pictures(Analyser):
    """Makes one unit of a picture, names its colours, and says where a part of it is missing."""

    name = "pictures"
    label = "what pictures show"
    kinds = (Kind("image", "picture", {CLIP: PICTURE}, "shows"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 0

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """The picture itself, its colours, and what is to be known of what is shown."""
        yield Draft(NewUnit("image"), PicturePayload(medium.picture()))
        yield _colours(medium.picture())
        # What only decoding it tells must last when headers alone are read anew.
        if medium.header.note is not None:
            yield Fact("note", medium.header.note, "decoder")
        progress(1.0)

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:
        """The picture, whatever else is known of it: never a text that it may have."""
        for _ in units:
            yield None if medium is None else PicturePayload(medium.picture())

    def finish(self, library: Library) -> None:
        """Name the colours of pictures that were looked at before colours were, by their thumbnails.

        One without a thumbnail has to wait until it is looked at again.
        """
        with library.read() as session:
            left = list(facts.without_colours(session, self.name).items())
        for start in range(0, len(left), _AT_ONCE):
            claims = [
                facts.Claims([_colours(picture)], content_id, analysis_id=analysis_id)
                for (content_id, analysis_id), path in left[start : start + _AT_ONCE]
                if (picture := kept(path, cache=library.paths.thumbnails)) is not None
            ]
            if claims:
                with library.write() as session:
                    facts.claim_all(session, claims)
                    facts.refresh(session, [claim.content_id for claim in claims if claim.content_id])
                    revision.touch(session)


def _colours(picture: Picture) -> Fact:
    return Fact("colours", " ".join(colours(picture)), "decoder")
