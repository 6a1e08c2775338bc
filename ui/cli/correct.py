"""Command that corrects when and where files were taken: set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of
from ui.wording import SOURCES, fact, files


def set_facts(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Files of your library.")],
    date: Annotated[
        str | None, typer.Option(help='When they were taken: 2023-07-14, "2023-07-14 18:05".')
    ] = None,
    shift: Annotated[
        str | None, typer.Option(help="By how much the clock was wrong: +2h, -30min, +1d.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="The time zone that it was in: Europe/Lisbon.")] = None,
    place: Annotated[
        str | None, typer.Option(help='Where: a town, or degrees: Porto, "41.15,-8.61".')
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Let what the files say count again.")] = False,
    as_json: Json = False,
) -> None:
    """Correct when and where files were taken, each with what belongs to it. The files stay as they are.

    What you say goes before what files say. It is kept by their content, through new names and copies.
    """
    if not undo and not any((date, shift, zone, place)):
        raise typer.BadParameter("Say what is right: --date, --shift, --zone, --place; or --undo.")
    if undo and any((date, shift, zone, place)):
        raise typer.BadParameter("--undo goes alone.")
    with library_of(ctx) as library:
        meant = [library.known(path) for path in paths]
        typed = {"date": date or "", "shift": shift or "", "zone": zone or "", "place": place or ""}
        corrections = library.corrections
        changed = corrections.take_back(meant) if undo else corrections.typed(meant, **typed)
        known = {path: {item.key: item for item in library.facts(path)} for path in meant}
    if as_json:
        rows = [
            {key: item.value for key, item in facts.items() if key in _SHOWN} | {"path": path}
            for path, facts in known.items()
        ]
        console.print_json({"changed": len({item.sha256 for item in changed}), "files": rows})
        return
    count = len({item.sha256 for item in changed})
    verb = "Taken back" if undo else "Corrected"
    console.say(
        f"{verb}: {files(count)}, with those that belong together." if count else "Nothing has changed."
    )
    for path, facts in known.items():
        told = [
            f"{fact(key, facts[key].value)[1]} ({SOURCES[facts[key].source]})"
            for key in _SHOWN
            if key in facts
        ]
        console.say(f"{console.one_line(str(path))}: {'; '.join(told) or 'no date and no place'}")


_SHOWN = ("taken_at", "zone", "place")
