"""Command about files that belong together: stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of
from ui.cli.search import member_json
from ui.wording import stack_reason


def stack(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file of your library.")],
    show: Annotated[bool, typer.Option("--show", help="Let this file be shown for all of them.")] = False,
    as_json: Json = False,
) -> None:
    """List the files that belong together with one, such as a live photo and its film."""
    with library_of(ctx) as library:
        if show:
            library.show(file)
        members = library.stack(file)
    if as_json:
        console.print_json({"stack": [member_json(member) for member in members]})
    elif members:
        columns = {"file": "left", "why": "left", "": "left"}
        rows = [
            [str(member.path), stack_reason(member.reason), "shown" if member.shown else ""]
            for member in members
        ]
        console.table(columns, rows)
    else:
        console.say(f"{console.one_line(str(file))} belongs with no other file of your library.")
