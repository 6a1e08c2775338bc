"""Folders that are under another path on this machine than in a library that several machines share.

A file of these is one small JSON object, from the library's paths to this machine's; the library's own are
what everybody else sees.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from db.errors import LibraryError
from db.files import write_atomically


@dataclass(frozen=True)
class Mounts:
    """The folders by their names in the library, each with its name here."""

    here: Mapping[str, str] = field(default_factory=dict)

    def inward(self, name: str) -> str:
        """A name of this machine as the library has it."""
        for library, here in self.here.items():
            if name == here or name.startswith(here + os.sep):
                return library + name[len(here) :]
        return name

    def outward(self, name: str) -> str:
        """A name of the library as it is on this machine."""
        for library, here in self.here.items():
            if name == library or name.startswith(library + os.sep):
                return here + name[len(library) :]
        return name

    def changed(self, library: str, here: str | None) -> "Mounts":
        """The same with one folder under another path here, or under its own with None."""
        others = {name: place for name, place in self.here.items() if name != library}
        return Mounts(others if here is None else {**others, library: here})


UNMOVED = Mounts()


def load(file: Path) -> Mounts:
    """What a file of them says; without one nothing is elsewhere.

    Raises:
        LibraryError: it says nothing that can be read.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return Mounts({str(library): str(here) for library, here in told.items()})
    except FileNotFoundError:
        return UNMOVED
    except (OSError, ValueError, AttributeError) as exc:
        raise LibraryError(f"{file} cannot be read: {exc}", "Delete it, then: trove mounts") from exc


def save(file: Path, mounts: Mounts) -> None:
    """Keep them in a file, for whoever opens the library on this machine from then on."""
    write_atomically(file, json.dumps(dict(mounts.here), indent=1).encode())
