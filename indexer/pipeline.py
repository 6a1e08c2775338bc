"""Index folders: scan, plan, then phase by phase read, analyse, embed and store; at last the vector indexes.

In the first phase threads read files ahead of the one consumer that stores them; films and recordings are
analysed after all pictures, one at a time. How far anything is ahead is bounded, so memory stays flat however
large the library is. What an analyser has made enters the library whole, in one transaction with the rest of
its batch, or not at all: after a kill the next run simply goes on.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from db.catalog import analyses, contents, drives, hidden, spaces, units
from db.catalog.switches import Switches
from db.kinds import CLIP
from db.library import Library
from indexer import null_model
from indexer.analysers import registry
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.embed import Embedder, Model
from indexer.equipment import analysers_of, models_of, switches_of
from indexer.events import renewal as events
from indexer.fill import fill
from indexer.flow import OnProgress, Progress, Report
from indexer.forecast import Outlook
from indexer.media.pool import DecodePool
from indexer.pace import Pace
from indexer.phases import Phases
from indexer.runs import RunRecord, recorded
from indexer.sharing.surveyor import share_out
from indexer.sharing.worker import Station
from indexer.stacks.renewal import renew
from indexer.survey import NO_WORD, Survey, Word, survey
from indexer.told import tell_languages
from indexer.writer import Writer, believe, settle


def index(
    library: Library,
    paths: Sequence[Path] = (),
    *,
    exclude: Sequence[str] = (),
    download: bool = False,
    word: Word = NO_WORD,
    pace: Pace | None = None,
    on_progress: OnProgress = lambda _progress: None,
) -> Report:
    """Index files and folders, or update what changed in them; without ``paths``, in all roots.

    ``exclude``: patterns of what is left out of ``paths``, kept with them; see ``indexer.leaving_out``.
    ``download``: read what is in the cloud, too.
    ``word``: what is known of missing files. ``pace``: that of who started it without being asked; else a
    pause ends here.

    Raises:
        SettingsError: a path does not exist and is not in the library, or a pattern is none.
        LibraryBusyError: another process is indexing into this library.
        ModelError: a model is missing, or is another one than the library was indexed with.
        LibraryError: the library cannot be written (what was stored before stays).
    """
    started, own = time.monotonic(), pace or Pace(library.settings)
    with library.indexing():
        if pace is None:
            own.resume()
        switched = switches_of(library)
        analysers = analysers_of(library, switched)
        found = survey(library, paths, analysers, switched, word, exclude, download=download)
        tasks = found.plan.tasks
        with library.write() as session:
            in_hidden = hidden.inside_folders(session)
            report = settle(session, found)
            space = spaces.active(session)
        with recorded(library, len(tasks)) as run:
            if tasks or space is not None:
                models = models_of(library, analysers)
                work = _Work(library, analysers, switched, models, own)
                report.add(work.over(found, run, on_progress))
                if found.plan.doubtful:
                    with library.write() as session:
                        report.removed += believe(session, found.plan)
                if in_hidden:
                    with library.write() as session:
                        hidden.follow_folders(session, in_hidden, [task.stat.path for task in tasks])
                renew(library)
                tell_languages(library)
                _finish(library, analysers, models)
            with library.read() as session:
                report.offline = {str(path): count for path, count in drives.offline(session).items()}
                report.units = units.counts(session)
            report.seconds = round(time.monotonic() - started, 2)
            run.report = asdict(report)
    return report


@dataclass(frozen=True)
class _Work:
    """Reading and analysing files, phase by phase, and embedding what has no vector yet."""

    library: Library
    analysers: Sequence[Analyser]
    switched: Switches
    models: Sequence[Model]
    pace: Pace

    def over(self, found: Survey, run: RunRecord, on_progress: OnProgress) -> Mapping[str, int]:
        """Work through a survey; returns how many files went in each way."""
        library, settings, tasks = self.library, self.library.settings, found.plan.tasks
        writer = Writer(library, run.id, [task.stat.path for task in tasks])
        if tasks:
            for analyser in self.analysers:
                analyser.require()
        with DecodePool.of(settings) as pool:
            if tasks:
                with Embedder(self.models, settings.batch) as embedder:
                    own = (library, self.analysers, self.switched)

                    def tell(step: Progress) -> None:
                        run.tell(step)
                        on_progress(step)

                    if settings.shared is not None:
                        station = Station(*own, self.models, pool, embedder, self.pace)
                        share_out(station, found, run.id, writer, tell)
                    else:
                        outlook = Outlook(self.analysers, self.switched, self.pace.clock, run.costs)
                        Phases(*own, found, pool, embedder, writer, self.pace, outlook, tell).run()
                        run.costs = outlook.costs()
            if self._give_up(writer) or tasks:
                with library.write() as session:
                    contents.drop_orphans(session)
            for model in self.models:
                self._fill(model, pool)
        return writer.counts()

    def _fill(self, model: Model, pool: DecodePool) -> None:
        """Embed what has no vector of a model yet."""
        with self.library.read() as session:
            bare = spaces.bare_units(session, model.space)
        if bare:
            settings = self.library.settings
            with Embedder([model], settings.batch) as embedder:
                fill(
                    self.library,
                    embedder,
                    model.space.id,
                    bare,
                    pool,
                    registry.made(settings),
                    lambda _done, _unit: self.pace.wait(),
                )

    def _give_up(self, writer: Writer) -> bool:
        """Mark files of which nothing was made, and nothing is left, as failed; returns if there were any."""
        # What people wrote, or did not, says nothing of whether a file can be decoded, nor does its name.
        decoders = (
            analyser
            for analyser in self.analysers
            if analyser.scope == "content" and any(kind.proof != "by_people" for kind in analyser.kinds)
        )
        makers = {analyser.name: work_of(analyser) for analyser in decoders}
        with self.library.read() as session:
            hopeless = analyses.nothing_made(session, list(makers))
            for name, work in makers.items():
                waiting = analyses.left(session, work, within=hopeless)
                hopeless = {
                    content_id: looks
                    for content_id, looks in hopeless.items()
                    if name in looks or content_id not in waiting
                }
        for content_id, looks in hopeless.items():
            reasons = [error for _, error in looks.values() if error]
            retry = any(state == "retry" for state, _ in looks.values())
            writer.give_up(content_id, reasons[0], retry=retry)
        return bool(hopeless)


def _finish(library: Library, analysers: Sequence[Analyser], models: Sequence[Model]) -> None:
    """What needs the whole library: once, by whoever has surveyed it."""
    for analyser in analysers:
        analyser.finish(library)
    for model in models:
        store = library.vectors(model.space)
        store.save()
        if model.space.role == CLIP:
            null_model.refit(library, store, model.encoder)
            events.renew(library, model.encoder)
