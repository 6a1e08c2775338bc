"""A library on a server, by the command line: it answers as the embedded one, or says what is wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from db.engine.postgres import PostgresDatabase
from db.errors import LibraryError
from db.library import Library
from db.settings import Settings
from indexer.flow import Progress
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.server import NOTHING, Server


@pytest.fixture
def shared(settings: Settings, server: Server) -> Iterator[Settings]:
    """Settings of a library on a server where there is none yet."""
    with server.lending("commands", NOTHING) as address:
        yield settings.model_copy(update={"shared": address})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in sorted((SAMPLES / "pictures").glob("*.jpg"))[:3]:
        shutil.copy(path, folder)
    return folder


def _asked(settings: Settings, pictures: Path) -> list[dict[str, Any]]:
    """What commands say of a library of these pictures, without what differs by machine and moment."""
    answers = []
    for arguments in (
        ("search", "a dog", "-k", "3"),
        ("search", "name:p001*"),
        ("search", f"in:{pictures}", "--sort", "name"),
        ("search", "is:hidden"),
        ("roots",),
        ("values", "camera"),
        ("status",),
    ):
        answer = as_json(trove(settings, *arguments, "--json"))
        for each in ("took_ms", "seconds", "library", "analysers"):
            answer.pop(each, None)
        answers.append(answer)
    return answers


def test_commands_answer_as_on_the_embedded_library(
    settings: Settings, shared: Settings, pictures: Path
) -> None:
    check_error(trove(shared, "search", "a dog"), "there is no library in postgresql://", "trove index")
    for library in (settings, shared):
        assert trove(library, "index", str(pictures)).returncode == 0
        assert trove(library, "hide", str(pictures / "p002.jpg")).returncode == 0
        assert trove(library, "saved", "add", "dogs", "a dog").returncode == 0
    assert _asked(settings, pictures) == _asked(shared, pictures)
    assert str(as_json(trove(shared, "status", "--json"))["library"]).startswith("postgresql://")
    findings = {each["name"]: each for each in as_json(trove(shared, "doctor", "--json"))["findings"]}
    assert findings["engine"]["value"].startswith("PostgreSQL")
    assert "database" not in findings, "only the server could tell"
    assert findings["files"]["value"] == "2, 0 failed"
    assert findings["server"]["value"].endswith("ms away")
    assert findings["encryption"]["value"] == "none, within this machine"
    assert findings["connections"]["value"].endswith("of 200")
    assert findings["rights"]["value"] == "to read and write"
    assert "autovacuum" in findings["statistics"]["warning"], "the tests' own has none"
    assert (findings["vectors"]["value"], findings["vectors"]["warning"]) == (
        "searched in a copy on this machine",
        "",
    )
    warned = [name for name in ("server", "encryption", "connections", "rights") if findings[name]["warning"]]
    assert warned == []
    check_error(trove(shared, "doctor", "--repair"), "cannot be repaired from here", "backup of the server")


@pytest.mark.slow
def test_what_people_made_goes_by_a_backup_from_one_engine_to_the_other(
    settings: Settings, shared: Settings, pictures: Path, tmp_path: Path
) -> None:
    for library in (settings, shared):
        assert trove(library, "index", str(pictures)).returncode == 0
    assert trove(shared, "hide", str(pictures / "p002.jpg")).returncode == 0
    assert trove(shared, "set", str(pictures / "p001.jpg"), "--date", "2001-02-03").returncode == 0
    assert trove(shared, "backup", str(tmp_path / "made.json")).returncode == 0
    restored = as_json(trove(settings, "restore", str(tmp_path / "made.json"), "--json"))
    assert restored["added"] == {"hidden": 1, "correction": 1}
    for library in (settings, shared):
        hits = as_json(trove(library, "search", "date:2001", "--json"))["hits"]
        assert [Path(hit["path"]).name for hit in hits] == ["p001.jpg"]


@pytest.mark.slow
def test_a_library_is_moved_to_a_server_and_back(
    settings: Settings, shared: Settings, pictures: Path, tmp_path: Path
) -> None:
    assert trove(settings, "index", str(pictures)).returncode == 0
    assert trove(settings, "saved", "add", "like it", f"image:{pictures / 'p001.jpg'}").returncode == 0
    moved = trove(settings, "move", shared.named)
    assert moved.returncode == 0, moved.stderr
    assert "there still" in moved.stdout
    back = settings.model_copy(update={"library": tmp_path / "back"})
    assert as_json(trove(shared, "move", str(back.library), "--json"))["to"] == str(back.library)
    assert _asked(settings, pictures) == _asked(shared, pictures) == _asked(back, pictures)
    hits = [as_json(trove(each, "saved", "show", "like it", "--json"))["hits"] for each in (settings, back)]
    assert hits[0] == hits[1]
    (saved,) = as_json(trove(back, "saved", "list", "--json"))["saved"]
    assert str(back.library) in saved["query"], "its picture is that in the new place"
    check_error(trove(settings, "move", shared.named), "there is a library in")
    report = as_json(trove(shared, "index", "--json"))
    assert (report["unchanged"], report["indexed"]) == (3, 0)


def test_doctor_says_what_is_wrong_with_a_server(shared: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Library(shared) as library:
        known = library.database.server()
    assert known is not None
    wrong = replace(known, round_trip_ms=40.0, is_here=False, connections=199, may_write=False)
    monkeypatch.setattr(PostgresDatabase, "server", lambda _self: wrong)
    findings = {each["name"]: each for each in as_json(trove(shared, "doctor", "--json"))["findings"]}
    for name, value, warning in (
        ("server", "40.0 ms away", "nearer"),
        ("encryption", "none", "sslmode=verify-full"),
        ("connections", "199 of 200", "max_connections"),
        ("rights", "to read only", "ask who keeps the server"),
    ):
        assert findings[name]["value"] == value
        assert warning in findings[name]["warning"]
    told = replace(wrong, encryption="TLSv1.3", keeps_statistics=True)
    monkeypatch.setattr(PostgresDatabase, "server", lambda _self: told)
    findings = {each["name"]: each for each in as_json(trove(shared, "doctor", "--json"))["findings"]}
    assert (findings["encryption"]["value"], findings["encryption"]["warning"]) == ("by TLSv1.3", "")
    assert (findings["statistics"]["value"], findings["statistics"]["warning"]) == ("kept by the server", "")


@pytest.mark.slow
def test_a_dump_of_the_database_is_a_backup(
    settings: Settings, shared: Settings, server: Server, pictures: Path
) -> None:
    assert trove(shared, "index", str(pictures)).returncode == 0
    assert trove(shared, "hide", str(pictures / "p002.jpg")).returncode == 0
    server.run("pg_dump", "--format=custom", "--file=dump", server.url("commands"))
    with server.lending("restored", NOTHING) as address:
        server.run("pg_restore", "--exit-on-error", f"--dbname={address}", "dump")
        restored = settings.model_copy(update={"shared": address})
        assert _asked(restored, pictures) == _asked(shared, pictures)
        assert as_json(trove(restored, "index", "--json"))["unchanged"] == 3


@pytest.mark.slow
def test_who_may_only_read_searches_and_is_refused_the_rest(
    settings: Settings, shared: Settings, server: Server, pictures: Path
) -> None:
    assert trove(shared, "index", str(pictures)).returncode == 0
    assert trove(shared, "saved", "add", "dogs", "a dog").returncode == 0
    server.execute("CREATE ROLE visitor LOGIN")
    try:
        with psycopg.connect(server.url("commands")) as owner:
            owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO visitor")
            owner.execute("DELETE FROM null_scores")  # as where nobody has asked yet: it cannot be kept
        address = server.url("commands").replace("user=trove", "user=visitor")
        visitor = settings.model_copy(update={"shared": address})
        assert _asked(visitor, pictures) == _asked(shared, pictures)
        hits = [as_json(trove(each, "saved", "show", "dogs", "--json"))["hits"] for each in (visitor, shared)]
        assert hits[0] == hits[1]
        assert as_json(trove(visitor, "similar", str(pictures / "p001.jpg"), "--json"))["hits"]
        for command in (("index",), ("hide", str(pictures / "p002.jpg")), ("saved", "add", "cats", "a cat")):
            check_error(trove(visitor, *command), "you may not do that", "Ask who keeps the server")
        findings = {each["name"]: each for each in as_json(trove(visitor, "doctor", "--json"))["findings"]}
        assert findings["rights"]["value"] == "to read only"
    finally:
        with psycopg.connect(server.url("commands")) as owner:
            owner.execute("DROP OWNED BY visitor")
        server.execute("DROP ROLE visitor")


@pytest.mark.slow
def test_editors_make_what_is_their_own_and_do_not_index(
    settings: Settings, shared: Settings, server: Server, pictures: Path
) -> None:
    first, second = sorted(pictures.iterdir())[:2]
    assert trove(shared, "index", str(pictures)).returncode == 0
    assert trove(shared, "saved", "add", "dogs", "a dog").returncode == 0
    with server.editors("commands", "anna", "ben") as addresses:
        anna, ben = (settings.model_copy(update={"shared": address}) for address in addresses)
        for command in (
            ("saved", "add", "cats", "a cat"),
            ("saved", "up", "cats", str(first)),
            ("saved", "up", "dogs", str(first)),
            ("hide", str(second)),
            ("set", str(first), "--date", "2001-02-03"),
            ("people", "this", str(first), "Rex"),
        ):
            done = trove(anna, *command)
            assert done.returncode == 0, (command, done.stderr)
        assert "(anna says so)" in trove(ben, "why", "a dog", str(first)).stdout
        assert "anna" in trove(shared, "hide").stdout
        assert "anna" not in trove(anna, "hide").stdout, "one's own are told as ever"
        for library, names in ((anna, ["cats", "dogs"]), (ben, ["dogs"]), (shared, ["dogs"])):
            saved = as_json(trove(library, "saved", "list", "--json"))["saved"]
            assert [each["name"] for each in saved] == names
        assert trove(ben, "saved", "add", "cats", "another cat").returncode == 0, (
            "each has names of their own"
        )
        for library, count in ((anna, 1), (ben, 0), (shared, 0)):
            hits = as_json(trove(library, "search", "liked:dogs", "--json"))["hits"]
            assert len(hits) == count, "a thumb is one's own"
            assert len(as_json(trove(library, "search", "is:hidden", "--json"))["hits"]) == 1, "to all"
        check_error(trove(anna, "saved", "remove", "dogs"), "shared by all", "under another name")
        check_error(trove(anna, "index"), "you may not do that")
        check_error(trove(anna, "forget", str(pictures)), "you may not do that")
        report = as_json(trove(shared, "index", "--json"))
        assert report["unchanged"] == 3


def test_passwords_are_refused_and_never_told(settings: Settings) -> None:
    address = "postgresql://me:topsecret@host/photos"
    told = trove(settings, "status", library=address)
    check_error(told, "has a password in it", "PGPASSWORD")
    assert "topsecret" not in told.stderr


def test_a_server_that_stops_is_told_in_one_line_and_goes_on_where_it_was(
    shared: Settings, server: Server, pictures: Path
) -> None:
    assert trove(shared, "index", str(pictures)).returncode == 0
    for name in ("p008.jpg", "p009.jpg"):
        shutil.copy(SAMPLES / "pictures" / name, pictures)
    stopped: list[bool] = []

    def stop(_step: Progress) -> None:
        if not stopped:
            stopped.append(True)
            server.stop("immediate")

    with Library(shared) as library, pytest.raises(LibraryError, match="cannot be reached"):
        index(library, on_progress=stop)
    try:
        for command in (("search", "a dog"), ("index",), ("saved", "add", "dogs", "a dog")):
            check_error(trove(shared, *command), "cannot be reached", "server runs")
    finally:
        server.start()
    with psycopg.connect(server.url("commands")) as connection:
        assert connection.execute("SELECT count(*) >= 3 FROM asset").fetchone() == (True,)
    report = as_json(trove(shared, "index", "--json"))
    assert (report["unchanged"] + report["reused"] + report["indexed"], report["failed"]) == (5, 0)
    assert len(as_json(trove(shared, "search", "a dog", "--json"))["hits"]) == 5
