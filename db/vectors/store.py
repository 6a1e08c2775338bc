"""What is asked of the vectors of a space: a store, and its view of one snapshot of the database.

Vectors that lie elsewhere than in FAISS's files need another store, and nobody who searches would notice.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from sqlalchemy.orm import Session

from db.arrays import Ids, Vectors
from db.catalog.filters import ALL, Wanted

Modality = str
"""What vectors are of, such as ``picture`` or ``passage``: those of two modalities are never compared."""

IndexKind = Literal["flat", "ivf-sq8"]
"""How FAISS searches: all rows, or trained lists."""

Found = list[list[tuple[int, float]]]
"""For each query the ids of the nearest units with their similarity, best first."""


@dataclass(frozen=True)
class IndexStatus:
    """Summary of the saved indexes: kind of the largest, number of vectors, whether all are up to date."""

    kind: IndexKind | Literal["hnsw"]
    vectors: int
    fresh: bool


class VectorView(Protocol):
    """The vectors that can be found in the snapshot of one session, as long as that is open.

    Nothing that is committed later shows in it. For one thread, as its session is.
    """

    def search(self, modality: Modality, queries: Vectors, limit: int, *, wanted: Wanted = ALL) -> Found:
        """The nearest of the wanted units, at most ``limit`` of them, for each of (n, dim) unit vectors."""
        ...

    def count(self, modality: Modality, wanted: Wanted = ALL) -> int:
        """How many units are searched."""
        ...

    def ids(self, modality: Modality, wanted: Wanted = ALL) -> Ids:
        """The units that are searched, ascending."""
        ...

    def sample(self, modality: Modality, size: int) -> Vectors:
        """(n, dim): up to ``size`` vectors, evenly spread, the same ones until the library changes."""
        ...

    def held(self, modality: Modality, ids: Ids) -> Ids:
        """Those of these units that have a vector here, in their order."""
        ...

    def vectors(self, modality: Modality, ids: Ids) -> Vectors:
        """The vectors of these units, (n, dim) float32 in the order of ``ids``.

        Raises:
            LibraryError: a unit has no vector here.
        """
        ...


class VectorStore(Protocol):
    """The vectors of one space. Safe to share between threads, and no search waits for another thread."""

    @property
    def space_id(self) -> int:
        """The space whose vectors they are."""
        ...

    def at(self, session: Session) -> VectorView:
        """A view of the snapshot of a session that writes nothing."""
        ...

    def save(self, *, rebuild: bool = False) -> None:
        """Bring what is kept beside the database up to date; with ``rebuild``, make it anew."""
        ...

    def train(self) -> None:
        """Train what makes searches of large indexes fast, where it is missing. Searches go on meanwhile."""
        ...

    def delete(self) -> None:
        """Delete what is kept beside the database."""
        ...

    def status(self) -> IndexStatus:
        """Summary of what is kept beside the database."""
        ...
