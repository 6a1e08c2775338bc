"""Keeping the groups of faces up to date, once faces, names in files or what users say have changed."""

from sqlalchemy.orm import Session

from db.catalog import face_groups, persons, revision, stacks
from db.library import Library
from indexer.people.grouping import Known, grouped


def renew(library: Library) -> None:
    """Put faces in groups, if anything has changed since; nothing is written of groups that stay."""
    with library.read() as session:
        if not face_groups.are_stale(session):
            return
    with library.write() as session:
        renew_in(session)


def known_of(session: Session, *, shown: bool = False) -> Known:
    """All that tells whose faces are whose; with ``shown`` of the faces that can be found now."""
    faces, vectors = face_groups.faces(session, shown=shown)
    return Known(
        faces,
        vectors,
        persons.every(session),
        persons.said(session),
        face_groups.named(session),
        face_groups.every(session),
        face_groups.members(session),
    )


def renew_in(session: Session) -> None:
    """As ``renew``, in a transaction that changes something."""
    known = known_of(session)
    of_group: dict[int, list[tuple[int | None, object]]] = {}
    for member in known.members:
        of_group.setdefault(member.group_id, []).append((member.unit_id, member.region))
    was = {group.id: (group, of_group.get(group.id, [])) for group in known.groups}
    now = grouped(known)
    changed = [
        (group, own)
        for group, own in now
        if was.get(group.id) != (group, [(face.unit_id, face.region) for face in own])
    ]
    # A group that lost its faces for a while, as its drive is looked at anew, is none of those that are gone.
    kept = {group.id for group, _ in now}
    waiting = {member.group_id for member in known.members if member.unit_id is None}
    gone = was.keys() - kept - waiting
    if changed or gone:
        stacks_stay = not stacks.are_stale(session)
        face_groups.drop(session, gone)
        for group, own in changed:
            face_groups.put(session, group, own)
        revision.touch(session)
        if stacks_stay:
            stacks.made(session)  # they are not made of people
    face_groups.made(session)
