"""Jobs that machines share: who may take which, and that nothing is stored twice."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

import trove
from db.catalog import assets, facets, queue, switches
from db.catalog.queue import MOST_ATTEMPTS, READING, HeldJob, NewJob
from db.engine.jobs import JobRow, WorkerRow
from db.engine.schema import Analysis, Asset, Content, Embedding, Unit
from db.errors import LeaseLostError, LibraryError, SettingsError
from db.library import Library
from db.settings import Settings
from indexer.embed import Embedder
from indexer.encoders import active
from indexer.equipment import analysers_of, models_of
from indexer.flow import Joined
from indexer.media.pool import DecodePool
from indexer.pace import Pace
from indexer.pipeline import index
from indexer.roots import forget
from indexer.sharing import surveyor
from indexer.sharing.attendance import Attendance, attending
from indexer.sharing.joining import join
from indexer.sharing.needs import needs_of
from indexer.sharing.worker import Station, Worker
from tests.support import SAMPLES
from tests.support.server import Server

HERE = Path("/photos")


@pytest.fixture
def shared(settings: Settings, server: Server) -> Iterator[Settings]:
    """Settings of an empty library on a server."""
    with server.lending("sharing") as address:
        yield settings.model_copy(update={"shared": address})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in sorted((SAMPLES / "pictures").glob("*.jpg"))[:3]:
        shutil.copy(path, folder)
    return folder


def _put(library: Library, count: int = 1, **more: str) -> None:
    job = NewJob(HERE / "p.jpg", 1, 1, HERE, more.get("needs", "[]"), more.get("analyser", READING))
    with library.database.beside() as session:
        queue.put(session, 1, [replace(job, path=HERE / f"p{number}.jpg") for number in range(count)])


def _take(library: Library, worker: Attendance, needs: str = "[]", most: int = 9) -> list[int]:
    with library.database.beside() as session:
        held = queue.take(session, worker.number, [needs], [HERE], lambda _analyser, _path: most)
    return [job.id for job in held]


def _finish(library: Library, worker: Attendance, ids: list[int]) -> None:
    with library.write() as session:
        queue.finish(session, worker.number, dict.fromkeys(ids, "indexed"))


def _hang(library: Library, worker: Attendance) -> None:
    """Have a worker count as one that has said nothing for long."""
    with library.database.beside() as session:
        session.execute(update(WorkerRow).where(WorkerRow.id == worker.number).values(alive_until=0.0))


def test_a_job_is_in_one_pair_of_hands_and_that_of_one_who_hangs_in_others(shared: Settings) -> None:
    with (
        Library(shared) as library,
        attending(library, surveys=False) as first,
        attending(library, surveys=False) as second,
    ):
        _put(library, 5)
        mine = _take(library, first, most=3)
        rest = _take(library, second)
        assert (len(mine), len(rest), set(mine) & set(rest)) == (3, 2, set())
        _finish(library, first, mine[:1])
        _hang(library, first)
        (taken,) = _take(library, second)
        assert taken == mine[1], "what somebody went with is taken by itself"
        with pytest.raises(LeaseLostError):
            _finish(library, first, mine[1:])
        _finish(library, second, [taken])
        with library.read() as session:
            assert [len(queue.words(session)), session.scalar(select(func.max(JobRow.attempts)))] == [2, 1]


def test_who_is_killed_is_known_to_be_gone_at_once(shared: Settings) -> None:
    with Library(shared) as library, attending(library, surveys=False) as second:
        _put(library)
        with library.database.beside() as session:
            number = queue.next_worker(session)
        with library.database.attending(number):
            with library.database.beside() as session:
                queue.join(session, number, "dying", surveys=True)
            assert len(_take(library, Attendance(library, number))) == 1
            with library.read() as session:
                assert queue.has_surveyor(session)
        with library.read() as session:
            assert not queue.has_surveyor(session), "its connection is closed, though it has not said so"
        assert len(_take(library, second)) == 1


def test_what_too_many_went_with_is_taken_by_nobody(shared: Settings) -> None:
    with Library(shared) as library:
        _put(library)
        for _ in range(MOST_ATTEMPTS):
            with attending(library, surveys=False) as worker:
                assert len(_take(library, worker)) == 1
                _hang(library, worker)
                with attending(library, surveys=False) as another:
                    _take(library, another, needs="nothing that there is")
        with attending(library, surveys=False) as worker:
            assert _take(library, worker) == []
        with library.read() as session:
            assert [job.path for job in queue.hopeless(session)] == [HERE / "p0.jpg"]


def test_what_a_machine_does_not_have_is_left_to_others(shared: Settings) -> None:
    with Library(shared) as library, attending(library, surveys=False) as worker:
        _put(library, needs='["speech=2"]')
        assert _take(library, worker, needs='["speech=1"]') == []
        with library.database.beside() as session:
            assert (
                queue.take(session, worker.number, ['["speech=2"]'], [Path("/elsewhere")], lambda *_: 1) == []
            )
        assert len(_take(library, worker, needs='["speech=2"]')) == 1


@contextmanager
def _at_work(library: Library, *, surveys: bool = False) -> Iterator[Worker]:
    """A worker of this process."""
    with library.read() as session:
        switched = switches.every(session)
    analysers = analysers_of(library, switched)
    models = models_of(library, analysers)
    with (
        attending(library, surveys=surveys) as attendance,
        DecodePool.of(library.settings) as pool,
        Embedder(models, library.settings.batch) as embedder,
    ):
        station = Station(library, analysers, switched, models, pool, embedder, Pace(library.settings))
        yield Worker(station, attendance, lambda _step: None, surveys=surveys)


def _taken(worker: Worker) -> list[HeldJob]:
    """The jobs that it takes next."""
    worker._glance()
    return worker._take()


def _shared_out(library: Library, folder: Path) -> None:
    """Have the files of a folder in the queue, as by who surveyed it and was killed."""
    with library.write() as session:
        assets.add_roots(session, [folder])
    with library.read() as session:
        switched = switches.every(session)
    analysers = analysers_of(library, switched)
    models = models_of(library, analysers)
    needs = needs_of([each for each in analysers if each.phase == 0], models)
    jobs = []
    for path in sorted(folder.iterdir()):
        status = path.stat()
        jobs.append(NewJob(path, status.st_size, status.st_mtime_ns, folder, needs, may_be_copy=True))
    with library.database.beside() as session:
        queue.put(session, 1, jobs)


def _counts(library: Library) -> list[int]:
    with library.read() as session:
        tables = (Asset, Content, Unit, Embedding, Analysis)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_what_somebody_made_who_was_taken_to_be_gone_is_not_stored(shared: Settings, pictures: Path) -> None:
    with Library(shared) as library, _at_work(library) as late, _at_work(library) as next_one:
        _shared_out(library, pictures)
        taken = _taken(late)
        assert len(taken) == 3
        late._take = lambda: taken  # type: ignore[method-assign]
        _hang(library, late._attendance)
        done = 0
        while more := next_one.once():
            done += more
        assert done == 3
        before = _counts(library)
        with pytest.raises(LeaseLostError):
            late.once()
        assert _counts(library) == before
        assert before[:3] == [3, 3, 3]


def test_copies_that_two_machines_read_at_once_are_one_content(shared: Settings, pictures: Path) -> None:
    for path in list(pictures.iterdir())[1:]:
        path.unlink()
    (first,) = pictures.iterdir()
    shutil.copy(first, pictures / "copy.jpg")
    with Library(shared) as library, _at_work(library) as one, _at_work(library) as other:
        _shared_out(library, pictures)
        one._at_once = other._at_once = lambda _analyser, _path: 1  # type: ignore[method-assign]
        # Each believes that the content is new, as both do that look at the same time.
        one_job, other_job = _taken(one), _taken(other)
        assert (len(one_job), len(other_job)) == (1, 1)
        one._take, other._take = lambda: one_job, lambda: other_job  # type: ignore[method-assign]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("indexer.phases.Phases._recognise", lambda _self, _sha256: None)
            assert (one.once(), other.once()) == (1, 1)
        with library.read() as session:
            assert sorted(word for _, _, word in queue.words(session)) == ["indexed", "reused"]
        assert _counts(library)[:4] == [2, 1, 1, 1]


def test_a_file_that_cannot_be_read_on_one_machine_has_not_failed(shared: Settings, pictures: Path) -> None:
    gone = sorted(pictures.iterdir())[0]
    with Library(shared) as library, _at_work(library) as joined:
        _shared_out(library, pictures)
        gone.unlink()
        while joined.once():
            pass
        with library.read() as session:
            assert assets.states(session) == {"indexed": 2}
            assert [each.count for each in queue.left(session)] == [1]
        with _at_work(library, surveys=True) as surveying:
            assert surveying.once() == 1
        with library.read() as session:
            assert assets.states(session) == {"indexed": 2, "failed": 1}
            assert queue.left(session) == []


def test_a_folder_that_is_not_there_on_a_machine_is_left_to_others(shared: Settings, pictures: Path) -> None:
    with Library(shared) as library, _at_work(library) as joined:
        _shared_out(library, pictures)
        pictures.rename(pictures.with_name("unplugged"))
        assert joined.once() == 0
        with library.read() as session:
            assert [each.count for each in queue.left(session)] == [3]
            assert assets.states(session) == {}


def test_what_is_left_of_a_run_is_dropped_before_anybody_changes_the_library(
    shared: Settings, pictures: Path
) -> None:
    with Library(shared) as library, _at_work(library) as late:
        _shared_out(library, pictures)
        taken = _taken(late)
        late._take = lambda: taken  # type: ignore[method-assign]
        forget(library, pictures)
        with pytest.raises(LeaseLostError):
            late.once()
        assert _counts(library)[:2] == [0, 0]


def test_who_joins_works_on_what_another_surveys(
    shared: Settings, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Joined] = []

    def help_out() -> None:
        with Library(shared.model_copy(update={"library": shared.library.with_name("second")})) as second:
            found.append(join(second, stop=threading.Event()))

    with Library(shared) as library:
        helper = threading.Thread(target=help_out)
        once, begun = surveyor.Worker.once, threading.Event()

        def wait_for_help(self: Worker) -> int:
            if self._surveys and not begun.is_set():
                begun.set()
                helper.start()
                while True:
                    with library.read() as session:
                        if not queue.has_open(session):
                            return 0
            return once(self)

        monkeypatch.setattr(surveyor.Worker, "once", wait_for_help)
        report = index(library, [pictures])
        helper.join()
    assert (report.found, report.indexed) == (3, 3)
    (joined,) = found
    assert joined.done >= 3
    assert joined.lacking == {}


def test_a_machine_with_another_model_says_what_it_left(shared: Settings, pictures: Path) -> None:
    with Library(shared) as library:
        _shared_out(library, pictures)
        role = active.roles()["clip"]

        def load_another(name: str, settings: Settings) -> object:
            encoder = role.load(name, settings)
            return type("Another", (), {**vars(encoder), "fingerprint": "another", "name": name})()

        active.unregister("clip")
        active.register(replace(role, load=load_another))  # type: ignore[arg-type]
        try:
            joined = join(library, stop=threading.Event())
        finally:
            active.unregister("clip")
            active.register(role)
        assert joined.done == 0
        assert "weights" in next(iter(joined.lacking.values()))
        with library.read() as session:
            assert [each.count for each in queue.left(session)] == [3]


def test_a_library_in_a_folder_has_no_machines_to_join(library: Library) -> None:
    with pytest.raises(LibraryError, match="only a library on a server"):
        join(library, stop=threading.Event())


def test_a_folder_is_under_another_path_on_another_machine(
    shared: Settings, pictures: Path, tmp_path: Path
) -> None:
    with Library(shared) as library, _at_work(library):
        _shared_out(library, pictures)
    there = pictures.rename(tmp_path / "volumes")
    second = shared.model_copy(update={"library": tmp_path / "second"})
    with trove.Library.of(second) as other:
        assert other.mounts.every() == {str(pictures): pictures}
        for wrong, path in (("nothing", there), (pictures.name, tmp_path / "nowhere")):
            with pytest.raises(SettingsError):
                other.mounts.put(wrong, path)
        assert other.mounts.put(pictures.name, there) == str(pictures)
    with trove.Library.of(second) as other:
        assert other.mounts.every() == {str(pictures): there}
        assert (other.join().done, other.roots()) == (3, [there])
        hits = other.search(f"in:{there}").hits
        assert {hit.path.parent for hit in hits} == {there}
        assert len(hits) == 3
        with other.core.read() as session:
            assert len(assets.below(session, there)) == 3
            assert facets.folders(session, [there]) == {there: 3}
            assert {file.stat.path.parent for file in assets.known_files(session)} == {there}
    with Library(shared) as library, library.read() as session:
        assert set(assets.paths(session).values()) == {pictures / path.name for path in there.iterdir()}
