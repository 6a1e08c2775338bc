"""Index folders: scan, plan, then phase by phase read, analyse, embed and store; at last the vector indexes.

In the first phase threads read files ahead of the one consumer that stores them; films and recordings are
analysed after all pictures, one at a time. How far anything is ahead is bounded, so memory stays flat however
large the library is. What an analyser has made enters the library whole, in one transaction with the rest of
its batch, or not at all: after a kill the next run simply goes on.
"""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from db.catalog import analyses, assets, spaces, switches, units
from db.catalog.switches import Switches
from db.engine.schema import Space
from db.errors import SettingsError
from db.library import Library
from db.paths import expanded, is_under
from indexer import null_model
from indexer.analysers import registry
from indexer.analysers.base import Analyser
from indexer.embed import Embedder, Model
from indexer.encoders.active import encoder_for
from indexer.encoders.base import Encoder
from indexer.fill import fill
from indexer.flow import OnProgress, Report
from indexer.media.pool import DecodePool
from indexer.phases import Phases
from indexer.plan import Plan, plan
from indexer.runs import recorded
from indexer.scan import Scan, scan
from indexer.writer import Writer, settle


def index(
    library: Library, paths: Sequence[Path] = (), *, on_progress: OnProgress = lambda _progress: None
) -> Report:
    """Index files and folders, or update what changed in them; without ``paths``, in all roots.

    Raises:
        SettingsError: a path does not exist and is not in the library.
        LibraryBusyError: another process is indexing into this library.
        ModelError: a model is missing, or is another one than the library was indexed with.
        LibraryError: the library cannot be written (what was stored before stays).
    """
    started = time.monotonic()
    with library.indexing():
        switched = _switches(library)
        analysers = _analysers(library, switched)
        with _without_gc():
            scanned, todo = _survey(library, paths, analysers, switched)
        with library.write() as session:
            report = settle(session, scanned, todo)
            space = spaces.active(session)
        with recorded(library, len(todo.tasks)) as run:
            if todo.tasks or space is not None:
                encoder = encoder_for(library, space)
                with library.write() as session:
                    space = spaces.active(session) or spaces.add(
                        session, encoder.name, encoder.fingerprint, encoder.dim, "active"
                    )
                if todo.tasks:
                    writer = Writer(library, run.id)
                    _work(
                        library,
                        todo,
                        analysers,
                        switched,
                        Model(space.role, space.id, encoder),
                        writer,
                        on_progress,
                    )
                    report.add(writer.counts())
                _finish(library, analysers, space, encoder)
            with library.read() as session:
                report.units = units.counts(session)
            report.seconds = round(time.monotonic() - started, 2)
            run.report = asdict(report)
    return report


def _work(
    library: Library,
    todo: Plan,
    analysers: Sequence[Analyser],
    switched: Switches,
    model: Model,
    writer: Writer,
    on_progress: OnProgress,
) -> None:
    """Read and analyse the files, phase by phase, and embed what has no vector yet."""
    settings = library.settings
    with DecodePool.of(settings) as pool, Embedder([model], settings.batch) as embedder:
        phases = Phases(library, pool, embedder, writer, analysers, switched, on_progress)
        phases.run(todo.tasks, todo.sizes)
        with library.read() as session:
            space = session.get_one(Space, model.space_id)
            bare = spaces.bare_units(session, space)
        fill(library, embedder, model.space_id, bare, pool, registry.made(settings))


def _finish(library: Library, analysers: Sequence[Analyser], space: Space, encoder: Encoder) -> None:
    """What needs the whole library: once, by whoever has surveyed it."""
    for analyser in analysers:
        analyser.finish(library)
    store = library.vectors(space)
    store.save()
    null_model.fitted(library, store, encoder)


def _switches(library: Library) -> Switches:
    """The switches of the library; those of a new one are set by what the settings leave out."""
    with library.read() as session:
        is_new = not assets.roots(session)
        switched = switches.every(session)
    left_out = [name for name, maker in registry.every().items() if maker.is_left_out(library.settings)]
    unset = [name for name in left_out if is_new and name not in switched.by_analyser]
    if not unset:
        return switched
    with library.write() as session:
        for name in unset:
            switches.turn(session, name, on=False)
        return switches.every(session)


def _analysers(library: Library, switched: Switches) -> list[Analyser]:
    """The analysers that are on, and can work; without what the settings of this run leave out."""
    names = [
        name
        for name, maker in registry.every().items()
        if switched.on_somewhere(name) and not maker.is_left_out(library.settings)
    ]
    analysers = registry.made(library.settings, names)
    for analyser in analysers:
        analyser.require()
    return analysers


@contextmanager
def _without_gc() -> Iterator[None]:
    """Turn the garbage collector off: it takes a seventh of a survey of many files and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _survey(
    library: Library, paths: Sequence[Path], analysers: Sequence[Analyser], switched: Switches
) -> tuple[Scan, Plan]:
    """Scan the disk and compare it with what the library remembers."""
    with library.read() as session:
        roots = assets.roots(session)
    targets = [expanded(path).resolve() for path in paths] or roots
    missing = [path for path in targets if not path.exists()]
    for path in missing:
        if not is_under(path, roots):
            raise SettingsError(f"there is no file or folder {path}", "Check the spelling.")
    # A whole root that is missing is the folder of an unplugged drive, and keeps its pictures.
    unplugged = [path for path in missing if is_under(path, [root for root in roots if not root.exists()])]
    own = [library.paths.folder, library.paths.cache]
    scanned = scan([path for path in targets if path not in missing], leave_out=own)
    with library.read() as session:
        space = spaces.active(session)
        bare = spaces.contents_left(session, space) if space else set()
        left = {work.analyser: analyses.left(session, work) for work in map(registry.work_of, analysers)}

        def is_complete(_asset: int, content_id: int, path: Path) -> bool:
            return content_id not in bare and not any(
                content_id in ids and switched.is_on(name, path) for name, ids in left.items()
            )

        known = assets.known_files(session, is_complete, seen=[file.path for file in scanned.files])
    hidden = unplugged + [item.stat.path for item in scanned.unreadable]
    return scanned, plan(scanned.files, known, roots=scanned.roots + missing, hidden=hidden)
