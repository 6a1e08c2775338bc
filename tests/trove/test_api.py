"""The Python API: one import, the whole way from folders to answers, and errors with a hint."""

import inspect
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import trove
from db.errors import TroveError
from db.settings import Settings
from tests.support import SAMPLES
from tests.support.copying import copy_library
from tests.support.media import photo

HEAVY = "torch open_clip diffusers transformers streamlit faster_whisper av faiss onnxruntime typer".split()


@pytest.fixture(scope="module")
def samples(sample_library: Settings) -> Iterator[trove.Library]:
    with trove.Library.of(sample_library) as library:
        yield library


@pytest.fixture
def own(settings: Settings) -> Iterator[trove.Library]:
    with trove.Library.of(settings) as library:
        yield library


def test_everything_public_is_there_and_says_what_it_is() -> None:
    for name in trove.__all__:
        assert inspect.getdoc(getattr(trove, name)), name
    verbs = [verb for name, verb in vars(trove.Library).items() if not name.startswith("_")]
    assert len(verbs) > 15
    for verb in verbs:
        assert inspect.getdoc(verb), verb


def test_all_errors_of_the_tree_are_public() -> None:
    def below(error: type[TroveError]) -> Iterator[type[TroveError]]:
        for each in error.__subclasses__():
            yield each
            yield from below(each)

    documented = [each.__name__ for each in below(TroveError) if each.__module__ == "db.errors"]
    assert set(documented) <= set(trove.__all__)


def test_importing_it_loads_nothing_heavy() -> None:
    program = f"import sys, trove; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_from_a_folder_to_an_answer(own: trove.Library, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    for seed in range(3):
        photo(folder / f"{seed}.jpg", seed)
    (folder / "letter.jpg").write_text("no picture")
    told: list[trove.Progress] = []
    report = own.index([str(folder)], on_progress=told.append)
    assert (report.found, report.indexed, report.failed) == (4, 3, 1)
    assert told[-1].done == told[-1].total == 4
    assert own.roots() == [folder]
    assert [failure.path.name for failure in own.failures()] == ["letter.jpg"]
    assert len(own.search("a colour", k=2, apart=True).hits) == 2
    status = own.status()
    assert (status.model, status.units["image"], status.assets) == ("builtin-2", 3, 3)
    assert own.models.held() == [trove.HeldModel("builtin-2", "active", 3)]
    assert own.rebuild() == 3
    assert own.retry_failures() == 1
    assert own.index().failed == 1, "without paths, all that were given before"
    assert own.forget(folder) == 4
    assert own.search("a colour").hits == ()


def test_an_empty_library_answers_that_nothing_is_there(own: trove.Library) -> None:
    answer = own.search("anything")
    assert (answer.verdict, answer.hits) == ("absent", ())
    assert own.rebuild() is None
    assert own.models.held() == []


def test_words_a_picture_or_a_query_are_asked_alike(samples: trove.Library) -> None:
    by_words = samples.search("a brick lighthouse against a blue sky", k=3, kind="image")
    assert [len(by_words.hits), by_words.verdict] == [3, "found"]
    assert by_words.hits[0].path.name == "p025.jpg"
    query = trove.Query("a brick lighthouse against a blue sky", k=3, kind="image")
    assert [hit.unit_id for hit in samples.search(query).hits] == [hit.unit_id for hit in by_words.hits]
    lighthouse = by_words.hits[0].path
    by_picture = samples.search("", image=lighthouse, k=1)
    assert by_picture.hits[0].path == lighthouse
    assert lighthouse not in [hit.path for hit in samples.similar(lighthouse, k=5).hits]


def test_a_hit_is_explained_shown_and_kept(samples: trove.Library, tmp_path: Path) -> None:
    lighthouse = samples.search("a brick lighthouse", k=1, kind="image").hits[0].path
    why = samples.why("a brick lighthouse", lighthouse)
    assert (why.rank, why.path) == (1, lighthouse)
    assert why.overlay() is not None
    small = samples.thumbnail(lighthouse, None, side=64, cache=tmp_path)
    assert small.read_bytes()[:2] == b"\xff\xd8"
    film = SAMPLES / "videos" / "v001.mp4"
    course = samples.moments(film, trove.Query("a dolphin under water"))
    assert [moment.start_s for moment in course] == sorted(moment.start_s for moment in course)
    assert any(moment.match for moment in course)


def test_paths_of_people_are_understood(
    samples: trove.Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SAMPLES / "pictures" / "p025.jpg", tmp_path / "mine.jpg")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert samples.search("", image="~/mine.jpg", k=1).hits[0].path.name == "p025.jpg"
    assert samples.similar("~/mine.jpg", k=1).hits[0].path.name == "p025.jpg"
    assert samples.why("a brick lighthouse", "~/mine.jpg").path == tmp_path / "mine.jpg"
    like = samples.why(trove.Query(like=tmp_path / "mine.jpg"), SAMPLES / "pictures" / "p025.jpg")
    assert like.rank == 1


