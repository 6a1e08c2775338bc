"""The one entry for the app, the command line and Python users.

>>> from search.service import SearchService
>>> with SearchService.open() as trove:            # doctest: +SKIP
...     answer = trove.search(Query("a dog on the beach"))
"""

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from sqlalchemy.orm import Session

from db.catalog import revision, spaces, units
from db.catalog.filters import Arrived, Rule
from db.catalog.units import Vectors
from db.engine.database import Database
from db.engine.schema import NullScores, Space
from db.paths import expanded
from db.settings import Settings, load_settings
from db.vectors.store import KINDS, Modality, VectorStore
from indexer.encoders.active import encoder_for
from indexer.encoders.base import Encoder
from indexer.encoders.registry import near_duplicate
from indexer.null_model import fitted
from search.answer import Answer, Evidence, Hit
from search.drawing.imagine import imagined, moved
from search.engine.collapse import collapsed, spared
from search.engine.embed import Example, example, picture_vector
from search.engine.feedback import Judged, recalled
from search.engine.fuse import fuse
from search.engine.query_cache import QueryVectors
from search.engine.ranking import Ranking
from search.engine.retrieve import BACKGROUND, NEGATIVE, Part, Retriever, without
from search.engine.verdict import judge
from search.query import conditions
from search.query.language import Term
from search.query.query import Query

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool
    from search.drawing.output import Drawing

_DEPTH = 200
"""Units asked of each source at least: enough for ranks to meet, few enough to look up at once."""


_DEEPEST = 5_000
"""Units asked of each source at most, however many of them are one hit."""


