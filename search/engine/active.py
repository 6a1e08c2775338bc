"""The model that a library answers with, and what belongs to its space: vectors, remembered queries, null."""

import threading

from db.catalog import revision, spaces
from db.engine.schema import NullScores, Space
from db.library import Library
from db.vectors.store import VectorStore
from indexer.encoders.active import encoder_for
from indexer.encoders.base import Encoder
from indexer.encoders.registry import near_duplicate
from indexer.null_model import fitted
from search.engine.query_cache import QueryVectors


class ActiveModel:
    """A library's active space with its encoder. Safe to share between threads; the model loads on use."""

    def __init__(self, library: Library, space: Space) -> None:
        self.library = library
        self.space = space
        self.encoder: Encoder = encoder_for(library, space)
        self.vectors: VectorStore = library.vectors(space)
        self.queries = QueryVectors(library.paths.query_vectors, space.fingerprint)
        self._lock = threading.Lock()
        self._null: tuple[int, NullScores | None] | None = None

    @property
    def near_duplicate(self) -> float:
        """Cosine from which two pictures are one hit."""
        return near_duplicate(self.encoder.name)

    def null_scores(self) -> NullScores | None:
        """The null model of this library as it is now; looked after only when the library has changed."""
        with self.library.read() as session:
            now = revision.current(session)
        with self._lock:
            if self._null is None or self._null[0] != now:
                self._null = (now, fitted(self.library, self.space, self.encoder))
            return self._null[1]


class ActiveModels:
    """Keeps the active model of one library at hand while it stays the active one."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._model: ActiveModel | None = None

    def get(self) -> ActiveModel | None:
        """The model that answers now; None for a library without any.

        Raises:
            ModelError: it is missing, or is not the one asked for.
        """
        with self._library.read() as session:
            space = spaces.active(session)
        if space is None:
            return None
        with self._lock:
            if self._model is None or self._model.space.id != space.id:
                self._model = ActiveModel(self._library, space)
            return self._model
