"""The one entry for the app, the command line and Python users.

>>> from search.service import SearchService
>>> with SearchService.open() as trove:            # doctest: +SKIP
...     answer = trove.search(Query("a dog on the beach"))
"""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from db import catalog, spaces
from db.schema import Space
from db.session import Database
from db.settings import Settings, load_settings
from db.vectors import VectorStore
from indexer.encoders.base import Encoder
from indexer.spaces import encoder_for
from search.answer import Answer
from search.examples import example, picture_vector
from search.fuse import fuse
from search.query import Query
from search.ranking import Ranking
from search.retrieve import Retriever, without
from search.verdict import judge

_DEPTH = 200
"""Units asked of each source at least: enough for ranks to meet, few enough to look up at once."""


class SearchService:
    """Answers queries to one library. Models are loaded on first use; safe to share between threads."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """Open the library that the settings name (by default those of the environment)."""
        settings = settings or load_settings()
        return cls(settings, Database(settings.database))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def warm(self) -> None:
        """Load what a text query needs, so that the first one does not wait for it."""
        if (opened := self._open()) is not None:
            opened.encoder.encode_texts(["warm"])
            opened.vectors.sample("picture", 1)

    def search(self, query: Query) -> Answer:
        """Answer a query; an empty library has the answer ``absent`` without hits.

        Raises:
            MediaError: the query's picture or file cannot be decoded.
            ModelError: the library's model is missing, or is not the one asked for.
            LibraryError: the library cannot be read.
        """
        started = time.perf_counter()
        opened = self._open()
        rankings: list[Ranking] = []
        if opened is not None:
            rankings = self._ask(query, opened)
        with self._database.read() as session:
            ids = {found.unit_id for ranking in rankings for found in ranking.found}
            units = catalog.unit_rows(session, ids)
        verdict, confidence = judge(rankings, opened.encoder.name if opened else "")
        hits = fuse(rankings, units, query.k)
        took_ms = round(1000 * (time.perf_counter() - started), 1)
        return Answer(str(query), verdict, confidence, took_ms, tuple(hits))

    def _ask(self, query: Query, opened: "_Opened") -> list[Ranking]:
        depth = max(_DEPTH, 4 * query.k)
        retriever = Retriever(
            self._database, opened.vectors, opened.encoder, opened.space.id, depth, query.kind
        )
        rankings: list[Ranking] = []
        if query.text.strip():
            rankings += retriever.by_text(query.text)
        if query.image is not None:
            vector = picture_vector(query.image, opened.encoder, self._settings)
            rankings.append(retriever.by_pictures(vector))
        if query.like is not None:
            file = example(query.like, self._database, opened.space, opened.encoder, self._settings)
            similar = [retriever.by_pictures(file.pictures)] if len(file.pictures) else []
            similar += [retriever.by_passages(file.passages)] if len(file.passages) else []
            rankings += without(similar, file.unit_ids)
        return rankings

    def _open(self) -> "_Opened | None":
        """The model and the vectors of the active space; None for a library without any."""
        with self._database.read() as session:
            space = spaces.active(session)
        if space is None:
            return None
        with self._lock:
            if self._opened is None or self._opened.space.id != space.id:
                settings = self._settings
                folder = settings.library / "vectors"
                self._opened = _Opened(
                    space,
                    encoder_for(settings, space),
                    VectorStore(self._database, folder, space.id, space.dim, settings.device),
                )
            return self._opened


@dataclass(frozen=True)
class _Opened:
    space: Space
    encoder: Encoder
    vectors: VectorStore
