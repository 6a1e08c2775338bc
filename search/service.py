"""Search: from a query to an answer, with the models kept loaded between questions.

``trove.Library`` holds one of these; whoever has a ``db.library.Library`` makes one of it:

>>> with SearchService(library) as service:            # doctest: +SKIP
...     answer = service.search(Query("a dog on the beach"))
"""

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from db.library import Library
from indexer.encoders.base import Encoder
from search.answer import Answer, Hit
from search.drawing.imagine import imagined, moved
from search.engine.active import ActiveModels
from search.engine.embed import embedded, picture_vector
from search.engine.rank import Sight, answered, recall, sight
from search.engine.retrieve import BACKGROUND
from search.engine.verdict import judge
from search.query.query import Query

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool
    from search.drawing.output import Drawing


class SearchService:
    """Answers queries to one library. Models are loaded on first use; safe to share between threads."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._models = ActiveModels(library)
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
        """Processes that decode files that are asked with, or shown; none runs before the first file."""
        return self._pool()

    def _pool(self) -> "DecodePool":
        with self._lock:
            if self._decoders is None:
                from indexer.media.pool import DecodePool  # of no use to words, which should not wait for it

                self._decoders = DecodePool.of(self.library.settings)
            return self._decoders

    def close(self) -> None:
        """End the decoders; the library stays open."""
        if self._decoders is not None:
            self._decoders.close()

    def warm(self) -> None:
        """Load what a text query needs, so that the first one does not wait for it, and mend the index."""
        if (model := self._models.get()) is not None:
            model.encoder.encode_texts(["warm"])
            model.vectors.sample("picture", BACKGROUND)
            model.vectors.train()

    def encoder(self) -> Encoder | None:
        """The model that answers; None for a library without any."""
        model = self._models.get()
        return model.encoder if model else None

    def search(self, query: Query, drawing: "Drawing | None" = None) -> Answer:
        """Answer a query; an empty library has the answer ``absent`` without hits.

        A ``drawing`` of what is asked for joins the words as a ranking of its own, and every hit says
        where it was without it. It changes the order, never the verdict: see ``search.drawing.imagine``.

        Raises:
            MediaError: the query's picture or file cannot be decoded.
            ModelError: the library's model is missing, or is not the one asked for.
            LibraryError: the library cannot be read.
        """
        started = time.perf_counter()
        model = self._models.get()
        if model is None:
            return Answer(str(query), "absent", 0.0, _since(started), (), imagined(drawing))
        ranked, hits = answered(embedded(query, model, self._pool))
        verdict, confidence = judge(ranked.rankings, model.null_scores(), model.near_duplicate)
        if drawing is not None:
            drawn = ranked.retriever.by_drawing(picture_vector(drawing.path, model, self._pool))
            hits = moved(ranked.hits([drawn]), hits)
        shown = tuple(ranked.explained(hit) for hit in hits[: query.k])
        return Answer(str(query), verdict, confidence, _since(started), shown, imagined(drawing))

    def recall(self, query: Query, thumbs: Mapping[int, bool], *, after: int = 0) -> tuple[Hit, ...]:
        """All hits of a question on which people have put thumbs, by its own query vectors and cut-offs.

        ``thumbs``: unit ids, True for up. What was liked stays a hit, what was not is none; see
        ``search.engine.feedback``. ``after``: only contents that arrived after the one with this id.

        Raises:
            as ``search``.
        """
        model = self._models.get()
        if model is None:
            return ()
        return tuple(recall(embedded(query, model, self._pool), thumbs, after=after))

    def sight(self, query: Query) -> Sight | None:
        """How the query looks at pictures; None where nothing is indexed, or it asks nothing of them."""
        model = self._models.get()
        return None if model is None else sight(embedded(query, model, self._pool))


def _since(started: float) -> float:
    """Milliseconds since ``time.perf_counter`` gave ``started``."""
    return round(1000 * (time.perf_counter() - started), 1)
