"""Command to open the app: ui."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import settings_of


def ui(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", help="Port on this machine.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open the web browser.")] = True,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; other than this machine's needs a password.")
    ] = "127.0.0.1",
    new_password: Annotated[
        bool, typer.Option("--set-password", help="Ask for a new password, keep its hash, and end.")
    ] = False,
) -> None:
    """Open the app in your web browser. Only this machine can reach it, unless you give a --host."""
    from ui.app.server import serve, set_password

    settings = settings_of(ctx)
    if new_password:
        set_password(settings, typer.prompt("Password", hide_input=True, confirmation_prompt=True))
        console.say("The password is set; it is asked for from the next start on.")
        return
    serve(settings, port=port, browser=browser, host=host, say=console.say)
