"""What the app starts and what it tells, without a browser."""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

import trove
from db.catalog import runs
from db.engine.database import Database
from db.engine.schema import RunRow
from db.errors import GenerateError, LibraryBusyError, ModelError
from db.library import Library
from db.settings import Settings
from search.answer import Evidence, ReadAs
from search.asking.answering import Reply
from search.drawing.calls import Start
from search.drawing.drawer import Drawer
from search.drawing.folder import drawings, new_drawing
from tests.support import ROOT
from tests.support.tiny_drawer import make_tiny_drawer
from ui.app.jobs import AskJob, DrawJob, IndexJob
from ui.app.resources import plain
from ui.reasons import reason

APP = ROOT / "ui" / "app" / "main.py"


def _run(database: Database, pid: int, *, report: str | None = None) -> None:
    """A run that has done 20 of 60 files in ten seconds."""
    with database.write() as session:
        run = session.get_one(RunRow, runs.start_run(session, pid, 60))
        run.done, run.updated_at = 20, run.started_at + timedelta(seconds=10)
        session.flush()
        if report is not None:
            runs.end_run(session, run.id, report)


def _dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_state_is_read_from_the_library(library: Library, database: Database) -> None:
    job = IndexJob(trove.Library(library))
    assert job.state().phase == "never"
    _run(database, _dead_pid())
    assert (job.state().phase, job.state().done, job.state().total) == ("interrupted", 20, 60)
    _run(database, 1, report=json.dumps({"found": 60, "failed": 2}))
    assert (job.state().phase, job.state().report["failed"]) == ("finished", 2)
    _run(database, 1, report=json.dumps({"error": "the disk is full"}))
    assert (job.state().phase, job.state().error) == ("failed", "the disk is full")
    _run(database, 1, report=json.dumps({"error": "KeyboardInterrupt"}))
    assert job.state().phase == "stopped"


def test_rate_and_time_left(library: Library, settings: Settings, database: Database) -> None:
    # Only a process that is older than a run can be the one that does it, such as this one.
    _run(database, os.getpid())
    job = IndexJob(trove.Library(library))
    state = job.state()
    assert (state.phase, state.active) == ("running", True)
    assert state.files_per_s == pytest.approx(2.0)
    assert state.left_s == pytest.approx(20.0)
    with database.write() as session:
        run = runs.last_run(session)
        assert run is not None
        runs.tell(session, run.id, {"what films show": 0.5, "what is said": 30.0}, None)
    time.sleep(1.0)
    left = job.state().left
    assert left == {"what is said": pytest.approx(29.0, abs=0.5)}, "what has passed since is over"
    with database.write() as session:
        runs.tell(session, run.id, {"what films show": 0.5, "what is said": 30.0}, "battery")
    time.sleep(0.6)
    state = job.state()
    assert (state.waiting, state.left_s) == ("battery", 30.5), "nothing passes while it waits"
    with pytest.raises(LibraryBusyError):
        job.index([settings.paths.folder])


