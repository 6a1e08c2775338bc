"""Commands about journeys, parties and other events: events, and events rename, merge, split, out, undo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, Limit, library_of
from ui.wording import files, told_words

if TYPE_CHECKING:
    from trove import Event

app = typer.Typer(
    invoke_without_command=True,
    help="List journeys, parties and other events; say what they are called and what belongs to them.",
)

Name = Annotated[str, typer.Argument(metavar="EVENT", help="Its name, a part of it, or its number.")]


@app.callback()
def list_events(ctx: typer.Context, limit: Limit = 50, as_json: Json = False) -> None:
    """List journeys, parties and other events, the latest first; say what they are called and have."""
    if ctx.invoked_subcommand is not None:
        return
    with library_of(ctx) as library:
        every = library.events.every()
    if as_json:
        console.print_json({"events": [asdict(event) for event in every]})
    elif not every:
        console.say("No events are known yet. They are found in the dates of pictures: trove index FOLDER")
    else:
        columns = {"number": "right", "event": "left", "by": "left", "shows, perhaps": "left"}
        columns["files"] = "right"
        rows = [
            [str(one.id), one.name, one.said_by or "", ", ".join(one.words), f"{one.files:,}"]
            for one in every[:limit]
        ]
        console.table(columns, rows, optional=("by",))
        if len(every) > limit:
            console.say(f"and {len(every) - limit:,} more: -k lists more of them")


@app.command()
def rename(
    ctx: typer.Context,
    event: Name,
    name: Annotated[str, typer.Argument(help='Its new name; "" for that of its place and days.')],
) -> None:
    """Give an event a name of your own. It then stays as it is, however often Trove looks."""
    with library_of(ctx) as library:
        found = library.events.named(event)
        library.events.rename(found.id, name)
        _say("Called", library.events.named(str(found.id)))


@app.command()
def merge(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="EVENT EVENT...", help="Their names or numbers.")],
) -> None:
    """Make one event of several, which it stays."""
    with library_of(ctx) as library:
        found = [library.events.named(name) for name in names]
        library.events.merge([event.id for event in found])
        _say("Merged into", _largest(library.events.every(), found))


@app.command()
def split(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(help="The first picture of the later part.")]
) -> None:
    """End an event before a picture: this one and the later ones become another event."""
    with library_of(ctx) as library:
        before = library.events.of(file)
        library.events.split(file)
        after = library.events.of(file)
        if before is not None and after is not None:
            _say("Split", *(one for one in library.events.every() if one.id in (before.id, after.id)))


@app.command()
def out(ctx: typer.Context, paths: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> None:
    """Say that files, each with what belongs together, are of no event."""
    with library_of(ctx) as library:
        library.events.take_out(paths)
    console.say(f"Taken out: {files(len(paths))}. They stay where they are, and are found as before.")


@app.command()
def undo(ctx: typer.Context, event: Name) -> None:
    """Take back what you said of an event: what Trove finds counts again."""
    with library_of(ctx) as library:
        found = library.events.named(event)
        library.events.take_back(found.id)
    console.say(f"Taken back: {console.one_line(found.name)}. See what Trove finds: trove events")


def _largest(every: list[Event], of: list[Event]) -> Event:
    """The event that several have become."""
    ids = {event.id for event in of}
    return max((event for event in every if event.id in ids), key=lambda event: event.files)


def _say(verb: str, *events: Event) -> None:
    for event in events:
        shown = told_words(event.words)
        console.say(
            console.one_line(f"{verb}: {event.name}, {files(event.files)}{f' ({shown})' if shown else ''}")
        )
