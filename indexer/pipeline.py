"""Index folders: scan, plan, then phase by phase read, analyse, embed and store; at last the vector indexes.

In the first phase threads read files ahead of the one consumer that stores them; films and recordings are
analysed after all pictures, one at a time. How far anything is ahead is bounded, so memory stays flat however
large the library is. What an analyser has made enters the library whole, in one transaction with the rest of
its batch, or not at all: after a kill the next run simply goes on.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from db.catalog import analyses, assets, contents, drives, hidden, spaces, switches, units
from db.catalog.switches import Switches
from db.errors import ModelError, SettingsError
from db.kinds import CLIP
from db.library import Library
from indexer import null_model
from indexer.analysers import registry
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.embed import Embedder, Model
from indexer.encoders.active import encoder_for, roles
from indexer.events import renewal as events
from indexer.fill import fill
from indexer.flow import OnProgress, Report
from indexer.media.pool import DecodePool
from indexer.phases import Phases
from indexer.runs import recorded
from indexer.stacks.renewal import renew
from indexer.survey import NO_WORD, Survey, Word, survey
from indexer.told import tell_languages
from indexer.writer import Writer, believe, settle

log = logging.getLogger(__name__)


def index(
    library: Library,
    paths: Sequence[Path] = (),
    *,
    exclude: Sequence[str] = (),
    download: bool = False,
    word: Word = NO_WORD,
    on_progress: OnProgress = lambda _progress: None,
) -> Report:
    """Index files and folders, or update what changed in them; without ``paths``, in all roots.

    ``exclude``: patterns of what is left out of ``paths``, kept with them; see ``indexer.leaving_out``.
    ``download``: read what is in the cloud, too.
    ``word``: what is known of missing files.

    Raises:
        SettingsError: a path does not exist and is not in the library, or a pattern is none.
        LibraryBusyError: another process is indexing into this library.
        ModelError: a model is missing, or is another one than the library was indexed with.
        LibraryError: the library cannot be written (what was stored before stays).
    """
    started = time.monotonic()
    with library.indexing():
        switched = _switches(library)
        analysers = _analysers(library, switched)
        found = survey(library, paths, analysers, switched, word, exclude, download=download)
        tasks = found.plan.tasks
        with library.write() as session:
            in_hidden = hidden.inside_folders(session)
            report = settle(session, found)
            space = spaces.active(session)
        with recorded(library, len(tasks)) as run:
            if tasks or space is not None:
                models = _models(library, analysers)
                work = _Work(library, analysers, switched, models)
                report.add(work.over(found, run.id, on_progress))
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

    def over(self, found: Survey, run_id: int, on_progress: OnProgress) -> Mapping[str, int]:
        """Work through a survey; returns how many files went in each way."""
        library, settings, tasks = self.library, self.library.settings, found.plan.tasks
        writer = Writer(library, run_id, [task.stat.path for task in tasks])
        if tasks:
            for analyser in self.analysers:
                analyser.require()
        with DecodePool.of(settings) as pool:
            if tasks:
                with Embedder(self.models, settings.batch) as embedder:
                    phases = Phases(
                        library, self.analysers, self.switched, found, pool, embedder, writer, on_progress
                    )
                    phases.run()
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
                fill(self.library, embedder, model.space.id, bare, pool, registry.made(settings))

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


def _models(library: Library, analysers: Sequence[Analyser]) -> list[Model]:
    """The models of all roles that analysers need one for, and that of CLIP, which answers queries.

    One that people have chosen beside these may be missing: what is lacking is embedded by a later run.
    """
    needed = (role for analyser in analysers for kind in analyser.kinds for role in kind.vectors)
    found = []
    for role in dict.fromkeys([CLIP, *needed]):
        served = roles().get(role)
        if served is None or (served.default is None and not _is_chosen(library, role)):
            continue
        try:
            found.append(_model(library, role))
        except ModelError as exc:
            if served.default is not None:
                raise
            log.warning("without the model of the role %s: %s. %s", role, exc, exc.hint)
    return found


def _is_chosen(library: Library, role: str) -> bool:
    with library.read() as session:
        return spaces.active(session, role) is not None


def _model(library: Library, role: str) -> Model:
    """The model that answers in a role, with a new space where there is none yet."""
    with library.read() as session:
        space = spaces.active(session, role)
    encoder = encoder_for(library, space, role)
    with library.write() as session:
        space = spaces.active(session, role) or spaces.add(
            session, encoder.name, encoder.fingerprint, encoder.dim, "active", role
        )
    return Model(space, encoder)


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


def _switches(library: Library) -> Switches:
    """The switches of the library; those of a new one are set by what the settings leave out.

    Raises:
        SettingsError: they leave out an analyser that there is not.
    """
    if unknown := set(library.settings.off) - registry.every().keys():
        raise SettingsError(
            f"there is no analyser {min(unknown)!r}", "Check TROVE_OFF: `trove analysers` lists them."
        )
    with library.read() as session:
        is_new = not assets.roots(session)
        switched = switches.every(session)
    left_out = [
        name
        for name, maker in registry.every().items()
        if maker.is_left_out(library.settings) or registry.role_of(maker)
    ]
    unset = [name for name in left_out if is_new and name not in switched.by_analyser]
    if not unset:
        return switched
    with library.write() as session:
        for name in unset:
            switches.turn(session, name, on=False)
        return switches.every(session)


def _analysers(library: Library, switched: Switches) -> list[Analyser]:
    """The analysers that are on, without what the settings of this run leave out."""
    with library.read() as session:
        chosen = {space.role for space in spaces.all_active(session)}
    names = [
        name
        for name, maker in registry.every().items()
        if switched.on_somewhere(name)
        and not maker.is_left_out(library.settings)
        and registry.works_for(maker, chosen)
    ]
    return registry.made(library.settings, names)
