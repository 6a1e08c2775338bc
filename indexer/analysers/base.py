"""The contract of analysers: what makes the units and facts of a content or a file.

A new kind of thing is one analyser with its ``Kind``, and one line in ``indexer.analysers.registry``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from db.catalog.analyses import Scope
from db.catalog.facts import Fact, Key
from db.catalog.units import NewUnit, StoredUnit
from db.engine.schema import MediaKind
from db.kinds import Kind
from db.library import Library
from db.settings import Settings
from indexer.analysers.medium import Medium
from indexer.media.types import Fields, Metadata, Picture, Samples


@dataclass(frozen=True)
class PicturePayload:
    """A picture to be embedded: (height, width, 3) uint8, RGB, upright.

    ``fields``: its ``indexer.media.stills.fields_of``, where they are at hand.
    """

    picture: Picture
    fields: Fields | None = None


@dataclass(frozen=True)
class TextPayload:
    """A text to be embedded."""

    text: str


@dataclass(frozen=True)
class SoundPayload:
    """A sound to be embedded: mono samples at the rate of ``indexer.encoders.heard``."""

    samples: Samples


@dataclass(frozen=True)
class ClipPayload:
    """A clip of a film to be embedded: its frames in order."""

    frames: Sequence[Picture]


Payload = PicturePayload | TextPayload | SoundPayload | ClipPayload
"""What is embedded of a unit, by whatever models serve the roles of its kind."""


@dataclass(frozen=True)
class Draft:
    """A unit before it is embedded; without a payload it is found by its words alone."""

    unit: NewUnit
    payload: Payload | None = None


class Analyser(ABC):
    """Makes the units and facts of a content or a file. Loads lazily; neither embeds nor stores.

    What is not said otherwise: it looks at all contents of its media, after the pictures of the run, needs
    nothing else, and what is embedded of its units is their text.
    """

    name: ClassVar[str]
    """Stored and typed; never changes."""
    label: ClassVar[str]
    """For people: what it makes."""
    kinds: ClassVar[tuple[Kind, ...]] = ()
    """The kinds of units that it makes; empty where it only states facts."""
    media: ClassVar[frozenset[MediaKind]]
    """The media that it looks at."""
    facts: ClassVar[frozenset[Key]] = frozenset()
    """It looks at contents of other media, too, of which one of these facts is known; not in phase 0."""
    phase: ClassVar[int] = 1
    """When its turn is: a phase is done for all files of a run before the next one begins."""
    first: ClassVar[str] = ""
    """What pictures look like that it should look at first, in English: ``a text``; empty for no order."""
    scope: ClassVar[Scope] = "content"
    """Whether it looks at what the bytes show, or at a file with its name and companions."""
    beside: ClassVar[tuple[str, ...]] = ("",)
    """How the names of companions end that it reads, in small letters; ``()`` where it reads none."""
    placed: ClassVar[bool] = True
    """Whether what it makes of a file depends on the folder that this is in, and not on its name alone."""
    needs: ClassVar[tuple[str, ...]] = ()
    """The analysers whose units it takes."""

    picture_s: ClassVar[float] = 0.3
    """Seconds that a picture takes it on a usual machine: how long the first run takes is told by that."""
    minute_s: ClassVar[float] = 2.0
    """Seconds that a minute of a film or recording takes."""

    fingerprint: str = "1"
    """Changes whenever what it makes would."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def is_left_out(cls, settings: Settings) -> bool:
        """Whether the settings leave it out, or leave nothing to do it with: it is off in a new library."""
        return cls.name in settings.off or bool(cls.lacking(settings))

    @classmethod
    def lacking(cls, settings: Settings) -> str:  # noqa: ARG003 - most lack nothing
        """What to choose before it can do anything, where the settings leave nothing to do it with."""
        return ""

    def costs(self) -> str:
        """What it takes of this machine that people should know before, in a sentence; mostly nothing."""
        return ""

    def to_download(self) -> str:
        """What has to be downloaded before it can work, with size and licence; mostly nothing.

        Raises:
            ModelError: there is no such thing.
        """
        return ""

    def download(self) -> None:  # noqa: B027 - most need nothing
        """Fetch that, once somebody has agreed to it.

        Raises:
            ModelError: it cannot be had.
        """

    @classmethod
    def abilities(cls) -> str:
        """What it can do on this machine, and what to install for more, where that differs (``doctor``)."""
        return ""

    def require(self) -> None:  # noqa: B027 - most need nothing
        """Make sure that it can work, without loading anything.

        Raises:
            ModelError: what it needs is not on this machine, and cannot be had.
        """

    def wants(self, header: Metadata) -> bool:  # noqa: ARG002 - some do not
        """Whether there can be something for it in such a file. Not asked of what is beside it."""
        return True

    @abstractmethod
    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """The units and facts of a medium; ``progress`` is told the share done, 0 to 1.

        Raises:
            MediaError: nothing could be made of it.
            ModelError: a model is missing.
        """

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:  # noqa: ARG002
        """What is embedded of stored units, in their order, for another model.

        ``medium`` is None where the file is not wanted or cannot be read; then None stands for what cannot be
        had without it.

        Raises:
            MediaError: the medium cannot be read.
        """
        for unit in units:
            yield TextPayload(unit.text) if unit.text else None

    def finish(self, library: Library) -> None:  # noqa: B027 - most have nothing to do
        """What needs the whole library, once at the end of a run."""
