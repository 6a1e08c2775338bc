"""Who gets in: names, origins, passwords, and what no address may give away."""

import base64
import hashlib
import http.client
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
from itsdangerous import Signer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse

from db.catalog import units
from db.errors import SettingsError, UnreadableError
from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from tests.support import ROOT, media
from tests.support.driver import App, serving
from ui.app import resources
from ui.app.auth import COOKIE, LOGIN, Password, Tries, is_loopback
from ui.app.routes import media as pages

PASSWORD = "several words in a row"  # noqa: S105 - of a library of one test
Headers = dict[str, str]


@pytest.fixture(scope="module")
def protected_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty library."""
    return tmp_path_factory.mktemp("doors") / "library"


@pytest.fixture(scope="module")
def app(protected_library: Path, cache: Path) -> Iterator[App]:
    """The app as it is started without options."""
    with serving(protected_library, cache) as running:
        yield running


@pytest.fixture(scope="module")
def wide(protected_library: Path, cache: Path) -> Iterator[App]:
    """The app for the whole network, with a password."""
    with serving(protected_library, cache, "--host", "0.0.0.0", TROVE_PASSWORD=PASSWORD) as running:  # noqa: S104
        yield running


def ask(
    app: App, path: str, headers: Headers | None = None, method: str = "GET", body: bytes | None = None
) -> tuple[int, Headers, bytes]:
    """Exactly this request: no name is resolved, no path made simpler."""
    connection = http.client.HTTPConnection("127.0.0.1", int(app.url.rpartition(":")[2]), timeout=30)
    connection.putrequest(method, path, skip_host="Host" in (headers or {}))
    for name, value in {**(headers or {}), **({"Content-Length": str(len(body))} if body else {})}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    # A websocket that was let in stays open.
    content = b"" if answer.status == 101 else answer.read()
    connection.close()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}, content


WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
}
PLACES: list[tuple[str, Headers]] = [
    ("/", {"Accept": "text/html"}),
    ("/_stcore/health", {}),
    ("/_stcore/host-config", {}),
    ("/_stcore/stream", WEBSOCKET),
    ("/media/0000.jpg", {}),
    ("/trove/key/thumbnail/1", {}),
    ("/trove/key/file/1", {}),
]


def test_its_own_names_are_let_in(app: App) -> None:
    port = app.url.rpartition(":")[2]
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST.:{port}"):
        assert ask(app, "/_stcore/health", {"Host": name})[0] == 200
    host = {"Host": f"127.0.0.1:{port}"}
    assert ask(app, "/_stcore/stream", WEBSOCKET | host | {"Origin": app.url})[0] == 101


@pytest.mark.parametrize(("path", "headers"), PLACES)
def test_other_names_and_origins_are_not(app: App, path: str, headers: Headers) -> None:
    port = app.url.rpartition(":")[2]
    for strange in (
        {"Host": "evil.example"},  # a name that was made to point here
        {"Host": f"127.0.0.1.evil.example:{port}"},
        {"Host": f"user@127.0.0.1:{port}"},
        {"Host": ""},
        {"Host": f"127.0.0.1:{port}", "Origin": "https://evil.example"},
        {"Host": f"127.0.0.1:{port}", "Origin": f"http://localhost:{port}"},
        {"Host": f"127.0.0.1:{port}", "Origin": "null"},
    ):
        status, _, body = ask(app, path, headers | strange)
        assert status == 403, strange
        assert b"Streamlit" not in body


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/../../../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/app/static/..%2f..%2f..%2fetc/passwd",
        "/media/../../../../etc/passwd",
        "/media/%2fetc%2fpasswd",
        "/component/trove_gallery/../../../../etc/passwd",
        "/_stcore/bidi-components/trove_gallery/..%2f..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/trove/x/file/..%2f..%2fetc%2fpasswd",
        "/trove/x/file/1",
        "/\\etc\\passwd",
    ],
)
def test_no_path_leads_out(app: App, path: str) -> None:
    assert b"root:" not in ask(app, path)[2]


def test_uploads_need_the_token_of_the_page_and_have_a_size(app: App) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'
        + bytes(100)
        + b"\r\n--x--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    where = "/_stcore/upload_file/session/file"
    assert ask(app, where, kind, "PUT", body)[0] == 403
    _, headers, _ = ask(app, "/_stcore/health")
    token = headers["set-cookie"].partition("=")[2].partition(";")[0]
    known = kind | {"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}"}
    assert ask(app, where, known, "PUT", body)[0] == 400, "no such session: only a page can upload"
    connection = http.client.HTTPConnection("127.0.0.1", int(app.url.rpartition(":")[2]), timeout=30)
    connection.request("PUT", where, headers=known | {"Content-Length": str(60 << 20)}, body=b"--x")
    assert connection.getresponse().status in (400, 413)
    connection.close()


def test_only_this_machine_unless_asked(app: App, wide: App) -> None:
    def listening(pid: int) -> list[str]:
        connections = psutil.Process(pid).net_connections("inet")
        return [found.laddr.ip for found in connections if found.status == psutil.CONN_LISTEN]

    assert listening(app.pid) == ["127.0.0.1"]
    assert listening(wide.pid) == ["0.0.0.0"]  # noqa: S104


def test_a_wider_address_demands_a_password(protected_library: Path) -> None:
    command = [sys.executable, "-m", "ui.cli", "--library", str(protected_library), "ui", "--host", "0.0.0.0"]  # noqa: S104
    environment = {name: value for name, value in os.environ.items() if name != "TROVE_PASSWORD"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: whoever reaches 0.0.0.0 could see your whole library")
    assert "--set-password" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("path", "headers"), PLACES)
def test_without_the_password_there_is_nothing(wide: App, path: str, headers: Headers) -> None:
    signed = (
        Signer(b"the key of another process", salt=COOKIE, digest_method=hashlib.sha256).sign("x").decode()
    )
    for cookie in ({}, *({"Cookie": f"{COOKIE}={value}"} for value in ("guessed", "", signed))):
        status, _, body = ask(wide, path, headers | cookie)
        assert status == (403 if headers is WEBSOCKET else 401)
        assert b"Streamlit" not in body


def _log_in(app: App, password: str) -> tuple[int, Headers, bytes]:
    form = urlencode({"password": password}).encode()
    return ask(app, LOGIN, {"Content-Type": "application/x-www-form-urlencoded"}, "POST", form)


def test_the_password_opens_every_door_and_guessing_is_slowed_down(wide: App) -> None:
    page = ask(wide, "/", {"Accept": "text/html"})
    assert b'type="password"' in page[2]
    assert _log_in(wide, "x" * 10_000)[0] == 401
    assert _log_in(wide, "wrong")[0] == 401
    status, headers, _ = _log_in(wide, PASSWORD)
    assert (status, headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= set(headers["set-cookie"].split("; "))
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
    assert b"<title>Streamlit" in ask(wide, "/", cookie | {"Accept": "text/html"})[2]
    assert ask(wide, "/_stcore/stream", WEBSOCKET | cookie)[0] == 101
    host = {"Host": wide.url.removeprefix("http://"), "Origin": "https://evil.example"}
    assert ask(wide, "/_stcore/stream", WEBSOCKET | cookie | host)[0] == 403
    answers = [_log_in(wide, f"guess {number}")[0] for number in range(6)]
    assert answers == [401] * 5 + [429]
    assert _log_in(wide, PASSWORD)[0] == 429, "not even the right one, while guessing is slowed down"


def test_the_password_is_in_nobodys_environment() -> None:
    """Such as that of an indexing that the app starts."""
    program = (
        "import os; from pathlib import Path\n"
        "from db.settings import Settings; from ui.app.server import required_password\n"
        "required_password(Settings(library=Path('none')), '0.0.0.0'); print('TROVE_PASSWORD' in os.environ)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"TROVE_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "False\n", done.stderr


def test_a_password_is_kept_as_a_salted_hash(tmp_path: Path) -> None:
    path = tmp_path / "library" / "password"
    assert Password.load(path) is None
    Password.of(PASSWORD).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD.encode() not in path.read_bytes()
    kept = Password.load(path)
    assert kept is not None
    assert kept.matches(PASSWORD)
    assert not kept.matches(PASSWORD + " ")
    assert Password.of(PASSWORD) != Password.of(PASSWORD), "salted"
    with pytest.raises(SettingsError, match="fewer than"):
        Password.of("short")
    path.write_text("scrypt nothing")
    with pytest.raises(SettingsError, match="cannot be read"):
        Password.load(path)


def test_whoever_guesses_waits_longer_each_time() -> None:
    tries = Tries()
    waits = []
    for _ in range(14):
        tries.failed("2001:db8::1")
        waits.append(round(tries.wait_s("2001:db8::ffff")))
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]
    assert tries.wait_s("192.0.2.1") == 0
    tries.succeeded("2001:db8::2")
    assert tries.wait_s("2001:db8::1") == 0


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "192.168.1.2", "nas.local", "")],  # noqa: S104
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# --- what is shown of the library


@pytest.fixture
def shown(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a picture and a link to another one, indexed and open in the app's own way."""
    folder = tmp_path / "media"
    folder.mkdir()
    media.photo(folder / "own.jpg", 1)
    (folder / "link.jpg").symlink_to(media.photo(tmp_path / "elsewhere.jpg", 2))
    monkeypatch.setenv("TROVE_LIBRARY", str(settings.paths.folder))
    monkeypatch.setenv("TROVE_CACHE", str(settings.cache))
    monkeypatch.setenv("TROVE_WHISPER", "none")
    monkeypatch.setenv("TROVE_OFF", "text")
    resources.library.clear()
    with Library(settings) as library:
        assert index(library, [folder]).indexed == 2
    yield folder
    resources.library().close()
    resources.library.clear()


