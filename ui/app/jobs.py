"""Background jobs of the app: indexing and measuring in processes, drawing and answering in threads."""

import gc
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

import psutil
from PIL import Image

from db.catalog import runs, spaces
from db.catalog.runs import Run
from db.errors import GenerateError, LibraryBusyError, ModelError, TroveError
from db.kinds import CLIP
from indexer.flow import Reason
from search.asking.answering import OnText, Reply
from search.drawing.drawer import Drawer, Sketched, draw_several
from search.drawing.output import Drawing
from search.drawing.presets import Makes
from trove import Library
from ui import background

Phase = Literal["never", "starting", "running", "finished", "stopped", "interrupted", "failed"]


@dataclass(frozen=True)
class IndexState:
    """Progress of an indexing run. ``report``: that of ``trove index``, once it has finished."""

    phase: Phase
    done: int = 0
    total: int = 0
    files_per_s: float | None = None
    left_s: float | None = None
    left: Mapping[str, float] = field(default_factory=dict)
    """Seconds that are left of each step, in their order, as the run itself expects."""
    waiting: Reason | None = None
    """Why it does not go on now."""
    ended_at: datetime | None = None
    """In local time."""
    report: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    model: str = ""
    """The model that the library is being changed to; empty for indexing."""
    role: str = CLIP
    """What that model is for."""

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.phase in ("starting", "running")


@dataclass(frozen=True)
class _Change:
    """A change of the model of a role; without a model it is none."""

    model: str = ""
    role: str = CLIP


class IndexJob:
    """Runs ``trove index`` as a process of its own and reads its progress from the library.

    A process, because the app stays responsive beside it and it goes on when the app is closed. The
    ``run`` table, because it outlives a reload of the page and shows runs started elsewhere too.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._output = library.core.paths.index_output
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._run_before: int | None = None
        self._starting = _Change()

    def index(self, paths: Sequence[Path] = (), *, gone: bool = False) -> None:
        """Index folders, or refresh all folders of the library; ``gone``: what is missing in them is gone.

        Raises:
            LibraryBusyError: indexing is under way.
        """
        self._start(["index", *(["--gone"] if gone else []), "--", *map(str, paths)])

    def retry(self) -> None:
        """Retry the files that failed; errors as ``index``."""
        self._start(["failures", "--retry"])

    def use_model(self, name: str, *, role: str = CLIP) -> None:
        """Change the library's model of a role, downloaded if need be; errors as ``index``."""
        self._start(["model", "use", "--yes", "--role", role, "--", name], _Change(name, role))

    @property
    def is_paused(self) -> bool:
        """Whether people have paused it: what is under way, and what begins by itself later."""
        return self._library.is_paused

    def pause(self) -> None:
        """Have it wait after the current batch, whoever started it, until ``resume``."""
        self._library.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._library.resume()

    def stop(self) -> None:
        """End indexing after the current batch; what was stored stays."""
        self._library.resume()
        with self._library.core.read() as session:
            run = runs.last_run(session)
        if run is not None and run.finished_at is None and self._is_here and _is_running(run):
            os.kill(run.pid, signal.SIGINT)
        elif self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def state(self) -> IndexState:
        """Progress of the last run, whoever started it."""
        with self._library.core.read() as session:
            run = runs.last_run(session)
            every = spaces.every(session)
        building = next((_Change(it.model, it.role) for it in every if it.state == "building"), None)
        code = self._process.poll() if self._process is not None else 0
        if (run.id if run is not None else None) == self._run_before:
            if code is None:
                return IndexState("starting", model=self._starting.model, role=self._starting.role)
            if code != 0:
                error = _last_words(self._output)
                return IndexState("failed", error=error, model=self._starting.model, role=self._starting.role)
        if run is None:
            return IndexState("never")
        # A run does not record its purpose. An unfinished change of model has a space in state "building".
        state = self._state_of(run)
        # One that was complete before is told by who has started it.
        change = building or (self._starting if code is None else _Change())
        return state if state.phase == "finished" else replace(state, model=change.model, role=change.role)

    @property
    def _is_here(self) -> bool:
        """Whether all processes of the library are on this machine, so that a PID says which one it is."""
        return self._library.settings.shared is None

    def _state_of(self, run: Run) -> IndexState:
        if run.finished_at is not None:
            return _ended(run)
        is_running = _is_running(run) if self._is_here else self._library.core.database.is_being_indexed()
        return _unfinished(run, is_running=is_running)

    def _start(self, arguments: Sequence[str], change: "_Change | None" = None) -> None:
        with self._lock:
            if self.state().active:
                raise LibraryBusyError("indexing is under way", "Wait until it has finished, or stop it.")
            with self._library.core.read() as session:
                run = runs.last_run(session)
            self._run_before = run.id if run is not None else None
            self._starting = change or _Change()
            self._process = background.start(self._library.settings.named, arguments, self._output)


