"""Files that can be made again: made once, whole, and again when damaged."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from db.errors import ModelError
from indexer.encoders import cache as cache_module
from indexer.encoders.cache import DamagedError, _checksum, data_beside, load_or_build


def build(path: Path) -> None:
    path.write_bytes(b"made" * 1000)


def test_it_is_made_once_and_then_read(tmp_path: Path) -> None:
    built = []

    def counting(path: Path) -> None:
        built.append(path)
        build(path)

    for _ in range(3):
        assert load_or_build(tmp_path / "deep" / "file", counting, Path.read_bytes) == b"made" * 1000
    assert len(built) == 1
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "delete", "checksum"])
def test_a_damaged_file_is_made_again(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    load_or_build(path, build, Path.read_bytes)
    content = path.read_bytes()
    if damage == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "truncate":
        path.write_bytes(content[:100])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "delete":
        path.unlink()
    else:
        path.with_name("file.crc32").write_bytes(b"\xff\xfe")
    assert load_or_build(path, build, Path.read_bytes) == content


@pytest.mark.parametrize("damage", ["flip", "delete"])
def test_a_file_whose_data_beside_it_is_damaged_is_made_again(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "file"

    def both(target: Path) -> None:
        data_beside(path).write_bytes(b"data" * 1000)
        build(target)

    load_or_build(path, both, Path.read_bytes)
    if damage == "flip":
        data_beside(path).write_bytes(b"date" + b"data" * 999)
    else:
        data_beside(path).unlink()
    load_or_build(path, both, Path.read_bytes)
    assert data_beside(path).read_bytes() == b"data" * 1000


def test_a_file_is_verified_once_as_long_as_nobody_touches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, verified = tmp_path / "file", []

    def counting(parts: Sequence[Path]) -> str:
        verified.append(parts)
        return _checksum(parts)

    monkeypatch.setattr(cache_module, "_checksum", counting)
    load_or_build(path, build, Path.read_bytes)
    load_or_build(path, build, Path.read_bytes)
    assert len(verified) == 3  # as long as it is new, a write might leave its times as they are
    monkeypatch.setattr(cache_module, "SETTLED_S", -1.0)
    for _ in range(3):
        load_or_build(path, build, Path.read_bytes)
    assert len(verified) == 4
    time.sleep(0.02)
    before = path.stat()
    with path.open("rb+") as file:
        file.write(b"M")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load_or_build(path, build, Path.read_bytes) == b"made" * 1000


def test_a_file_its_reader_refuses_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    load_or_build(path, lambda target: target.write_bytes(b"of another version") and None, Path.read_bytes)

    def load(source: Path) -> bytes:
        if source.read_bytes() != b"made" * 1000:
            raise DamagedError("refused")
        return source.read_bytes()

    assert load_or_build(path, build, load) == b"made" * 1000


def test_a_build_that_fails_leaves_nothing_that_could_be_taken_for_the_file(tmp_path: Path) -> None:
    def failing(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("stopped half-way")

    with pytest.raises(RuntimeError):
        load_or_build(tmp_path / "file", failing, Path.read_bytes)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".lock"}
    assert load_or_build(tmp_path / "file", build, Path.read_bytes) == b"made" * 1000


def test_processes_that_want_the_same_file_make_it_once(tmp_path: Path) -> None:
    code = f"""
import os, time
from pathlib import Path
from indexer.encoders.cache import load_or_build
def build(path):
    Path({str(tmp_path)!r}, f"built-by-{{os.getpid()}}").touch()
    time.sleep(0.5)
    path.write_bytes(b"made")
assert load_or_build(Path({str(tmp_path)!r}, "file"), build, Path.read_bytes) == b"made"
"""
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("built-by-*"))) == 1


def test_a_cache_that_cannot_be_written_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="cache folder") as caught:
        load_or_build(tmp_path / "models" / "file", build, Path.read_bytes)
    assert "TROVE_CACHE" in caught.value.hint