def _serve(path: Path) -> bytes:
    """What the app's route for a file answers."""
    with resources.read() as session:
        (unit_id,) = units.ids_at(session, path)
    return Path(_answer(unit_id).path).read_bytes()


def _answer(unit_id: int, query: str = "") -> FileResponse:
    route = next(route for route in pages.routes() if "/file/" in route.path)
    scope = {"type": "http", "path_params": {"unit_id": unit_id}, "headers": []}
    response: FileResponse = route.endpoint(Request(scope | {"query_string": query.encode()}))
    return response


def test_a_file_that_became_a_link_elsewhere_is_not_served(shown: Path, tmp_path: Path) -> None:
    own, link = shown / "own.jpg", shown / "link.jpg"
    assert _serve(own) == own.read_bytes()
    assert _serve(link) == (tmp_path / "elsewhere.jpg").read_bytes()
    secret = tmp_path / "secret.txt"
    secret.write_text("root: nobody's business")
    picture = media.photo(tmp_path / "private.jpg", 3)
    for path in (own, link):
        for target in (secret, picture, Path("/etc/passwd"), tmp_path, tmp_path / "gone"):
            path.unlink()
            path.symlink_to(target)
            with pytest.raises(HTTPException):
                _serve(path)
            with resources.read() as session:
                row = next(iter(units.rows(session, units.ids_at(session, path)).values()))
            with pytest.raises(UnreadableError):
                pages.still(row, 64)
            with pytest.raises(UnreadableError):
                pages.clip_at(row, 0.0)


