"""Commands about what looks at your files: analysers, analysers on, off, redo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, Yes, library_of
from ui.wording import duration

if TYPE_CHECKING:
    from trove import AnalyserState

app = typer.Typer(help="See what looks at your files, and switch it on or off.", invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="An analyser: see trove analysers.")]
Folder = Annotated[Path | None, typer.Option("--in", help="Only files in and below this folder.")]


@app.callback()
def analysers(ctx: typer.Context, as_json: Json = False) -> None:
    """Show what looks at your files: what is done, what is left, and how long that takes."""
    if ctx.invoked_subcommand is not None:
        return
    with library_of(ctx) as library:
        states = library.analysers.every()
    if as_json:
        console.print_json({"analysers": [state_json(state) for state in states]})
        return
    columns = {"analyser": "left", "makes": "left", "is": "left"}
    counts = {"done": "right", "left": "right", "failed": "right", "a file": "right", "time left": "right"}
    console.table(columns | counts, [_row(state) for state in states])
    for state in states:
        for folder, is_on in state.folders.items():
            console.say(f"{state.name} is {'on' if is_on else 'off'} in {console.one_line(str(folder))}")
        if state.lacking and state.on:
            console.say(f"{state.name} makes nothing yet: {state.lacking}")
        if state.stale:
            again = f"trove analysers redo {state.name}"
            console.say(f"{state.stale} files were looked at by an older {state.name}: {again}")


def state_json(state: AnalyserState) -> dict[str, object]:
    """The state of an analyser as JSON has it."""
    return asdict(state) | {"folders": {str(folder): is_on for folder, is_on in state.folders.items()}}


def _row(state: AnalyserState) -> list[str]:
    is_on = "on" if state.on else f"off, needs {', '.join(state.off_by)}" if state.off_by else "off"
    cost = "" if state.seconds_per_file is None else f"{state.seconds_per_file:.2f} s"
    time_left = "" if not state.left or state.seconds_left is None else duration(state.seconds_left)
    counts = [str(state.done), str(state.left), str(state.failed)]
    return [state.name, state.label, is_on, *counts, cost, time_left]


@app.command()
def on(ctx: typer.Context, name: Name, folder: Folder = None, yes: Yes = False) -> None:
    """Switch one on; the next trove index makes what is left for it.

    One that needs a model which is not on this machine has it downloaded now, if you agree.
    """
    with library_of(ctx, make=True) as library:
        if what := library.analysers.to_download(name):
            console.agreed(what, yes=yes)
            library.analysers.download(name)
        library.analysers.on(name, folder)
        state = next(state for state in library.analysers.every() if state.name == name)
    left = state.left
    costs = f"{state.costs}. " if state.costs else ""
    rest = f"{_files(left)} left for it. {costs}Now run: trove index" if left else "nothing is left for it."
    if state.lacking:
        rest = f"before it can do anything, {state.lacking}"
    off_in = [str(path) for path, is_on in state.folders.items() if not is_on]
    stays = f" It stays off in {console.one_line(', '.join(off_in))}." if off_in else ""
    console.say(f"{name} is on{_where(folder)}: {rest}{stays}")


@app.command()
def off(
    ctx: typer.Context,
    name: Name,
    folder: Folder = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what it has made, too.")] = False,
) -> None:
    """Switch one off: it makes nothing more, and what it made is found no more."""
    with library_of(ctx, make=True) as library:
        deleted = library.analysers.off(name, folder, delete=delete)
    kept = f"{deleted} of its finds were deleted." if delete else "What it made is kept; see --delete."
    console.say(f"{name} is off{_where(folder)}. {kept}")


@app.command()
def redo(ctx: typer.Context, name: Name, folder: Folder = None) -> None:
    """Have the next trove index look again, as after a change of its settings."""
    with library_of(ctx) as library:
        count = library.analysers.redo(name, folder)
    console.say(f"{_files(count)} looked at again{_where(folder)}. Now run: trove index")


def _files(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"


def _where(folder: Path | None) -> str:
    return "" if folder is None else f" in {console.one_line(str(folder))}"
