"""The active models of a library, one a role, each with its vector store, query cache and null model."""

import logging
import threading
from collections.abc import Mapping

from sqlalchemy.orm import Session

from db.arrays import Vectors
from db.catalog import revision, spaces
from db.catalog.spaces import NullScores, Space
from db.errors import ModelError
from db.library import Library
from db.vectors.store import VectorStore
from indexer.encoders.active import Role, encoder_for, roles
from indexer.encoders.base import Encoder, SentenceEncoder
from indexer.encoders.lazy import Once
from indexer.encoders.registry import near_duplicate
from indexer.null_model import fitted, keep
from search.engine.query_cache import QueryVectors
from search.engine.verdict import Reference, calibration_of

log = logging.getLogger(__name__)

_PATIENCE_MS = 200
"""How long an answer waits for a writer to store its null model."""


class ActiveModel:
    """The active space of a role with its encoder. Safe to share between threads; the model loads on use."""

    def __init__(self, library: Library, space: Space, role: Role) -> None:
        self.library = library
        self.space = space
        self.role = role
        self._encoder = Once(lambda: encoder_for(library, space, role.name))
        if role.texts or role.pictures:
            self._encoder()  # a question cannot be asked without it
        self.vectors: VectorStore = library.vectors(space)
        self.queries = QueryVectors(library.paths.query_vectors, space.fingerprint)
        self._lock = threading.Lock()
        self._sentences_failed = False
        self._null_scores: tuple[int, NullScores | None] | None = None
        self._to_keep: NullScores | None = None

    @property
    def encoder(self) -> Encoder:
        """Its encoder; errors as ``encoder_for``."""
        return self._encoder()

    @property
    def near_duplicate(self) -> float:
        """Cosine similarity from which two pictures are near-duplicates, and one hit."""
        return near_duplicate(self.space.model)

    @property
    def reads_sentences(self) -> bool:
        """Whether it has a model for sentences of other languages, and that could be loaded so far."""
        return isinstance(self.encoder, SentenceEncoder) and not self._sentences_failed

    def sentence_vector(self, text: str) -> Vectors | None:
        """The vector of a sentence of another language, (dim,) float32 of unit length; None without a model.

        Why there is none is said once in the log: words are looked up all the same.
        """
        if not isinstance(self.encoder, SentenceEncoder) or self._sentences_failed:
            return None
        try:
            return self.queries.of_sentence(text, self.encoder, self.space.dim)
        except ModelError as exc:
            self._sentences_failed = True
            log.warning("other languages are read word by word only: %s. %s", exc, exc.hint)
            return None

    def reference(self, session: Session) -> Reference:
        """What a verdict in a snapshot holds similarities against."""
        return Reference(self.null_scores(session), calibration_of(self.encoder.name), self.near_duplicate)

    def null_scores(self, session: Session) -> NullScores | None:
        """The null model of the library in a snapshot, refitted if need be; None without pictures.

        Checked only when the library has changed.
        """
        now = revision.current(session)
        with self._lock:
            if self._null_scores is None or self._null_scores[0] != now:
                scores, is_new = fitted(self.library, session, self.vectors, self.encoder)
                self._null_scores, self._to_keep = (now, scores), scores if is_new else None
            return self._null_scores[1]

    def keep(self) -> None:
        """Store a null model that was fitted meanwhile, once the answer is there and its snapshot closed."""
        with self._lock:
            scores, self._to_keep = self._to_keep, None
        if scores is not None:
            keep(self.library, self.space.id, scores, patience_ms=_PATIENCE_MS)


class ActiveModels:
    """Cache of the active models of one library, each replaced when another one becomes active."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._models: dict[str, ActiveModel] = {}
        self._missed: set[int] = set()
        """The spaces without their models of which the log has been told."""

    def at(self, session: Session) -> Mapping[str, ActiveModel]:
        """The active models in a snapshot, by role; empty for a library without any.

        One that a library can do without is left out where it is not there: the others answer.

        Raises:
            ModelError: one is missing, or the settings name another one.
        """
        active = {space.role: space for space in spaces.all_active(session) if space.role in roles()}
        with self._lock:
            for name, space in active.items():
                if name in self._models and self._models[name].space.id == space.id:
                    continue
                self._models.pop(name, None)
                try:
                    self._models[name] = ActiveModel(self._library, space, roles()[name])
                except ModelError as exc:
                    if roles()[name].default is not None:
                        raise
                    if space.id not in self._missed:
                        log.warning("without the model of the role %s: %s. %s", name, exc, exc.hint)
                    self._missed.add(space.id)
            return {name: self._models[name] for name in active if name in self._models}