def test_a_saved_search_is_asked_by_its_name(sample_library: Settings, tmp_path: Path) -> None:
    copy_library(sample_library.paths.folder, tmp_path / "library")
    with trove.Library.of(sample_library.model_copy(update={"library": tmp_path / "library"})) as library:
        library.saved.add("towers", trove.Query("a brick lighthouse"))
        assert library.saved.show("towers", 1).hits[0].path.name == "p025.jpg"


def test_it_opens_the_folder_that_is_named_or_that_of_the_environment(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trove.Library.open(tmp_path / "named", cache=cache, whisper="none", off=("text",)) as library:
        assert library.core.paths.database == tmp_path / "named" / "trove.db"
        assert library.settings.whisper == "none"
    monkeypatch.setenv("TROVE_LIBRARY", str(tmp_path / "by environment"))
    with trove.Library.open() as library:
        assert library.core.paths.folder == tmp_path / "by environment"
    monkeypatch.setenv("TROVE_BATCH", "many")
    with pytest.raises(trove.SettingsError, match="batch") as caught:
        trove.Library.open(tmp_path / "named")
    assert "TROVE_BATCH" in caught.value.hint


def test_errors_are_named_and_say_what_to_do(own: trove.Library, tmp_path: Path) -> None:
    with pytest.raises(trove.SettingsError, match="no file or folder"):
        own.index([tmp_path / "nowhere"])
    with pytest.raises(trove.QueryError) as caught:
        own.search("date:someday")
    assert caught.value.hint
    with pytest.raises(trove.SettingsError, match="no folder of this library"):
        own.forget(tmp_path)
    another, busy = trove.Library.of(own.settings), pytest.raises(trove.LibraryBusyError)
    with own.core.indexing(), another, busy:
        another.index([tmp_path])


def test_closed_it_refuses_to_be_used(settings: Settings, tmp_path: Path) -> None:
    library = trove.Library.of(settings)
    photo(tmp_path / "a.jpg", 1)
    library.index([tmp_path / "a.jpg"])
    assert len(library.search("a colour").hits) == 1
    library.close()
    library.close()
    for use in (library.status, library.roots, library.failures, lambda: library.search("a colour")):
        with pytest.raises(trove.LibraryClosedError, match="closed"):
            use()


def test_closed_it_starts_nothing_and_deletes_nothing(settings: Settings, tmp_path: Path) -> None:
    picture = photo(tmp_path / "a.jpg", 1)
    library = trove.Library.of(settings)
    library.thumbnail(picture, side=32, cache=tmp_path / "cache")
    service = library.service
    library.close()
    for use in (
        lambda: library.thumbnail(picture, side=32, cache=tmp_path / "other"),
        lambda: library.index(tmp_path),
        lambda: library.forget(tmp_path),
        lambda: library.draw("a boat"),
        lambda: library.models.evaluate(tmp_path, tmp_path / "captions.csv"),
        lambda: service.decoders,
        library.clear_pictures,
    ):
        with pytest.raises(trove.LibraryClosedError, match="closed"):
            use()
    assert not (settings.paths.folder / "index.lock").exists()


def test_a_query_and_more_words_about_it(samples: trove.Library) -> None:
    query = trove.Query("a brick lighthouse", k=5)
    assert len(samples.search(query, k=2, kind="image").hits) == 2
    assert {hit.kind for hit in samples.search(query, kind="frame").hits} == {"frame"}


def test_one_path_is_a_path_and_a_folder_that_became_a_link_can_be_forgotten(
    own: trove.Library, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    photo(folder / "a.jpg", 1)
    assert own.index(str(folder)).indexed == 1
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert own.forget(folder) == 1


def test_an_argument_wins_over_the_environment_and_a_wrong_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROVE_LIBRARY", str(tmp_path / "environment"))
    monkeypatch.setenv("TROVE_FOLDER", str(tmp_path / "no setting"))
    with trove.Library.open(library=tmp_path / "given") as library:
        assert library.core.paths.folder == tmp_path / "given"
    with trove.Library.open() as library:
        assert library.core.paths.folder == tmp_path / "environment"
    with pytest.raises(trove.SettingsError, match="no setting 'wisper'"):
        trove.Library.open(tmp_path / "given", wisper="none")


def test_threads_share_one_service(own: trove.Library) -> None:
    services: list[object] = []
    threads = [threading.Thread(target=lambda: services.append(own.service)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(service) for service in services}) == 1


def test_the_environment_is_left_as_it_is(settings: Settings) -> None:
    before = dict(os.environ)
    with trove.Library.of(settings) as library:
        library.status()
    assert dict(os.environ) == before
