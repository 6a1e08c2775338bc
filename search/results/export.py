"""Export of hits: as CSV, as a ZIP file, or as copies in a folder. Originals are only read.

What people wrote beside a file goes with its copy, in a sidecar that is marked as Trove's.
"""

import csv
import io
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from db.catalog import facts
from db.errors import SettingsError, UnreadableError
from db.library import Library
from search.answer import Hit

_NOTHING: Mapping[Path, bytes] = MappingProxyType({})

COLUMNS = ("rank", "score", "kind", "path", "start_s", "end_s", "text", "taken_at")


def as_csv(hits: Iterable[Hit]) -> str:
    """The hits as CSV (RFC 4180) with a header.

    Cells that a spreadsheet would run as a formula get an apostrophe before them (OWASP, "CSV injection").
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for hit in hits:
        writer.writerow(_cell(getattr(hit, name)) for name in COLUMNS)
    return text.getvalue()


def _cell(value: object) -> object:
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value).encode(errors="replace").decode()
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


_BESIDE = ("user", "sidecar", "takeout")
"""The sources of words that are not in the bytes of a file, so that its copy would lack them."""

_WORDS = ("title", "description", "tags", "rating", "label", "pick", "favourite")
_ONLY_BESIDE = ("taken_at", "place", "city", "state", "country")
"""What a copy has in its bytes unless it was said beside them: there it would go before these."""


def words_beside(library: Library, paths: Iterable[Path]) -> dict[Path, bytes]:
    """The sidecars of files, by their paths: of those about which somebody wrote beside them, or the user."""
    from indexer.media.words.packet import packet

    found = {}
    with library.read() as session:
        for path in dict.fromkeys(paths):
            known = facts.of_file(session, path)
            words = {key: fact for key, fact in known.items() if key in _WORDS}
            words |= {
                key: known[key] for key in _ONLY_BESIDE if key in known and known[key].source in _BESIDE
            }
            if any(fact.source in _BESIDE for fact in words.values()):
                found[path] = packet({key: fact.value for key, fact in words.items()})
    return found


def write_zip(paths: Sequence[Path], target: Path, beside: Mapping[Path, bytes] = _NOTHING) -> None:
    """Write files to a ZIP, each once under a unique name, stored: compression does not make media smaller.

    ``beside``: the sidecars of some, see ``words_beside``.

    Raises:
        UnreadableError: a file cannot be read, or the ZIP not be written.
    """
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
            for path, name in _named(paths):
                name = name.encode(errors="replace").decode()
                archive.write(path, name)
                if path in beside:
                    archive.writestr(f"{name}.xmp", beside[path])
    except OSError as exc:
        raise UnreadableError(
            f"the files cannot be put together: {exc.strerror or exc}",
            "Check that their drives are connected and that there is room on the disk.",
        ) from exc


def copy_to(paths: Sequence[Path], folder: Path, beside: Mapping[Path, bytes] = _NOTHING) -> list[Path]:
    """Copy files into a folder, created if need be; existing files are never overwritten. Returns the copies.

    ``beside``: the sidecars of some, see ``words_beside``.

    Raises:
        SettingsError: the folder's path is not absolute.
        UnreadableError: a file cannot be read or copied; those before it have been.
    """
    if not folder.is_absolute():
        raise SettingsError(f"{folder} is no whole path", "Give the path as your file manager shows it.")
    copies = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        existing = {entry.name.casefold() for entry in os.scandir(folder)}
        for path, name in _named(paths, existing):
            copies.append(Path(shutil.copy2(path, folder / name)))
            if path in beside:
                (folder / f"{name}.xmp").write_bytes(beside[path])
    except OSError as exc:
        raise UnreadableError(
            f"after {len(copies)} of {len(paths)} files the copying stopped: {exc.strerror or exc}",
            "Check the folder's permissions and free space, and that the drives are connected.",
        ) from exc
    return copies


def _named(paths: Sequence[Path], taken: Iterable[str] = ()) -> Iterator[tuple[Path, str]]:
    """Each file once, with a name that is unique whether or not the file system distinguishes capitals."""
    used = set(taken)
    for path in dict.fromkeys(paths):
        name, number = path.name, 1
        while {name.casefold(), f"{name}.xmp".casefold()} & used:
            number += 1
            name = f"{path.stem} ({number}){path.suffix}"
        used.add(name.casefold())
        yield path, name
