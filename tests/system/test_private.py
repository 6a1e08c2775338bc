"""Nothing leaves the machine: with every socket watched, and with no network at all."""

import os
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, SAMPLES, media
from tests.support.driver import serving

WATCH = """
import os, sys
def hook(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        name = address[0] if isinstance(address, tuple) else "unix"
        local = name in ("127.0.0.1", "::1", "unix")
    elif event == "socket.sendto":
        address = arguments[1]
        local = not isinstance(address, tuple) or address[0] in ("127.0.0.1", "::1")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        local = arguments[0] in (None, "", "127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost")
    else:
        return
    if not local:
        with open(os.environ["TROVE_TEST_WATCH"], "a") as file:
            file.write(f"{sys.argv} {event} {arguments}\\n")
        raise OSError("the network is watched")
sys.addaudithook(hook)
"""
"""Python runs this first in every process (sitecustomize), workers and indexing runs included."""


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment in which every look beyond this machine is noted and refused."""
    folder = tmp_path / "watch"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WATCH)
    seen = tmp_path / "seen"
    yield {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "TROVE_TEST_WATCH": str(seen), "HF_HUB_OFFLINE": "0"}
    assert not seen.exists(), seen.read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, a film and some words."""
    made = tmp_path / "media"
    made.mkdir()
    media.photo(made / "photo.jpg", 1)
    media.video(made / "film.mp4", scenes=(2, 3))
    shutil.copyfile(SAMPLES / "recordings" / "r001.ogg", made / "words.ogg")
    return made


def _trove(library: Path, cache: Path, *arguments: str, **more: object) -> str:
    environment = os.environ | {"TROVE_CACHE": str(cache), "TROVE_DEVICE": "cpu"}
    environment |= more.pop("watched", {})  # type: ignore[call-overload]
    prefix = more.pop("prefix", ())
    command = [*prefix, sys.executable, "-m", "ui.cli", "--library", str(library), *arguments]  # type: ignore[misc]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_watch_sees(watched: dict[str, str], tmp_path: Path) -> None:
    program = "import socket\ntry: socket.create_connection(('192.0.2.1', 80))\nexcept OSError as e: print(e)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | watched, capture_output=True, text=True
    )
    assert done.stdout == "the network is watched\n"
    seen = tmp_path / "seen"
    assert "192.0.2.1" in seen.read_text()
    seen.unlink()


@pytest.mark.slow
def test_index_search_and_app_talk_to_nobody(
    watched: dict[str, str], folder: Path, cache: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    _trove(library, cache, "index", str(folder), watched=watched)
    assert "photo.jpg" in _trove(library, cache, "search", "a colour", watched=watched)
    assert "by its meaning" in _trove(library, cache, "search", "σκύλος στην παραλία", watched=watched)
    _trove(library, cache, "search", "--image", str(folder / "photo.jpg"), watched=watched)
    _trove(library, cache, "doctor", watched=watched)
    _trove(library, cache, "models", watched=watched)
    with serving(library, cache, **watched) as app:
        port = int(app.url.rpartition(":")[2])
        assert b"<title>Streamlit" in urllib.request.urlopen(app.url).read()  # noqa: S310
        # Of a stranger's origin Streamlit would ask the internet whether it is this machine's address.
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(
                b"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                b"AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://203.0.113.7\r\n\r\n"
            )
            assert b"403" in client.recv(100)


@pytest.mark.slow
def test_without_a_network_everything_works(folder: Path, cache: Path, tmp_path: Path) -> None:
    """In a network namespace of its own, where there is not even a route; where the system allows one."""
    alone = ["unshare", "--net", "--map-root-user", "--user"]
    if os.geteuid() == 0:
        alone = ["unshare", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("this system allows no network namespaces; the watched test covers the same")
    library = tmp_path / "library"
    _trove(library, cache, "index", str(folder), prefix=alone)
    assert "photo.jpg" in _trove(library, cache, "search", "a colour", prefix=alone)


def test_dependencies_are_told_to_report_nothing() -> None:
    program = (
        "import os; import ui.cli.main\n"
        "from ui.app.server import _options\n"
        "assert _options('127.0.0.1', 1)['browser.gatherUsageStats'] is False\n"
        "from huggingface_hub import constants\n"
        "print(constants.HF_HUB_DISABLE_TELEMETRY, os.environ['DO_NOT_TRACK'])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "True 1\n", done.stderr


_DANGEROUS = ("pickle.load", "yaml.load(", "eval(", "exec(", "os.system(", "shell=True")


def test_no_dangerous_way_to_load_anything() -> None:
    """What the threat table promises of the code: no pickles, no code of models, no SQL made of text."""
    sources = {
        path: path.read_text("utf-8")
        for name in ("db", "indexer", "search", "ui")
        for path in (ROOT / name).rglob("*.py")
    }
    for path, text in sources.items():
        assert "trust_remote_code=True" not in text, path
        assert "np.load(" not in text or "allow_pickle=False" in text, path
        assert "torch.load(" not in text or "weights_only=True" in text, path
        for word in (
            "pickle.load(",
            "pickle.loads(",
            "yaml.load(",
            "eval(",
            "exec(",
            "os.system",
            "shell=True",
        ):
            if path.name == "pool.py" and word == "pickle.loads(":
                continue  # of bytes that the same line has made
            assert f" {word}" not in text and f"({word}" not in text, (path, word)
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["select"]
    assert "S" in rules, "ruff looks for SQL made of text, among other things"