@dataclass(frozen=True)
class MeasureState:
    """Progress of a measurement of how well models find, or how fast they are. ``error``: why it failed."""

    what: Literal["", "quality", "speed"] = ""
    active: bool = False
    error: str = ""


class MeasureJob:
    """Runs ``trove eval`` as a process of its own, which keeps the figures in the library.

    A process, because a model may take gigabytes that the app would not give back.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._output = library.core.paths.measure_output
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._what: Literal["", "quality", "speed"] = ""

    def quality(self) -> None:
        """Measure how well the models that have vectors find what is right.

        Raises:
            LibraryBusyError: something is measured already.
        """
        self._start("quality", ["eval"])

    def speed(self, models: Sequence[str], sample: int) -> None:
        """Time models on a sample of the library's pictures; errors as ``quality``."""
        named = (argument for model in models for argument in ("--model", model))
        self._start("speed", ["eval", "--sample", str(sample), *named])

    def state(self) -> MeasureState:
        """Progress of the last measurement that this app has started."""
        code = 0 if self._process is None else self._process.poll()
        if code is None:
            return MeasureState(self._what, active=True)
        return MeasureState(self._what, error=_last_words(self._output) if code else "")

    def _start(self, what: Literal["quality", "speed"], arguments: Sequence[str]) -> None:
        with self._lock:
            if self.state().active:
                raise LibraryBusyError("a measurement is under way", "Wait until it has finished.")
            self._what = what
            self._process = background.start(self._library.settings.named, arguments, self._output)


def _last_words(output: Path) -> str:
    """The error, else the last line, that a process has printed."""
    with suppress(OSError):
        lines = output.read_text("utf-8", "replace").strip().splitlines()
        errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
        return (errors or lines or [""])[-1]
    return ""


def _unfinished(run: Run, *, is_running: bool) -> IndexState:
    if not is_running:
        return IndexState("interrupted", run.done, run.total, ended_at=_local(run.updated_at))
    seconds = (run.updated_at - run.started_at).total_seconds()
    rate = run.done / seconds if run.done and seconds else None
    left, reason = run.left(), cast(Reason | None, run.waiting)
    left_s = sum(left.values()) if left else (run.total - run.done) / rate if rate else None
    return IndexState("running", run.done, run.total, rate, left_s, left, reason)


def _ended(run: Run) -> IndexState:
    report = run.told
    error = report.get("error", "")
    phase: Phase = "stopped" if error == "KeyboardInterrupt" else "failed" if error else "finished"
    return IndexState(
        phase,
        run.done,
        run.total,
        ended_at=_local(run.finished_at or run.updated_at),
        report=report,
        error=error,
    )


def _is_running(run: Run) -> bool:
    """Whether the process of a run is alive, and is not a later one with the same PID."""
    try:
        process = psutil.Process(run.pid)
        started = datetime.fromtimestamp(process.create_time(), UTC).replace(tzinfo=None)
        return process.status() != psutil.STATUS_ZOMBIE and started <= run.started_at
    except psutil.Error:
        return False


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


@dataclass(frozen=True)
class DrawState:
    """Progress of a drawing. ``total`` is 0 while the model is loaded."""

    active: bool = False
    prompt: str = ""
    done: int = 0
    total: int = 0
    preview: Image.Image | None = None
    """A small preview of the unfinished picture."""
    makes: Makes = "picture"
    drawings: tuple[Drawing, ...] = ()
    """What was made, several where several were wanted."""
    sketched: Sketched | None = None
    """A preview of a question, which is not kept."""
    of_question: bool = False
    """It is a preview of a question."""
    error: TroveError | None = None


