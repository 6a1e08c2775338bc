"""The store on the server's own search of vectors (pgvector), for readers that keep no copy.

Rows that a filter leaves are compared, all of them, where they are few or a small part of the library: a
graph (HNSW, Malkov and Yashunin 2016) that is walked under such a filter finds few of them, and mostly the
wrong ones. Else the graph gives candidates, of which the filter keeps what it may; where these are too few,
all are compared after all. Filters go to the server as conditions, not as lists of units. Candidates are
found by the query in half precision and ranked by that in full.
"""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from sqlalchemy import Select, String, bindparam, cast, column, func, literal_column, select, table, text
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType

from db import kinds
from db.arrays import Ids, Vectors
from db.catalog import live, revision, units
from db.catalog.filters import ALL, Wanted
from db.engine import halves
from db.engine.dialect import id_table
from db.engine.postgres import PostgresDatabase
from db.engine.schema import UNIT_TOLERANCE
from db.errors import VectorError
from db.kinds import CLIP
from db.vectors.calibration import typical_queries
from db.vectors.store import Found, IndexStatus, Modality

log = logging.getLogger(__name__)

COMPARED = 10_000
"""So few rows are compared, whatever part of the library they are: 4 ms of the server for each thousand."""

_PART = 0.2
"""So small a part of the library is compared, however many rows it is."""

_MOST_CANDIDATES = 5_000
_SPARE = 32
"""Candidates beyond what is asked for, since they were found by a rounded query."""

LEAST_RECALL = 0.95
"""Recall of the exact ten nearest that the graph must reach, by queries like texts as by pictures."""

_EF = (40, 60, 80, 100, 140, 200, 280, 400, 560, 800, 1000)
"""How many candidates a walk keeps; the server takes no more."""
_QUERIES, _FOUND = 32, 10
_GROWN = 2
"""A graph that has grown so many times is calibrated again."""
_BYTES_A_ROW = 1_700
_MOST_MEMORY_KB = 1 << 20
"""To build a graph; more where half of the memory that the server says it has for caches is more. A graph
that does not fit is built on disk, in many times the time."""
_MOST_REMEMBERED = 64

_HALF = table("half", *(column(name) for name in ("space_id", "unit_id", "modality", "vector")))


class _HalfVector(UserDefinedType[str]):
    cache_ok = True

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def get_col_spec(self, **_options: Any) -> str:
        return f"halfvec({self.dim})"


