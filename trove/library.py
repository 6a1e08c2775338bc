"""``Library``: the operations of the Python API, which the command line and the app use too.

Each one is a few lines over the package that does it, which is imported when it is first used: opening a
library loads no model, no FAISS and no decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Self

from db.addresses import is_address
from db.catalog import assets, hidden, spaces
from db.errors import QueryError, SettingsError, TroveError, not_indexed
from db.library import Library as Core
from db.names import spelled
from db.paths import expanded
from db.settings import Settings, load_settings
from indexer.encoders.lazy import Once
from search.query.query import Order, Query
from trove.analysers import Analysers
from trove.corrections import Corrections
from trove.events import Events
from trove.folders import Folders
from trove.models import Models, ignore
from trove.mounts import Mounts
from trove.people import People

if TYPE_CHECKING:
    from types import TracebackType

    from db.catalog.assets import Failure
    from db.catalog.facts import Fact
    from db.catalog.hidden import Hidden
    from db.catalog.restoring import Restored
    from db.engine.schema import UnitKind
    from db.engine.transfer import OnProgress as OnRows
    from db.moving import Moved
    from indexer.flow import Joined, OnProgress, Report
    from indexer.media.clips import Clip, Cut
    from search.answer import Answer, Member
    from search.asking.answering import Reply
    from search.asking.prompts import Said
    from search.drawing.output import Drawing
    from search.evaluation.comparison import Line
    from search.evaluation.openings import Openings
    from search.evaluation.own import Judged
    from search.explain.reasons import Reasons
    from search.explore.duplicates import Group
    from search.explore.landscape import Landscape
    from search.health.status import Status
    from search.health.storage import Storage
    from search.query.conditions import Suggestion
    from search.results.moments import Moment
    from search.results.transcript import Transcript
    from search.saved.searches import SavedSearches
    from search.service import SearchService


class Library:
    """A library of pictures, films and recordings, open for indexing and searching.

    It holds a ``db.library.Library`` (``core``: settings, paths, database, vectors), which internal code
    takes, and adds the operations; only this package and its users name this class. Safe to share between
    threads. As a context manager it closes itself; closed, it refuses to be used.

    Raises:
        LibraryError: its folder cannot be made or written, or its database cannot be opened.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self._service = Once(self._make_service)

    @classmethod
    def open(cls, folder: Path | str | None = None, **settings: Any) -> Self:
        """Open a library, made if it is not there; your media stay where they are.

        Args:
            folder: the library's own folder, or the address of one on a server,
                ``postgresql://host/name``; None takes ``TROVE_LIBRARY`` or the system's default.
            settings: fields of ``Settings``, over those of the environment.

        Raises:
            SettingsError: a setting has the wrong type or is out of range.
            LibraryError: the folder cannot be made or written, or the database cannot be opened.
        """
        if folder is not None:
            settings["library"] = folder if is_address(folder) else expanded(folder)
        return cls.of(load_settings(**settings))

    @classmethod
    def of(cls, settings: Settings, *, make: bool = True) -> Self:
        """Open the library that ready-made settings name; errors as ``open``.

        ``make``: a library where there is none; else that is a ``LibraryError``.
        """
        return cls(Core(settings, make=make))

    @property
    def settings(self) -> Settings:
        """The settings that it was opened with."""
        return self.core.settings

    @property
    def service(self) -> SearchService:
        """The search service, which keeps models loaded between queries."""
        self.core.require_open()
        return self._service()

    def _make_service(self) -> SearchService:
        from search.service import SearchService

        return SearchService(self.core)

    def close(self) -> None:
        """End its worker processes and close the database. Closing twice does no harm."""
        self.core.close()
        # After it: whoever asks for worker processes meanwhile is refused, or has them ended here.
        if self._service.made:
            self._service().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- filling it

    def index(
        self,
        paths: Iterable[Path | str] | Path | str = (),
        *,
        exclude: Iterable[str] = (),
        download: bool = False,
        gone: bool = False,
        on_progress: OnProgress = ignore,
    ) -> Report:
        """Index files and folders, or update what changed in them; without ``paths``, in all ``roots``.

        ``exclude``: patterns of what is left out of ``paths``, kept with them; see ``folders``.
        ``download``: read what is in the cloud, too, which downloads it; else it is skipped.
        Where many files are missing at once, or a whole folder is empty or away, they are taken to be on a
        drive that is not connected: they stay, and are named in the report's ``offline``. With ``gone`` they
        are deleted ones. A new folder that is a missing root under another name takes its place.

        Raises:
            SettingsError: a path does not exist and is not in the library, or a pattern is none.
            LibraryBusyError: another process is indexing into this library.
            ModelError: a model is missing, or is another one than the library was indexed with.
            LibraryError: the library cannot be written; what was stored before stays.
        """
        from indexer.pipeline import index
        from indexer.survey import Word

        several = [paths] if isinstance(paths, Path | str) else paths
        given = [Path(path) for path in several]
        return index(
            self.core,
            given,
            exclude=list(exclude),
            download=download,
            word=Word(gone=gone),
            on_progress=on_progress,
        )

    def join(
        self, stop: Event | None = None, *, stay: bool = False, on_progress: OnProgress = ignore
    ) -> Joined:
        """Work on what another machine is indexing into this library, until nothing is left.

        For libraries on a server. Files are found under the same paths here, or under those of ``mounts``;
        what needs another model, or an analyser that this machine lacks, is left to others.

        Args:
            stop: set by another thread to end before.
            stay: wait for the next run, until ``stop`` is set.

        Raises:
            LibraryError: the library is in a folder, or its server cannot be reached.
        """
        from indexer.sharing.joining import join

        return join(self.core, stop=stop or Event(), stay=stay, on_progress=on_progress)

    def watch(
        self,
        stop: Event,
        *,
        on_start: Callable[[], None] = ignore,
        on_run: Callable[[Report], None] = ignore,
        on_error: Callable[[TroveError], None] = ignore,
    ) -> None:
        """Index what changes in the library's folders as it happens, until ``stop`` is set.

        ``on_start`` is called once it is certain that no other process watches. An error ends one run, not
        the watching.

        Raises:
            LibraryBusyError: another process watches this library.
        """
        from indexer.watch import keep_watching

        keep_watching(self.core, stop=stop, on_start=on_start, on_run=on_run, on_error=on_error)

    def pause(self) -> None:
        """Have indexing wait after the batch that it is at, whichever process does it, and what begins later.

        It is kept with the library until ``resume``, or until somebody calls ``index``. What waits keeps its
        models in memory and takes no processor time; searching goes on. On a shared library it holds for
        this machine.
        """
        from indexer.pace import pause

        pause(self.core.paths.pause_switch)

    def resume(self) -> None:
        """Let indexing go on after ``pause``."""
        from indexer.pace import resume

        resume(self.core.paths.pause_switch)

    @property
    def is_paused(self) -> bool:
        """Whether indexing waits, or would, until ``resume``."""
        return self.core.paths.pause_switch.exists()

    def roots(self) -> list[Path]:
        """The folders and single files that ``index`` was called with, in the order of their first call."""
        with self.core.read() as session:
            return assets.roots(session)

    def known(self, path: Path | str) -> Path:
        """The path of a file or folder as the library has it, or would have it, whatever the way it is typed.

        ``~`` is expanded, links are followed, and Unicode may be in another form than on the disk; also of
        what is away. All operations take paths so.
        """
        with self.core.read() as session:
            return assets.meant(session, path)

    def forget(self, folder: Path | str) -> int:
        """Remove one of the ``roots``, or what is in one, from the library; its files stay on the disk.

        What is in a root is left out of it from then on: see ``folders``. Returns how many files that were.

        Raises:
            SettingsError: it is neither one of the roots nor in one.
            LibraryBusyError: another process is indexing into this library.
        """
        from indexer.roots import forget

        return forget(self.core, self.known(folder))

    @property
    def mounts(self) -> Mounts:
        """Where this machine has the ``roots`` of a library that several share, if not where others do."""
        return Mounts(self.core)

    @property
    def folders(self) -> Folders:
        """The ``roots`` and what is left out of them: patterns, and how many files each rule leaves out."""
        return Folders(self.core)

    def relocate(self, old: Path | str, new: Path | str) -> int:
        """Say that a folder, or a drive, is under another path now; returns how many of its files are there.

        Paths are rewritten wherever the library has them, in one transaction; nothing is decoded or embedded.
        The folder may be one of the ``roots``, inside one, or hold several.

        Raises:
            SettingsError: the library has nothing in ``old``, or ``new`` does not hold its files.
            LibraryBusyError: another process is indexing into this library.
        """
        from indexer.drives.moves import relocate

        with self.core.read() as session:
            # It may be a link to the new one by now.
            before = assets.meant(session, old, follow=False)
        return relocate(self.core, before, spelled(new).resolve())

    def failures(self) -> list[Failure]:
        """The files that could not be indexed, each with the reason; then those that were, but not whole."""
        with self.core.read() as session:
            return assets.failures(session, partial=True)

    def retry_failures(self) -> int:
        """Let the next ``index`` try all failed files again; returns how many."""
        with self.core.write() as session:
            return assets.retry_failures(session)

    # --- asking it

    def search(
        self,
        query: Query | str,
        *,
        k: int | None = None,
        image: Path | str | None = None,
        kind: UnitKind | None = None,
        apart: bool | None = None,
        stacks: bool | None = None,
        order: Order | None = None,
        start: int | None = None,
        drawing: Drawing | None = None,
    ) -> Answer:
        """Find pictures, moments of films and spoken passages.

        Args:
            query: words in the language of the query box, or a ``Query``, of which the others replace parts.
            k: hits at most; 20 by default.
            image: a picture to search by, together with the words.
            kind: only hits of this kind.
            apart: near-identical pictures are hits of their own.
            stacks: files that belong together are one hit; True by default.
            order: ``relevance`` by default; ``date``, ``name``, ``size`` or ``added`` sort what fits.
            start: how many hits to pass over: with ``k`` it leads to any part of what is sorted.
            drawing: a drawn picture of what is searched for, to search by as well; see ``draw``.

        Raises:
            QueryError: the words are malformed, or nothing is asked for.
            MediaError: the picture cannot be decoded.
            ModelError: the library's model is missing.
            LibraryError: the library cannot be read.
        """
        picture = None if image is None else spelled(image)
        parts = {"k": k, "image": picture, "kind": kind, "apart": apart, "stacks": stacks}
        parts |= {"order": order, "start": start}
        changes: dict[str, Any] = {name: value for name, value in parts.items() if value is not None}
        whole = Query(query, **changes) if isinstance(query, str) else replace(query, **changes)
        return self.service.search(whole, drawing)

    def similar(
        self,
        file: Path | str,
        *,
        k: int = 20,
        kind: UnitKind | None = None,
        apart: bool = False,
        stacks: bool = True,
    ) -> Answer:
        """Find items similar to a picture, film or recording, in the library or not; errors as ``search``."""
        return self.search(Query(like=self.known(file), k=k, kind=kind, apart=apart, stacks=stacks))

    def why(self, query: Query | str, file: Path | str) -> Reasons:
        """Explain why a file is or is not a hit, and where it matches the query; errors as ``search``."""
        from search.explain.reasons import reasons

        return reasons(self.service, query if isinstance(query, Query) else Query(query), self.known(file))

    def ask(
        self,
        question: str,
        *,
        on: Path | str | None = None,
        at_s: float | None = None,
        before: Sequence[Said] = (),
        on_text: Callable[[str], object] = ignore,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Reply:
        """Have a model answer a question about a picture, or from the pictures that are found for it.

        What it says is a machine's, may be wrong, and is no more than text.

        Args:
            on: the picture or film; None asks the library.
            at_s: the second of a film.
            before: what was asked about this file before, and answered.
            on_text: called with each piece of the answer as it is made.
            stopped: asked between words; True ends the answer there.

        Raises:
            ModelError: no model that answers is here, or it fails.
            MediaError: the file cannot be read.
            SettingsError: nothing is asked, the file is a recording, or the server is on another machine.
        """
        from search.asking.answering import ask_about, ask_library

        if on is None:
            return ask_library(self.service, question, on_text=on_text, stopped=stopped)
        return ask_about(
            self.service,
            question,
            self.known(on),
            at_s=at_s,
            before=before,
            on_text=on_text,
            stopped=stopped,
        )

    def moments(self, file: Path | str, query: Query | str | None = None) -> list[Moment]:
        """The frames and passages of a file by their time, each with how well it fits the query, 0 to 1."""
        from search.results.moments import moments

        return moments(self.service, Query(query) if isinstance(query, str) else query, self.known(file))

    def transcripts(self, file: Path | str) -> list[Transcript]:
        """What is said in a file, with times and chapters; several where it has several tracks, or subtitles.

        Raises:
            SettingsError: the file is not in the library, or nothing is said in it as far as that is known.
        """
        from search.results.transcript import transcripts

        return transcripts(self.core, self.known(file))

    def facts(self, file: Path | str) -> tuple[Fact, ...]:
        """What is known of a file (date, place, camera, title, rating), each with who says so.

        Tags are those of all sources, one fact for each. Empty if the file is not here.
        """
        from db.catalog.events import told

        path = self.known(file)
        with self.core.read() as session:
            return tuple(told(session, path))

    def values(self, key: str, prefix: str = "") -> list[Suggestion]:
        """The values of a condition such as ``tag`` or ``camera`` that begin so, the most frequent first.

        Those that the library has, with how many files they leave, or those that can be typed at all.

        Raises:
            QueryError: there is no such condition.
        """
        from search.query import conditions

        condition = conditions.every().get(key.removesuffix(":"))
        if condition is None:
            raise QueryError(f"there is no condition {key}", f"There are {', '.join(conditions.every())}.")
        with self.core.read() as session:
            return list(condition.suggest(prefix, conditions.Context(session=session)))

    def stack(self, file: Path | str) -> tuple[Member, ...]:
        """The files that belong together with a file, itself too, the one that is shown first.

        Empty for a file that belongs with no other.

        Raises:
            SettingsError: the file is not in the library.
        """
        from search.engine.stacking import stack_of

        return stack_of(self.core, self.known(file))

    def show(self, file: Path | str) -> None:
        """Have a file stand for its stack from now on; showing another one of them takes it back.

        Raises:
            SettingsError: the file is not in the library, or belongs with no other.
        """
        from indexer.stacks.renewal import choose

        choose(self.core, self.known(file))

    @property
    def corrections(self) -> Corrections:
        """Dates, places and the words of what is said, as people have them right: set, shift, undo."""
        return Corrections(self.core)

    @property
    def events(self) -> Events:
        """Journeys, parties and other events: list, rename, merge, split, undo."""
        return Events(self.core)

    @property
    def people(self) -> People:
        """Who is in pictures and films: switch it on, name, merge, split, hide, forget, and off again."""
        return People(self.core, lambda: self.service.decoders)

    def hide(self, *paths: Path | str) -> None:
        """Hide files or folders: they are in no answer and no count but those of ``is:hidden``.

        A file is hidden by its content, wherever it goes, with all its copies and its whole stack, and stays
        so when it is edited; a folder with all that comes into it, also when it is renamed. This is comfort,
        not protection: the files stay where they are, and readable.

        Raises:
            SettingsError: nothing there is in the library; nothing is hidden then.
        """
        meant = [self.known(path) for path in paths]
        with self.core.write() as session:
            for path in meant:
                if not hidden.put(session, path):
                    raise not_indexed(path)

    def unhide(self, *paths: Path | str) -> None:
        """Let hidden files, each with its whole stack, or folders be found again, each as it was hidden.

        Raises:
            SettingsError: one is not hidden by itself; none is found again then.
        """
        meant = [self.known(path) for path in paths]
        with self.core.write() as session:
            for path in meant:
                if not hidden.drop(session, path):
                    around = hidden.to_show(session, path)
                    hint = "See what is: trove hide"
                    if around is not None:
                        hint = f"It is hidden with its folder: trove unhide {around.path}"
                    raise SettingsError(f"{path} is not hidden by itself", hint)

    def hidden(self) -> list[Hidden]:
        """What is hidden, the latest first."""
        with self.core.read() as session:
            return hidden.every(session)

    @property
    def models(self) -> Models:
        """The models that the library has vectors of: change, drop, evaluate and compare them."""
        return Models(self.core)

    @property
    def analysers(self) -> Analysers:
        """What looks at the files: see how far each is, switch it on or off, have it look again."""
        return Analysers(self.core)

    @property
    def saved(self) -> SavedSearches:
        """The saved searches: queries under a name, the judgements on their hits, and new hits."""
        from search.saved.searches import SavedSearches

        return SavedSearches(self.service)

    @property
    def openings(self) -> Openings:
        """What was opened for which question: remembered only on request, counted, and forgotten."""
        from search.evaluation.openings import Openings

        return Openings(self.core)

    def questions(self) -> dict[str, int]:
        """How many questions there are to measure by, of each kind: thumbed, opened, described."""
        from search.evaluation.described import KIND, described

        counts = dict.fromkeys(("thumbed", "opened", KIND), 0)
        for one in self._judged():
            counts[one.kind] += bool(one.answers)
        with self.core.read() as session:
            counts[KIND] = len(described(session))
        return counts

    def evaluate(self, *, keep: bool = False) -> list[Line]:
        """How well questions find what is right, beside the results kept before; a line for each figure.

        Asked are saved searches (right is what has a thumb up), questions of which something was opened, and
        what people wrote about pictures, these by what they show alone, and of all models that are held;
        ``models.measured`` has the last figures of each.
        With ``keep`` the results are kept, as ranks without words, to be compared with.

        Raises:
            SettingsError: nothing has a thumb up, is remembered as opened, or is described.
            TroveError: as ``search``.
        """
        from search.evaluation.own import evaluate_own

        return evaluate_own(self.service, self._judged(), keep=keep)

    def _judged(self) -> list[Judged]:
        from search.evaluation.own import Judged

        saved = self.saved
        thumbed = [
            Judged(
                one.name,
                "thumbed",
                one.query,
                [frozenset({it.unit_id}) for it in saved.thumbs(one.name) if it.up and it.unit_id],
            )
            for one in saved.every()
        ]
        return [*thumbed, *self.openings.judged()]

    def draw(
        self, prompt: str, path: Path | str | None = None, *, model: str | None = None, **how: Any
    ) -> Drawing:
        """Draw a picture from a prompt, saved as a PNG that is marked as generated.

        Args:
            path: of the PNG; None keeps it with the library's drawings.
            model: a preset, Hub name or folder; None takes the settings' ``generator``.
            how: ``without``, ``start``, ``size``, ``steps``, ``seed``, ``on_step``, ``on_preview`` of
                ``search.drawing.drawer.Drawer.draw``.

        Raises:
            ModelError: the drawing model is unknown, missing or cannot be loaded.
            GenerateError: the picture cannot be drawn or saved.
        """
        from search.drawing.drawer import Drawer
        from search.drawing.folder import new_drawing

        self.core.require_open()
        target = new_drawing(self.core.paths.drawings, prompt) if path is None else expanded(path)
        settings = self.settings
        drawer = Drawer(
            model or settings.generator, device=settings.device, idle_minutes=settings.idle_minutes
        )
        return drawer.draw(prompt, path=target, **how)

    # --- looking after it

    def status(self) -> Status:
        """Counts of what is in the library, its model, and whether its index is up to date."""
        from search.health.status import status

        return status(self.core)

    def storage(self) -> Storage:
        """Disk usage of the library and its caches in bytes."""
        from search.health.storage import storage

        return storage(self.core)

    def clear_pictures(self) -> None:
        """Delete thumbnails and clips; they are made again when they are looked at."""
        from search.health.storage import clear_pictures

        self.core.require_open()
        clear_pictures(self.core)

    def backup(self, path: Path | str) -> int:
        """Write what you made into a JSON file, for another library; returns how many entries there are.

        That is: folders with what is left out of them, saved searches with their pictures and thumbs,
        corrections, what is hidden, switched off, chosen for stacks, said of events, and remembered of what
        was opened.

        Raises:
            LibraryError: the file cannot be written, or is there and no backup; or nothing was made yet.
        """
        from search.health.backup import backup

        return backup(self.core, expanded(path))

    def move(self, to: Path | str, on_progress: OnRows = ignore) -> Moved:
        """Copy the library, with all that is in it, into another folder or onto a server; see ``open``.

        Nothing is decoded or embedded again. This one stays as it is; a move that was stopped goes on.

        Raises:
            SettingsError: the library is there already, or the address cannot be used.
            LibraryError: there is a library in the other place, or it cannot be written.
            LibraryBusyError: a process is indexing into one of the two.
        """
        from search.health.moving import move

        place = to if is_address(to) else expanded(to)
        settings = self.settings.model_dump(exclude={"library", "shared"})
        return move(self.core, load_settings(library=place, **settings), on_progress)

    def restore(self, path: Path | str) -> Restored:
        """Add to the library what such a file has and the library has not.

        Files are told by their content, wherever they are: what is about others waits for them.

        Raises:
            LibraryError: the file is no backup; the library is as it was.
            LibraryNewerError: a newer Trove wrote it.
        """
        from indexer.events.renewal import renew as renew_events
        from indexer.people.renewal import renew as renew_people
        from indexer.stacks.renewal import renew
        from search.health.backup import restore

        restored = restore(self.core, expanded(path))
        renew(self.core)
        renew_events(self.core)
        renew_people(self.core)
        return restored

    def duplicates(
        self,
        *,
        threshold: float | None = None,
        saved_again: bool = False,
        on_progress: Callable[[int, int], None] = ignore,
    ) -> list[Group]:
        """Groups of identical files.

        With ``saved_again`` also of one picture that was made smaller, cut, framed or saved anew; with a
        ``threshold`` these, and pictures whose cosine is at least that.
        """
        from search.explore.duplicates import duplicates

        return duplicates(self.core, threshold=threshold, saved_again=saved_again, on_progress=on_progress)

    def landscape(self) -> Landscape:
        """A 2-D map of all pictures, and the concepts that most of them show; errors as ``search``."""
        from search.explore.landscape import landscape

        return landscape(self.service)

    def rebuild(self) -> int | None:
        """Rebuild the vector indexes from the database; returns how many vectors, or None without a model.

        Raises:
            LibraryBusyError: another process is indexing into this library.
        """
        with self.core.read() as session:
            space = spaces.active(session)
        if space is None:
            return None
        store = self.core.vectors(space)
        with self.core.indexing():
            store.save(rebuild=True)
        return store.status().vectors

    def thumbnail(
        self, file: Path | str, at_s: float | None = None, *, side: int, cache: Path | None = None
    ) -> Path:
        """A JPEG of a picture, or of a film at a second, made once; of a copy where the file is not there.

        Of a file of the library that cannot be reached now, the one that was kept, perhaps a smaller one.

        Args:
            side: the shorter side in pixels.
            cache: folder that keeps it; None takes the one of the library's thumbnails.

        Raises:
            MediaError: the file cannot be decoded or read, or the cache cannot be written.
        """
        from trove.pictures import thumbnail

        return thumbnail(self.core, self.service.decoders, expanded(file), at_s, side=side, cache=cache)

    def part(self, file: Path | str, region: Sequence[float]) -> Path:
        """A JPEG of a part of a picture, made once, for the ``image`` of ``search``.

        Args:
            region: x and y of the top left corner, width and height, each 0 to 1 of the upright picture.

        Raises:
            MediaError: as ``thumbnail``.
            QueryError: that is no part of a picture.
        """
        from trove.pictures import part

        return part(self.core, self.service.decoders, expanded(file), region)

    def clip(self, file: Path | str, at_s: float) -> Clip:
        """Some seconds of a film or recording around ``at_s`` that browsers play; errors as ``thumbnail``."""
        from trove.pictures import clip

        return clip(self.core, self.service.decoders, expanded(file), at_s)

    def cut(self, file: Path | str, start_s: float, end_s: float) -> Cut:
        """An MP4 of a span of a film or recording, without encoding it anew where that is possible.

        Raises:
            MediaError: as ``thumbnail``.
            QueryError: there is no such span, or it is longer than five minutes.
        """
        from trove.pictures import cut

        return cut(self.core, self.service.decoders, expanded(file), start_s, end_s)
