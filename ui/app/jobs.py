"""Long work that a page starts and that goes on while people look elsewhere."""

import gc
import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil
from PIL import Image

from db.catalog import runs, spaces
from db.engine.schema import Run
from db.errors import GenerateError, LibraryBusyError, TroveError
from search.drawing.drawer import Drawer
from search.drawing.output import Drawing
from trove import Library
from ui import background

Phase = Literal["never", "starting", "running", "finished", "stopped", "interrupted", "failed"]


@dataclass(frozen=True)
class IndexState:
    """How far indexing is. ``report``: that of ``trove index``, once it has finished."""

    phase: Phase
    done: int = 0
    total: int = 0
    files_per_s: float | None = None
    left_s: float | None = None
    ended_at: datetime | None = None
    """In local time."""
    report: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    model: str = ""
    """The model that the library is being changed to; empty for indexing."""

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.phase in ("starting", "running")


class IndexJob:
    """Starts ``trove index`` as a process of its own and reads how far it is from the library.

    A process, because the app stays responsive beside it and it goes on when the app is closed. The
    ``run`` table, because it outlives a reload of the page and shows runs started elsewhere too.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._output = library.core.paths.folder / "last-index.log"
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._run_before: int | None = None

    def index(self, paths: Sequence[Path] = ()) -> None:
        """Index folders, or refresh all that were given before.

        Raises:
            LibraryBusyError: indexing is under way.
        """
        self._start(["index", "--", *map(str, paths)])

    def retry(self) -> None:
        """Try the files again that failed; errors as ``index``."""
        self._start(["failures", "--retry"])

    def use_model(self, name: str) -> None:
        """Change the library's model; errors as ``index``."""
        self._start(["model", "use", "--", name])

    def stop(self) -> None:
        """End indexing after the current batch; what was stored stays."""
        with self._library.core.read() as session:
            run = runs.last_run(session)
        if run is not None and run.finished_at is None and _is_running(run):
            os.kill(run.pid, signal.SIGINT)
        elif self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def state(self) -> IndexState:
        """How far the last run is, whoever started it."""
        with self._library.core.read() as session:
            run = runs.last_run(session)
            building = next((it.model for it in spaces.every(session) if it.state == "building"), "")
        code = self._process.poll() if self._process is not None else 0
        if (run.id if run is not None else None) == self._run_before:
            if code is None:
                return IndexState("starting")
            if code != 0:
                return IndexState("failed", error=self._last_words())
        if run is None:
            return IndexState("never")
        # A run says nothing of what it is for; one that fills a space to the end leaves none behind.
        state = _state_of(run)
        return state if state.phase == "finished" else replace(state, model=building)

    def _start(self, arguments: Sequence[str]) -> None:
        with self._lock:
            if self.state().active:
                raise LibraryBusyError("indexing is under way", "Wait until it has finished, or stop it.")
            with self._library.core.read() as session:
                run = runs.last_run(session)
            self._run_before = run.id if run is not None else None
            self._process = background.start(self._library.core.paths.folder, arguments, self._output)

    def _last_words(self) -> str:
        """What a process that ended before it had a run has said."""
        with suppress(OSError):
            lines = self._output.read_text("utf-8", "replace").strip().splitlines()
            said = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
            return (said or lines or [""])[-1]
        return ""


def _state_of(run: Run) -> IndexState:
    if run.finished_at is None:
        if not _is_running(run):
            return IndexState("interrupted", run.done, run.total, ended_at=_local(run.updated_at))
        seconds = (run.updated_at - run.started_at).total_seconds()
        rate = run.done / seconds if run.done and seconds else None
        left_s = (run.total - run.done) / rate if rate else None
        return IndexState("running", run.done, run.total, rate, left_s)
    report = json.loads(run.report or "{}")
    error = report.get("error", "")
    phase: Phase = "stopped" if error == "KeyboardInterrupt" else "failed" if error else "finished"
    return IndexState(
        phase, run.done, run.total, ended_at=_local(run.finished_at), report=report, error=error
    )


def _is_running(run: Run) -> bool:
    """Whether the process of a run is alive, and is not another one that got its number."""
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
    """How far a drawing is. ``total`` is 0 while the model is loaded."""

    active: bool = False
    prompt: str = ""
    done: int = 0
    total: int = 0
    preview: Image.Image | None = None
    """How it looks so far, small."""
    drawing: Drawing | None = None
    error: TroveError | None = None


class DrawJob:
    """Draws in a thread, one picture at a time, so that people may look elsewhere meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._state = DrawState()

    @property
    def state(self) -> DrawState:
        """How far the last drawing is."""
        return self._state

    def start(self, drawer: Drawer, prompt: str, path: Path, *, steps: int | None, seed: int | None) -> None:
        """Begin to draw.

        Raises:
            GenerateError: a drawing is under way.
        """
        with self._lock:
            if self._state.active:
                raise GenerateError("a picture is being drawn", "Wait until it is done, or stop it.")
            self._stopping.clear()
            self._state = DrawState(active=True, prompt=prompt)
        threading.Thread(target=self._draw, args=(drawer, prompt, path, steps, seed), daemon=True).start()

    def stop(self) -> None:
        """Give up after the current step."""
        self._stopping.set()

    def spare(self) -> None:
        """Keep what was loaded so far from the garbage collector, until the drawing is done.

        For a page that shows how far it is: Streamlit collects after every refresh. It would go through all
        that a model is made of, and stop its loading meanwhile: 20 s became minutes.
        """
        with self._lock:
            if self._state.active:
                gc.freeze()

    def _draw(self, drawer: Drawer, prompt: str, path: Path, steps: int | None, seed: int | None) -> None:
        def tell(done: int, total: int) -> None:
            self._state = replace(self._state, done=done, total=total)
            if self._stopping.is_set():
                raise GenerateError("the drawing was stopped")

        def show(preview: Image.Image) -> None:
            self._state = replace(self._state, preview=preview)

        try:
            drawing = drawer.draw(prompt, path=path, steps=steps, seed=seed, on_step=tell, on_preview=show)
            self._state = DrawState(prompt=prompt, drawing=drawing)
        except TroveError as exc:
            self._state = DrawState(prompt=prompt, error=exc)
        except BaseException:
            self._state = DrawState(prompt=prompt, error=GenerateError("the drawing failed"))
            raise
        finally:
            with self._lock:
                gc.unfreeze()
