"""The table of analysers: one line each, in the order in which they look at a file.

Importing this module registers their kinds (``db.kinds``); an analyser itself is made when it is needed.
"""

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType

from db import kinds
from db.catalog.analyses import Work
from db.settings import Settings
from indexer.analysers.actions import Actions
from indexer.analysers.base import Analyser
from indexer.analysers.captions import Captions
from indexer.analysers.clips import Clips
from indexer.analysers.exports import Exports
from indexer.analysers.faces import Faces
from indexer.analysers.frames import Frames
from indexer.analysers.headers import Headers
from indexer.analysers.hearing import Hearing
from indexer.analysers.movement import Movement
from indexer.analysers.names import Names
from indexer.analysers.pictures import Pictures
from indexer.analysers.sidecars import Sidecars
from indexer.analysers.sound_tags import SoundTags
from indexer.analysers.soundprints import Soundprints
from indexer.analysers.sounds import Sounds
from indexer.analysers.speech import Speech
from indexer.analysers.subtitles import SubtitleFiles, Subtitles
from indexer.analysers.text import Text
from indexer.analysers.things import Things
from indexer.analysers.words import Words
from indexer.encoders.active import roles

_makers: dict[str, type[Analyser]] = {}


def register(maker: type[Analyser]) -> None:
    """Add an analyser to the table."""
    kinds.register(maker.name, maker.kinds, maker.needs)
    _makers[maker.name] = maker


def unregister(name: str) -> None:
    """Take an analyser out of the table, with its kinds."""
    del _makers[name]
    kinds.unregister(name)


_TABLE: tuple[type[Analyser], ...] = (
    Headers,
    Pictures,
    Frames,
    Subtitles,
    Speech,
    Text,
    Captions,
    Things,
    Faces,
    Sounds,
    SoundTags,
    Hearing,
    Movement,
    Actions,
    Clips,
    Soundprints,
    Words,
    Sidecars,
    SubtitleFiles,
    Names,
    Exports,
)

for _maker in _TABLE:
    register(_maker)


def every() -> Mapping[str, type[Analyser]]:
    """All analysers that there are, by name."""
    return MappingProxyType(_makers)


def made(settings: Settings, names: Iterable[str] | None = None) -> list[Analyser]:
    """The analysers of these names, or all, in the order of the table."""
    wanted = set(_makers if names is None else names)
    return [maker(settings) for name, maker in _makers.items() if name in wanted]


def role_of(maker: type[Analyser]) -> str:
    """The role that an analyser works for alone, where a library can do without that; else empty."""
    optional = {name for name, role in roles().items() if role.default is None}
    served = {role for kind in maker.kinds for role in kind.vectors or ("",)}
    return served.pop() if len(served) == 1 and served <= optional else ""


def works_for(maker: type[Analyser], chosen: Container[str]) -> bool:
    """Whether an analyser has anything to do: models of these roles were chosen."""
    role = role_of(maker)
    return not role or role in chosen


def work_of(analyser: Analyser) -> Work:
    """What the database is to know of an analyser. Those of phase 0 are cheap, and redo what is stale."""
    fingerprint = analyser.fingerprint if analyser.phase == 0 else None
    return Work(analyser.name, analyser.media, analyser.scope, fingerprint, analyser.facts)
