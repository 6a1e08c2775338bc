"""Commands that diagnose and repair a library: doctor, rebuild."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    recover: Annotated[
        Path | None, typer.Option("--recover", help="Save what can be read of a damaged database here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show versions, hardware and the state of the library. Names no files unless asked: safe to paste."""
    settings = settings_of(ctx, make=False)
    if recover is not None:
        _recover(settings, recover, as_json)
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


def _recover(settings: Settings, target: Path, as_json: bool) -> None:
    from db.engine.recover import recover
    from db.paths import expanded

    recovery = recover(settings.paths.database, expanded(target).absolute())
    if as_json:
        console.print_json({"path": target, **asdict(recovery)})
        return
    for table, count in recovery.rows.items():
        gaps, dropped = len(recovery.gaps.get(table, ())), recovery.dropped.get(table, 0)
        lost = f", {gaps} stretches could not be read" if gaps else ""
        console.say(f"{table:12} {count:9,} rows{lost}" + (f", {dropped} left out" if dropped else ""))
    console.say(
        f"Saved in {target}; the library's own database is as it was. To use the copy, move trove.db and "
        "trove.db-wal in the library folder away, put the copy there as trove.db, and run: trove index"
    )
