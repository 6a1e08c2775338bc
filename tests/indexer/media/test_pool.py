"""The decoder processes under real faults."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from pebble.pool.process import WorkerManager

from db.errors import DecodeError, UnreadableError
from indexer.media.pool import DecodePool
from indexer.media.reader import read_image
from tests.support import ROOT, SAMPLES

MEMORY_MB = 1024


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(1, timeout_s=30.0, memory_mb=MEMORY_MB) as pool:
        yield pool


def hang() -> None:
    time.sleep(600)


def die(how: int) -> None:
    os.kill(os.getpid(), how)


def devour() -> int:
    return len([bytearray(50 << 20) for _ in range(1000)])


def refuse(message: str, hint: str) -> None:
    raise UnreadableError(message, hint)


class AwkwardError(Exception):
    """Pickles, but cannot be made again from what was pickled."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def be_awkward() -> None:
    raise AwkwardError("so ", "awkward")


def loaded() -> set[str]:
    return {name.partition(".")[0] for name in sys.modules}


def twice(pixels: np.ndarray, *, plus: int) -> np.ndarray:
    return pixels * 2 + plus


def loaded_modules() -> list[str]:
    return sorted({name.partition(".")[0] for name in sys.modules})


def test_a_worker_loads_decoders_and_no_database(pool: DecodePool) -> None:
    pool.run(read_image, SAMPLES / "pictures" / "p001.jpg", min_side=64, max_megapixels=100)
    packages = pool.run(loaded)
    assert "PIL" in packages
    assert not packages & {"sqlalchemy", "pydantic", "faiss"}, "each worker would wait for it"


def test_gives_back_what_the_function_returns(pool: DecodePool) -> None:
    pixels = np.arange(600_000, dtype=np.float32)
    np.testing.assert_array_equal(pool.submit(twice, pixels, plus=1).result(), pixels * 2 + 1)


def test_media_errors_keep_their_type_and_hint(pool: DecodePool) -> None:
    with pytest.raises(UnreadableError, match=r"^gone$") as caught:
        pool.submit(refuse, "gone", hint="Plug it in.").result()
    assert caught.value.hint == "Plug it in."


def test_an_error_that_cannot_be_unpickled_breaks_nothing(pool: DecodePool) -> None:
    worker = pool.submit(os.getpid).result()
    with pytest.raises(RuntimeError, match=r"^AwkwardError: so awkward$"):
        pool.submit(be_awkward).result()
    assert pool.submit(os.getpid).result() == worker


def test_a_hang_is_ended_and_named(pool: DecodePool) -> None:
    start = time.monotonic()
    with pytest.raises(DecodeError, match=r"^decoding took longer than 0\.5 s$"):
        pool.submit(hang, timeout_s=0.5).result()
    assert time.monotonic() - start < 10
    assert pool.submit(os.getpid).result() != os.getpid()


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL])
def test_a_crash_is_named_and_the_worker_replaced(pool: DecodePool, how: signal.Signals) -> None:
    before = pool.submit(os.getpid).result()
    with pytest.raises(DecodeError, match=rf"^the decoder crashed \({how.name}\)$"):
        pool.submit(die, int(how)).result()
    assert pool.submit(os.getpid).result() not in (before, os.getpid())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_AS")
def test_memory_has_a_limit(pool: DecodePool) -> None:
    with pytest.raises(DecodeError, match=rf"^decoding needs more memory than {MEMORY_MB} MB$"):
        pool.submit(devour).result()
    assert pool.submit(os.getpid).result() != os.getpid()


def test_a_crash_takes_no_other_task_along() -> None:
    with DecodePool(2, timeout_s=30.0, memory_mb=MEMORY_MB) as pool:
        futures = [pool.submit(abs, -number) for number in range(20)]
        crashed = pool.submit(die, int(signal.SIGSEGV))
        futures += [pool.submit(abs, -number) for number in range(20)]
        assert [future.result() for future in futures] == [*range(20), *range(20)]
        assert isinstance(crashed.exception(), DecodeError)


def test_a_result_is_gone_with_its_last_user(pool: DecodePool) -> None:
    """Not only when Python looks for circles of objects: pictures are large, and not many objects each."""
    gc.disable()
    try:
        future = pool.submit(np.ones, 1_000_000)
        result = weakref.ref(future.result(timeout=30))
        del future
        pool.run(np.ones, 1)  # what carries results to the pool remembers the last one
        deadline = time.monotonic() + 10
        while result() is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert result() is None
    finally:
        gc.enable()


