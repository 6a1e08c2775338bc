"""Saved searches: named queries with thumbs on their hits, which can also show only what is new.

>>> from search.saved.searches import SavedSearches
>>> saved = SavedSearches(service)                              # doctest: +SKIP
>>> saved.add("Rex", Query("a brown dog on the beach"))         # doctest: +SKIP
>>> answer = saved.show("Rex")                                  # doctest: +SKIP
>>> saved.judge("Rex", answer.hits[0].unit_id, up=True)         # doctest: +SKIP
>>> new = saved.arrivals("Rex")                                 # doctest: +SKIP
>>> saved.mark_seen(new)                                        # doctest: +SKIP

Only what people entered is stored: the words, the pictures, the thumbs. Vectors are derived from it at
each search, so that a saved search works with every model.
"""

import hashlib
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from db import kinds
from db.catalog import assets, revision, units
from db.catalog import saved as rows
from db.catalog.saved import Judged, SavedSearch
from db.catalog.units import UnitRow
from db.errors import DecodeError, QueryError, UnreadableError
from db.files import write_atomically
from db.names import spelled
from db.near import did_you_mean
from db.printable import is_printable
from indexer.media.formats import media_kind
from indexer.media.reader import probe
from search.answer import Hit
from search.query.language import Parsed, Term
from search.query.query import Query
from search.service import SearchService

LONGEST_NAME = 100


@dataclass(frozen=True)
class Saved:
    """A saved search. ``up`` and ``down``: how many thumbs its hits have; ``created_at``: UTC.

    ``said_by``: the user who saved it for all, None where that is who asks.
    """

    name: str
    query: Query
    created_at: datetime
    up: int
    down: int
    said_by: str | None = None


@dataclass(frozen=True)
class SavedAnswer:
    """The hits of a saved search. ``count``: all hits above its threshold; ``hits``: the best of them.

    ``new``: the unit ids of those that have arrived since its hits were last seen; ``liked``: of those
    with a thumb up. ``newest``: the revision of the library then, for ``SavedSearches.mark_seen``.
    """

    name: str
    hits: tuple[Hit, ...]
    count: int
    new: frozenset[int]
    liked: frozenset[int]
    newest: int