class SearchService:
    """Answers queries to one library. Models are loaded on first use; safe to share between threads."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._decoders: DecodePool | None = None

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """Open the library that the settings name (by default those of the environment)."""
        settings = settings or load_settings()
        return cls(settings, Database(settings.database))

    @property
    def database(self) -> Database:
        """The library's database."""
        return self._database

    @property
    def settings(self) -> Settings:
        """The settings that the library was opened with."""
        return self._settings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def decoders(self) -> "DecodePool":
        """Processes that decode files that are asked with, or shown; none runs before the first file."""
        with self._lock:
            if self._decoders is None:
                from indexer.media.pool import DecodePool  # of no use to words, which should not wait for it

                self._decoders = DecodePool.of(self._settings)
            return self._decoders

    def close(self) -> None:
        """End the decoders and close the database."""
        if self._decoders is not None:
            self._decoders.close()
        self._database.close()

    def warm(self) -> None:
        """Load what a text query needs, so that the first one does not wait for it, and mend the index."""
        if (opened := self._open()) is not None:
            opened.encoder.encode_texts(["warm"])
            opened.vectors.sample("picture", BACKGROUND)
            opened.vectors.train()

    def encoder(self) -> Encoder | None:
        """The model that answers; None for a library without any."""
        opened = self._open()
        return opened.encoder if opened else None

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
        opened = self._open()
        asked, plain = (_Asked(), []) if opened is None else self._answered(query, opened)
        verdict, confidence = (
            judge(asked.rankings, self._null(opened), opened.near_duplicate) if opened else ("absent", 0.0)
        )
        drawn = [] if drawing is None else self._by_drawing(drawing, asked)
        found = moved(self._fused([*asked.rankings, *drawn], query, asked), plain) if drawn else plain
        hits = [self._explained(hit, query, asked) for hit in found[: query.k]]
        took_ms = round(1000 * (time.perf_counter() - started), 1)
        return Answer(str(query), verdict, confidence, took_ms, tuple(hits), imagined(drawing))

    def _answered(self, query: Query, opened: "_Opened") -> tuple["_Asked", list[Hit]]:
        """What the sources found, and the hits: as many as are wanted, where there are as many.

        Many near-identical pictures, or frames of one moment, are one hit; then more are asked for.
        """
        question = self._question(query, opened)
        depth = max(_DEPTH, 4 * query.k)
        while True:
            asked = self._ask(question, depth)
            hits = self._fused(asked.rankings, query, asked)
            full = any(len(ranking.found) >= depth for ranking in asked.rankings)
            if len(hits) >= query.k or not full or depth >= _DEEPEST:
                return asked, hits
            depth *= 5

    def recall(self, query: Query, thumbs: Mapping[int, bool], *, after: int = 0) -> tuple[Hit, ...]:
        """All hits of a question on which people have put thumbs, by its own query vectors and cut-offs.

        ``thumbs``: unit ids, True for up. What was liked stays a hit, what was not is none; see
        ``search.engine.feedback``. ``after``: only contents that arrived after the one with this id.

        Raises:
            as ``search``.
        """
        opened = self._open()
        if opened is None:
            return ()
        rules = (Rule((Arrived(after),)),) if after else ()
        question = self._question(query, opened)
        retriever = self._retriever(question, max(_DEPTH, 4 * query.k), rules)
        rankings = recalled(retriever, question.alternatives, self._judged(thumbs, opened))
        rankings = rankings or [self._unranked(query, retriever)]
        asked = _Asked(rankings, question.alternatives, opened, retriever)
        liked, disliked = (
            {unit_id for unit_id, up in thumbs.items() if up is thumb} for thumb in (True, False)
        )
        found = self._fused(rankings, query, asked, disliked)
        left = (spared(hit, disliked, liked) for hit in found)
        hits = (replace(hit, rank=rank) for rank, hit in enumerate(filter(None, left), start=1))
        return tuple(self._explained(hit, query, asked) for hit in hits)

    def _fused(
        self, rankings: list[Ranking], query: Query, asked: "_Asked", disliked: Collection[int] = ()
    ) -> list[Hit]:
        """All hits, near-identical pictures as one; without moments that are disliked."""
        with self._database.read() as session:
            rows = units.rows(session, {found.unit_id for some in rankings for found in some.found})
            # What is like a picture that is disliked can only be told while it is there.
            hidden = [unit_id for unit_id in disliked if unit_id in rows and rows[unit_id].kind != "image"]
            hits = fuse(rankings, rows, len(rows), hidden=hidden)
            pictures = np.array([hit.unit_id for hit in hits if hit.kind == "image"], dtype=np.int64)
            if query.apart or asked.opened is None or not len(pictures):
                return hits
            vectors = units.vectors(session, asked.opened.space.id, pictures)
        return collapsed(
            hits, dict(zip(pictures.tolist(), vectors, strict=True)), asked.opened.near_duplicate
        )

    def _judged(self, thumbs: Mapping[int, bool], opened: "_Opened") -> list[Judged]:
        """What was judged, by modality, as far as it has a vector in this space."""
        with self._database.read() as session:
            return [self._judged_of(session, modality, thumbs, opened) for modality in KINDS]

    def _judged_of(
        self, session: Session, modality: Modality, thumbs: Mapping[int, bool], opened: "_Opened"
    ) -> Judged:
        ids = spaces.embedded(session, opened.space.id, list(thumbs), KINDS[modality])
        vectors = units.vectors(session, opened.space.id, ids)
        return Judged(modality, ids, vectors, np.array([thumbs[unit_id] for unit_id in ids.tolist()], bool))

    def _question(self, query: Query, opened: "_Opened") -> "_Question":
        """What is asked, as the model sees it: pictures are decoded and words encoded here, once."""
        alternatives = [[self._part(term, opened) for term in terms] for terms in query.parsed.alternatives]
        like = None
        if query.like is not None:
            like = example(
                query.like, self._database, opened.space, opened.encoder, self._settings, self.decoders
            )
        return _Question(query, opened, alternatives, like)

    def _retriever(self, question: "_Question", depth: int, rules: tuple[Rule, ...] = ()) -> Retriever:
        query, opened = question.query, question.opened
        rules += tuple(
            conditions.rule(item.key, item.values, negated=item.negated) for item in query.parsed.conditions
        )
        return Retriever(self._database, opened.vectors, opened.space.id, depth, query.kind, rules)

    def _unranked(self, query: Query, retriever: Retriever) -> Ranking:
        """What the conditions leave, where nothing is described."""
        said = any(item.key == "said" and not item.negated for item in query.parsed.conditions)
        return retriever.said() if said else retriever.listed()

    def _ask(self, question: "_Question", depth: int = _DEPTH) -> "_Asked":
        retriever = self._retriever(question, depth)
        alternatives, like = question.alternatives, question.like
        rankings = retriever.by_parts(alternatives) if alternatives else []
        if like is not None:
            similar = [retriever.by_pictures(like.pictures)] if len(like.pictures) else []
            similar += [retriever.by_passages(like.passages)] if len(like.passages) else []
            rankings += without(similar, like.unit_ids)
        elif not alternatives:
            rankings = [self._unranked(question.query, retriever)]
        return _Asked(rankings, alternatives, question.opened, retriever)

    def _by_drawing(self, drawing: "Drawing", asked: "_Asked") -> list[Ranking]:
        if asked.opened is None or asked.retriever is None:
            return []
        vector = picture_vector(drawing.path, asked.opened.encoder, self._settings, self.decoders)
        return [asked.retriever.by_drawing(vector)]

    def sight(self, query: Query) -> "Sight | None":
        """How the query looks at pictures; None where nothing is indexed, or it asks nothing of them."""
        opened = self._open()
        if opened is None:
            return None
        asked = self._ask(self._question(query, opened))
        if asked.retriever is None or not asked.alternatives:
            return None
        vectors = asked.retriever.combined("picture", asked.alternatives)
        sample = opened.vectors.sample("picture", BACKGROUND)
        return Sight(opened.encoder, opened.space.id, vectors, np.sort((sample @ vectors.T).max(axis=1)))

    def _part(self, term: Term, opened: "_Opened") -> Part:
        weight = term.weight * (NEGATIVE if term.weight < 0 else 1)
        if term.kind == "text":
            vector = opened.queries.of(term.value, opened.encoder)
            return Part({"picture": vector, "speech": vector}, weight, term.value)
        path = expanded(term.value)
        vector = picture_vector(path, opened.encoder, self._settings, self.decoders)[0]
        return Part({"picture": vector}, weight)

    def _explained(self, hit: Hit, query: Query, asked: "_Asked") -> Hit:
        """The hit with what each part of a question of several has to do with it, and its conditions."""
        why = hit.why
        if len(asked.parts) > 1 and asked.opened is not None:
            with self._database.read() as session:
                vector = units.vectors(session, asked.opened.space.id, np.array([hit.unit_id]))[0]
            modality: Modality = "speech" if hit.kind == "speech" else "picture"
            written = [str(term).lstrip("+") for terms in query.parsed.alternatives for term in terms]
            terms = tuple(
                (text, round(float(part.vectors[modality] @ vector), 4))
                for text, part in zip(written, asked.parts, strict=True)
                if modality in part.vectors
            )
            why = tuple(replace(fact, terms=terms) if fact.source != "words" else fact for fact in why)
        fulfilled = [Evidence("condition", 1, 1.0, (str(item),)) for item in query.parsed.conditions]
        return replace(hit, why=(*why, *fulfilled))

    def _null(self, opened: "_Opened") -> NullScores | None:
        """What is usual in this library as it is now; looked after only when the library has changed."""
        with self._database.read() as session:
            now = revision.current(session)
        with self._lock:
            if opened.null is None or opened.null[0] != now:
                null = fitted(
                    self._database, opened.space.id, opened.vectors, opened.encoder, self._settings.cache
                )
                opened.null = (now, null)
            return opened.null[1]

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
                    QueryVectors(settings.cache / "queries", space.fingerprint),
                )
            return self._opened


@dataclass(frozen=True)
class Sight:
    """A query as the pictures meet it: (n, dim) vectors, of which the nearest counts.

    ``usual``: (m,) ascending, its similarities to up to a thousand pictures all over the library.
    """

    encoder: Encoder
    space_id: int
    vectors: Vectors
    usual: Vectors


@dataclass(frozen=True)
class _Question:
    """A query with everything in it as vectors."""

    query: Query
    opened: "_Opened"
    alternatives: list[list[Part]]
    like: Example | None = None


@dataclass(frozen=True)
class _Asked:
    rankings: list[Ranking] = field(default_factory=list)
    alternatives: list[list[Part]] = field(default_factory=list)
    opened: "_Opened | None" = None
    retriever: Retriever | None = None

    @property
    def parts(self) -> list[Part]:
        return [part for parts in self.alternatives for part in parts]


@dataclass
class _Opened:
    space: Space
    encoder: Encoder
    vectors: VectorStore
    queries: QueryVectors
    null: tuple[int, NullScores | None] | None = None
    """The null distribution, and the library's revision that it was looked up for."""

    @property
    def near_duplicate(self) -> float:
        """Cosine from which two pictures are one hit."""
        return near_duplicate(self.encoder.name)