def test_an_error_before_the_run_is_told(
    library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROVE_CACHE", str(settings.cache))
    job = IndexJob(trove.Library(library))
    with library.indexing():
        job.index([settings.paths.folder.parent])
        assert job.state().phase == "starting"
        deadline = time.monotonic() + 60
        while job.state().active and time.monotonic() < deadline:
            time.sleep(0.1)
    assert job.state().phase == "failed"
    assert "another process is indexing" in job.state().error


def test_drawing_in_the_background(tmp_path: Path) -> None:
    drawer = Drawer(str(make_tiny_drawer(tmp_path / "tiny")), device="cpu")
    job = DrawJob()
    folder = tmp_path / "drawings"
    path = new_drawing(folder, "A *cat* / in the sun!")
    assert path.name.endswith(" a-cat-in-the-sun.png")
    job.start(drawer, "a cat", path, steps=2, seed=5)
    with pytest.raises(GenerateError, match="being drawn"):
        job.start(drawer, "a dog", path, steps=2, seed=5)
    _wait(job)
    (made,) = job.state.drawings
    assert (made.path, made.seed) == (path, 5)
    (folder / "other.png").write_bytes(b"\x89PNG no more")
    (drawn,) = drawings(folder)
    assert (drawn.path, drawn.prompt, drawn.model, drawn.seed, drawn.steps) == (
        path,
        "a cat",
        "tiny",
        "5",
        "2",
    )

    job.start(drawer, "a dog", new_drawing(folder, "a dog"), steps=200, seed=5)
    job.stop()
    _wait(job)
    assert str(job.state.error) == "the drawing was stopped"
    assert len(drawings(folder)) == 1

    job.start(drawer, "a dog", new_drawing(folder, "a dog"), count=2, steps=1, seed=5)
    _wait(job)
    assert [made.seed for made in job.state.drawings] == [5, 6]
    assert len(drawings(folder)) == 3

    start = Start(Image.new("RGB", (128, 64), "red"), 0.6)
    job.start(drawer, "a dog in snow", None, without="people", start=start)
    _wait(job)
    assert job.state.of_question
    assert job.state.sketched is not None
    assert job.state.sketched.image is not None
    assert job.state.sketched.image.size == (64, 64), "its long side is as the model draws, 64 at least"
    assert len(drawings(folder)) == 3, "a preview is not kept"


def test_what_is_loading_is_spared_from_the_collector_until_it_is_drawn(tmp_path: Path) -> None:
    drawer = Drawer(str(make_tiny_drawer(tmp_path / "tiny")), device="cpu")
    job = DrawJob()
    job.start(drawer, "a cat", new_drawing(tmp_path, "a cat"), steps=2, seed=5)
    job.spare()
    assert gc.get_freeze_count() > 0
    _wait(job)
    # The thread has a few instructions to go.
    deadline = time.monotonic() + 10
    while gc.get_freeze_count() > 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gc.get_freeze_count() == 0
    job.spare()
    assert gc.get_freeze_count() == 0


def test_an_answer_comes_word_by_word_is_stopped_and_fails_in_one_line() -> None:
    job, go = AskJob(), threading.Event()

    def ask(on_text: Callable[[str], object], stopped: Callable[[], bool]) -> Reply:
        on_text("a red ")
        go.wait(30)
        if not stopped():
            on_text("wall")
        return Reply("what?", job.state.text, "tiny", is_known=True, stopped=stopped(), seconds=0.1)

    job.start("what?", ask)
    job.spare()
    assert gc.get_freeze_count() > 0
    job.start("another?", lambda *_: pytest.fail("one at a time"))
    job.stop()
    assert job.stopping
    go.set()
    _wait(job)
    assert job.state.reply is not None
    assert (job.state.reply.text, job.state.reply.stopped) == ("a red ", True)

    job.start("what?", ask)
    _wait(job)
    assert job.state.reply.text == "a red wall"

    def fail(*_: object) -> Reply:
        raise ModelError("there is no model", "Choose one.")

    job.start("what?", fail)
    _wait(job)
    assert (str(job.state.error), job.state.reply) == ("there is no model", None)


def _wait(job: DrawJob | AskJob) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + 60
    while job.state.active and time.monotonic() < deadline:
        pause.wait(0.02)
    assert not job.state.active


def test_names_are_shown_as_they_are() -> None:
    assert plain("a_*b* [c](d) <e> $f$ :g:") == r"a\_\*b\* \[c\]\(d\) \<e\> \$f\$ \:g\:"


def test_reasons_are_words() -> None:
    said = Evidence("keywords", 1, 1.0, ("milk", "eggs"), kind="speech")
    assert reason(said) == "these words were said: milk, eggs"
    meant = Evidence("text_to_passage", 3, 0.5, kind="speech")
    assert reason(meant) == "what was said means something near (similarity 0.50, place 3)"
    assert reason(Evidence("text_to_image", 2, 0.314)) == "it looks like the words (similarity 0.31, place 2)"
    read = (ReadAs("Hund am Strand", "German", ("dog beach",)),)
    assert reason(Evidence("text_to_image", 2, 0.314, read_as=read)) == (
        "it looks like the words, read as “dog beach” (German) (similarity 0.31, place 2)"
    )


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TROVE_LIBRARY", str(settings.paths.folder))
    monkeypatch.setenv("TROVE_CACHE", str(settings.cache))
    st.cache_resource.clear()
    return settings


def test_an_empty_library_asks_for_a_folder(environment: Settings) -> None:
    page = AppTest.from_file(APP, default_timeout=60).run()
    assert not page.exception
    assert page.header[0].value == "Nothing is in your library yet"
    page.text_input[0].input("nowhere")
    page.button[0].click().run()
    assert "There is no folder nowhere" in page.error[0].value
    assert not (environment.paths.folder / "last-index.log").exists()


def test_a_damaged_library_is_explained(environment: Settings) -> None:
    environment.paths.folder.mkdir()
    environment.paths.database.write_bytes(b"this is no database " * 400)
    page = AppTest.from_file(APP, default_timeout=60).run()
    assert not page.exception
    assert "is damaged" in page.error[0].value
    assert "Your media files are untouched" in page.error[0].value