def test_a_module_that_cannot_be_imported_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    """pebble forgets a task whose unpickling fails with a RuntimeError, and waits for it for ever."""
    script = tmp_path / "main.py"
    (tmp_path / "hopeless.py").write_text(
        "import multiprocessing\n"
        "def decode(): ...\n"
        "if multiprocessing.parent_process() is not None:\n"
        "    raise RuntimeError('no memory for a thread')\n"
    )
    script.write_text(
        "import hopeless\n"
        "from indexer.media.pool import DecodePool\n"
        "with DecodePool(1, 30.0, 1024) as pool:\n"
        "    print(repr(pool.submit(hopeless.decode).exception(timeout=30)))\n"
    )
    assert "no memory for a thread" in _run(script)


@pytest.mark.parametrize("pause_s", [0.0, 0.5])
def test_a_worker_killed_while_idle_costs_nothing(pool: DecodePool, pause_s: float) -> None:
    os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
    time.sleep(pause_s)
    # More than fit into a pipe: pebble forgets those that are still queued.
    futures = [pool.submit(len, bytes(100_000)) for _ in range(20)]
    assert [future.result(timeout=20) for future in futures] == [100_000] * 20


def test_starts_late_and_closes_fast_even_when_a_task_hangs() -> None:
    children = multiprocessing.active_children()
    pool = DecodePool(2, timeout_s=60.0, memory_mb=MEMORY_MB)
    assert multiprocessing.active_children() == children
    hanging = pool.submit(hang)
    pool.submit(abs, -1).result()
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 10
    assert set(multiprocessing.active_children()) <= set(children)
    with pytest.raises(CancelledError):
        hanging.result(timeout=5)


def test_workers_import_neither_the_main_module_nor_anything_heavy(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        "import typer\n"
        "from indexer.media.pool import DecodePool\n"
        "from tests.indexer.media.test_pool import loaded_modules\n"
        "with DecodePool(1, 30.0, 1024) as pool:\n"
        "    print(*pool.submit(loaded_modules).result())\n"
    )
    loaded = _run(script).split()
    assert "indexer" in loaded
    assert not {"typer", "torch", "streamlit", "faiss", "onnxruntime"} & set(loaded)


@pytest.mark.slow
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        "import multiprocessing, os, signal, time\n"
        "from indexer.media.pool import DecodePool\n"
        "from tests.indexer.media.test_pool import hang\n"
        "pool = DecodePool(2, 600.0, 1024)\n"
        "print(pool.submit(os.getpid).result(), flush=True)\n"
        "pool.submit(hang), pool.submit(hang)\n"
        "time.sleep(1)\n"
        "print(*[child.pid for child in multiprocessing.active_children()], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    pids = {int(pid) for pid in _run(script, check=False).split()}
    assert len(pids) >= 2
    deadline = time.monotonic() + 20
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_alive, pids))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _run(script: Path, check: bool = True) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, script], check=check, capture_output=True, text=True, env=environment, timeout=60
    ).stdout


@pytest.fixture
def slow_reader(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Processes' messages are read only while this is set, as by a parent that has much else to do."""
    reads, receive = threading.Event(), WorkerManager.receive

    def late(self: WorkerManager, timeout: float) -> object:
        with suppress(OSError):  # closed
            if self.pool_channel is not None and self.pool_channel.poll(timeout):
                reads.wait(1.0)
        return receive(self, 0)

    monkeypatch.setattr(WorkerManager, "receive", late)
    return reads


@pytest.mark.parametrize("others", [0, 1])
def test_a_crash_before_the_parent_knows_who_took_the_task_is_a_crash(
    slow_reader: threading.Event, others: int
) -> None:
    with DecodePool(2, timeout_s=20.0, memory_mb=MEMORY_MB) as pool:
        slow_reader.set()
        busy = [pool.submit(hang) for _ in range(others)]
        pool.run(os.getpid)
        slow_reader.clear()
        with pytest.raises(DecodeError, match=r"^the decoder crashed \(SIGSEGV\)$"):
            pool.submit(die, int(signal.SIGSEGV)).result()
        assert not any(task.done() for task in busy)


@pytest.mark.slow
def test_a_task_is_done_elsewhere_when_its_process_is_ended_for_the_one_before(
    slow_reader: threading.Event,
) -> None:
    with DecodePool(1, timeout_s=20.0, memory_mb=MEMORY_MB) as pool:
        slow_reader.set()
        pool.run(os.getpid)
        first, second = pool.submit(time.sleep, 1), pool.submit(time.sleep, 2)
        time.sleep(0.5)
        slow_reader.clear()  # that the first is done and the second taken up is not read
        time.sleep(0.7)
        first.cancel()
        assert second.result(timeout=15) is None
