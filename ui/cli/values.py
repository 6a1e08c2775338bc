"""Command that lists the values of a condition: values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, Limit, library_of


def values(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="A condition, such as tag, camera, rating or in.")],
    prefix: Annotated[str, typer.Argument(help="How they begin.")] = "",
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the values that a condition such as tag: has in the library, with how many files each leaves."""
    with library_of(ctx) as library:
        found = library.values(key, prefix)
    if as_json:
        console.print_json({"key": key, "values": [asdict(item) for item in found]})
    elif not found:
        console.say(f"The library has no values for {key}: to list.")
    else:
        rows = [[item.value, "" if item.count is None else f"{item.count:,}"] for item in found[:limit]]
        console.table({key: "left", "files": "right"}, rows)
        if len(found) > limit:
            console.say(f"and {len(found) - limit:,} more: -k lists more of them")
