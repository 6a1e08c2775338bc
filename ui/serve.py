"""Serves the app to this machine only."""

import os
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from db.errors import SettingsError
from db.settings import Settings
from ui import console

HOST = "127.0.0.1"

_APP = Path(__file__).with_name("app.py")


def serve(settings: Settings, *, port: int, browser: bool) -> None:
    """Run the app until it is stopped.

    Raises:
        SettingsError: the port is taken.
    """
    _require_free(port)
    # The pages, and what they start, read their settings from the environment.
    os.environ["TROVE_LIBRARY"] = str(settings.library.absolute())
    import streamlit as st
    from streamlit.runtime.pages_manager import PagesManager

    from ui import media, resources

    # Until st.navigation is called for the first time, Streamlit would take the folder pages/ for an
    # app of its older kind, and show the page of a bookmark alone, without what surrounds it.
    PagesManager.uses_pages_directory = False

    address = f"http://{HOST}:{port}"

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        threading.Thread(target=resources.warm, daemon=True).start()
        if browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        yield

    console.say(f"Trove is at {address} (stop it with Ctrl-C)")
    app = st.App(_APP, routes=media.routes(), lifespan=lifespan, on_script_error=resources.on_script_error)
    with suppress(KeyboardInterrupt):
        app.run(config=_options(port))


def _options(port: int) -> dict[str, Any]:
    return {
        # Streamlit would listen on all interfaces and let anybody on the network look.
        "server.address": HOST,
        "server.port": port,
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.maxUploadSize": 50,
        # People use the app, they do not edit it; watching files costs start-up time.
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "logger.hideWelcomeMessage": True,
        # Apart, because a colour for both would fix the theme to light.
        "theme.light.primaryColor": "#2563eb",
        "theme.dark.primaryColor": "#3b82f6",
    }


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        if os.name == "posix":  # as the server does: a port that was just given back is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as exc:
            raise SettingsError(
                f"port {port} cannot be used: {exc.strerror or exc}",
                f"Trove may be running already at http://{HOST}:{port}; or name another port with --port.",
            ) from exc


def _has_screen() -> bool:
    """Without one, ``webbrowser`` would open a text browser in the terminal."""
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
