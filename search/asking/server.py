"""Answers of a server that speaks OpenAI's protocol, such as llama.cpp or Ollama, on this machine.

Pictures are sent to it, so it must be here: the name of its host is resolved, every address must be one of
this machine's own, and that very address is connected to, past all proxies. Redirections are not followed.
"""

import base64
import http.client
import io
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import SplitResult, urlsplit

from PIL import Image

from db.errors import ModelError, SettingsError, first_line
from indexer.pretrained.vision_language import Turn

CONNECT_S = 5.0
ANSWER_S = 600.0
"""Longest wait for the next words: a large model on a CPU may think about a picture for minutes."""
MOST_SIGNS = 20_000
"""Of an answer; what goes on is cut off."""
_MOST_LINE = 1 << 20


def is_address(model: str) -> bool:
    """Whether an answerer is the address of a server."""
    return model.startswith(("http://", "https://"))


class Server:
    """A server at an address such as ``http://localhost:8080/v1``; ``#NAME`` after it chooses its model."""

    def __init__(self, address: str, *, elsewhere: bool = False) -> None:
        """
        Args:
            elsewhere: it may be on another machine: pictures leave this one.

        Raises:
            SettingsError: it is no address, or of another machine though that was not asked for.
        """
        self._url = urlsplit(address)
        self.name = self._url.fragment or f"{self._url.hostname}:{self._port}"
        self._host = _address_of(self._url, self._port, elsewhere=elsewhere)

    def answer(
        self, turns: Sequence[Turn], most_tokens: int, stopped: Callable[[], bool] = lambda: False
    ) -> Generator[str, None, None]:
        """The next turn of a conversation, piece by piece, until ``stopped()``.

        Raises:
            ModelError: the server cannot be reached, refuses, or says what is no answer.
        """
        asked = {
            "model": self._url.fragment or self._first_model(),
            "messages": [{"role": turn.role, "content": _content(turn)} for turn in turns],
            "stream": True,
            "temperature": 0,
            "max_tokens": most_tokens,
        }
        left = MOST_SIGNS
        with closing(self._request("POST", "chat/completions", asked)) as response:
            for piece in _pieces(response):
                if stopped() or left <= 0:
                    return
                yield piece[:left]
                left -= len(piece)

    @property
    def _port(self) -> int:
        return self._url.port or (443 if self._url.scheme == "https" else 80)

    def _first_model(self) -> str:
        with closing(self._request("GET", "models")) as response:
            try:
                return str(json.loads(response.read(_MOST_LINE))["data"][0]["id"])
            except (ValueError, KeyError, IndexError, TypeError, OSError) as exc:
                raise ModelError(
                    f"the server at {self._url.netloc} names no model", f"Name one: {self._url.geturl()}#NAME"
                ) from exc

    def _request(self, verb: str, what: str, body: Any = None) -> http.client.HTTPResponse:
        connection = _Connection(self._url, self._host, self._port)
        headers = {"Host": self._url.netloc, "Accept": "text/event-stream, application/json"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(verb, f"{self._url.path.rstrip('/')}/{what}", data, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as exc:
            connection.close()
            raise ModelError(
                f"the server at {self._url.netloc} cannot be asked: {first_line(exc)}",
                "Start it, or choose another answerer with TROVE_ANSWERER.",
            ) from exc
        if response.status != http.HTTPStatus.OK:
            with closing(response):
                told = response.read(2_000).decode(errors="replace")
            why = f"({response.status}) {first_line(ValueError(told))}"
            raise ModelError(
                f"the server at {self._url.netloc} refuses: {why}", "Its model must take pictures."
            )
        return response


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was found before, whatever the name leads to by now."""

    def __init__(self, url: SplitResult, host: str, port: int) -> None:
        super().__init__(host, port, timeout=CONNECT_S)
        self._url = url

    def connect(self) -> None:
        super().connect()
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._url.hostname)
        self.sock.settimeout(ANSWER_S)


def _address_of(url: SplitResult, port: int, *, elsewhere: bool) -> str:
    """The address that a server is connected to.

    Raises:
        SettingsError: it has none, or one of another machine.
    """
    host = url.hostname
    if not host:
        raise SettingsError(f"{url.geturl()} is no address", "Such as http://localhost:8080/v1")
    try:
        found = {str(known[4][0]) for known in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as exc:
        raise SettingsError(f"there is no machine {host}", "Such as http://localhost:8080/v1") from exc
    if not elsewhere and not all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in found):
        raise SettingsError(
            f"{host} is another machine, and your pictures would be sent there",
            "Use a server on this one; if you do want that: TROVE_ANSWERER_ELSEWHERE=1",
        )
    return min(found, key=lambda one: ":" in one)


def _content(turn: Turn) -> list[dict[str, Any]]:
    pictures = [{"type": "image_url", "image_url": {"url": _data(picture)}} for picture in turn.pictures]
    return [*pictures, {"type": "text", "text": turn.text}]


def _data(picture: Image.Image) -> str:
    """A picture as the protocol has it. Nothing but its pixels: neither its name nor where it was taken."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _pieces(response: http.client.HTTPResponse) -> Iterator[str]:
    """The words of a stream of server-sent events.

    Raises:
        ModelError: it breaks off, or is no such stream.
    """
    while True:
        try:
            line = response.readline(_MOST_LINE)
        except (OSError, http.client.HTTPException) as exc:
            raise ModelError(f"the server broke off: {first_line(exc)}", "") from exc
        if not line:
            return
        if not line.startswith(b"data:"):
            continue
        told = line[5:].strip()
        if told == b"[DONE]":
            return
        try:
            piece = json.loads(told)["choices"][0].get("delta", {}).get("content")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as exc:
            raise ModelError("the server says what is no answer", "It must speak OpenAI's protocol.") from exc
        if isinstance(piece, str) and piece:
            yield piece
