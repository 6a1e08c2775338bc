"""Groups of faces: what users say and files name comes first, then what was, then what is near enough.

A face stays in its group. A new one joins the group with the nearest centre. There are several a group, since
people grow, turn and wear hats. What joins none makes new groups by label propagation (Raghavan, Albert and
Kumara 2007), of which Chinese whispers are a form. Nobody is twice in one picture.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from db.arrays import Vectors
from db.catalog.face_groups import Group, Member, Named
from db.catalog.persons import Face, Said, same_face
from db.catalog.units import Region, common_areas
from db.words.forms import fold

JOINS = 0.965
"""Cosine from which two faces are taken for one person's: ``bench/people.py``."""
_FEWER = 0.01
"""By how much another group must be further away: else nobody can tell which of both it is."""
_CENTRES = 8
"""Of a group at most."""
_NAMED_OVERLAP = 0.2
"""Of a face and a place that a program drew, which may be around all of the head."""
_AT_ONCE = 2048

_Key = tuple[str, int | str]
"""What a group is: of a person by id, of a name in files, or one that was there, by id."""


@dataclass(frozen=True)
class Known:
    """All that tells whose faces are whose.

    ``vectors``: of the faces, (n, dim) of unit length. ``persons``: those of whom users said something, with
    the names that they gave, and ``said`` of which faces. ``named``: what is written in files. ``groups`` and
    ``members``: as they were.
    """

    faces: Sequence[Face]
    vectors: Vectors
    persons: Mapping[int, str | None]
    said: Sequence[Said]
    named: Sequence[Named]
    groups: Sequence[Group]
    members: Sequence[Member]


def grouped(known: Known) -> list[tuple[Group, list[Face]]]:
    """The groups as they are to be, those that are new with the id 0."""
    asked = _Keys(known)
    if asked.newly_named:
        # A group without a name has that of a new face in it, which a file names.
        joined = dict(asked.settled(named=False))
        _join(known, joined, asked.denied)
        asked.join({at: joined[at] for at in asked.newly_named if at in joined})
    keys = dict(asked.settled())
    _join(known, keys, asked.denied)
    for number, cluster in enumerate(
        _clusters(known, [at for at in range(len(known.faces)) if at not in keys])
    ):
        keys |= dict.fromkeys(cluster, ("new", number))
    of: dict[_Key, list[int]] = defaultdict(list)
    for at, key in sorted(keys.items()):
        of[key].append(at)
    return [(group, [known.faces[at] for at in of[key]]) for key, group in asked.groups(of).items()]


