"""Serves the app: to this machine only, unless another address and a password are set."""

import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from db.errors import SettingsError
from db.settings import Settings
from ui.threads import multiply_alone

if TYPE_CHECKING:
    from ui.app.auth import Password

HOST = "127.0.0.1"
PASSWORD_VARIABLE = "TROVE_PASSWORD"  # noqa: S105 - the name of it

_APP = Path(__file__).with_name("main.py")
_GRACE_S = 3.0


def serve(
    settings: Settings, *, port: int, browser: bool, host: str = HOST, say: Callable[[str], None]
) -> None:
    """Run the app until it is stopped. ``say`` prints its address.

    Raises:
        SettingsError: the port is taken, or others could reach the app and no password is set.
    """
    password = required_password(settings, host)
    _require_free(host, port)
    # The pages, and what they start, read their settings from the environment.
    os.environ["TROVE_LIBRARY"] = settings.named
    multiply_alone()
    import streamlit as st
    from streamlit.runtime.pages_manager import PagesManager

    from ui.app import resources
    from ui.app.auth import Doors, guarded, is_loopback
    from ui.app.routes import feeds, installing, media, places

    # Until st.navigation is called for the first time, Streamlit would take the folder pages/ for an
    # app of its older kind, and show the page of a bookmark alone, without what surrounds it.
    PagesManager.uses_pages_directory = False

    address = f"http://{_shown(host)}:{port}"
    doors = Doors(password, hosts=(host,) if is_loopback(host) else None)

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        _end_in_time()
        threading.Thread(target=resources.warm, daemon=True).start()
        if browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        yield

    say(f"Trove is at {address} (stop it with Ctrl-C)")
    app = st.App(
        _APP,
        routes=[
            *doors.routes(),
            *media.routes(),
            *feeds.routes(),
            *places.routes(),
            *installing.routes(),
        ],
        middleware=[guarded(doors)],
        lifespan=lifespan,
        on_script_error=resources.on_script_error,
    )
    _send_at_once()
    with suppress(KeyboardInterrupt):
        app.run(config=_options(host, port))


def _send_at_once() -> None:
    """Have Streamlit's server send small messages at once (TCP_NODELAY), as asyncio does otherwise.

    asyncio asks for that only where a socket names its protocol, which Streamlit's does not; each picture and
    each message then waits 40 ms for the browser to acknowledge the one before (Kludex/uvicorn#3149).
    """
    from streamlit.web.server.starlette import starlette_server

    bind = starlette_server._bind_socket

    def bound(address: str, port: int, backlog: int) -> socket.socket:
        listening = bind(address, port, backlog)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
        return listening

    starlette_server._bind_socket = bound


def _end_in_time() -> None:
    """Let a signal end the app, though a browser holds a connection that uvicorn would wait for for ever."""
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def end(number: int, frame: FrameType | None, before: Any = before) -> None:
            timer = threading.Timer(_GRACE_S, os._exit, args=(0,))
            timer.daemon = True
            timer.start()
            before(number, frame)

        signal.signal(number, end)


def set_password(settings: Settings, text: str) -> None:
    """Store a password as a salted hash, for later starts.

    Raises:
        SettingsError: it is too short.
    """
    from ui.app.auth import Password

    Password.of(text).save(settings.paths.password)


def required_password(settings: Settings, host: str) -> "Password | None":
    """The password from the environment, else the stored one; None only where no other machine has access.

    Raises:
        SettingsError: none is set and others could reach the app.
    """
    from ui.app.auth import Password, is_loopback

    # Taken out, so that neither a page nor a process that the app starts finds it there.
    text = os.environ.pop(PASSWORD_VARIABLE, "")
    password = Password.of(text) if text else Password.load(settings.paths.password)
    if password is None and not is_loopback(host):
        raise SettingsError(
            f"whoever reaches {host} could see your whole library, so a password is needed",
            f"Set one with: trove ui --set-password, or in the environment variable {PASSWORD_VARIABLE}.",
        )
    return password


def _shown(host: str) -> str:
    """The host as it stands in a URL that a browser on this machine can open."""
    name = {"0.0.0.0": HOST, "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{name}]" if ":" in name else name


def _options(host: str, port: int) -> dict[str, Any]:
    return {
        # Streamlit would listen on all interfaces and let anybody on the network look.
        "server.address": host,
        # Without it Streamlit asks a server on the internet for this machine's address.
        "browser.serverAddress": _shown(host),
        "server.port": port,
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.maxUploadSize": 50,
        # People use the app, they do not edit it; watching files costs start-up time.
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        # Our pages say what they show; a value that is not used is no wish to print it.
        "runner.magicEnabled": False,
        # After each run of a page, for as long as a tenth of a second in which no picture is served.
        "runner.postScriptGC": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "logger.hideWelcomeMessage": True,
        "theme.headingFontSizes": ["1.8rem", "1.2rem", "1.1rem", "1.05rem", "1rem", "0.9rem"],
        # Apart, because a colour for both would fix the theme to light.
        # Small print is a fainter kind of the text; all has a contrast of 4.5 at least (WCAG 2.2, AA).
        "theme.light.textColor": "#111317",
        "theme.light.primaryColor": "#1d4ed8",
        "theme.dark.primaryColor": "#2563eb",
    }


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":  # as the server does: a port that was just given back is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise SettingsError(
                f"port {port} of {host} cannot be used: {exc.strerror or exc}",
                f"Trove may be running already at http://{_shown(host)}:{port}; or give another --port.",
            ) from exc


def _has_screen() -> bool:
    """Without one, ``webbrowser`` would open a text browser in the terminal."""
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
