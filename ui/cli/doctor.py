"""Commands that diagnose, back up and repair a library: backup, doctor, rebuild, restore."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from db.files import is_there
from ui.cli import console
from ui.cli.options import Json, library_of, settings_of

if TYPE_CHECKING:
    from db.settings import Settings


def rebuild(ctx: typer.Context) -> None:
    """Make the search index anew from the database. Nothing is decoded or embedded again."""
    with library_of(ctx) as library:
        count = library.rebuild()
    console.say("The library is empty." if count is None else f"Rebuilt the index: {count} vectors.")


def doctor(
    ctx: typer.Context,
    files: Annotated[bool, typer.Option("--files", help="Also name folders and failed files.")] = False,
    mend: Annotated[
        bool,
        typer.Option("--repair", help="Make a damaged database anew, of what can be read and the backups."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show versions, hardware and the state of the library. Names no files unless asked: safe to paste."""
    settings = settings_of(ctx, make=False)
    if mend:
        _repair(settings, as_json)
        return
    from search.health.doctor import examine

    findings = examine(settings, files=files)
    if as_json:
        console.print_json({"findings": [asdict(finding) for finding in findings]})
        return
    console.table(
        {"what": "left", "is": "left", "warning": "left"},
        [[finding.name, finding.value, finding.warning] for finding in findings],
    )


def _repair(settings: Settings, as_json: bool) -> None:
    from db.errors import LibraryError
    from search.health.repair import repair

    if settings.shared is not None:
        raise LibraryError(
            "a library on a server cannot be repaired from here",
            "Restore its database from a backup of the server; trove rebuild makes the search index anew.",
        )
    done = repair(settings.paths)
    if as_json:
        console.print_json(asdict(done) | {"lost": done.lost})
        return
    if done.salvaged is None:
        console.say("Nothing of the database could be read.")
    else:
        for table, count in done.salvaged.rows.items():
            gaps, dropped = len(done.salvaged.gaps.get(table, ())), done.salvaged.dropped.get(table, 0)
            lost = f", {gaps} stretches could not be read" if gaps else ""
            console.say(f"{table:12} {count:9,} rows{lost}" + (f", {dropped} left out" if dropped else ""))
    if done.restored is not None:
        count = sum(done.restored.added.values())
        console.say(f"What you made is all there; {_entries(count)} came from the latest backup.")
    elif done.lost:
        console.say(f"There is no backup, and some of this is lost: {', '.join(done.lost)}.")
    if done.kept is not None:
        console.say(f"The damaged file is in {done.kept}; delete it when all is well.")
    console.say("The rest is made again by: trove index")


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


def move(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(help="Another folder, or the address of a database on a server.")],
    as_json: Json = False,
) -> None:
    """Copy the library into another folder or onto a server, or from there back. Nothing is indexed again.

    The old one stays as it is. A move that was stopped goes on where it was.
    """
    with library_of(ctx) as library, console.progress() as shown:
        task = shown.add_task("Moving", total=None, rate="", current="")
        moved = library.move(to, lambda done, total: shown.update(task, completed=done, total=total))
        old = library.settings.shown
    if as_json:
        console.print_json(asdict(moved))
        return
    console.say(
        f"The library is in {moved.to} now, {moved.rows:,} rows. Name it with --library or TROVE_LIBRARY."
    )
    console.say(f"What was in {old} is there still; delete it when all is well.")


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The JSON file to write, in place of an earlier backup.")],
    as_json: Json = False,
) -> None:
    """Write what you made into a file: folders, saved searches, thumbs, corrections, what is hidden.

    `trove restore` reads it into another library, on this machine or another one. Your media are not in it.
    """
    with library_of(ctx) as library:
        count = library.backup(file)
    if as_json:
        console.print_json({"path": file, "entries": count})
    else:
        console.say(f"Written to {file}: {_entries(count)}. In another library: trove restore {file.name}")


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that trove backup has made.")],
    as_json: Json = False,
) -> None:
    """Add what is in a backup to this library; what it has stays as it is.

    Files are told by their content, wherever they are now: what is about others waits until they are indexed.
    """
    with library_of(ctx, make=True) as library:
        found = library.restore(file)
    if as_json:
        console.print_json(asdict(found))
        return
    console.say(f"Added: {_entries(sum(found.added.values()))}; here already: {found.known:,}.")
    if found.waiting:
        console.say(
            f"Waiting for files that are not in this library yet: {found.waiting:,}. See: trove index FOLDER"
        )
    for root in found.roots:
        if not is_there(root):
            console.say(
                f"There is no {root} here: index the folder where it is now, then: trove forget {root}"
            )
