"""Fixtures that several test files share."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings as profile

from db.engine.database import Database
from db.engine.postgres import PostgresDatabase
from db.engine.sqlite import SqliteDatabase
from db.kinds import CLIP
from db.library import Library
from db.settings import Settings
from indexer.encoders import active
from indexer.encoders.base import Encoder
from indexer.encoders.registry import BUILTIN, CONSE, FIRST_BUILTIN
from indexer.media.pool import DecodePool
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.server import TEMPLATE, Server, serving

# No test may fetch anything; read when the Hub's library is imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# What the system has is no sample.
os.environ.setdefault("TROVE_DICTIONARIES", "/nowhere")
# The same vectors on every processor.
os.environ.setdefault("TROVE_PRECISION", "float32")
# As the command line sets it; the tests of two processes would hold each other up.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# How long an example takes says how busy the machine is, and nothing about what is tested.
profile.register_profile("trove", deadline=None)
profile.load_profile("trove")


FIRST = (
    "tests/ui/app/pages/test_find.py",
    "tests/db/engine/",
    "tests/db/vectors/",
    "tests/ui/",
    "tests/system/",
    "tests/indexer/test_",
    "tests/indexer/",
)


PROCESSES = ("tests/system/", "tests/indexer/media/test_hostile.py", "tests/indexer/media/test_pool.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that both processes are done at about the same time: they share them out.

    While one of them makes the library of the samples, the other has tests that need no model. What a busy
    machine does to a browser, or to processes that have limits of time, is no fault of Trove: such a test is
    tried once more, and the summary says so and why.
    """
    for item in items:
        if item.get_closest_marker("browser") or item.nodeid.startswith(PROCESSES):
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: next((n for n, path in enumerate(FIRST) if item.nodeid.startswith(path)), 9))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all that was imported, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 5)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were tried once more: a second failure may be another one."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"tried once more: {report.nodeid}")
        terminalreporter.line(report.longreprtext)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Streamlit's ``AppTest`` puts its page in the place of the main module, which spawned processes run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def cache(pytestconfig: pytest.Config) -> Path:
    """One cache for this and later runs: models are exported once. ``pytest --cache-clear`` empties it."""
    return pytestconfig.cache.mkdir("trove")


BOTH = (
    "tests/db/catalog/",
    "tests/db/engine/test_database.py",
    "tests/db/words/test_languages.py",
    "tests/db/test_library.py",
)
BOTH_SLOWLY = (
    "tests/db/catalog/test_copies.py",
    "tests/db/catalog/test_corrections.py",
    "tests/db/catalog/test_facts.py",
    "tests/db/catalog/test_fulltext.py",
    "tests/db/vectors/",
    "tests/indexer/people/",
    "tests/search/",
)
"""Where the other engine is left to ``make test-all``."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is about libraries on both engines, unless a test looks at the files of one."""
    test = metafunc.definition
    if "engine" not in metafunc.fixturenames or test.get_closest_marker("sqlite"):
        return
    if test.nodeid.startswith((*BOTH, *BOTH_SLOWLY)):
        marks = [pytest.mark.slow] if test.nodeid.startswith(BOTH_SLOWLY) else []
        metafunc.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=marks)], indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """The engine that the library of a test is on."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, with an empty library to make others of."""
    with serving() as running:
        running.execute(f"CREATE DATABASE {TEMPLATE}")
        PostgresDatabase(running.url(TEMPLATE)).close()
        yield running


@pytest.fixture
def settings(tmp_path: Path, cache: Path, engine: str, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings of a library that does not exist yet, deaf and unable to read unless a test says otherwise."""
    off = ("text", "names", "sounds", "movement", "soundprints")
    made = Settings(library=tmp_path / "library", cache=cache, device="cpu", whisper="none", off=off)
    if engine == "sqlite":
        yield made
        return
    server: Server = request.getfixturevalue("server")
    with server.lending("library") as address:
        yield made.model_copy(update={"shared": address})


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """A new, empty library."""
    with Library(settings) as opened:
        yield opened


@pytest.fixture
def database(library: Library) -> Database:
    """The database of ``library``."""
    return library.database


@pytest.fixture(scope="session")
def decoders() -> Iterator[DecodePool]:
    """Worker processes for what is only shown or asked with."""
    with DecodePool(2, timeout_s=60.0, memory_mb=4096) as pool:
        yield pool


class LastingPool(DecodePool):
    """A pool whose processes stay for the next run; closing it ends what they have to do."""

    def close(self) -> None:
        """Cancel the tasks."""
        for task in list(self._tasks):
            task.answer.cancel()

    def end(self) -> None:
        """End the processes, too."""
        super().close()


@pytest.fixture(scope="session", autouse=True)
def lasting_decoders() -> Iterator[None]:
    """Start the decoder processes once, not for every run of the indexer and every query with a picture.

    Commands in a process of their own start theirs as they do for people, and so do runs with other limits.
    """
    usual = Settings()
    pool, new = LastingPool(usual.workers, usual.decode_timeout_s, usual.decode_memory_mb), DecodePool.of

    def of(settings: Settings) -> DecodePool:
        limits = ("workers", "decode_timeout_s", "decode_memory_mb")
        same = all(getattr(settings, name) == getattr(usual, name) for name in limits)
        return pool if same else new(settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DecodePool, "of", of)
        yield
    pool.end()


@pytest.fixture(scope="session", autouse=True)
def lasting_schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the tables of a new library once; where one begins, the file is copied.

    Commands in a process of their own make theirs, and so do the tests of the migrations.
    """
    empty = tmp_path_factory.mktemp("schema") / "empty.db"
    SqliteDatabase(empty).close()
    opened = SqliteDatabase.__init__

    def open_copy(self: SqliteDatabase, path: Path, *rest: object, **more: object) -> None:
        with suppress(OSError):  # what is wrong there is said by opening it
            path.parent.mkdir(parents=True, exist_ok=True)
            if not any(path.parent.iterdir()):
                shutil.copy(empty, path)
        opened(self, path, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteDatabase, "__init__", open_copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def lasting_models() -> Iterator[None]:
    """Load the builtin models once, not for every command and every run of the indexer in this process."""
    usual = active.roles()[CLIP]
    loaded: dict[tuple[str, str, Path], Encoder] = {}

    def load(name: str, settings: Settings) -> Encoder:
        if name not in (BUILTIN, FIRST_BUILTIN, CONSE):
            return usual.load(name, settings)
        key = (name, settings.device, settings.cache)
        if key not in loaded:
            loaded[key] = usual.load(name, settings)
        return loaded[key]

    active.unregister(CLIP)
    active.register(replace(usual, load=load))
    yield
    active.unregister(CLIP)
    active.register(usual)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of pytest-xdist share: their own ones lie side by side."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def sample_library(shared: Path, cache: Path) -> Settings:
    """The samples, indexed with all builtin models but for text. Tests read it and leave it as it is."""
    settings = Settings(library=shared / "samples library", cache=cache, device="cpu", off=("text",))
    with FileLock(shared / "samples.lock"):
        if not (shared / "samples.indexed").exists():
            with Library(settings) as opened:
                report = index(opened, [SAMPLES])
            assert report.failed == 0
            (shared / "samples.indexed").touch()
    return settings
