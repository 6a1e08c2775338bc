"""Command on the folders of a library and what is left out of them: roots."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Exclude, Json, library_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trove import LeftOut


def roots(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="A folder that was given to trove index; without it, all.")
    ] = None,
    exclude: Exclude = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="PATTERN", help="Remove a pattern again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the folders of the library, and what is left out of each by which rule."""
    if folder is None and (exclude or include):
        raise typer.BadParameter("Name the folder whose patterns are to change.")
    with library_of(ctx) as library:
        if folder is not None and (exclude or include):
            count = library.folders.change(folder, exclude=exclude or (), include=include or ())
            if not as_json:
                _say_changed(count, brings_back=bool(include))
        patterns, left_out = library.folders.patterns(), library.folders.left_out()
        wanted = None if folder is None else library.known(folder)
    if wanted is not None:
        patterns = {root: kept for root, kept in patterns.items() if root == wanted}
        if not patterns:
            raise typer.BadParameter(f"{folder} is no folder of this library: see trove roots.")
    if as_json:
        console.print_json(_json(patterns, left_out))
    else:
        _say(patterns, left_out)


def mounts(
    ctx: typer.Context,
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=PATH]...", help="A folder of the library, and where it is here."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say where this machine has the folders of a shared library, if not where other machines do."""
    for place in places or []:
        if "=" not in place:
            raise typer.BadParameter(f"Name the folder and its path here: {place}=PATH.")
    with library_of(ctx) as library:
        for place in places or []:
            name, _, path = place.partition("=")
            library.mounts.put(name, Path(path) if path else None)
        every = library.mounts.every()
    if as_json:
        console.print_json({"mounts": every})
        return
    for name, here in every.items():
        console.say(console.one_line(name if name == str(here) else f"{name} is {here} here"))


def _json(
    patterns: Mapping[Path, Sequence[str]], left_out: Mapping[Path, Sequence[LeftOut]]
) -> dict[str, object]:
    from db.folders import FILLED, MARKED

    return {
        "roots": [
            {
                "path": root,
                "patterns": kept,
                "left_out": [
                    asdict(one.rule) | {"files": one.files, "where": one.where} for one in left_out[root]
                ],
            }
            for root, kept in patterns.items()
        ],
        "by_default": [{"what": row.name, "reason": row.reason} for row in FILLED]
        + [{"what": row.marker, "reason": row.reason} for row in MARKED],
    }


def _say(patterns: Mapping[Path, Sequence[str]], left_out: Mapping[Path, Sequence[LeftOut]]) -> None:
    from db.files import is_there
    from db.folders import FILLED, MARKED
    from indexer.leaving_out import IGNORE_FILE
    from indexer.patterns import as_typed

    for root, kept in patterns.items():
        console.say(console.one_line(f"{root}" + ("" if is_there(root) else "  (not connected)")))
        for pattern in kept:
            console.say(console.one_line(f"  --exclude {as_typed(pattern)}"))
        if left_out[root]:
            console.table(
                {"  left out": "left", "files": "right", "reason": "left"},
                [
                    [console.one_line(f"  {one.rule.what}"), str(one.files), one.rule.reason]
                    for one in left_out[root]
                ],
            )
    defaults = dict.fromkeys([*(row.name for row in FILLED), *(row.marker for row in MARKED)])
    console.say(f"Left out everywhere: hidden files and folders, {', '.join(defaults)}.")
    console.say(f"Yours to choose: trove roots FOLDER --exclude PATTERN, or a file {IGNORE_FILE}.")


def _say_changed(count: int, *, brings_back: bool) -> None:
    newly = f"{count} {'file is' if count == 1 else 'files are'} newly left out."
    later = "The next `trove index` brings back what is not left out any more."
    console.say(" ".join([newly] * (count > 0 or not brings_back) + [later] * brings_back))