class ServerView:
    """The vectors in the snapshot of a session, see ``VectorView``."""

    def __init__(self, session: Session, store: "ServerStore", now: int) -> None:
        self._session = session
        self._store = store
        self._now = now

    def search(self, modality: Modality, queries: Vectors, limit: int, *, wanted: Wanted = ALL) -> Found:
        """The nearest of the wanted units for each of (n, dim) unit vectors, best first."""
        queries = self._store.checked(queries)
        count = self.count(modality, wanted)
        limit = min(limit, count)
        if limit <= 0:
            return [[] for _ in queries]
        part = count / max(1, self.count(modality))
        ef = self._store.ef_search(self._session, modality)
        walked = ef is not None and count > COMPARED and part >= _PART
        found = []
        for query in queries:
            ids = (
                self._walked(modality, query, ceil(1.5 * limit / part) + _SPARE, ef or 0, wanted)
                if walked
                else None
            )
            if ids is None or len(ids) < limit:
                ids = self._compared(modality, query, limit + max(_SPARE, limit // 4), wanted)
            found.append(self._ranked(ids, query, limit))
        return found

    def count(self, modality: Modality, wanted: Wanted = ALL) -> int:
        """How many units are searched."""

        def counted() -> int:
            chosen = self._chosen(modality, wanted).subquery()
            return self._session.scalar(select(func.count()).select_from(chosen)) or 0

        found: int = self._store.remembered((self._now, modality, wanted), counted)
        return found

    def ids(self, modality: Modality, wanted: Wanted = ALL) -> Ids:
        """The units that are searched, ascending."""
        chosen = self._chosen(modality, wanted).subquery()
        statement = select(chosen.c.unit_id).order_by(chosen.c.unit_id)
        return np.fromiter(self._session.scalars(statement), dtype=np.int64)

    def sample(self, modality: Modality, size: int) -> Vectors:
        """(n, dim): up to ``size`` vectors, evenly spread over the ids."""

        def sampled() -> Vectors:
            mine = self._store.mine(modality)
            first, last = self._session.execute(
                select(func.min(_HALF.c.unit_id), func.max(_HALF.c.unit_id)).where(*mine)
            ).one()
            if first is None:
                return np.empty((0, self._store.dim), np.float32)
            places = np.unique(np.linspace(first, last, size).astype(np.int64))
            at = id_table(places.tolist())
            nearest = (
                select(_HALF.c.unit_id)
                .where(*mine, _HALF.c.unit_id >= at.c.value)
                .order_by(_HALF.c.unit_id)
                .limit(1)
                .correlate(at)
                .lateral()
            )
            told = self._session.scalars(
                select(nearest.c.unit_id).distinct().select_from(at).join(nearest, text("true"))
            )
            ids = self.held(modality, np.sort(np.fromiter(told, dtype=np.int64)))
            return units.vectors(self._session, self._store.space_id, ids)

        found: Vectors = self._store.remembered((self._now, modality, size), sampled)
        return found

    def held(self, modality: Modality, ids: Ids) -> Ids:
        """Those of these units that have a vector, in their order."""
        found = live.among(self._session, ids, self._store.kinds[modality], among_hidden=True)
        each = id_table(found.tolist())
        mine = select(_HALF.c.unit_id).where(*self._store.mine(modality))
        has = self._session.scalars(mine.join(each, each.c.value == _HALF.c.unit_id))
        held: Ids = ids[np.isin(ids, np.fromiter(has, dtype=np.int64))]
        return held

    def vectors(self, modality: Modality, ids: Ids) -> Vectors:
        """The vectors of these units, (n, dim) float32 in the order of ``ids``.

        Raises:
            LibraryError: a unit has no vector of this modality that can be found.
        """
        if len(self.held(modality, ids)) != len(ids):
            raise units.lacking()
        return units.vectors(self._session, self._store.space_id, ids)

    def _chosen(self, modality: Modality, wanted: Wanted) -> Select[*tuple[Any, ...]]:
        """The wanted units with their vectors."""
        of_kinds = self._kinds(modality, wanted)
        chosen = select(_HALF.c.unit_id, _HALF.c.vector).where(*self._store.mine(modality))
        # Else the planner walks a graph and throws away what the rule leaves out.
        left = live.rule(self._session, of_kinds, wanted.filters).cte("chosen").prefix_with("MATERIALIZED")
        return chosen.join(left, left.c.id == _HALF.c.unit_id)

    def _kinds(self, modality: Modality, wanted: Wanted) -> list[str]:
        every = self._store.kinds[modality]
        return [kind for kind in every if wanted.kinds is None or kind in wanted.kinds]

    def _compared(self, modality: Modality, query: Vectors, most: int, wanted: Wanted) -> Ids:
        """The nearest of all wanted units."""
        chosen = self._chosen(modality, wanted).subquery()
        distance = chosen.c.vector.op("<#>")(self._store.asked(query))
        statement = select(chosen.c.unit_id).order_by(distance, chosen.c.unit_id).limit(most)
        return np.fromiter(self._session.scalars(statement), dtype=np.int64)

    def _walked(self, modality: Modality, query: Vectors, most: int, ef: int, wanted: Wanted) -> Ids:
        """Those wanted units that are among the nearest of all, as far as the graph knows."""
        near = self._store.walk(self._session, modality, query, min(most, _MOST_CANDIDATES), ef)
        return live.among(self._session, near, self._kinds(modality, wanted), wanted.filters)

    def _ranked(self, ids: Ids, query: Vectors, limit: int) -> list[tuple[int, float]]:
        scores = units.vectors(self._session, self._store.space_id, ids) @ query
        order = np.lexsort((ids, -scores))[:limit]
        return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))