class _Keys:
    """The groups of faces that are settled: by users, by names in files, or since they were in them."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._people = {fold(name): person_id for person_id, name in known.persons.items() if name}
        by_content: dict[int, list[int]] = defaultdict(list)
        by_hash: dict[bytes, list[int]] = defaultdict(list)
        for at, face in enumerate(known.faces):
            by_content[face.content_id].append(at)
            by_hash[face.sha256].append(at)
        self._theirs: dict[int, int] = {}
        self.denied: dict[int, set[_Key]] = defaultdict(set)
        for word in known.said:
            for at in by_hash.get(word.sha256, ()):
                if same_face(word, known.faces[at]):
                    if word.is_theirs:
                        self._theirs[at] = word.person_id
                    else:
                        self.denied[at].add(("person", word.person_id))
        self._names = dict(_names(known, by_content))
        self._were = dict(_were(known, by_content))
        self._spelt = {fold(name): name for name in self._names.values()}
        self._of_group = {group.id: self._key_of(group) for group in known.groups}
        self.newly_named = [at for at in self._names if at not in self._were and at not in self._theirs]

    def join(self, keys: Mapping[int, _Key]) -> None:
        """Let faces count as having been in groups without a name."""
        self._were |= {at: int(value) for at, (kind, value) in keys.items() if kind == "group"}
        self._of_group = {group.id: self._key_of(group) for group in self._known.groups}

    def settled(self, *, named: bool = True) -> Iterator[tuple[int, _Key]]:
        """The places of faces whose group is settled, with that; ``named``: by names in files, too."""
        for at in range(len(self._known.faces)):
            if at in self.newly_named and not named:
                continue
            for key in self._told(at):
                if key not in self.denied[at]:
                    yield at, key
                    break

    def _told(self, at: int) -> Iterator[_Key]:
        """The groups that a face may be of, what counts most first."""
        if at in self._theirs:
            yield "person", self._theirs[at]
        if at in self._names:
            yield self._called(self._names[at])
        if at in self._were:
            yield self._of_group[self._were[at]]

    def groups(self, of: Mapping[_Key, Sequence[int]]) -> dict[_Key, Group]:
        """The groups of some keys, by the places of their faces, each with the id that it had.

        One that has got a name is the one that most of its faces were in.
        """
        ids: dict[_Key, int] = {}
        for group_id, key in sorted(self._of_group.items(), reverse=True):
            ids[key] = group_id
        free = self._of_group.keys() - {ids[key] for key in of if key in ids}
        for key, own in of.items():
            if key not in ids:
                were = Counter(was for at in own if (was := self._were.get(at)) in free)
                if were:
                    ids[key] = were.most_common(1)[0][0]
                    free -= {ids[key]}
        return {key: self._group(key, ids.get(key, 0)) for key in of}

    def _group(self, key: _Key, group_id: int) -> Group:
        kind, value = key
        if kind == "person":
            return Group(group_id, int(value), self._known.persons[int(value)])
        return Group(group_id, None, self._spelt.get(str(value)) if kind == "name" else None)

    def _called(self, name: str) -> _Key:
        """The group of somebody who is called so."""
        plain = fold(name)
        return ("person", self._people[plain]) if plain in self._people else ("name", plain)

    def _key_of(self, group: Group) -> _Key:
        """What a stored group is now: it has the name of its faces in files, where these have one in all."""
        if group.person_id in self._known.persons:
            return "person", group.person_id or 0
        names = {
            fold(self._names[at]) for at, was in self._were.items() if was == group.id and at in self._names
        }
        return self._called(names.pop()) if len(names) == 1 else ("group", group.id)


def _names(known: Known, by_content: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, str]]:
    """The faces that files name: each place the face that it has most in common with, and no face twice."""
    pairs = [
        (share, at, number)
        for number, word in enumerate(known.named)
        if word.region is not None
        for at in by_content.get(word.content_id, ())
        if (share := _common(known.faces[at].region, word.region)) >= _NAMED_OVERLAP
    ]
    faces: set[int] = set()
    words: set[int] = set()
    for _, at, number in sorted(pairs, reverse=True):
        if at not in faces and number not in words:
            faces.add(at)
            words.add(number)
            yield at, known.named[number].name


def _common(one: Region, other: Region) -> float:
    """The share of two regions that is in both (IoU)."""
    both, either = common_areas(one, other)
    return both / max(either, 1e-9)


def _were(known: Known, by_content: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, int]]:
    """The groups that faces were in; a face that was found anew is the one at its place."""
    places = {face.unit_id: at for at, face in enumerate(known.faces)}
    lost = [member for member in known.members if member.unit_id not in places]
    found = {places[one.unit_id]: one.group_id for one in known.members if one.unit_id in places}
    for member in lost:
        for at in by_content.get(member.content_id, ()):
            if at not in found and same_face(known.faces[at], member):
                found[at] = member.group_id
                break
    yield from found.items()


def _join(known: Known, keys: dict[int, _Key], denied: Mapping[int, Collection[_Key]]) -> None:
    """Let faces join the groups that they are near enough to, the nearest first."""
    rest = [at for at in range(len(known.faces)) if at not in keys]
    of: dict[_Key, list[int]] = defaultdict(list)
    for at, key in keys.items():
        of[key].append(at)
    if not rest or not of:
        return
    every = list(of)
    each = [centres(known.vectors[of[key]]) for key in every]
    taken = {(key, moment_of(known.faces[at])) for at, key in keys.items()}
    found: list[tuple[float, int, _Key]] = []
    for start in range(0, len(rest), _AT_ONCE):
        batch = rest[start : start + _AT_ONCE]
        for at, own in zip(batch, nearness(known.vectors[batch], each), strict=True):
            best, *others = np.argsort(-own)[:2].tolist()
            if own[best] >= JOINS and all(own[other] < own[best] - _FEWER for other in others):
                found.append((float(own[best]), at, every[best]))
    for _, at, key in sorted(found, key=lambda one: (-one[0], one[1])):
        moment = (key, moment_of(known.faces[at]))
        if key not in denied.get(at, ()) and moment not in taken:
            taken.add(moment)
            keys[at] = key


def centres(vectors: Vectors) -> Vectors:
    """A few vectors of a group that all others are near to, each the mean of those around it.

    The farthest from all before is the next one, until none is farther than what joins a group.
    """
    if len(vectors) == 1:
        return vectors
    first = vectors.mean(axis=0)
    chosen = [int(np.argmax(vectors @ first))]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < _CENTRES and (far := int(np.argmin(nearest))) not in chosen and nearest[far] < JOINS:
        chosen.append(far)
        nearest = np.maximum(nearest, vectors @ vectors[far])
    own = np.argmax(vectors @ vectors[chosen].T, axis=1)
    means = np.stack([vectors[own == at].mean(axis=0) for at in range(len(chosen)) if (own == at).any()])
    made: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return made


def nearness(vectors: Vectors, each: Sequence[Vectors]) -> Vectors:
    """The cosines of vectors, (n, dim), to the nearest centre of each group: (n, groups)."""
    firsts = np.cumsum([0, *map(len, each[:-1])])
    near: Vectors = np.maximum.reduceat(vectors @ np.concatenate(each).T, firsts, axis=1)
    return near


def _clusters(known: Known, among: Sequence[int]) -> list[list[int]]:
    """Groups of faces that are near each other: at least two, each of another picture or moment."""
    import networkx as nx

    graph = nx.Graph()
    for one, other, cosine in _pairs(known, among):
        graph.add_edge(one, other, weight=cosine)
    # In the order of the faces, so that the same faces always make the same groups.
    found = nx.community.asyn_lpa_communities(graph, weight="weight", seed=0) if graph else ()
    groups = (_apart(known, sorted(cluster)) for cluster in found)
    return sorted(group for group in groups if len(group) > 1)


def _pairs(known: Known, among: Sequence[int]) -> Iterator[tuple[int, int, float]]:
    """The pairs of faces that are near enough, and not in the same picture."""
    places = np.array(among, np.int64)
    own = known.vectors[places] if len(places) else np.empty((0, 1), np.float32)
    for start in range(0, len(places), _AT_ONCE):
        near = own[start : start + _AT_ONCE] @ own.T
        for row, column in np.argwhere(near >= JOINS).tolist():
            one, other = among[start + row], among[column]
            if one < other and moment_of(known.faces[one]) != moment_of(known.faces[other]):
                yield one, other, float(near[row, column])


def _apart(known: Known, cluster: list[int]) -> list[int]:
    """A cluster with one face of each picture or moment: the one that is nearest to all."""
    middle = known.vectors[cluster].mean(axis=0)
    best: dict[tuple[int, float | None], int] = {}
    for at in sorted(cluster, key=lambda at: -float(known.vectors[at] @ middle)):
        best.setdefault(moment_of(known.faces[at]), at)
    return sorted(best.values())


def moment_of(face: Face) -> tuple[int, float | None]:
    """The picture that a face is in, or the second of a film: nobody is twice in one."""
    return face.content_id, face.at_s
