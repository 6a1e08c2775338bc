"""Joining a run that another machine surveys: until nothing is left that this one can do."""

import logging
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from db.catalog import queue, spaces, switches
from db.errors import LeaseLostError, LibraryError, ModelError
from db.library import Library
from indexer.analysers.base import Analyser
from indexer.embed import Embedder, Model
from indexer.encoders.active import encoder_for, roles
from indexer.equipment import analysers_of
from indexer.flow import Joined, OnProgress
from indexer.media.pool import DecodePool
from indexer.pace import Pace
from indexer.sharing.attendance import attending
from indexer.sharing.needs import SURVEYOR, unmet
from indexer.sharing.worker import Station, Worker

log = logging.getLogger(__name__)

_POLL_S = 1.0
_WAIT_S = 5.0
"""How often one who stays looks for another run."""


def join(
    library: Library,
    *,
    stop: threading.Event,
    stay: bool = False,
    on_progress: OnProgress = lambda _progress: None,
) -> Joined:
    """Work on what another machine has surveyed, until nothing is left or ``stop`` is set.

    ``stay``: wait for the next run, too, also where the server cannot be reached for a while.

    Raises:
        LibraryError: machines do not share the library, or the server cannot be reached.
    """
    if library.settings.shared is None:
        with library.database.attending(0):
            pass
    joined = Joined()
    while not stop.is_set():
        try:
            if _is_asked_for(library):
                _work(library, stop, joined, on_progress)
        except LeaseLostError as exc:
            log.warning("%s", exc)
            continue
        except LibraryError as exc:
            if not stay:
                raise
            log.warning("%s", exc)
        if not stay and not _is_asked_for(library):
            break
        if stay:
            stop.wait(_WAIT_S)
        elif joined.lacking:
            break
    return joined


def _is_asked_for(library: Library) -> bool:
    with library.read() as session:
        return queue.has_surveyor(session) or any(each.needs != SURVEYOR for each in queue.left(session))


def _work(library: Library, stop: threading.Event, joined: Joined, on_progress: OnProgress) -> None:
    """Work until nothing is left of a run."""
    with ExitStack() as stack:
        attendance = stack.enter_context(attending(library, surveys=False))
        worker: Worker | None = None
        while not stop.is_set():
            with library.read() as session:
                left, more = queue.left(session), queue.has_surveyor(session)
            if left and worker is None:
                if (station := _station(library, stop, stack, joined)) is None:
                    return
                worker = Worker(station, attendance, on_progress)
            done = _once(worker, stop) if worker is not None else 0
            joined.done += done
            if done:
                continue
            if worker is not None:
                _note_lacking(joined, worker, left)
            if not more and not (worker is not None and worker.could_do()):
                return
            attendance.get_on()  # who waits is not stuck
            stop.wait(_POLL_S)


def _once(worker: Worker, stop: threading.Event) -> int:
    """Some jobs; those that it has begun are given back where it is stopped while it is paused."""
    try:
        return worker.once()
    except KeyboardInterrupt:
        if not stop.is_set():
            raise
        return 0


def _station(library: Library, stop: threading.Event, stack: ExitStack, joined: Joined) -> Station | None:
    """What this machine has for a run: what it lacks it leaves to others. None without any model."""
    with library.read() as session:
        switched, active = switches.every(session), spaces.all_active(session)
    analysers: list[Analyser] = []
    for analyser in analysers_of(library, switched):
        try:
            analyser.require()
            analysers.append(analyser)
        except ModelError as exc:
            joined.lacking[analyser.name] = str(exc)
    models: list[Model] = []
    for space in active:
        try:
            if space.role in roles():
                models.append(Model(space, encoder_for(library, space, space.role)))
        except ModelError as exc:
            joined.lacking[f"the model {space.model}"] = str(exc)
    if not models:
        return None
    settings = library.settings
    pool = stack.enter_context(DecodePool.of(settings))
    embedder = stack.enter_context(Embedder(models, settings.batch))
    return Station(library, analysers, switched, models, pool, embedder, Pace(settings, stop))


def _note_lacking(joined: Joined, worker: Worker, left: Sequence[queue.Open]) -> None:
    for each in left:
        if each.needs != SURVEYOR:
            for name in unmet(each.needs, worker.station.analysers, worker.station.models):
                joined.lacking.setdefault(name, "it is another one here, or switched off")