class ServerStore:
    """The vectors of one space as the server searches them, see ``VectorStore``.

    Args:
        graph_from: from so many vectors of a modality on it has a graph.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        space_id: int,
        dim: int,
        role: str = CLIP,
        graph_from: int = COMPARED,
    ) -> None:
        self.space_id = space_id
        self.dim = dim
        self.kinds: Mapping[Modality, Sequence[str]] = kinds.modalities(role)
        self._database = database
        self._graph_from = graph_from
        self._lock = threading.Lock()
        self._known: dict[Any, Any] = {}

    def at(self, session: Session) -> ServerView:
        """A view of the snapshot of a session that writes nothing.

        Raises:
            VectorError: the session has changed what can be found, or its snapshot is of before there were
                vectors that the server can search.
        """
        if revision.is_touched(session):
            raise VectorError("a session that has written cannot be searched")
        if not halves.is_kept(session.connection(), self.space_id):
            raise VectorError("the server has no vectors that it can search", "Run: trove rebuild")
        return ServerView(session, self, revision.current(session))

    def save(self, *, rebuild: bool = False) -> None:
        """Have the server keep vectors that it can search, with ``rebuild`` anew, and graphs of them."""
        if rebuild or not self.is_kept():
            of_kinds = {kind: modality for modality, names in self.kinds.items() for kind in names}
            with self._database.write() as session:
                halves.keep(session.connection(), self.space_id, of_kinds)
            if rebuild:
                for modality in self.kinds:
                    self._database.execute_alone(f"DROP INDEX CONCURRENTLY IF EXISTS {self._graph(modality)}")
        self.train()

    def is_kept(self) -> bool:
        """Whether the server keeps vectors of the space that it can search."""
        with self._database.read() as session:
            return halves.is_kept(session.connection(), self.space_id)

    def train(self) -> None:
        """Make graphs of modalities with many vectors, where they are missing; searches go on meanwhile."""
        for modality in self.kinds:
            with self._database.read() as session:
                count = self._count(session, modality)
                calibrated = self._calibration(session, modality)
            if count < self._graph_from or (calibrated and count < _GROWN * calibrated["rows"]):
                continue
            if not calibrated:
                self._make_graph(modality, count)
            with self._database.read() as session:
                found = {"ef": self._calibrated(session, modality), "rows": count}
            with self._database.write() as session:
                session.execute(
                    text(
                        "UPDATE graph SET ef_search = (ef_search::jsonb || CAST(:found AS jsonb))::json "
                        "WHERE space_id = :space_id"
                    ),
                    {"found": json.dumps({modality: found}), "space_id": self.space_id},
                )

    def _make_graph(self, modality: Modality, count: int) -> None:
        memory_kb = min(max(64 << 10, count * _BYTES_A_ROW * self.dim // 512 >> 10), self._most_memory_kb())
        graph = self._graph(modality)
        self._database.execute_alone(
            f"SET maintenance_work_mem = '{memory_kb}kB'",
            f"DROP INDEX CONCURRENTLY IF EXISTS {graph}",
            f"CREATE INDEX CONCURRENTLY {graph} ON half USING hnsw "
            f"((vector::halfvec({self.dim})) halfvec_ip_ops) "
            f"WHERE space_id = {self.space_id} AND modality = '{modality}'",
        )

    def _most_memory_kb(self) -> int:
        with self._database.read() as session:
            cached = session.scalar(text("SELECT pg_size_bytes(current_setting('effective_cache_size'))"))
        return max(_MOST_MEMORY_KB, (cached or 0) >> 11)  # half of it, in kB

    def delete(self) -> None:
        """Delete what the server keeps of the space for searching."""
        for modality in self.kinds:
            self._database.execute_alone(f"DROP INDEX CONCURRENTLY IF EXISTS {self._graph(modality)}")
        with self._database.write() as session:
            halves.drop(session.connection(), self.space_id)

    def status(self) -> IndexStatus:
        """How the server searches the largest modality, and how many vectors there are."""
        with self._database.read() as session:
            if not halves.is_kept(session.connection(), self.space_id):
                return IndexStatus("flat", 0, fresh=False)
            counts = {modality: self._count(session, modality) for modality in self.kinds}
            has_graph = any(self.ef_search(session, modality) is not None for modality in self.kinds)
        return IndexStatus("hnsw" if has_graph else "flat", sum(counts.values()), fresh=True)

    def remembered(self, key: Any, ask: Any) -> Any:
        """What was found out of a revision before: it never changes."""
        with self._lock:
            if key in self._known:
                return self._known[key]
        found = ask()
        with self._lock:
            while len(self._known) >= _MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = found
        return found

    def ef_search(self, session: Session, modality: Modality) -> int | None:
        """How many candidates a walk through the graph of a modality keeps; None without a graph."""
        calibrated = self._calibration(session, modality)
        return int(calibrated["ef"]) if calibrated else None

    def _calibration(self, session: Session, modality: Modality) -> Mapping[str, int]:
        """By how many rows a graph was calibrated last, and what came of it; empty without one."""
        asked = text("SELECT ef_search FROM graph WHERE space_id = :space_id")
        told: Mapping[str, Mapping[str, int]] | None = session.execute(
            asked, {"space_id": self.space_id}
        ).scalar()
        return (told or {}).get(modality, {})

    def mine(self, modality: Modality) -> tuple[Any, ...]:
        """SQL conditions on the vectors of a modality; said outright, as those of its graph are."""
        return (
            _HALF.c.space_id == literal_column(str(self.space_id)),
            _HALF.c.modality == literal_column(f"'{modality}'"),
        )

    def asked(self, query: Vectors) -> Any:
        """A (dim,) query as the server takes it, in half precision."""
        numbers = ",".join(map(repr, query.astype(np.float16).astype(float).tolist()))
        return cast(bindparam(None, f"[{numbers}]", String), _HalfVector(self.dim))

    def walk(self, session: Session, modality: Modality, query: Vectors, most: int, ef: int) -> Ids:
        """The nearest units by the graph; what the library hides is among them.

        ``ef``: how many candidates it keeps on its walk, of which it gives the best.
        """
        kept = min(max(ef, most), _EF[-1])
        for name, value in (("ef_search", kept), ("iterative_scan", "relaxed_order")):
            session.execute(text(f"SET LOCAL hnsw.{name} = {value}"))
        distance = cast(_HALF.c.vector, _HalfVector(self.dim)).op("<#>")(self.asked(query))
        near = select(_HALF.c.unit_id).where(*self.mine(modality)).order_by(distance).limit(most)
        return np.sort(np.fromiter(session.scalars(near), dtype=np.int64))

    def checked(self, queries: Vectors) -> Vectors:
        """Queries that fit.

        Raises:
            VectorError: they do not.
        """
        if queries.ndim != 2 or queries.shape[1] != self.dim or queries.dtype != np.float32:
            raise VectorError(f"queries of shape {queries.shape} do not fit {self.dim} dimensions")
        if not np.all(np.abs(np.linalg.norm(queries, axis=1) - 1) < UNIT_TOLERANCE):
            raise VectorError("vectors must be finite and of unit length")
        return queries

    def _graph(self, modality: Modality) -> str:
        return f"half_{self.space_id}_{modality}"

    def _count(self, session: Session, modality: Modality) -> int:
        if not halves.is_kept(session.connection(), self.space_id):
            return 0
        return session.scalar(select(func.count()).select_from(_HALF).where(*self.mine(modality))) or 0

    def _calibrated(self, session: Session, modality: Modality) -> int:
        """The fewest candidates with which typical queries find enough of their exact nearest."""
        rows = self.at(session).sample(modality, _QUERIES)
        queries = typical_queries(rows)
        mine = select(_HALF.c.unit_id).where(*self.mine(modality))
        # By the whole column, of which there is no graph.
        exact = [
            set(session.scalars(mine.order_by(_HALF.c.vector.op("<#>")(self.asked(query))).limit(_FOUND)))
            for query in queries
        ]
        for ef in _EF:
            found = [
                len(own & set(self.walk(session, modality, query, _FOUND, ef).tolist()))
                for query, own in zip(queries, exact, strict=True)
            ]
            near, far = sum(found[: len(rows)]), sum(found[len(rows) :])
            wanted = sum(map(len, exact)) / 2
            if min(near, far) >= LEAST_RECALL * wanted:
                return ef
        log.warning(
            "the graph of %s finds fewer than %.0f %% of what is nearest", modality, 100 * LEAST_RECALL
        )
        return _EF[-1]