class _ThreadJob:
    """Does one thing at a time in a thread, so that pages stay usable meanwhile; it can be stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    @property
    def active(self) -> bool:
        """Whether something is being done."""
        raise NotImplementedError

    @property
    def stopping(self) -> bool:
        """Whether it ends after the current step."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Give up after the current step."""
        self._stopping.set()

    def spare(self) -> None:
        """Exclude the objects so far from garbage collection (``gc.freeze``), until it is done.

        For a page that shows the progress: Streamlit collects after every refresh. It would traverse all
        objects of the model, and stop its loading meanwhile: 20 s became minutes.
        """
        with self._lock:
            if self.active:
                gc.freeze()

    def _spare_no_more(self) -> None:
        with self._lock:
            gc.unfreeze()


class DrawJob(_ThreadJob):
    """Draws in a thread, one picture at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._state = DrawState()

    @property
    def state(self) -> DrawState:
        """Progress of the last drawing."""
        return self._state

    @property
    def active(self) -> bool:
        """Whether a picture is being drawn."""
        return self._state.active

    def start(self, drawer: Drawer, prompt: str, path: Path | None, *, count: int = 1, **how: Any) -> None:
        """Begin to draw, so many times with different seeds; ``how`` as ``Drawer.draw``.

        Without a path it is a preview of a question, which is not kept; ``how`` as ``Drawer.sketch``.

        Raises:
            GenerateError: a drawing is under way.
        """
        with self._lock:
            if self._state.active:
                raise GenerateError("a picture is being drawn", "Wait until it is done, or stop it.")
            self._stopping.clear()
            self._state = DrawState(True, prompt, makes=drawer.makes, of_question=path is None)
        threading.Thread(target=self._draw, args=(drawer, prompt, path, count, how), daemon=True).start()

    def _draw(self, drawer: Drawer, prompt: str, path: Path | None, count: int, how: dict[str, Any]) -> None:
        def tell(done: int, total: int) -> None:
            self._state = replace(self._state, done=done, total=total)
            if self._stopping.is_set():
                raise GenerateError("the drawing was stopped")

        def show(preview: Image.Image) -> None:
            self._state = replace(self._state, preview=preview)

        try:
            if path is None:
                sketched = drawer.sketch(prompt, on_step=tell, on_preview=show, **how)
                self._state = DrawState(prompt=prompt, sketched=sketched, of_question=True)
            else:
                made = draw_several(drawer, prompt, count, path=path, on_step=tell, on_preview=show, **how)
                self._state = DrawState(prompt=prompt, drawings=tuple(made))
        except TroveError as exc:
            self._state = DrawState(prompt=prompt, error=exc, of_question=path is None)
        except BaseException:
            self._state = DrawState(prompt=prompt, error=GenerateError("the drawing failed"))
            raise
        finally:
            self._spare_no_more()


@dataclass(frozen=True)
class AskState:
    """How far an answer is. ``text``: what there is of it; ``reply``: all of it, once it is made."""

    active: bool = False
    question: str = ""
    text: str = ""
    reply: Reply | None = None
    error: TroveError | None = None


class AskJob(_ThreadJob):
    """Has a question answered in a thread, so that the answer can be read as it comes, and be stopped."""

    def __init__(self) -> None:
        super().__init__()
        self._state = AskState()

    @property
    def state(self) -> AskState:
        """How far the last answer is."""
        return self._state

    @property
    def active(self) -> bool:
        """Whether an answer is under way."""
        return self._state.active

    def start(self, question: str, ask: Callable[[OnText, Callable[[], bool]], Reply]) -> None:
        """Begin, unless an answer is under way; ``ask(on_text, stopped)`` makes it."""
        with self._lock:
            if self._state.active:
                return
            self._stopping.clear()
            self._state = AskState(active=True, question=question)
        threading.Thread(target=self._answer, args=(question, ask), daemon=True).start()

    def _answer(self, question: str, ask: Callable[[OnText, Callable[[], bool]], Reply]) -> None:
        def tell(piece: str) -> None:
            self._state = replace(self._state, text=self._state.text + piece)

        try:
            self._state = AskState(question=question, reply=ask(tell, self._stopping.is_set))
        except TroveError as exc:
            self._state = AskState(question=question, error=exc)
        except BaseException:
            self._state = AskState(question=question, error=ModelError("the answer failed"))
            raise
        finally:
            self._spare_no_more()
