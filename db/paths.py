"""The file layout of a library, and path helpers that do not touch the disk."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The files and folders of one library.

    ``folder`` holds the library itself, ``cache`` files that can be made again and may be shared between
    libraries.
    """

    folder: Path
    cache: Path

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.folder / "trove.db"

    @property
    def backups(self) -> Path:
        """Folder of copies of what users made, see ``db.engine.backups``."""
        return self.database.with_name("backups")

    @property
    def vectors(self) -> Path:
        """Folder of the vector indexes."""
        return self.folder / "vectors"

    @property
    def drawings(self) -> Path:
        """Folder of drawn pictures."""
        return self.folder / "drawings"

    @property
    def query_pictures(self) -> Path:
        """Folder of copies of the query pictures of saved searches."""
        return self.folder / "saved"

    @property
    def results(self) -> Path:
        """Ranks of what was found for the owner's own questions, to compare the next ones with."""
        return self.folder / "results.csv"

    @property
    def measured(self) -> Path:
        """Figures of models that were measured last, without any words."""
        return self.folder / "measured.json"

    @property
    def measure_output(self) -> Path:
        """What a measurement in the background prints."""
        return self.folder / "last-measurement.log"

    @property
    def mounts(self) -> Path:
        """Which folders of a shared library are elsewhere on this machine."""
        return self.folder / "mounts.json"

    @property
    def watch_lock(self) -> Path:
        """Lock file, held by the one process that watches the folders."""
        return self.folder / "watch.lock"

    @property
    def watch_switch(self) -> Path:
        """There while the folders are to be watched."""
        return self.folder / "watch.on"

    @property
    def watch_process(self) -> Path:
        """Which process watches."""
        return self.folder / "watch.json"

    @property
    def watch_output(self) -> Path:
        """What that process prints."""
        return self.folder / "watch.log"

    @property
    def pause_switch(self) -> Path:
        """There while indexing is paused."""
        return self.folder / "indexing.paused"

    @property
    def index_output(self) -> Path:
        """What an indexing in the background prints."""
        return self.folder / "last-index.log"

    @property
    def model_output(self) -> Path:
        """What a change of the model in the background prints."""
        return self.folder / "model-change.log"

    @property
    def log(self) -> Path:
        """Log file with the warnings of all processes."""
        return self.folder / "trove.log"

    @property
    def password(self) -> Path:
        """Hash of the app's password."""
        return self.folder / "password"

    @property
    def thumbnails(self) -> Path:
        """Folder of small pictures."""
        return self.cache / "thumbnails"

    @property
    def clips(self) -> Path:
        """Folder of clips of films and recordings in formats that browsers play."""
        return self.cache / "clips"

    @property
    def query_vectors(self) -> Path:
        """Folder of cached vectors of query texts."""
        return self.cache / "queries"

    @property
    def concepts(self) -> Path:
        """Folder of cached vectors of concept names."""
        return self.cache / "concepts"

    @property
    def models(self) -> Path:
        """Folder of exported models."""
        return self.cache / "models"

    @property
    def dictionaries(self) -> Path:
        """Folder of what was made of the system's dictionaries."""
        return self.cache / "dictionaries"


def expanded(path: Path | str) -> Path:
    """The path with ``~`` and ``~user`` expanded; unchanged where there is no such user.

    ``Path.expanduser`` raises a bare ``RuntimeError`` there, and a folder may well be called ``~1``.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111


def is_under(path: Path, folders: Sequence[Path]) -> bool:
    """Whether a path is one of the folders or inside one."""
    # As text: a hundred thousand files are compared at every run, and ``Path.parents`` makes objects.
    name = str(path)
    return any(path == folder or name.startswith(os.path.join(folder, "")) for folder in folders)  # noqa: PTH118


def deepest(path: Path, folders: Iterable[Path]) -> Path | None:
    """The innermost of the folders that a path is, or is in."""
    holding = [folder for folder in folders if is_under(path, [folder])]
    return max(holding, key=lambda folder: len(folder.parts), default=None)


class PathSet:
    """Folders, however many, that are asked of many paths which of them holds each: by the path's parents."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._by_name = {str(folder): folder for folder in folders}

    def deepest(self, path: Path) -> Path | None:
        """The innermost of the folders that a path is, or is in."""
        name = str(path)
        while name not in self._by_name:
            parent = os.path.dirname(name)  # noqa: PTH120 - asked for many files
            if parent == name:
                return None
            name = parent
        return self._by_name[name]

    def holds(self, path: Path) -> bool:
        """Whether a path is one of the folders or inside one."""
        return self.deepest(path) is not None


def outermost(paths: Iterable[Path]) -> list[Path]:
    """The paths without duplicates and without those inside another one, in their order."""
    unique = dict.fromkeys(paths)
    all_of_them = PathSet(unique)
    return [path for path in unique if path.parent == path or not all_of_them.holds(path.parent)]
