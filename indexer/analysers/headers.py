"""Facts from the headers of files: when and where something was taken, with what, how large and how long."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from db.catalog.facts import Fact
from db.engine.schema import MediaKind
from indexer.analysers.base import Analyser
from indexer.analysers.medium import Medium
from indexer.media.types import Metadata


class Headers(Analyser):
    """States what the header of a picture, film or recording says; makes no units."""

    name = "headers"
    label = "dates, places and cameras"
    fingerprint = "2"  # with lenses, and screenshots that say so
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video", "audio"})
    phase = 0

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Fact]:
        """The facts of the header."""
        yield from facts_of(medium.header)
        progress(1.0)


def facts_of(header: Metadata) -> Iterator[Fact]:
    """What a header claims, each fact with the field that says so."""
    if header.taken_at is not None:
        yield Fact("taken_at", header.taken_at, header.taken_from)
    if header.latitude is not None and header.longitude is not None:
        yield Fact("place", (header.latitude, header.longitude), header.described_by)
    if header.camera is not None:
        yield Fact("camera", header.camera, header.described_by)
    if header.lens is not None:
        yield Fact("lens", header.lens, header.described_by)
    if header.screenshot:
        yield Fact("screenshot", True, "exif")
    if header.width is not None and header.height is not None:
        yield Fact("size", (header.width, header.height), "decoder")
    if header.duration_s is not None:
        yield Fact("duration", header.duration_s, "decoder")
