"""Access control for every request and websocket: allowed hosts, same origin, and a password login.

Any web page that somebody has open can send requests to 127.0.0.1, under a name that its owner made
point there (DNS rebinding) or from another origin. So the name in ``Host`` must be one of ours, and
``Origin``, which browsers add to what pages send, must be the same. Where the app listens more
widely, nothing is answered without a password; no name is checked there, since a stranger's name
does not get the cookie.
"""

import asyncio
import hashlib
import hmac
import html
import ipaddress
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from itsdangerous import Signer
from starlette.authentication import AuthenticationBackend, AuthenticationError
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from db.errors import SettingsError
from db.files import write_atomically

LOGIN = "/trove-login"
COOKIE = "trove_session"

_SHORTEST = 8
_LONGEST_FORM = 4096
_FREE_TRIES = 5
_WAIT_S = 2.0
_LONGEST_WAIT_S = 900.0
_STRANGERS = 10_000
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# RFC 9106 names no scrypt parameters; these are OWASP's for a password that is asked for rarely: 32 MB.
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 1 << 26}


@dataclass(frozen=True)
class Password:
    """A password as a salted hash (scrypt, RFC 7914)."""

    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, text: str) -> "Password":
        """Hash a password with a new salt.

        Raises:
            SettingsError: it is too short.
        """
        if len(text) < _SHORTEST:
            raise SettingsError(
                f"the password has fewer than {_SHORTEST} characters", "Some words in a row are good."
            )
        salt = secrets.token_bytes(16)
        return cls(salt, _hashed(text, salt))

    def matches(self, text: str) -> bool:
        """Whether this is the password, compared in constant time."""
        return hmac.compare_digest(_hashed(text, self.salt), self.digest)

    def save(self, path: Path) -> None:
        """Keep the hash in a file that only its owner can read."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"scrypt {self.salt.hex()} {self.digest.hex()}\n".encode())
        path.chmod(0o600)

    @classmethod
    def load(cls, path: Path) -> "Password | None":
        """The password in a file; None where there is none.

        Raises:
            SettingsError: the file is not what ``save`` wrote.
        """
        try:
            kind, salt, digest = path.read_text("ascii").split()
            if kind != "scrypt":
                raise ValueError
            return cls(bytes.fromhex(salt), bytes.fromhex(digest))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as exc:
            raise SettingsError(
                f"the password file {path} cannot be read", "Set a new one: trove ui --set-password"
            ) from exc


def _hashed(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode(errors="surrogateescape"), salt=salt, **_SCRYPT)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Tries:
    """Brute-force protection: after some wrong passwords an address waits, twice as long each time."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, float]] = {}

    def wait_s(self, address: str) -> float:
        """How long this address has to wait before its next try."""
        wrong, last = self._wrong.get(_network(address), (0, 0.0))
        if wrong < _FREE_TRIES:
            return 0.0
        pause = min(_LONGEST_WAIT_S, _WAIT_S * 2.0 ** (wrong - _FREE_TRIES))
        return max(0.0, last + pause - time.monotonic())

    def failed(self, address: str) -> None:
        """Remember a wrong password."""
        network = _network(address)
        wrong, _ = self._wrong.pop(network, (0, 0.0))
        while len(self._wrong) >= _STRANGERS:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[network] = (wrong + 1, time.monotonic())

    def succeeded(self, address: str) -> None:
        """Forget the wrong passwords of this address."""
        self._wrong.pop(_network(address), None)


