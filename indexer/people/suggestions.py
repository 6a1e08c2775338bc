"""Suggested names: who, without a name, may be a person with one, to be confirmed or denied by people.

What joins a group by itself is so near that strangers are not joined, and one person is left in several
groups. These are near each other all the same, and a look tells what the numbers do not.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from db.catalog import people
from db.catalog.people import Person
from db.catalog.persons import Face, same_face
from indexer.people.grouping import Known, centres, moment_of, nearness
from indexer.people.renewal import known_of

SUGGESTS = 0.955
"""Cosine from which somebody is asked whether two are one person: ``bench/people.py``."""
_AT_ONCE = 4096


@dataclass(frozen=True)
class Suggestion:
    """Faces without a name that may be of a person with one.

    ``group_id``: of the group that they are; None for one face that is in none. ``faces``: their units, the
    largest first. ``cosine``: of the two centres that are nearest.
    """

    person: Person
    group_id: int | None
    faces: tuple[int, ...]
    cosine: float


def suggestions(session: Session) -> list[Suggestion]:
    """Groups and single faces that are near a named person, each with the nearest; those of most faces first.

    Nobody is suggested who is hidden, or of whom users said that it is not them.
    """
    every = people.every(session)
    named = {one.id: one for one in every if one.name is not None and not one.hidden}
    if not named:
        return []
    unnamed = {one.id for one in every if one.name is None and not one.hidden}
    near = nearest(known_of(session, shown=True), named, unnamed)
    found = [
        Suggestion(
            named[person_id],
            group_id,
            tuple(face.unit_id for face in sorted(own, key=lambda face: -face.region.w * face.region.h)),
            round(cosine, 4),
        )
        for person_id, group_id, own, cosine in near
    ]
    return sorted(found, key=lambda one: (-len(one.faces), -one.cosine, one.faces))


def nearest(
    known: Known, named: Collection[int], unnamed: Collection[int], least: float = SUGGESTS
) -> Iterator[tuple[int, int | None, Sequence[Face], float]]:
    """Whom faces may be of: the group of a person, that of the faces or None, these, and how near both are.

    Args:
        named: the ids of the groups of persons that faces may be of.
        unnamed: those of the groups that are looked at, beside the faces that are in none.
    """
    group_of = {one.unit_id: one.group_id for one in known.members}
    of: dict[int, list[int]] = defaultdict(list)
    asked: list[tuple[int | None, list[int]]] = []
    for at, face in enumerate(known.faces):
        if (group_id := group_of.get(face.unit_id)) is None:
            asked.append((None, [at]))
        else:
            of[group_id].append(at)
    asked += [(group_id, own) for group_id, own in of.items() if group_id in unnamed]
    persons = {group_id: own for group_id, own in of.items() if group_id in named}
    if not persons:
        return
    ids, each = list(persons), [centres(known.vectors[own]) for own in persons.values()]
    excluded = _Excluded(known, persons)
    for start in range(0, len(asked), _AT_ONCE):
        batch = asked[start : start + _AT_ONCE]
        theirs = [centres(known.vectors[own]) for _, own in batch]
        firsts = np.cumsum([0, *map(len, theirs[:-1])])
        near = np.maximum.reduceat(nearness(np.concatenate(theirs), each), firsts, axis=0)
        for (group_id, own), cosines in zip(batch, near, strict=True):
            for place in np.argsort(-cosines).tolist():
                if cosines[place] < least:
                    break
                if not excluded.rules_out(ids[place], own):
                    yield ids[place], group_id, [known.faces[at] for at in own], float(cosines[place])
                    break


class _Excluded:
    """Of whom faces cannot be: who is beside them in one picture, and who users said that it is not."""

    def __init__(self, known: Known, of: dict[int, list[int]]) -> None:
        self._faces = known.faces
        self._moments = {group_id: {moment_of(known.faces[at]) for at in own} for group_id, own in of.items()}
        self._persons = {group.id: group.person_id for group in known.groups}
        self._denied = defaultdict(list)
        for word in known.said:
            if not word.is_theirs:
                self._denied[word.sha256].append(word)

    def rules_out(self, group_id: int, own: Sequence[int]) -> bool:
        """Whether the faces at these places are not of the person of a group.

        One face of which users said so speaks for all that are in a group with it.
        """
        if any(moment_of(self._faces[at]) in self._moments[group_id] for at in own):
            return True
        return any(
            word.person_id == self._persons[group_id] and same_face(word, self._faces[at])
            for at in own
            for word in self._denied.get(self._faces[at].sha256, ())
        )
