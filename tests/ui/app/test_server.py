"""How the app's server sends, which no page shows but every page waits for."""

import os
import socket
import subprocess
import sys

import pytest
from streamlit.web.server.starlette import starlette_server

from ui.app import server

_MULTIPLIED = """
import os
from ui.app import server
server._multiply_alone()
import numpy, psutil
numpy.ones((800, 800)) @ numpy.ones((800, 800))
print(psutil.Process().num_threads(), os.environ.get("OPENBLAS_NUM_THREADS"))
"""


def test_a_connection_sends_small_messages_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starlette_server, "_bind_socket", starlette_server._bind_socket)
    server._send_at_once()
    with starlette_server._bind_socket("127.0.0.1", 0, 5) as listening:
        listening.setblocking(True)
        with socket.create_connection(listening.getsockname()):
            connection, _ = listening.accept()
            with connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_product_of_matrices_wakes_no_other_thread_and_what_is_started_may_do_so() -> None:
    unset = {key: value for key, value in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", _MULTIPLIED]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=unset)
    assert told.stdout.split() == ["1", "None"]
