"""Being there: a worker tells the server so again and again, as long as it gets on with its work."""

import logging
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from db.catalog import queue
from db.errors import LeaseLostError, TroveError
from db.library import Library

log = logging.getLogger(__name__)

STUCK_S = 1800.0
"""How long a worker may do something without getting on, before it leaves the rest to others."""


class Attendance:
    """A worker's presence. ``number``: by which the queue knows it."""

    def __init__(self, library: Library, number: int) -> None:
        self.number = number
        self._library = library
        self._moved_at = time.monotonic()
        self._ended = threading.Event()

    def get_on(self) -> None:
        """Note that it is not stuck."""
        self._moved_at = time.monotonic()

    def end(self) -> None:
        """Say nothing more."""
        self._ended.set()

    def keep(self) -> None:
        """Tell the server until the end; or until it gets on with nothing, or counts as gone."""
        while not self._ended.wait(queue.ALIVE_S / 4):
            if time.monotonic() - self._moved_at > STUCK_S:
                log.warning("stuck for %.0f minutes: others may take over", STUCK_S / 60)
                return
            try:
                with self._library.database.beside() as session:
                    queue.renew(session, self.number)
            except LeaseLostError:
                return
            except TroveError as exc:
                log.warning("the server could not be told that work goes on: %s", exc)


@contextmanager
def attending(library: Library, *, surveys: bool) -> Iterator[Attendance]:
    """Be there as a worker; in the end all that it holds is given back.

    Raises:
        LibraryError: machines do not share the library.
    """
    database = library.database
    with database.beside() as session:
        number = queue.next_worker(session)
    with database.attending(number):
        with database.beside() as session:
            queue.join(session, number, platform.node() or "a machine", surveys=surveys)
        attendance = Attendance(library, number)
        teller = threading.Thread(target=attendance.keep, name="attendance", daemon=True)
        teller.start()
        try:
            yield attendance
        finally:
            attendance.end()
            teller.join()
            _leave(library, number)


def _leave(library: Library, number: int) -> None:
    try:
        with library.database.beside() as session:
            queue.leave(session, number)
    except TroveError as exc:  # its connection is gone, and so is it
        log.warning("the server could not be told that work has ended: %s", exc)
