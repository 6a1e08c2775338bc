"""A server that speaks OpenAI's protocol, as llama.cpp and Ollama do, and says what it is told to say."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Talking:
    """What such a server says, and what it was asked."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
        self.says: Sequence[str] = ("I do ", "not know.")
        self.status = 200
        self.location = ""
        self.raw: bytes | None = None
        """Sent in place of a stream of words."""
        self.paths: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.held = threading.Event()
        """Cleared, it waits after each word but the first."""
        self.held.set()

    @property
    def told(self) -> str:
        """All texts of the last question."""
        messages = self.asked[-1]["messages"]
        return "\n".join(
            part["text"] for one in messages for part in one["content"] if part["type"] == "text"
        )


class _Handler(BaseHTTPRequestHandler):
    talking: Talking

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.talking.paths.append(self.path)
        self._send(json.dumps({"data": [{"id": "tiny"}]}).encode())

    def do_POST(self) -> None:
        talking = self.talking
        talking.paths.append(self.path)
        talking.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if talking.status != 200 or talking.raw is not None:
            self._send(talking.raw or b'{"error": "no\\nmodel"}', talking.status)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number, piece in enumerate(talking.says):
            if number:
                talking.held.wait(30)
            event = {"choices": [{"delta": {"content": piece}}]}
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.talking.location:
            self.send_header("Location", self.talking.location)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def talking() -> Iterator[Talking]:
    """Start one, and end it."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.talking = made = Talking(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.held.set()
        server.shutdown()
        server.server_close()
        thread.join()
