"""Commands that change which model a library answers with: model use, rollback, drop, list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ui.background import start
from ui.cli import console
from ui.cli.options import library_of

if TYPE_CHECKING:
    from trove import Switch

app = typer.Typer(no_args_is_help=True, help="Change the model that your library answers with.")

Name = Annotated[str, typer.Argument(help="Model name or preset: see trove models.")]
Partial = Annotated[bool, typer.Option("--partial", help="Leave out files that cannot be read now.")]


@app.command()
def use(
    ctx: typer.Context,
    name: Name,
    partial: Partial = False,
    background: Annotated[
        bool, typer.Option("--background", help="Go on behind; trove status shows how far it is.")
    ] = False,
) -> None:
    """Embed the whole library with another model, then let it answer. Can be stopped and resumed."""
    if background:
        with library_of(ctx) as library:
            paths = library.core.paths
        output = paths.model_output
        partly = ["--partial"] if partial else []
        start(paths.folder, ["model", "use", *partly, "--", name], output)
        console.say(f"Started. See how far it is with trove status; what it says goes to {output}.")
        return
    with library_of(ctx) as library, console.counting("Embedding", "units") as tell:
        switch = library.models.use(name, partial=partial, on_progress=tell)
    _say(switch)


@app.command()
def rollback(ctx: typer.Context) -> None:
    """Let the model answer again that did before."""
    with library_of(ctx) as library, console.counting("Embedding", "units") as tell:
        switch = library.models.roll_back(on_progress=tell)
    _say(switch)


@app.command()
def drop(ctx: typer.Context, name: Name) -> None:
    """Forget a model that no longer answers, to free the space of its vectors."""
    with library_of(ctx) as library:
        count = library.models.drop(name)
    console.say(f"Dropped {count} vectors.")


@app.command(name="list")
def list_models(ctx: typer.Context) -> None:
    """List the models that this library has vectors of."""
    with library_of(ctx) as library:
        rows = [[model.name, model.state, str(model.vectors)] for model in library.models.held()]
    console.table({"model": "left", "state": "left", "vectors": "right"}, rows)


def _say(switch: Switch) -> None:
    console.say(f"Your library now answers with {switch.model}.")
    console.say(f"{switch.embedded} units were embedded in {switch.seconds:.1f} s.")
    if switch.missing:
        console.say(f"{switch.missing} could not be read; trove index adds them when they can be.")
