"""Facts from the headers of files: when and where something was taken, with what, how large and how long."""

from collections.abc import Callable, Iterator
from typing import ClassVar, TypeVar

from db.catalog.facts import Fact, Key, Source, Value
from db.engine.schema import MediaKind
from indexer.analysers.base import Analyser
from indexer.analysers.medium import Medium
from indexer.media.types import Metadata

_Number = TypeVar("_Number", int, float)


class Headers(Analyser):
    """States what the header of a picture, film or recording says; makes no units."""

    name = "headers"
    label = "dates, places and cameras"
    fingerprint = "5"  # with animated pictures as films
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video", "audio"})
    phase = 0

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Fact]:
        """The facts of the header."""
        yield from facts_of(medium.header)
        progress(1.0)


def facts_of(header: Metadata) -> Iterator[Fact]:
    """What a header claims, each fact with the field that says so."""
    claims: tuple[tuple[Key, Value | None, Source], ...] = (
        ("taken_at", header.taken_at, header.taken_from),
        ("place", _pair(header.latitude, header.longitude), header.described_by),
        ("camera", header.camera, header.described_by),
        ("lens", header.lens, header.described_by),
        ("screenshot", header.screenshot or None, "exif"),
        ("live", header.live, header.described_by),
        ("burst", header.burst, header.described_by),
        ("film", header.film, "decoder"),
        ("size", _pair(header.width, header.height), "decoder"),
        ("duration", header.duration_s, "decoder"),
        ("note", header.note, "decoder"),
    )
    for key, value, source in claims:
        if value is not None:
            yield Fact(key, value, source)


def _pair(one: _Number | None, other: _Number | None) -> tuple[_Number, _Number] | None:
    return None if one is None or other is None else (one, other)
