"""Command that corrects when and where files were taken, and what is said in them: set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of, time_of
from ui.wording import clock, fact, files, source


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
    at: Annotated[
        float | None,
        typer.Option(parser=time_of, metavar="TIME", help="The moment of a film or recording: 1:02."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            help="What is said there (see: trove transcript); of a picture, or where nothing is said, what "
            'it shows, in place of what a machine has written; "" for nothing.'
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Let what the files say count again; with --at what was heard.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Correct when and where files were taken, or what is said in them. The files stay as they are.

    What you say goes before what files say. It is kept by their content, through new names and copies. Dates
    and places are said of each file with what belongs to it.
    """
    about_files = any((date, shift, zone, place))
    if at is not None or text is not None:
        if about_files or (text is None) != undo or len(paths) != 1:
            raise typer.BadParameter("Give one file and --text, of a film --at, too; or --at and --undo.")
        _set_passage(ctx, paths[0], at, text, as_json=as_json)
        return
    if not undo and not about_files:
        raise typer.BadParameter("Say what is right: --date, --shift, --zone, --place, --at; or --undo.")
    if undo and about_files:
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
        told = [f"{fact(key, facts[key].value)[1]} ({source(facts[key])})" for key in _SHOWN if key in facts]
        console.say(f"{console.one_line(str(path))}: {'; '.join(told) or 'no date and no place'}")


def _set_passage(
    ctx: typer.Context, file: Path, at_s: float | None, text: str | None, *, as_json: bool
) -> None:
    """Correct what is said at a second, or described, or without a text take that back."""
    with library_of(ctx) as library:
        path, corrections = library.known(file), library.corrections
        if text is None:
            changed = corrections.take_back_passage(path, at_s=at_s)
        else:
            changed = corrections.passage(path, text, at_s=at_s)
    if as_json:
        spans = [{"start_s": item.span.start_s, "end_s": item.span.end_s} for item in changed]
        console.print_json({"changed": len(changed), "path": path, "passages": spans})
        return
    if not changed:
        console.say("Nothing has changed.")
    for item in changed:
        verb = "Taken back" if text is None else "Corrected" if text.strip() else "Taken away"
        when = "" if item.span.start_s is None else f" at {clock(item.span.start_s)}"
        console.say(f"{verb}: {console.one_line(str(path))}{when}.")
    if changed:
        console.say("It is found by its words now, and by its meaning after the next: trove index")


_SHOWN = ("taken_at", "zone", "place")