def test_a_copy_is_served_where_the_file_is_not_there(shown: Path, settings: Settings) -> None:
    """And by the name of the file that was asked for."""
    copy = shown / "own copy.jpg"
    copy.write_bytes((shown / "own.jpg").read_bytes())
    with Library(settings) as library:
        index(library)
    (shown / "own.jpg").unlink()
    with resources.read() as session:
        (asked,) = units.rows(session, units.ids_at(session, shown / "own.jpg")).values()
    assert asked.path == copy, "by its path it comes first"
    led = pages.unit(asked.id, shown / "own.jpg")
    assert (led.path, pages.file_of(led)) == (shown / "own.jpg", copy)
    served = _answer(asked.id, pages.file_url(led).partition("?")[2])
    assert Path(served.path) == copy
    assert served.headers["content-disposition"] == 'inline; filename="own.jpg"'


def test_a_picture_that_was_edited_in_its_place_is_shown(shown: Path) -> None:
    media.photo(shown / "own.jpg", 9)
    assert _serve(shown / "own.jpg") == (shown / "own.jpg").read_bytes()


def test_the_kinds_of_files_that_a_browser_opens_are_few(shown: Path, settings: Settings) -> None:
    """A page in the library must not become a page of the app."""
    page = shown / "page.html.jpg"
    page.write_text("<script>alert(1)</script>")
    with Library(settings) as library:
        report = index(library)
    assert report.failed == 1
    assert sorted(pages._SHOWN) == sorted(
        f"image/{name}" for name in ("avif", "bmp", "gif", "jpeg", "png", "webp")
    )
