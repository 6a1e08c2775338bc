"""What people made in a library as one file, for another machine or a new library.

The file is that of the daily backups (``db.engine.backups``), with the query pictures of saved searches.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from db.catalog import restoring
from db.catalog.restoring import Restored
from db.engine import backups
from db.engine.backups import Backup
from db.errors import LibraryError, QueryError
from db.files import is_file, write_atomically
from db.library import Library
from indexer.analysers import registry  # noqa: F401 - what corrections are about: the kinds of all analysers
from search.query.query import Query

_OWN_PICTURE = re.compile(r"[0-9a-f]{16}\.\w{1,8}")
_LARGEST_BYTES = 1 << 30


def backup(library: Library, path: Path) -> int:
    """Write what people made into a JSON file; returns how many entries there are.

    Raises:
        LibraryError: the file cannot be written, or is there and no backup.
        LibraryDamagedError: what people made cannot be read whole.
    """
    if is_file(path):
        read(path)
    pictures = {
        picture.name: base64.b64encode(picture.read_bytes()).decode()
        for picture in sorted(library.paths.query_pictures.glob("*"))
        if _OWN_PICTURE.fullmatch(picture.name)
    }
    with library.read() as session:
        data, entries = backups.dump(session.connection(), pictures=pictures)
    if not entries:
        raise LibraryError(
            "nothing has been made in this library yet", "Index a folder first: trove index FOLDER"
        )
    try:
        write_atomically(path, data)
    except OSError as exc:
        raise LibraryError(f"{path} cannot be written: {exc.strerror or exc}", "Name another file.") from exc
    return entries


def read(path: Path) -> Backup:
    """The backup in a file, checked.

    Raises:
        LibraryError: there is none.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise LibraryError(f"{path.name} is no backup of Trove: it is too large", "Name another file.")
        return backups.parse(path.read_bytes(), path)
    except OSError as exc:
        raise LibraryError(f"{path} cannot be read: {exc.strerror or exc}", "Name another file.") from exc


def restore(library: Library, path: Path) -> Restored:
    """Add to a library what a backup has and it has not; all of it, or nothing where the file is malformed.

    Raises:
        LibraryError: the file is no backup, or the library cannot be written.
        LibraryNewerError: a newer Trove wrote it.
    """
    given = read(path)
    folder = library.paths.query_pictures
    pictures = _pictures(given, path)
    saved = [{**row, "query": with_own(row["query"], folder, pictures)} for row in given.rows["saved_search"]]
    try:
        for name, data in pictures.items():
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / name, data)
    except OSError as exc:
        raise LibraryError(f"pictures cannot be kept in {folder}: {exc}", "Make room there.") from exc
    with library.write() as session:
        return restoring.restore(session, replace(given, rows={**given.rows, "saved_search": saved}))


def _pictures(given: Backup, path: Path) -> dict[str, bytes]:
    """The query pictures in a backup by the names that they have in a library: those of their content."""
    held = given.more.get("pictures", {})
    try:
        if not isinstance(held, dict):
            raise ValueError("pictures")
        found = {str(name): base64.b64decode(data, validate=True) for name, data in held.items()}
        if wrong := [
            name
            for name, data in found.items()
            if not _OWN_PICTURE.fullmatch(name) or not name.startswith(hashlib.sha256(data).hexdigest()[:16])
        ]:
            raise ValueError(wrong[0])
    except (ValueError, TypeError, binascii.Error) as exc:
        raise LibraryError(
            f"{path.name} is no backup of Trove: a picture in it is not what it is called",
            "Name a file that trove backup has made.",
        ) from exc
    return found


def with_own(query: str, folder: Path, pictures: Collection[str]) -> str:
    """The query with its pictures where this library keeps them."""
    try:
        parsed = Query(query).parsed
    except QueryError:
        return query
    return str(
        replace(
            parsed,
            alternatives=tuple(
                tuple(
                    replace(term, value=str(folder / name))
                    if term.kind == "picture" and (name := re.split(r"[/\\]", term.value)[-1]) in pictures
                    else term
                    for term in terms
                )
                for terms in parsed.alternatives
            ),
        )
    )
