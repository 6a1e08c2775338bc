"""Kinds of units, the things that can be found: a picture, a video frame, a spoken passage, …

The table is filled from above: whoever makes units of a kind registers it (``indexer.analysers.registry``),
so that nothing in the database lists kinds by hand.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

CLIP = "clip"
"""The role of models that put pictures and texts into one space: what text queries are answered by."""

SIMILAR = "similar"
"""The role of models that see pictures alone: what looks alike is told by them, where there is one."""

SOUND = "sound"
"""The role of models that put sounds and texts into one space."""

MOTION = "motion"
"""The role of models that put clips of films and texts into one space."""

FACE = "face"
"""The role of models that put faces of one person near each other."""

PICTURE = "picture"
PASSAGE = "passage"
HEARD = "heard"
MOVING = "moving"
FACES = "faces"
"""The modalities of vectors in these roles: of what is seen, of all text, of sounds, clips and faces."""

Proof = Literal["shows", "said", "in_picture", "by_people", "called", "machine"]
"""What a match proves: the picture shows it, it was said, it is written in the picture, somebody has written
it about the file, that it is called so, which need not be what it shows, or nothing, since a machine has
described it."""

STANDING: tuple[Proof, ...] = ("shows", "said")
"""What kinds prove that are shown by themselves."""


@dataclass(frozen=True)
class Kind:
    """A kind of units. ``name`` is stored and typed, and never changes; ``label`` is for people.

    ``vectors``: the modality of its vectors in each role, such as ``{"clip": "picture"}`` for what is seen
    and ``{"clip": "passage"}`` for all text; there is one vector index for each role and modality. Empty for
    what is found by its words alone. ``proof``: what a match of it proves. ``weight``: of its matches in the
    fusion of rankings; names of files say less than what is in them. ``plural``: of the label, where it is
    not one with an s. ``names_people``: its text is the name of somebody who is in the picture.
    """

    name: str
    label: str
    vectors: Mapping[str, str]
    proof: Proof
    weight: float = 1.0
    plural: str = ""
    names_people: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "plural", self.plural or f"{self.label}s")

    @property
    def stands(self) -> bool:
        """Whether it is shown by itself: a picture, a moment of a film, a passage.

        Other kinds, such as text in a picture, are evidence of what they are in.
        """
        return self.proof in STANDING


_NAME = re.compile(r"[a-z_]+")
_kinds: dict[str, Kind] = {}
_makers: dict[str, tuple[str, ...]] = {}
_needs: dict[str, tuple[str, ...]] = {}


def register(analyser: str, kinds: Iterable[Kind], needs: tuple[str, ...] = ()) -> None:
    """Add the kinds that an analyser makes, and which other analysers it needs.

    Registering them again does no harm. Several may make the same one: people write words into the bytes of a
    file, and beside it.

    Raises:
        ValueError: another analyser means something else by that name, or it is no name.
    """
    _needs[analyser] = needs
    for kind in kinds:
        if not _NAME.fullmatch(kind.name):
            raise ValueError(f"the name of a kind is of small letters and _, not {kind.name!r}")
        others = [maker for maker in _makers.get(kind.name, ()) if maker != analyser]
        if others and _kinds[kind.name] != kind:
            raise ValueError(f"{others[0]} and {analyser} mean different things by {kind.name!r}")
        _makers[kind.name] = (*others, analyser)
        _kinds[kind.name] = kind


def unregister(analyser: str) -> None:
    """Take the kinds of an analyser out of the table; for tests, which add some."""
    for name in made_by(analyser):
        _makers[name] = tuple(maker for maker in _makers[name] if maker != analyser)
        if not _makers[name]:
            del _kinds[name], _makers[name]
    del _needs[analyser]


def every() -> Mapping[str, Kind]:
    """All registered kinds by name, in the order in which they were registered.

    Raises:
        RuntimeError: there are none, since ``indexer.analysers.registry`` was not imported.
    """
    if not _kinds:
        raise RuntimeError("no kinds are registered: import indexer.analysers.registry")
    return MappingProxyType(_kinds)


def made_by(analyser: str) -> tuple[str, ...]:
    """The names of the kinds that an analyser makes; empty for one that is not registered."""
    return tuple(name for name, makers in _makers.items() if analyser in makers)


def makers(kind: str) -> tuple[str, ...]:
    """The names of the analysers that make a kind.

    Raises:
        KeyError: it is not registered.
    """
    return _makers[kind]


def analysers() -> tuple[str, ...]:
    """The names of all registered analysers."""
    return tuple(_needs)


def needed_by(analyser: str) -> tuple[str, ...]:
    """The names of the analysers that one needs, itself first and theirs included."""
    chain = [analyser]
    for name in chain:
        chain += [need for need in _needs.get(name, ()) if need not in chain]
    return tuple(chain)


def modalities(role: str) -> dict[str, tuple[str, ...]]:
    """The names of the kinds with vectors in a role, by modality: kinds of one modality share an index."""
    kinds: dict[str, tuple[str, ...]] = {}
    for kind in every().values():
        if (modality := kind.vectors.get(role)) is not None:
            kinds[modality] = (*kinds.get(modality, ()), kind.name)
    return kinds


def embedded(role: str) -> tuple[str, ...]:
    """The names of all kinds with vectors in a role."""
    return tuple(kind.name for kind in every().values() if role in kind.vectors)


def named(kind: str) -> Kind:
    """The registered kind of that name.

    Raises:
        KeyError: there is none.
    """
    return every()[kind]


def proving(*proofs: Proof) -> tuple[str, ...]:
    """The names of the kinds whose matches prove one of these."""
    return tuple(kind.name for kind in every().values() if kind.proof in proofs)


def naming_people() -> tuple[str, ...]:
    """The names of the kinds whose texts are names of people who are in a picture."""
    return tuple(kind.name for kind in every().values() if kind.names_people)


def described() -> tuple[str, ...]:
    """The names of the kinds whose texts a machine has written about something, in sentences.

    Names of what it tells, such as that there is music, are found by their words alone, and nobody puts them
    into other words.
    """
    return tuple(name for name in proving("machine") if CLIP in named(name).vectors)


def of_modality(role: str, modality: str) -> tuple[str, ...]:
    """The names of the kinds with vectors of a modality in a role."""
    return modalities(role).get(modality, ())
