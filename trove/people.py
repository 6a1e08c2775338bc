"""``People``: who is in the pictures and films of a library, for the Python API and both faces of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.catalog import assets, face_groups, people, persons, spaces, stacks
from db.catalog.units import Region
from db.errors import SettingsError, not_indexed
from db.kinds import FACE
from db.library import Library
from db.near import did_you_mean
from db.paths import expanded
from db.words.forms import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from db.catalog.people import FaceSeen, NamedHere, Person
    from indexer.media.pool import DecodePool
    from indexer.people.keeping import EarlierPeople
    from indexer.people.suggestions import Suggestion
    from search.explore.people import Recognised

ANALYSER = "faces"
MODEL = "dlib-resnet"
KEPT = (
    "Trove then keeps in the library, and nowhere else, where each face is and 128 numbers that tell it from "
    "others; switched off, all of that is deleted."
)
"""What is to be known before it is switched on."""


class People:
    """Faces that are found while indexing, put in groups of one person each, and what people say of them.

    Nothing is looked for until ``on`` was called. What people say is kept by the content of the pictures and
    the places of the faces. Each change returns what was said before, for ``undo``.
    """

    def __init__(self, library: Library, decoders: Callable[[], DecodePool]) -> None:
        self._library = library
        self._decoders = decoders

    @property
    def is_on(self) -> bool:
        """Whether faces are looked for."""
        with self._library.read() as session:
            return spaces.active(session, FACE) is not None

    def on(self) -> None:
        """Look for faces, from the next ``index`` on. See ``KEPT`` for what is kept.

        Raises:
            ModelError: the weights are not installed.
            SettingsError: the library is empty.
            LibraryBusyError: another process is indexing into this library.
        """
        from indexer.analysers import registry
        from indexer.encoders.faces.encoder import FaceEncoder
        from indexer.switch_model import use_model

        (analyser,) = registry.made(self._library.settings, [ANALYSER])
        analyser.require()
        FaceEncoder(MODEL, self._library.settings).require()
        use_model(self._library, MODEL, role=FACE, partial=True)

    def off(self, *, keep_names: bool = False) -> int:
        """Delete all faces with their vectors, and look for none; returns how many there were.

        What people said of them is deleted, too, also in backups, unless the names are to be kept.

        Raises:
            LibraryBusyError: another process is indexing, or uses the library, so that some of it stays.
        """
        from indexer.people.leaving import delete_all

        return delete_all(self._library, ANALYSER, keep_names=keep_names)

    def every(self) -> list[Person]:
        """All people of whom anything can be found: those with a name first, by how often they are seen."""
        with self._library.read() as session:
            return people.every(session)

    def suggestions(self) -> list[Suggestion]:
        """Who, without a name, may be a person with one, those of most faces first.

        ``name_face`` with one of the faces and the person's name confirms it; ``not_them`` with all of them
        and the person's id denies it for good.
        """
        from indexer.people.suggestions import suggestions

        with self._library.read() as session:
            return suggestions(session)

    def named(self, name: str) -> Person:
        """The person of a name, a part of a name that nobody else has, or a number.

        Raises:
            SettingsError: there is none, or there are several.
        """
        known = self.every()
        wanted = fold(" ".join(name.split()))
        same = [one for one in known if fold(one.name or "") == wanted or str(one.id) == wanted]
        found = same or [one for one in known if wanted and wanted in fold(one.name or "")]
        if len(found) == 1:
            return found[0]
        if found:
            listed = "; ".join(f"{one.id}: {one.name}" for one in found[:5])
            raise SettingsError(f"{len(found)} people are called {name}", f"Give a number: {listed}.")
        hint = did_you_mean(name, [one.name for one in known if one.name]) or "See them: trove people"
        raise SettingsError(f"nobody is called {name}", hint)

    def of(self, file: Path | str) -> list[FaceSeen]:
        """The faces in a file, from the left, in a film by time.

        Raises:
            SettingsError: the file is not in the library.
        """
        with self._library.read() as session:
            return people.of_content(session, _content_at(session, file))

    def also_in(self, file: Path | str) -> list[NamedHere]:
        """Who is named in a file, by it or by hand, beside those whose faces are found; errors as ``of``."""
        with self._library.read() as session:
            return people.also_in(session, _content_at(session, file))

    def faces(self, group_id: int) -> list[int]:
        """The units of the faces of somebody, the largest first."""
        with self._library.read() as session:
            return [face.unit_id for face in face_groups.in_group(session, group_id)]

    def who(self, file: Path | str) -> list[Recognised]:
        """The faces in any picture, each with the person that it is nearest to.

        Raises:
            SettingsError: no faces are kept in this library.
            MediaError: the picture cannot be decoded.
        """
        from search.explore.people import who

        return who(self._library, self._decoders(), expanded(file))

    def name(self, group_id: int, name: str) -> EarlierPeople:
        """Give somebody a name; where somebody has it already, both are one. An empty one takes it back.

        Raises:
            SettingsError: there is nobody of that number, or that is no name.
        """
        from indexer.people import keeping

        return keeping.name(self._library, group_id, name)

    def name_face(self, unit_id: int, name: str) -> EarlierPeople:
        """Say who one face is; errors as ``name``."""
        from indexer.people import keeping

        return keeping.name_face(self._library, unit_id, name)

    def merge(self, group_ids: Sequence[int]) -> EarlierPeople:
        """Say that several are one; errors as ``name``, and where there are fewer than two."""
        from indexer.people import keeping

        return keeping.merge(self._library, group_ids)

    def split(self, unit_ids: Iterable[int]) -> EarlierPeople:
        """Say that some faces of somebody are of one other person.

        Raises:
            SettingsError: they are not some faces of one person.
        """
        from indexer.people import keeping

        return keeping.split(self._library, unit_ids)

    def not_them(self, unit_ids: Iterable[int], group_id: int | None = None) -> EarlierPeople:
        """Say that faces are not of a person, whom nobody then suggests again; errors as ``split``.

        Args:
            group_id: of the person; None for the one that each face was taken for.
        """
        from indexer.people import keeping

        return keeping.not_them(self._library, unit_ids, group_id)

    def show(self, unit_id: int) -> EarlierPeople:
        """Let a face stand for the person that it is of; errors as ``split``."""
        from indexer.people import keeping

        return keeping.show(self._library, unit_id)

    def hide(self, group_id: int, *, hidden: bool = True) -> EarlierPeople:
        """Leave somebody out wherever people are listed, or not any more; errors as ``name``."""
        from indexer.people import keeping

        return keeping.hide(self._library, group_id, hidden=hidden)

    def forget(self, group_id: int) -> int:
        """Delete somebody with all faces and vectors, which are not found again; returns how many faces.

        Raises:
            SettingsError: there is nobody of that number.
        """
        from indexer.people import keeping

        return keeping.forget(self._library, group_id)

    def add(self, file: Path | str, name: str, region: Sequence[float] | None = None) -> EarlierPeople:
        """Say that somebody is in a picture in which no face was found.

        Args:
            region: where: x and y of the top left corner, width and height, each 0 to 1; None for somewhere.

        Raises:
            SettingsError: the file is not in the library, or that is no name.
        """
        from indexer.people import keeping

        with self._library.read() as session:
            path = assets.meant(session, file)
        return keeping.add(self._library, path, name, None if region is None else Region(*region))

    def take_out(self, unit_id: int) -> EarlierPeople:
        """Take back that somebody is in a picture who was added by hand, by the unit of the name.

        Raises:
            SettingsError: nobody was.
        """
        from indexer.people import keeping

        return keeping.take_out(self._library, unit_id)

    def undo(self, earlier: EarlierPeople) -> None:
        """Put back what was said before one of these was called, by what it returned.

        Raises:
            SettingsError: something else was said since, which would be lost.
        """
        from indexer.people import keeping

        keeping.put_back(self._library, earlier)

    def kept_names(self) -> int:
        """How many people there are of whom something was said."""
        with self._library.read() as session:
            return len(persons.every(session))


def _content_at(session: Session, file: Path | str) -> int:
    path = assets.meant(session, file)
    content_id = stacks.content_at(session, path)
    if content_id is None:
        raise not_indexed(path)
    return content_id
