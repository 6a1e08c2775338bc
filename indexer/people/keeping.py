"""What people say of people: names, who is one and who is not, whom to hide or forget, and who else is there.

It is kept by the content of the pictures and the places of the faces, and goes before what a machine finds
(``indexer.people.grouping``).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import corrections, face_groups, persons, stacks
from db.catalog.corrections import Span
from db.catalog.face_groups import Group, StoredPeople
from db.catalog.persons import Face
from db.catalog.units import Region
from db.engine.dialect import overwrite_deleted
from db.engine.schema import Content, Unit
from db.errors import SettingsError, not_indexed
from db.kinds import FACE, FACES, naming_people, of_modality
from db.library import Library
from db.printable import is_printable
from db.words.forms import fold
from indexer.people.leaving import forget_in_backups
from indexer.people.renewal import renew_in

LONGEST_NAME = 100
_LIST = "See them: trove people"


@dataclass(frozen=True)
class EarlierPeople:
    """The people of a library before something was said, to be put back.

    ``by_hand``: the names that users gave in pictures, by the hash of the content and the place. ``said``:
    all that users had said once it was, which is to be the same when it is undone.
    """

    stored: StoredPeople
    by_hand: Mapping[tuple[bytes, Span], str]
    said: object


def name(library: Library, group_id: int, called: str) -> EarlierPeople:
    """Give somebody a name, with all their faces; where somebody has it already, both are one.

    An empty name takes that back: the faces stay together.

    Raises:
        SettingsError: there is nobody of that number, or that is no name.
    """
    own = checked(called)

    def say(session: Session) -> None:
        person_id = _person(session, group_id)
        other = _called(session, own, besides=person_id) if own else None
        if other is not None:
            _say_all(session, other, group_id)
            persons.move(session, person_id, other)
            return
        _rename_by_hand(session, persons.every(session)[person_id], own)
        persons.rename(session, person_id, own or None)

    return _said(library, say)


def checked(called: str) -> str:
    """A name as it is kept.

    Raises:
        SettingsError: it is too long, or cannot be shown.
    """
    own = " ".join(called.split())
    if len(own) > LONGEST_NAME or not is_printable(own):
        raise SettingsError("that is no name", f"Give one of at most {LONGEST_NAME} letters.")
    return own


def name_face(library: Library, unit_id: int, called: str) -> EarlierPeople:
    """Say who one face is, whoever it was taken for; a group without a name has the name then.

    Raises:
        SettingsError: there is no such face, or that is no name.
    """
    own = checked(called)
    if not own:
        raise SettingsError("that is no name", "Give one of at least a letter.")

    with library.read() as session:
        group = face_groups.group_of(session, unit_id)
    if group is not None and group.name is None:
        return name(library, group.id, own)

    def say(session: Session) -> None:
        person_id = _called(session, own)
        known = next((one for one in face_groups.every(session) if fold(one.name or "") == fold(own)), None)
        if person_id is None and known is not None:  # whom files name
            person_id = _person(session, known.id)
        persons.say(session, person_id or persons.add(session, own), [_face(session, unit_id)])

    return _said(library, say)


def merge(library: Library, group_ids: Sequence[int]) -> EarlierPeople:
    """Say that several are one; who it is has the first name that one of them has.

    Raises:
        SettingsError: there is nobody of a number, or there are fewer than two.
    """
    ids = list(dict.fromkeys(group_ids))
    if len(ids) < 2:
        raise SettingsError("one person alone cannot be merged", "Name two or more.")

    def say(session: Session) -> None:
        named = [_group(session, group_id).name for group_id in ids]
        first, *others = sorted(ids, key=lambda group_id: named[ids.index(group_id)] is None)
        person_id = _person(session, first)
        for other in others:
            their_id = _person(session, other)
            _rename_by_hand(
                session, persons.every(session)[their_id], persons.every(session)[person_id] or ""
            )
            persons.move(session, their_id, person_id)

    return _said(library, say)


def split(library: Library, unit_ids: Iterable[int]) -> EarlierPeople:
    """Say that some faces are of somebody else than the others of their group, and of one person.

    Raises:
        SettingsError: there is no such face, or they are not some of one group.
    """
    ids = list(dict.fromkeys(unit_ids))

    def say(session: Session) -> None:
        theirs = [_face(session, unit_id) for unit_id in ids]
        groups = {face_groups.group_of(session, unit_id) for unit_id in ids}
        group = groups.pop() if len(groups) == 1 else None
        if group is None or len(ids) >= len(face_groups.in_group(session, group.id)):
            raise SettingsError("those are not some faces of one person", _LIST)
        person_id = _person(session, group.id)
        persons.say(session, person_id, theirs, is_theirs=False)
        persons.say(session, persons.add(session, None), theirs)

    return _said(library, say)


def not_them(library: Library, unit_ids: Iterable[int], group_id: int | None = None) -> EarlierPeople:
    """Say that faces are not of a person; without a group, of the one that each was taken for.

    They are never joined with that person again, nor is it suggested.

    Raises:
        SettingsError: there is no such face or person, or a face was taken for nobody.
    """
    ids = list(unit_ids)

    def say(session: Session) -> None:
        of: dict[int, list[Face]] = {}
        for unit_id in ids:
            one = _face(session, unit_id)
            if group_id is None:
                whose = _whose(session, unit_id, "that face was taken for nobody")
            else:
                whose = _person(session, group_id)
            of.setdefault(whose, []).append(one)
        for person_id, own in of.items():
            persons.say(session, person_id, own, is_theirs=False)

    return _said(library, say)


def show(library: Library, unit_id: int) -> EarlierPeople:
    """Let a face stand for the person that it is of.

    Raises:
        SettingsError: there is no such face, or nobody knows whose it is.
    """

    def say(session: Session) -> None:
        one = _face(session, unit_id)
        persons.show(session, _whose(session, unit_id, "nobody knows whose face that is"), one)

    return _said(library, say)


def hide(library: Library, group_id: int, *, hidden: bool = True) -> EarlierPeople:
    """Leave somebody out wherever people are listed, or not any more.

    Raises:
        SettingsError: there is nobody of that number.
    """
    return _said(library, lambda session: persons.hide(session, _person(session, group_id), hidden=hidden))


def forget(library: Library, group_id: int) -> int:
    """Delete somebody: the name, in backups, too, and all faces with their vectors; returns how many faces.

    They are not found again in these pictures. In new ones they are, as somebody whom nobody knows: to know
    them again their vectors would have to stay.

    Raises:
        SettingsError: there is nobody of that number.
        LibraryError: a backup cannot be rewritten.
    """
    with library.write() as session:
        overwrite_deleted(session)
        group = _group(session, group_id)
        faces = face_groups.in_group(session, group_id)
        for one in faces:
            span = Span(one.start_s, one.end_s, one.region)
            corrections.put(session, one.sha256, _kind(), "", span)
        if group.person_id is not None:
            persons.forget(session, group.person_id)
        if group.name:
            corrections.reword(session, _by_hand(), group.name, "")
        face_groups.drop(session, [group_id])
        renew_in(session)
    gone = {
        "person_face": lambda row: row["person_id"] == group.person_id,
        "person": lambda row: row["id"] == group.person_id,
        "correction": lambda row: row["subject"] == _by_hand() and row["value"] == group.name,
    }
    forget_in_backups(library, gone)
    return len(faces)


def add(library: Library, path: Path, called: str, region: Region | None = None) -> EarlierPeople:
    """Say that somebody is in a picture in which no face was found; without a region, somewhere in it.

    Raises:
        SettingsError: the file is not in the library, or that is no name.
    """
    own = checked(called)
    if not own:
        raise SettingsError("that is no name", "Give one of at least a letter.")

    def say(session: Session) -> None:
        content_id = stacks.content_at(session, path)
        if content_id is None:
            raise not_indexed(path)
        known = session.get_one(Content, content_id).sha256
        # Those who are somewhere in it are told apart by a number.
        span = Span(region=region) if region else Span(track=_next(session, known, own))
        corrections.put(session, known, _by_hand(), own, span)

    return _said(library, say)


def take_out(library: Library, unit_id: int) -> EarlierPeople:
    """Take back that somebody is in a picture, who was added there by hand.

    Raises:
        SettingsError: nobody was.
    """

    def say(session: Session) -> None:
        unit = session.get(Unit, unit_id)
        if unit is None or unit.kind != _by_hand() or unit.correction_id is None:
            raise SettingsError("nobody was added there", "What files say is changed in the files.")
        known = session.get_one(Content, unit.content_id).sha256
        corrections.drop(session, known, _by_hand(), Span.of(unit))

    return _said(library, say)


def put_back(library: Library, earlier: EarlierPeople) -> None:
    """Undo one of these by what it returned.

    Raises:
        SettingsError: something else was said since, here or on another machine, which would be lost.
    """
    with library.write() as session:
        if _all_said(session) != earlier.said:
            raise SettingsError("something else was said of people since", f"Say it anew. {_LIST}")
        face_groups.put_back(session, earlier.stored)
        now = corrections.every(session, _by_hand())
        for sha256, span in now.keys() - earlier.by_hand.keys():
            corrections.drop(session, sha256, _by_hand(), span)
        for (sha256, span), called in earlier.by_hand.items():
            if now.get((sha256, span)) != called:
                corrections.put(session, sha256, _by_hand(), called, span)
        renew_in(session)


def _said(library: Library, say: Callable[[Session], None]) -> EarlierPeople:
    with library.write() as session:
        stored, by_hand = face_groups.stored(session), corrections.every(session, _by_hand())
        say(session)
        renew_in(session)
        return EarlierPeople(stored, by_hand, _all_said(session))


def _all_said(session: Session) -> object:
    """What users have said of people, and whom they have added or forgotten, to be compared."""
    said = persons.every(session), persons.hidden(session), sorted(persons.said(session), key=repr)
    return *said, *(corrections.every(session, kind) for kind in (_by_hand(), _kind()))


def _group(session: Session, group_id: int) -> Group:
    if (group := face_groups.group(session, group_id)) is None:
        raise SettingsError(f"there is nobody of the number {group_id}", _LIST)
    return group


def _face(session: Session, unit_id: int) -> Face:
    if (face := face_groups.face(session, unit_id)) is None:
        raise SettingsError("there is no such face", _LIST)
    return face


def _whose(session: Session, unit_id: int, nobodys: str) -> int:
    """The person that a face is of; ``nobodys`` says that it is of none."""
    if (group := face_groups.group_of(session, unit_id)) is None:
        raise SettingsError(nobodys, _LIST)
    return _person(session, group.id)


def _person(session: Session, group_id: int) -> int:
    """The person of a group; a new one, of all its faces, where users said nothing of it yet."""
    group = _group(session, group_id)
    if group.person_id is not None:
        return group.person_id
    person_id = persons.add(session, group.name)
    _say_all(session, person_id, group_id)
    return person_id


def _say_all(session: Session, person_id: int, group_id: int) -> None:
    persons.say(session, person_id, face_groups.in_group(session, group_id))


def _called(session: Session, called: str, besides: int = 0) -> int | None:
    """The person of a name, whatever its case and accents."""
    known = persons.every(session).items()
    return next((one for one, other in known if one != besides and fold(other or "") == fold(called)), None)


def _rename_by_hand(session: Session, before: str | None, now: str) -> None:
    """Let those whom users added by hand be called as the person is."""
    if before and now:
        corrections.reword(session, _by_hand(), before, now)


def _next(session: Session, sha256: bytes, called: str) -> int:
    """The number of somebody who is somewhere in a picture: the same one again, or the next."""
    spans = [span for span in corrections.spans(session, sha256, _by_hand()) if span.region is None]
    for span in spans:
        if corrections.said(session, sha256, _by_hand(), span) == called:
            return span.track or 0
    return 1 + max((span.track or 0 for span in spans), default=0)


def _by_hand() -> str:
    """The kind of those who are named in a picture, whether a face was found or not."""
    return naming_people()[0]


def _kind() -> str:
    (kind,) = of_modality(FACE, FACES)
    return kind
