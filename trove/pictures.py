"""Small pictures and clips of files, of a copy where the file itself cannot be reached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db.catalog import assets, copies
from db.errors import UnreadableError
from db.files import is_file
from db.library import Library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.media.clips import Clip, Cut
    from indexer.media.pool import DecodePool


def thumbnail(
    library: Library, decoders: DecodePool, path: Path, at_s: float | None, *, side: int, cache: Path | None
) -> Path:
    """See ``trove.Library.thumbnail``."""
    from indexer.media import thumbnails

    folder = cache or library.paths.thumbnails
    try:
        return thumbnails.thumbnail(
            _readable(library, path),
            at_s,
            cache=folder,
            side=side,
            max_megapixels=library.settings.max_megapixels,
            decoders=decoders,
        )
    except UnreadableError:
        with library.read() as session:
            known = assets.stat_at(session, assets.meant(session, path))
        if known is None or (kept := thumbnails.kept_before(known, at_s, cache=folder, side=side)) is None:
            raise
        return kept


def part(library: Library, decoders: DecodePool, path: Path, region: Sequence[float]) -> Path:
    """See ``trove.Library.part``."""
    from indexer.media import thumbnails

    return thumbnails.part(
        _readable(library, path),
        thumbnails.region_of(region),
        cache=library.paths.thumbnails,
        max_megapixels=library.settings.max_megapixels,
        decoders=decoders,
    )


def clip(library: Library, decoders: DecodePool, path: Path, at_s: float) -> Clip:
    """See ``trove.Library.clip``."""
    from indexer.media import clips

    return clips.clip(_readable(library, path), at_s, cache=library.paths.clips, decoders=decoders)


def cut(library: Library, decoders: DecodePool, path: Path, start_s: float, end_s: float) -> Cut:
    """See ``trove.Library.cut``."""
    from indexer.media import clips

    return clips.cut(_readable(library, path), start_s, end_s, cache=library.paths.clips, decoders=decoders)


def _readable(library: Library, path: Path) -> Path:
    """The file, or a copy of it that is there; the database is asked only where it is not."""
    if is_file(path):
        return path
    with library.read() as session:
        return copies.readable(session, assets.meant(session, path))
