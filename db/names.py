"""Names of files as people type them, and as the disk and the library have them."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from db.paths import expanded


def composed(name: str) -> str:
    """A name in one Unicode form: what is typed as one letter and what macOS writes as two are the same."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def spelled(path: Path | str) -> Path:
    """The path of a file or folder as its folders spell it; what is not there stays as it is typed.

    ``~`` is expanded. A name may be typed in another Unicode form, and where the file system takes upper and
    lower case for the same, in another case: one file has one path. Links are not followed.
    """
    path = expanded(path)
    whole = path.absolute()
    here = Path(whole.anchor)
    parts = whole.parts[1:]
    for number, name in enumerate(parts):
        found = name if name in (".", "..") else _name_in(here, name)
        if found is None:
            return here.joinpath(*parts[number:])
        here /= found
    return here


def _name_in(folder: Path, name: str) -> str | None:
    """The name that a folder has for what is typed as ``name``; None where it has nothing of the kind."""
    path = folder / name
    there = _lstat(path) is not None
    if there and not any(_is_same(folder / other, path) for other in _others(name)):
        return name
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError:
        return name if there else None
    if name in names:
        return name
    alike = [other for other in names if composed(other) == composed(name)]
    if there:
        cased = [other for other in names if composed(other).casefold() == composed(name).casefold()]
        alike += [other for other in cased if _is_same(folder / other, path)]
    return alike[0] if alike else name if there else None


def _others(name: str) -> Iterator[str]:
    """Other spellings of a name, by which a file system shows whether it tells them apart."""
    forms = (name.swapcase(), unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    return (form for form in dict.fromkeys(forms) if form != name)


def _is_same(one: Path, other: Path) -> bool:
    found, wanted = _lstat(one), _lstat(other)
    return found is not None and wanted is not None and os.path.samestat(found, wanted)


def _lstat(path: Path) -> os.stat_result | None:
    """The status of a path itself; None where there is nothing, or nothing that can be looked at."""
    try:
        return os.lstat(path)
    except (OSError, ValueError):
        return None
