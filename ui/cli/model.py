"""Commands that change which model a library answers with: model use, rollback, drop, list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ui.background import start
from ui.cli import console
from ui.cli.options import settings_of

if TYPE_CHECKING:
    from indexer.switch_model import Switch

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
    from db.engine.database import Database
    from indexer.switch_model import use_model

    settings = settings_of(ctx)
    if background:
        output = settings.library / "model-change.log"
        partly = ["--partial"] if partial else []
        start(settings.library, ["model", "use", *partly, "--", name], output)
        console.say(f"Started. See how far it is with trove status; what it says goes to {output}.")
        return
    with console.counting("Embedding", "units") as tell:
        switch = use_model(Database(settings.database), settings, name, partial=partial, on_progress=tell)
    _say(switch)


@app.command()
def rollback(ctx: typer.Context) -> None:
    """Let the model answer again that did before."""
    from db.engine.database import Database
    from indexer.switch_model import roll_back

    settings = settings_of(ctx)
    with console.counting("Embedding", "units") as tell:
        switch = roll_back(Database(settings.database), settings, on_progress=tell)
    _say(switch)


@app.command()
def drop(ctx: typer.Context, name: Name) -> None:
    """Forget a model that no longer answers, to free the space of its vectors."""
    from db.engine.database import Database
    from indexer.switch_model import drop_model

    settings = settings_of(ctx)
    count = drop_model(Database(settings.database), settings, name)
    console.say(f"Dropped {count} vectors.")


@app.command(name="list")
def list_models(ctx: typer.Context) -> None:
    """List the models that this library has vectors of."""
    from db.catalog import spaces
    from db.engine.database import Database

    settings = settings_of(ctx)
    with Database(settings.database).read() as session:
        rows = [[space.model, space.state, str(count)] for space, count in spaces.every(session).items()]
    console.table({"model": "left", "state": "left", "vectors": "right"}, rows)


def _say(switch: Switch) -> None:
    console.say(f"Your library now answers with {switch.model}.")
    console.say(f"{switch.embedded} units were embedded in {switch.seconds:.1f} s.")
    if switch.missing:
        console.say(f"{switch.missing} could not be read; trove index adds them when they can be.")
