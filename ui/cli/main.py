"""The command line ``trove``. Commands import what is heavy when they run, so that ``--help`` is instant."""

from typing import Annotated

import typer

from ui.cli import (
    analysers,
    ask,
    console,
    correct,
    doctor,
    drawing,
    evaluate,
    events,
    folders,
    hide,
    model,
    models,
    moment,
    people,
    roots,
    saved,
    search,
    serve,
    stack,
    status,
    transcript,
    values,
    why,
)
from ui.cli.options import LibraryPlace
from ui.cli.process import own

own()

app = typer.Typer(
    cls=console.TroveGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find anything in your own pictures, videos and recordings. Everything stays on this machine.",
)

# In the order in which --help lists them.
for command in (folders.index, search.similar, drawing.generate, serve.ui):
    app.command()(command)
for command in (search.search, why.why):
    app.command(cls=console.QueryCommand)(command)
for command in (
    ask.ask,
    values.values,
    stack.stack,
    moment.moment,
    transcript.transcript,
    status.status,
    status.failures,
    doctor.rebuild,
    doctor.doctor,
    doctor.move,
    doctor.backup,
    doctor.restore,
    models.models,
):
    app.command()(command)
app.command(name="set")(correct.set_facts)
app.command(name="eval")(evaluate.evaluate)
for command in (
    folders.watch,
    folders.pause,
    folders.resume,
    roots.roots,
    roots.mounts,
    folders.relocate,
    folders.forget,
    hide.hide,
    hide.unhide,
):
    app.command()(command)
app.add_typer(analysers.app, name="analysers")
app.add_typer(saved.app, name="saved")
app.add_typer(events.app, name="events")
app.add_typer(people.app, name="people")
app.add_typer(model.app, name="model")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        console.say(f"trove {version('trove-search')}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    library: LibraryPlace = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Find anything in your own pictures, videos and recordings. Everything stays on this machine."""
    ctx.obj = library
