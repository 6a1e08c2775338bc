"""Commands about the folders of a library: watch, forget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import settings_of

if TYPE_CHECKING:
    from db.errors import TroveError
    from indexer.writer import Report


def watch(ctx: typer.Context) -> None:
    """Index what changes in your folders as it happens, until stopped with Ctrl-C."""
    import signal
    import threading

    from db.catalog import assets
    from db.engine.database import Database
    from indexer.watch import keep_watching
    from ui.watching import tell_pid

    settings = settings_of(ctx)
    database = Database(settings.database)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with database.read() as session:
        roots = assets.roots(session)
    console.say(f"Watching {len(roots)} {'folder' if len(roots) == 1 else 'folders'} (stop with Ctrl-C)")
    keep_watching(
        database,
        settings,
        stop=stop,
        on_start=lambda: tell_pid(settings.library),
        on_run=_say_run,
        on_error=_say_error,
    )
    database.close()


def _say_run(report: Report) -> None:
    parts = {
        "new": report.indexed,
        "already known": report.reused,
        "gone": report.removed,
        "failed": report.failed,
    }
    if any(parts.values()):
        console.say(", ".join(f"{count} {name}" for name, count in parts.items() if count))


def _say_error(error: TroveError) -> None:
    console.note(console.one_line(f"Error: {error}. {error.hint}"))


def forget(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder or file that was given to trove index.")],
) -> None:
    """Take a folder out of the library. The files themselves stay where they are."""
    from db.engine.database import Database
    from db.paths import expanded
    from indexer.roots import remove_root

    settings = settings_of(ctx)
    count = remove_root(Database(settings.database), settings, expanded(folder).resolve())
    console.say(f"Forgot {count} {'file' if count == 1 else 'files'}. They stay where they are.")