class SavedSearches:
    """The saved searches of one library. Safe to share between threads, as the service is."""

    def __init__(self, service: SearchService) -> None:
        self._service = service
        self._library = service.library
        self._pictures = service.library.paths.query_pictures

    def every(self) -> list[Saved]:
        """All saved searches, by name."""
        with self._library.read() as session:
            return [_saved(session, row) for row in rows.every(session)]

    def get(self, name: str) -> Saved:
        """The saved search of that name.

        Raises:
            QueryError: there is no such saved search.
        """
        with self._library.read() as session:
            return _saved(session, _row(session, name))

    def add(self, name: str, query: Query) -> Saved:
        """Save a query under a name. Nothing that the library has now counts as new.

        Its pictures are copied into the library's folder: the originals may be gone at the next search.

        Raises:
            QueryError: the name is taken or unusable, or the query is a video or recording.
            MediaError: a picture of the query cannot be read.
        """
        name = _checked(name)
        text = str(self._with_own_pictures(query))
        with self._library.write() as session:
            _refuse_taken(session, name)
            rows.add(session, name, text, query.kind)
        return self.get(name)

    def rename(self, name: str, new: str) -> None:
        """Rename a saved search.

        Raises:
            QueryError: there is no such saved search, or the new name is taken or unusable.
        """
        new = _checked(new)
        with self._library.write() as session:
            row = _row(session, name)
            if new != row.name:
                _refuse_taken(session, new)
                rows.rename(session, row.id, new)

    def remove(self, name: str) -> None:
        """Delete a saved search with its thumbs and query pictures; the hits themselves are not touched.

        Raises:
            QueryError: there is no such saved search.
        """
        with self._library.write() as session:
            rows.remove(session, _row(session, name).id)
            remaining = [_query(row).parsed for row in rows.every(session)]
        used = {term.value for parsed in remaining for terms in parsed.alternatives for term in terms}
        for path in self._pictures.glob("*"):
            if str(path) not in used:
                path.unlink(missing_ok=True)

    def show(self, name: str, k: int = 20) -> SavedAnswer:
        """The best hits of a saved search, by its adjusted query vectors and above its own threshold.

        Raises:
            QueryError: there is no such saved search.
            TroveError: as ``SearchService.search``.
        """
        return self._answer(name, k, new_only=False)

    def arrivals(self, name: str, k: int = 20) -> SavedAnswer:
        """As ``show``, only with hits that have arrived since its hits were last seen."""
        return self._answer(name, k, new_only=True)

    def mark_seen(self, answer: SavedAnswer) -> None:
        """Record that these hits were seen: no content that had arrived by then is new any more.

        Raises:
            QueryError: the saved search was removed meanwhile.
        """
        with self._library.write() as session:
            rows.mark_seen(session, _row(session, answer.name).id, answer.newest)

    def thumbs(self, name: str) -> list[Judged]:
        """All thumbs, the latest first.

        Raises:
            QueryError: there is no such saved search.
        """
        with self._library.read() as session:
            return rows.judged(session, _row(session, name).id)

    def judge(self, name: str, unit_id: int, *, up: bool | None, path: Path | None = None) -> None:
        """Put a thumb up or down on a hit, by its ``unit_id``; None takes it off.

        ``path``: of the file that was shown, where there are several with its content.

        Raises:
            QueryError: there is no such saved search, or the unit is not in the library.
        """
        with self._library.write() as session:
            saved_id = _row(session, name).id
            if up is None:
                thumb_ids = [item.id for item in rows.judged(session, saved_id) if item.unit_id == unit_id]
                rows.unjudge(session, thumb_ids)
            elif (unit := units.rows(session, [unit_id], among_hidden=True).get(unit_id)) is not None:
                rows.judge(session, saved_id, unit.led_by(path) if path else unit, up=up)
            else:
                raise QueryError("what was to be judged is not in the library any more", "Ask again.")

    def judge_file(self, name: str, path: Path, *, up: bool | None, at_s: float | None = None) -> None:
        """As ``judge``, of a file; of a video or recording the moment at ``at_s``, or else its best hit.

        Raises:
            QueryError: there is no such saved search or file, or it is not clear which moment is meant.
        """
        with self._library.read() as session:
            path = assets.meant(session, path)
        if up is None:
            thumbs = [item for item in self.thumbs(name) if path in self._paths(item) and _is_at(item, at_s)]
            if not thumbs:
                raise QueryError(f"{path.name} has no thumb in this saved search", "See: trove saved show")
            with self._library.write() as session:
                rows.unjudge(session, [item.id for item in thumbs])
            return
        with self._library.read() as session:
            file_units = list(units.rows(session, units.ids_at(session, path), among_hidden=True).values())
        if not file_units:
            raise QueryError(f"{path.name} is not in the library", "Index it first: trove index")
        self.judge(name, self._meant(name, path, file_units, at_s), up=up, path=path)

    def _meant(self, name: str, path: Path, file_units: list[UnitRow], at_s: float | None) -> int:
        standing = [unit for unit in file_units if unit.kind in kinds.proving(*kinds.STANDING)] or file_units
        if len(standing) == 1 or standing[0].media == "image":
            return standing[0].id
        hits = [hit for hit in self.show(name, k=len(file_units)).hits if path in hit.files]
        if at_s is None and hits:
            return hits[0].unit_id
        if at_s is None:
            raise QueryError(
                f"no moment of {path.name} is a hit of this saved search",
                "Say which one is meant: --at SECONDS",
            )
        unit_ids = [hit.unit_id for hit in hits if _covers(hit.start_s, hit.end_s, at_s)]
        unit_ids += [unit.id for unit in file_units if _covers(unit.start_s, unit.end_s, at_s)]
        if not unit_ids:
            raise QueryError(f"nothing of {path.name} at {at_s:g} s is in the library", "See: trove search")
        return unit_ids[0]

    def _paths(self, judged: Judged) -> set[Path]:
        """Paths of a judged unit: where it was when it was judged, and where it is now."""
        with self._library.read() as session:
            now = units.rows(session, [] if judged.unit_id is None else [judged.unit_id], among_hidden=True)
        return {judged.path, *(file.path for unit in now.values() for file in (unit.file, *unit.copies))}

    def _answer(self, name: str, k: int, *, new_only: bool) -> SavedAnswer:
        with self._library.read() as session:
            row = _row(session, name)
            newest = revision.current(session)
            thumbs = {item.unit_id: item.up for item in rows.judged(session, row.id) if item.unit_id}
            query = Query(row.query, k=k, kind=row.kind)
            hits = self._service.recall(session, query, thumbs, after=row.seen if new_only else None)
            shown = units.rows(session, [hit.unit_id for hit in hits[:k]], among_hidden=True)
            new_contents = rows.arrived(session, [unit.content_id for unit in shown.values()], row.seen)
        new = {unit.id for unit in shown.values() if unit.content_id in new_contents}
        liked = {unit_id for unit_id, up in thumbs.items() if up}
        return SavedAnswer(
            row.name, hits[:k], len(hits), frozenset(new), frozenset(liked & shown.keys()), newest
        )

    def _with_own_pictures(self, query: Query) -> Parsed:
        parsed = query.parsed
        if query.like is not None:
            if self._service.decoders.run(probe, query.like).kind != "image":
                raise QueryError(
                    "a search for what is like a video or recording cannot be saved",
                    "Save one with words, pictures or conditions.",
                )
            like = Term("picture", str(query.like))
            parsed = replace(
                parsed, alternatives=tuple((*terms, like) for terms in parsed.alternatives or ((),))
            )
        return replace(
            parsed,
            alternatives=tuple(tuple(self._own(term) for term in terms) for terms in parsed.alternatives),
        )

    def _own(self, term: Term) -> Term:
        """The term with its picture copied to the library's folder."""
        if term.kind != "picture":
            return term
        path = spelled(term.value)
        is_picture = self._service.decoders.run(probe, path).kind == "image"
        if not is_picture and media_kind(path) != "image":  # it may be an animated one
            raise DecodeError(f"{path.name} is not a picture")
        try:
            data = path.read_bytes()
        except OSError as exc:
            raise UnreadableError(f"{path.name} cannot be read: {exc.strerror or exc}") from exc
        copy = self._pictures / f"{hashlib.sha256(data).hexdigest()[:16]}{path.suffix.lower()}"
        if not copy.exists():
            self._pictures.mkdir(parents=True, exist_ok=True)
            write_atomically(copy, data)
        return replace(term, value=str(copy))