def _network(address: str) -> str:
    """The address, or for IPv6 its /64: a provider assigns a whole one to each customer."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


class Refusal(AuthenticationError):  # noqa: N818 - an answer rather than a fault
    """Who is not let in is answered this."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class Doors(AuthenticationBackend):
    """Who is let in, at every door of the app: requests and websockets, see ``guarded``.

    Args:
        password: required, unless None.
        hosts: names under which the app may be addressed, beside those of the loopback; any if None.
    """

    def __init__(self, password: Password | None = None, hosts: Collection[str] | None = ()) -> None:
        self._password = password
        self._hosts = None if hosts is None else _LOOPBACK | {host.lower() for host in hosts}
        # Cookies are signed with a key of this process: they end with it, and none has to be remembered.
        self._signer = Signer(secrets.token_bytes(32), salt=COOKIE, digest_method=hashlib.sha256)
        self._tries = Tries()
        # One hash at a time: each takes 32 MB.
        self._hash_lock = asyncio.Lock()

    async def authenticate(self, conn: HTTPConnection) -> None:
        """Let in whoever may come in.

        Raises:
            Refusal: the name, the origin or the cookie is not ours.
        """
        if not self._is_ours(conn):
            raise Refusal(PlainTextResponse("This address is not Trove's.", 403))
        if self._password is None or self._signer.validate(conn.cookies.get(COOKIE, "")):
            return
        is_page = conn.scope["type"] == "http"
        if is_page and conn.scope["path"] == LOGIN and conn.scope["method"] == "POST":
            return
        if is_page and "text/html" in conn.headers.get("accept", ""):
            raise Refusal(_form())
        raise Refusal(PlainTextResponse("A password is needed.", 401))

    def _is_ours(self, conn: HTTPConnection) -> bool:
        """Whether ``Host`` is one of our names, and ``Origin``, if sent, is the same."""
        host = conn.headers.getlist("host")
        if len(host) != 1 or (name := _hostname(f"//{host[0]}")) is None:
            return False
        if self._hosts is not None and name not in self._hosts:
            return False
        return all(urlsplit(it).netloc == host[0] for it in conn.headers.getlist("origin"))

    def routes(self) -> list[Route]:
        """Where the password is sent to, if there is one."""
        return [Route(LOGIN, self._log_in, methods=["POST"])] if self._password else []

    async def _log_in(self, request: Request) -> Response:
        assert self._password is not None  # noqa: S101 - else there is no such route
        address = request.client.host if request.client else ""
        typed = await _field(request)
        async with self._hash_lock:
            if (wait_s := self._tries.wait_s(address)) > 0:
                wait = {"Retry-After": str(round(wait_s) + 1)}
                return _form(f"Too many wrong passwords. Wait {round(wait_s) + 1} seconds.", 429, wait)
            if typed is None or not await run_in_threadpool(self._password.matches, typed):
                self._tries.failed(address)
                return _form("This is not the password.", 401)
        self._tries.succeeded(address)
        answer = RedirectResponse("/", 303)
        cookie = self._signer.sign(secrets.token_urlsafe(16)).decode()
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=secure)
        return answer


def guarded(doors: Doors) -> Middleware:
    """The middleware that asks at the doors, around the whole app."""
    return Middleware(AuthenticationMiddleware, backend=doors, on_error=lambda _, refusal: refusal.answer)


def _hostname(url: str) -> str | None:
    try:
        parsed = urlsplit(url)
        _ = parsed.port
    except ValueError:
        return None
    plain = parsed.hostname and not (parsed.username or parsed.path or parsed.query or parsed.fragment)
    return parsed.hostname.lower().rstrip(".") if plain and parsed.hostname else None


async def _field(request: Request) -> str | None:
    """The password in a form; None where there is none, or far too much."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM:
            return None
    return next(iter(parse_qs(body.decode(errors="replace")).get("password", ())), None)


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Trove</title>
<meta name="viewport" content="width=device-width">
<style>:root {{ color-scheme: light dark; font: 16px system-ui, sans-serif }}
form {{ max-width: 20rem; margin: 20vh auto; display: grid; gap: .8rem; padding: 1rem }}
input, button {{ font: inherit; padding: .6rem; border-radius: .4rem; border: 1px solid #888 }}
button {{ background: #2563eb; color: #fff; border: 0 }}</style>
<form method="post" action="{action}"><h1>Trove</h1><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" autofocus required>
<button>Open the library</button><p role="alert">{message}</p></form></html>"""


def _form(message: str = "", status: int = 401, headers: Any = None) -> HTMLResponse:
    page = _PAGE.format(action=LOGIN, message=html.escape(message))
    safe = {"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"}
    return HTMLResponse(page, status, headers=safe | (headers or {}))
