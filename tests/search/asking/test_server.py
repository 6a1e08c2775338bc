"""Answers of a server that speaks OpenAI's protocol: what is sent where, and what is made of what comes."""

import base64
import io
import socket
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from db.errors import ModelError, SettingsError
from indexer.pretrained.vision_language import Turn
from search.asking import server as module
from search.asking.server import MOST_SIGNS, Server
from tests.support.talking import Talking, talking

RED = Image.new("RGB", (40, 30), (250, 10, 10))
ASKED = [Turn("user", "what is this?", (RED,))]


@pytest.fixture
def server() -> Iterator[Talking]:
    with talking() as made:
        yield made


def test_a_conversation_is_sent_with_its_pictures_alone(server: Talking) -> None:
    server.says = ("a red ", "", "wall")
    turns = [*ASKED, Turn("assistant", "a wall"), Turn("user", "which colour?")]
    assert list(Server(server.address).answer(turns, 33)) == ["a red ", "wall"]
    (asked,) = server.asked
    assert (asked["model"], asked["stream"], asked["temperature"], asked["max_tokens"]) == (
        "tiny",
        True,
        0,
        33,
    )
    assert [one["role"] for one in asked["messages"]] == ["user", "assistant", "user"]
    shown, words = asked["messages"][0]["content"]
    assert words == {"type": "text", "text": "what is this?"}
    kind, _, data = shown["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as sent:
        assert np.abs(np.asarray(sent, int) - (250, 10, 10)).max() < 8
        assert not sent.getexif()
    assert server.paths == ["/v1/models", "/v1/chat/completions"]


def test_its_model_can_be_named(server: Talking) -> None:
    named = Server(f"{server.address}#llava:7b")
    list(named.answer(ASKED, 5))
    assert named.name == server.asked[0]["model"] == "llava:7b"
    assert server.paths == ["/v1/chat/completions"], "it is not asked for what is known"


def test_it_can_be_stopped(server: Talking) -> None:
    server.says = ("one ", "two ", "three")
    server.held.clear()
    heard: list[str] = []
    for piece in Server(server.address).answer(ASKED, 5, lambda: len(heard) == 1):
        heard.append(piece)
        server.held.set()
    assert heard == ["one "]


def test_an_endless_answer_is_cut_off(server: Talking) -> None:
    server.says = ("x" * 7_000,) * 5
    assert len("".join(Server(server.address).answer(ASKED, 5))) == MOST_SIGNS


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "http://192.0.2.7:8080/v1",
            r"192\.0\.2\.7 is another machine, and your pictures would be sent there",
        ),
        ("http://[2001:db8::1]/v1", "2001:db8::1 is another machine"),
        ("http:///v1", "is no address"),
        ("http://0.0.0.0:8080/v1", r"0\.0\.0\.0 is another machine"),
        ("http://127.0.0.1.nowhere.invalid/v1", "there is no machine"),
        ("http://localhost@192.0.2.7/v1", r"192\.0\.2\.7 is another machine"),
    ],
)
def test_other_machines_are_refused(address: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Server(address)


def test_a_name_must_lead_here_with_all_of_its_addresses(
    server: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads_to = ["127.0.0.1", "192.0.2.7"]

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert host == "box"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in leads_to]

    monkeypatch.setattr(module.socket, "getaddrinfo", resolve)
    address = server.address.replace("127.0.0.1", "box")
    with pytest.raises(SettingsError, match="box is another machine"):
        Server(address)
    Server(address, elsewhere=True)
    leads_to.remove("192.0.2.7")
    ours = Server(address)
    monkeypatch.undo()
    assert "".join(ours.answer(ASKED, 5)) == "I do not know.", (
        "what was found is kept, whatever is said later"
    )


def test_proxies_and_redirections_are_not_followed(server: Talking, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.9:3128")
    assert "".join(Server(server.address).answer(ASKED, 5)) == "I do not know."
    server.status, server.location = 307, "http://192.0.2.9/v1/chat/completions"
    with pytest.raises(ModelError, match=r"refuses: \(307\)"):
        list(Server(server.address).answer(ASKED, 5))


@pytest.mark.parametrize("raw", [b"data: [1, 2]\n\n", b"data: {\n\n", b'data: {"choices": []}\n\n'])
def test_what_is_no_answer_is_refused_in_one_line(server: Talking, raw: bytes) -> None:
    server.raw = raw
    with pytest.raises(ModelError, match="says what is no answer"):
        list(Server(server.address).answer(ASKED, 5))


def test_a_refusal_and_a_silent_machine_are_told_in_one_line(server: Talking) -> None:
    server.status = 500
    with pytest.raises(ModelError, match="refuses") as caught:
        list(Server(server.address).answer(ASKED, 5))
    assert "\n" not in str(caught.value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ModelError, match="cannot be asked"):
        list(Server(f"http://127.0.0.1:{port}/v1#x").answer(ASKED, 5))
