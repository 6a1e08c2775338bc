"""Search service: answers queries to one library and keeps the models loaded between them.

``trove.Library`` holds one; it can also be made from a ``db.library.Library``:

>>> with SearchService(library) as service:            # doctest: +SKIP
...     answer = service.search(Query("a dog on the beach"))
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from sqlalchemy.orm import Session

from db import kinds
from db.catalog import people
from db.catalog.spaces import Space
from db.kinds import CLIP, PICTURE
from db.library import Library
from indexer.encoders.active import roles
from indexer.encoders.base import Encoder
from indexer.encoders.phrasings import encode_phrased
from search.answer import Answer, Hit, Note
from search.drawing.imagine import imagined, moved
from search.engine.active import ActiveModel, ActiveModels
from search.engine.dropping import dropped
from search.engine.embed import embedded, picture_vector
from search.engine.pipeline import answered, recall, wanted
from search.engine.scope import BACKGROUND, Scope
from search.engine.sight import Sight, sight
from search.engine.sorting import Arrangements
from search.engine.texts import text_vector
from search.engine.verdict import judge
from search.query.asking import asked_for
from search.query.query import Query
from search.understanding.asked import Known
from search.understanding.double import double_notes
from search.understanding.library_words import FileWords, LibraryWords, Names
from search.understanding.naming import with_people
from search.understanding.reading import hinders, understanding
from search.wording import said

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool
    from search.drawing.output import Drawing


class SearchService:
    """Answers queries to one library. Models are loaded on first use; safe to share between threads."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._models = ActiveModels(library)
        self._file_words = FileWords()
        self._arrangements = Arrangements()
        self._lock = threading.Lock()
        self._decoders: DecodePool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def decoders(self) -> "DecodePool":
        """Worker processes that decode query files and files to be shown; started with the first file.

        Raises:
            LibraryClosedError: the library is closed.
        """
        with self._lock:
            self.library.require_open()
            if self._decoders is None:
                from indexer.media.pool import DecodePool  # text queries do not need it and should not wait

                self._decoders = DecodePool.of(self.library.settings)
            return self._decoders

    def close(self) -> None:
        """End the worker processes; with the library closed before, for good."""
        with self._lock:
            if self._decoders is not None:
                self._decoders.close()

    def warm(self) -> None:
        """Load what text queries need, so that the first one is fast, and train the index if it is due."""
        with self.library.read() as session:
            models = self._models.at(session)
            for name, model in models.items():
                if model.role.texts:
                    encode_phrased(model.encoder, ["warm"])
                for modality in kinds.modalities(name):
                    model.vectors.at(session).sample(modality, BACKGROUND)
        for model in models.values():
            model.vectors.train()

    def encoder(self) -> Encoder | None:
        """The encoder of the active CLIP model; None for a library without a model."""
        with self.library.read() as session:
            model = self._models.at(session).get(CLIP)
        return model.encoder if model else None

    def model(self) -> str:
        """The name of the active CLIP model, as the library stores it; empty without one."""
        with self.library.read() as session:
            model = self._models.at(session).get(CLIP)
        return model.space.model if model else ""

    def search(self, query: Query, drawing: "Drawing | None" = None) -> Answer:
        """Answer a query; the answer of an empty library is ``absent``, without hits.

        All of it comes from one read snapshot of the library. A ``drawing`` of the query is one more ranking
        in the fusion, and every hit says which rank it had without it. It changes the order, and the verdict
        only from absent to nearest: see ``search.drawing.imagine``. With it the hits come by relevance.

        Raises:
            MediaError: the query's picture or file cannot be decoded.
            ModelError: the library's model is missing, or is not the one asked for.
            LibraryError: the library cannot be read.
        """
        started = time.perf_counter()
        with self.library.read() as session:
            models = self._models.at(session)
            query, named = _named(query, session)
            if CLIP not in models:
                empty = "Your library is empty"
                return Answer(str(query), "absent", 0.0, _since(started), (), imagined(drawing), says=empty)
            model = models[CLIP]
            known = self._known(model, session)
            question = embedded(query, models, session, self._decode, known)
            scope = Scope(session, models, wanted(query))
            arrangement = None
            if query.order == "relevance" or drawing is not None:
                retrieved, hits = answered(question, scope)
            else:
                arrangement = self._arrangements.of(question, scope)
                retrieved, hits = arrangement.part(question, scope)
            understood = understanding(query, replace(known, sentences=model.reads_sentences))
            verdict, confidence = judge(
                retrieved.rankings,
                retrieved.candidates.rows,
                model.reference(session),
                likeness=question.is_of_likeness,
                understood=understood.level if hinders(understood) else "yes",
            )
            if drawing is not None:
                verdict = "nearest" if verdict == "absent" else verdict
                retrieved = retrieved.with_drawing(picture_vector(drawing.path, model, self._decode))
                hits = moved(retrieved.hits(), hits)
            if arrangement is None:
                hits = hits[query.start : query.start + query.k]
            shown = tuple(retrieved.explained(hits))
            without = () if shown or query.start else dropped(session, query)
        model.keep()
        says = said(verdict, understood.level, query, hits=len(shown), drawn=drawing is not None)
        return Answer(
            str(query),
            verdict,
            confidence,
            _since(started),
            shown,
            imagined(drawing),
            understood.with_notes(named, *double_notes(query.parsed)),
            says,
            without,
            None if arrangement is None else len(arrangement.unit_ids),
            () if arrangement is None else arrangement.days,
        )

    def place(self, query: Query, unit_id: int) -> int | None:
        """The place of a unit among all hits of a sorted query, counted from 0; None if it is none of them.

        Raises:
            TroveError: as ``search``.
        """
        with self.library.read() as session:
            models = self._models.at(session)
            if CLIP not in models:
                return None
            query, _ = _named(query, session)
            question = embedded(query, models, session, self._decode, self._known(models[CLIP], session))
            return self._arrangements.of(question, Scope(session, models, wanted(query))).place(unit_id)

    def recall(
        self, session: Session, query: Query, thumbs: Mapping[int, bool], *, after: int | None = None
    ) -> tuple[Hit, ...]:
        """All hits of a query with thumbs in a snapshot, by vectors and thresholds that the thumbs adjust.

        ``thumbs``: unit ids, True for up. Liked units stay hits, disliked ones are left out; see
        ``search.engine.feedback``. ``after``: only contents that arrived after this revision.

        Raises:
            TroveError: as ``search``.
        """
        models = self._models.at(session)
        if CLIP not in models:
            return ()
        query, _ = _named(query, session)
        question = embedded(query, models, session, self._decode, self._known(models[CLIP], session))
        return tuple(recall(question, Scope(session, models, wanted(query, arrived_after=after)), thumbs))

    def sight(self, query: Query) -> "Sight | None":
        """The picture vectors and baseline of a query; None without a model or a description of pictures."""
        with self.library.read() as session:
            models = self._models.at(session)
            if CLIP not in models:
                return None
            query, _ = _named(query, session)
            question = embedded(query, models, session, self._decode, self._known(models[CLIP], session))
            return sight(question, Scope(session, models, wanted(query)))

    def nearest_pictures(self, space: Space, texts: Sequence[str], k: int) -> list[list[int]]:
        """For each text the units whose pictures are nearest to it, by the vectors of one model alone.

        ``space``: that of the active model, or of another one that the library has vectors of.

        Raises:
            ModelError: the model is missing, or is not the one asked for.
        """
        with self.library.read() as session:
            model = self._models.at(session).get(CLIP)
            if model is None or model.space.id != space.id:
                model = ActiveModel(self.library, space, roles()[CLIP])
            known = self._known(model, session)
            vectors = np.stack([text_vector(text, model, known) for text in texts])
            found = model.vectors.at(session).search(PICTURE, vectors, k)
        return [[unit_id for unit_id, _ in nearest] for nearest in found]

    def _known(self, model: ActiveModel, session: Session) -> Known:
        """What a question is read against in a snapshot."""
        words = LibraryWords(session, self._file_words)
        names = Names(people.names(session))
        return Known(model.space.model, (words,), (names,), asked_for=asked_for)

    def _decode(self) -> "DecodePool":
        return self.decoders


def _named(query: Query, session: Session) -> tuple[Query, Note | None]:
    """The query with those whom it names as conditions, and what is said of that."""
    naming = with_people(query.text, people.names(session))
    return replace(query, text=naming.text) if naming.people else query, naming.note()


def _since(started: float) -> float:
    """Milliseconds since ``started``, a value of ``time.perf_counter``."""
    return round(1000 * (time.perf_counter() - started), 1)
