"""Commands that hide what one does not want to see, and show it again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of


def hide(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; without any, what is hidden is listed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Leave files, each with its stack, or folders out of all answers but those of is:hidden.

    A file stays hidden when it is moved or edited, a folder when it is renamed. This is no protection.
    """
    with library_of(ctx) as library:
        library.hide(*(paths or []))
        hidden = library.hidden()
    if as_json:
        console.print_json({"hidden": [asdict(item) for item in hidden]})
    elif paths:
        console.say("Hidden. `trove search is:hidden` finds it, `trove unhide` shows it again.")
    elif hidden:
        rows = [
            [str(item.path), "folder" if item.is_folder else "file", item.said_by or ""] for item in hidden
        ]
        console.table({"hidden": "left", "what": "left", "by": "left"}, rows, optional=("by",))
    else:
        console.say("Nothing is hidden.")


def unhide(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files or folders that were hidden.")],
) -> None:
    """Show hidden files, each with its whole stack, or folders again."""
    with library_of(ctx) as library:
        library.unhide(*paths)
    console.say("They are found again.")