def _query(row: SavedSearch) -> Query:
    """The query of a row; one of a kind or condition that is not there any more goes by its words."""
    try:
        return Query(row.query, kind=row.kind)
    except QueryError:
        return Query(str(Parsed(((Term("text", row.query),),))))


def _saved(session: Session, row: SavedSearch) -> Saved:
    thumbs = [item.up for item in rows.judged(session, row.id)]
    return Saved(row.name, _query(row), row.created_at, sum(thumbs), len(thumbs) - sum(thumbs), row.said_by)


def _row(session: Session, name: str) -> SavedSearch:
    name = unicodedata.normalize("NFC", name.strip())
    if (row := rows.named(session, name)) is not None:
        return row
    meant = did_you_mean(name, (saved.name for saved in rows.every(session)))
    raise QueryError(f"there is no saved search {name!r}", meant or "See: trove saved list")


def _checked(name: str) -> str:
    name = unicodedata.normalize("NFC", name.strip())
    if not name or not is_printable(name) or len(name) > LONGEST_NAME:
        raise QueryError(
            f"a saved search cannot be called {name!r}", f"Use up to {LONGEST_NAME} printable characters."
        )
    return name


def _refuse_taken(session: Session, name: str) -> None:
    if rows.named(session, name) is not None:
        raise QueryError(f"there is already a saved search {name!r}", "Use another name, or remove it first.")


def _is_at(judged: Judged, at_s: float | None) -> bool:
    return at_s is None or judged.start_s is None or abs(judged.start_s - at_s) <= rows.NEAR_S


def _covers(start_s: float | None, end_s: float | None, at_s: float) -> bool:
    return start_s is not None and start_s <= at_s < (end_s if end_s is not None else start_s + rows.NEAR_S)
