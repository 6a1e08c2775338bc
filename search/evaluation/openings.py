"""What people opened among the answers of a library: remembered only where they want it, to measure by it.

>>> from search.evaluation.openings import Openings
>>> openings = Openings(library)                                # doctest: +SKIP
>>> openings.remember(True)                                     # doctest: +SKIP
>>> openings.add(Query("a dog on the beach"), answer.hits[0])   # doctest: +SKIP
>>> openings.count()                                            # doctest: +SKIP
1
>>> openings.forget()                                           # doctest: +SKIP

It is kept in the library's database and nowhere else: the words of the question, the hash of what was
opened, the second in it, its rank, and when.
"""

import logging

from db.catalog import opened as rows
from db.catalog import units
from db.engine import backups
from db.errors import LibraryError, QueryError
from db.library import Library
from search.answer import Hit
from search.evaluation.measured import forget_figures
from search.evaluation.own import Judged
from search.query.query import Query

log = logging.getLogger(__name__)

_KIND = "opened"

_PATIENCE_MS = 1_000
"""Nobody who opens a picture waits longer than that for another writer."""


class Openings:
    """The openings that one library remembers. Safe to share between threads."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def remembered(self) -> bool:
        """Whether what is opened is remembered. In a new library it is not."""
        with self._library.read() as session:
            return rows.is_on(session)

    def remember(self, on: bool) -> None:
        """Remember from now on what is opened, or nothing more; what was remembered stays."""
        with self._library.write() as session:
            rows.turn(session, on=on)

    def count(self) -> int:
        """How many openings are remembered: one for each question and picture or moment."""
        with self._library.read() as session:
            return rows.count(session)

    def forget(self) -> None:
        """Delete all openings, with their figures and in the backups, and remember nothing more.

        Raises:
            LibraryError: a backup cannot be rewritten, and still has them.
        """
        with self._library.write() as session:
            rows.turn(session, on=False)
            rows.forget(session)
        forget_figures(self._library, _KIND)
        try:
            backups.forget(self._library.paths.backups, "opened")
        except OSError as exc:
            folder = self._library.paths.backups
            raise LibraryError(
                f"what was opened still stands in a backup: {exc}", f"Delete the files in {folder} yourself."
            ) from exc

    def add(self, query: Query, hit: Hit) -> None:
        """Remember that a hit was opened, if that is wanted and the question is one of words alone.

        Conditions alone are browsing, and a picture may be gone when the question is asked again.

        Raises:
            LibraryError: the library cannot be written.
        """
        if query.image or query.like or query.kind or not query.parsed.texts or not self.remembered:
            return
        with self._library.write(patience_ms=_PATIENCE_MS) as session:
            unit = units.rows(session, [hit.unit_id], among_hidden=True).get(hit.unit_id)
            # Somebody else may have turned it off meanwhile.
            if unit is not None and rows.is_on(session):
                rows.put(session, query.text.strip(), unit, hit.rank)

    def judged(self) -> list[Judged]:
        """The questions of which something was opened, with that as what is right."""
        with self._library.read() as session:
            found = rows.found_by(session)
        return [
            Judged(text, _KIND, query, answers)
            for text, answers in found.items()
            if (query := _query(text)) is not None
        ]


def _query(text: str) -> Query | None:
    try:
        return Query(text)
    except QueryError:  # not told: it quotes the question, and the log outlives what is forgotten
        log.warning("a question of which something was opened cannot be asked any more, and is left out")
        return None
