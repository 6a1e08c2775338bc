"""Folders that programs fill, not people: thumbnails, bins, snapshots, caches; and hidden ones."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath


@dataclass(frozen=True)
class Filled:
    """Folders that a program fills.

    Attributes:
        name: of the folder, with ``*`` for anything; ``A/B`` is a folder B directly in a folder A. Case does
            not matter.
        reason: what is in it.
        but: names of folders that are meant by ``name`` and yet hold what people keep.
    """

    name: str
    reason: str
    but: tuple[str, ...] = ()


_LIBRARY = ("originals", "masters")

FILLED = (
    # Storage in the network
    Filled("@eaDir", "thumbnails of a Synology"),
    Filled("#recycle", "the bin of a Synology"),
    Filled("#snapshot", "snapshots of a Synology"),
    Filled("@Recycle", "the bin of a QNAP"),
    Filled("@Recently-Snapshot", "snapshots of a QNAP"),
    Filled(".@__thumb", "thumbnails of a QNAP"),
    Filled(".snapshot", "snapshots"),
    Filled(".snapshots", "snapshots"),
    Filled("~snapshot", "snapshots"),
    Filled(".zfs", "snapshots"),
    Filled("files_trashbin", "the bin of Nextcloud"),
    Filled("files_versions", "older versions that Nextcloud keeps"),
    Filled("appdata_oc*", "previews of Nextcloud"),
    Filled(".stversions", "older versions that Syncthing keeps"),
    Filled(".dropbox.cache", "the cache of Dropbox"),
    # Operating systems
    Filled("$RECYCLE.BIN", "the bin of Windows"),
    Filled("RECYCLER", "the bin of Windows"),
    Filled("System Volume Information", "Windows' own"),
    Filled("__MACOSX", "what macOS adds to archives"),
    Filled(".Trash", "a bin"),
    Filled(".Trashes", "the bin of macOS"),
    Filled(".Trash-*", "the bin of Linux"),
    Filled("lost+found", "what a check of a Linux disk has found"),
    Filled(".thumbnails", "thumbnails"),
    Filled(".cache", "caches"),
    # Photo and film programs
    Filled("*.photoslibrary/*", "what Apple Photos makes of its originals", but=_LIBRARY),
    Filled("*.migratedphotolibrary/*", "what iPhoto makes of its originals", but=_LIBRARY),
    Filled("*.photolibrary/*", "what iPhoto makes of its originals", but=_LIBRARY),
    Filled("*.aplibrary/*", "what Aperture makes of its originals", but=_LIBRARY),
    Filled("*.lrdata", "previews of Lightroom"),
    Filled("*.cocatalog/Cache", "the cache of Capture One"),
    Filled("CaptureOne/Cache", "the cache of Capture One"),
    Filled("iPod Photo Cache", "pictures that iTunes makes for iPods"),
    Filled(".dtrash", "the bin of digiKam"),
    Filled(".photoprism", "what PhotoPrism makes of the pictures"),
    Filled("Media Cache Files", "the cache of Adobe's film programs"),
    Filled("Adobe Premiere Pro Video Previews", "previews of Premiere"),
    Filled("*.fcpbundle/*/Render Files", "what Final Cut renders"),
    Filled("CacheClip", "the cache of DaVinci Resolve"),
    Filled("THMBNL", "thumbnails on a camera's card"),
    # Media servers
    Filled("*.trickplay", "previews of Jellyfin"),
    Filled("jellyfin/metadata", "posters of Jellyfin"),
    Filled("Plex Media Server/Cache", "the cache of Plex"),
    Filled("Plex Media Server/Media", "previews of Plex"),
    Filled("Plex Media Server/Metadata", "posters of Plex"),
    Filled("userdata/Thumbnails", "thumbnails of Kodi"),
)
"""The folders that programs fill, of which nothing is read."""


@dataclass(frozen=True)
class Marked:
    """Folders that are left out for a file in them. ``names``: only folders of these names; empty for all."""

    marker: str
    reason: str
    names: tuple[str, ...] = ()


MARKED = (
    Marked(".nomedia", "it says that nothing in its folder is to be shown"),
    Marked(".ppstorage", "what PhotoPrism makes of the pictures"),
    Marked(".immich", "what Immich makes of the pictures", ("thumbs", "encoded-video", "profile")),
)
"""Files that say what the folder around them is."""

PEOPLES_OWN = frozenset({".picasa.ini", ".picasaoriginals"})
"""Hidden files and folders that are read: Picasa keeps there whose faces it knows, and what it edited."""


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, as all are whose names begin with a dot."""
    return name.startswith(".") and name not in PEOPLES_OWN


@lru_cache(maxsize=10_000)
def filled(folder: str) -> Filled | None:
    """The row of ``FILLED`` that a folder belongs to, by its last names; folders inside it do not count."""
    names = folder.casefold().split("/")
    for row, pattern in _patterns():
        depth = row.name.count("/") + 1
        last = names[-depth:]
        if len(last) == depth and pattern.fullmatch("/".join(last)) and last[-1] not in row.but:
            return row
    return None


def marked(folder_name: str, marker: str) -> Marked | None:
    """The row of ``MARKED`` by which a file of the name ``marker`` leaves out the folder around it."""
    for row in MARKED:
        if row.marker == marker and (not row.names or folder_name.casefold() in row.names):
            return row
    return None


def filled_by_program(path: PurePath) -> bool:
    """Whether a file is in a folder that programs fill, or in one inside it: a copy that nobody made."""
    return _is_filled(path.parent.as_posix())


@lru_cache(maxsize=10_000)
def _is_filled(folder: str) -> bool:
    parts = folder.split("/")
    return any(filled("/".join(parts[max(0, end - _DEEPEST) : end])) for end in range(1, len(parts) + 1))


_DEEPEST = max(row.name.count("/") + 1 for row in FILLED)


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[Filled, re.Pattern[str]], ...]:
    return tuple(_compiled())


def _compiled() -> Iterator[tuple[Filled, re.Pattern[str]]]:
    for row in FILLED:
        # "*" stays in its part of the path.
        parts = map(re.escape, row.name.casefold().split("*"))
        yield row, re.compile("[^/]*".join(parts))
