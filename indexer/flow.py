"""Data types of an indexing run: tasks, their outcomes, the report and the progress.

The stages (scan, plan, prepare, embed, write) share these types and do not import each other for them.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from db.arrays import Vectors
from db.catalog.assets import FileStat
from db.catalog.facts import Fact
from db.catalog.units import NewUnit
from db.engine.schema import AnalysisState, MediaKind, UnitKind
from db.errors import MediaError
from indexer.encoders.base import Pixels
from indexer.media.types import Fields

Reason = Literal["paused", "battery", "busy"]
"""Why a run waits."""


@dataclass(frozen=True)
class Shown:
    """A picture as an encoder has prepared it, and its fields, by which it is told from others."""

    pixels: Pixels
    fields: Fields


Prepared = Mapping[int, Pixels | Shown | str]
"""What is encoded of one unit, by the id of the space: what its encoder has prepared, or a text; empty for no
vectors."""

Pending = Mapping[int, Future[Vectors]]
"""The vectors of one unit that are being made, by the id of the space."""


@dataclass(frozen=True)
class Task:
    """A file to be read; ``asset_id`` is that of the row it will overwrite, if any.

    It is that of a missing file if this seems to be its new name, since they alone agree in size and time:
    the content hash decides. ``content_id``: of a file that has not changed but was not analysed whole.
    """

    stat: FileStat
    asset_id: int | None = None
    content_id: int | None = None


@dataclass(frozen=True)
class Look:
    """What became of one analyser's look at a file.

    ``units``: each with what is embedded of it, ready for the models; ``error``: why it failed.
    ``signature``: of the file's path and what is beside it, where it was these that were looked at.
    """

    analyser: str
    fingerprint: str
    state: AnalysisState
    took_ms: int
    units: Sequence[tuple[NewUnit, Prepared]] = ()
    facts: Sequence[Fact] = ()
    error: MediaError | None = None
    signature: str | None = None


# --- outcomes of a task


@dataclass(frozen=True)
class Recognised:
    """The content of the file is already in the library.

    ``looks``: at its name and what is beside it, which are its own.
    """

    task: Task
    content_id: int
    looks: Sequence[Look] = ()


@dataclass(frozen=True)
class Twin:
    """Another file of this run has the same content and was read first."""

    task: Task
    sha256: bytes


@dataclass(frozen=True)
class Refused:
    """The file cannot be indexed, or is left out on purpose where ``error`` is None."""

    task: Task
    sha256: bytes | None
    reason: str
    error: MediaError | None = None


@dataclass(frozen=True)
class Read:
    """A file was read, and the analysers of the first phase have looked at it.

    ``sha256`` is None where its content is known (``task.content_id``), ``kind`` where it was not opened.
    """

    task: Task
    sha256: bytes | None
    kind: MediaKind | None
    looks: Sequence[Look]


Outcome = Recognised | Twin | Refused | Read


class Twins:
    """Identical files within one run: one is read, the others share its outcome.

    Threads race for the content's hash, so the file that is read may come after its twins in the order of
    the run; they therefore wait until all files are taken. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claimed: set[bytes] = set()
        self._refused: dict[bytes, Refused] = {}
        self._waiting: list[Twin] = []

    def claim(self, sha256: bytes) -> bool:
        """Whether the caller is the one to read this content."""
        with self._lock:
            first = sha256 not in self._claimed
            self._claimed.add(sha256)
            return first

    def hold(self, twin: Twin) -> None:
        """Let a twin wait for the file that is read."""
        self._waiting.append(twin)

    def note_refused(self, refused: Refused) -> None:
        """Remember why a content cannot be indexed; its twins cannot be for the same reason."""
        if refused.sha256 is not None:
            self._refused[refused.sha256] = refused

    def waiting(self) -> Sequence[Twin]:
        """The twins, for when all other files are stored or refused."""
        return self._waiting

    def outcome(
        self, twin: Twin, recognised: Callable[[Task, bytes], Recognised | None]
    ) -> Recognised | Refused:
        """What becomes of a twin: its content is known by now, or refused for the same reason."""
        known = recognised(twin.task, twin.sha256)
        if known is not None:
            return known
        first = self._refused[twin.sha256]
        return Refused(twin.task, twin.sha256, first.reason, first.error)


# --- reports


@dataclass
class Report:
    """Counts of a finished run.

    ``found = indexed + reused + unchanged + skipped + failed + unfinished``, always. ``unfinished``: files
    that were still being written; the next run looks again. ``cloud``: those of the skipped that are in the
    cloud, of which only a placeholder is here. ``removed``: files that are gone; ``left_out``: files of the
    library that a rule leaves out now. ``offline``: how many files of the whole library are out of reach, by
    the root or drive that they are on; ``renamed``: the new paths of roots by their old ones;
    ``alike``: by roots that are not there the new ones with the same files, which may be copies.
    ``passed_over``: how many files of kinds that are not read are in the walked roots, by their endings.
    ``units``: how many of each kind the whole library has after the run; ``seconds``: how long it took.
    """

    found: int = 0
    indexed: int = 0
    reused: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    unfinished: int = 0
    removed: int = 0
    left_out: int = 0
    cloud: int = 0
    offline: dict[str, int] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)
    passed_over: dict[str, dict[str, int]] = field(default_factory=dict)
    units: dict[UnitKind, int] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, counts: Mapping[str, int]) -> None:
        """Add what became of files that were read."""
        self.indexed += counts.get("indexed", 0)
        self.reused += counts.get("reused", 0)
        self.unchanged += counts.get("unchanged", 0)
        self.skipped += counts.get("skipped", 0)
        self.failed += counts.get("failed", 0)
        self.unfinished += counts.get("unfinished", 0)


@dataclass
class Joined:
    """What a machine has done of the runs of others. ``done``: files read, and looks of analysers.

    ``lacking``: why it left jobs to others, by what it does not have.
    """

    done: int = 0
    lacking: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """How far a run is: ``done`` of ``total`` files or units, ``share`` (0 to 1) of the current one.

    ``left``: seconds that are left, by what is done in them, such as ``what films show``, in the order of the
    run; empty before anything is measured, and where nobody knows. ``waiting``: why it does not go on.
    """

    done: int
    total: int
    current: Path
    share: float = 0.0
    left: Mapping[str, float] = field(default_factory=dict)
    waiting: Reason | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds that are left of the run; None where nobody knows."""
        return sum(self.left.values()) if self.left else None


@dataclass(frozen=True)
class Switch:
    """A finished change of the model. ``missing``: units whose files could not be read."""

    model: str
    embedded: int
    missing: int
    seconds: float


OnProgress = Callable[[Progress], None]
