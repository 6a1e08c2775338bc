"""The active model of a library, with its vector store, query cache and null model."""

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
        self._null_scores: tuple[int, NullScores | None] | None = None

    @property
    def near_duplicate(self) -> float:
        """Cosine similarity from which two pictures are near-duplicates, and one hit."""
        return near_duplicate(self.encoder.name)

    def null_scores(self) -> NullScores | None:
        """The null model of the library as it is now, refitted if need be; None without pictures.

        Checked only when the library has changed.
        """
        with self.library.read() as session:
            now = revision.current(session)
        with self._lock:
            if self._null_scores is None or self._null_scores[0] != now:
                self._null_scores = (now, fitted(self.library, self.vectors, self.encoder))
            return self._null_scores[1]


class ActiveModels:
    """Cache of the active model of one library, replaced when another model becomes active."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._model: ActiveModel | None = None

    def get(self) -> ActiveModel | None:
        """The active model; None for a library without one.

        Raises:
            ModelError: it is missing, or the settings name another one.
        """
        with self._library.read() as session:
            space = spaces.active(session)
        if space is None:
            return None
        with self._lock:
            if self._model is None or self._model.space.id != space.id:
                self._model = ActiveModel(self._library, space)
            return self._model
