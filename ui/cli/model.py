"""Commands that change which model a library answers with: model use, rollback, drop, list."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.background import start
from ui.cli import console
from ui.cli.options import Json, Yes, library_of
from ui.quality import found_first, takes

if TYPE_CHECKING:
    from trove import HeldModel, Measured, Switch

app = typer.Typer(no_args_is_help=True, help="Change the model that your library answers with.")

Name = Annotated[str, typer.Argument(help="Model name or preset: see trove models.")]
Role = Annotated[
    str,
    typer.Option(
        "--role",
        help="clip, which answers; similar, of pictures alone; sound, of what it sounds like; motion, of "
        "what happens.",
    ),
]
Partial = Annotated[bool, typer.Option("--partial", help="Leave out files that cannot be read now.")]


@app.command()
def use(
    ctx: typer.Context,
    name: Name,
    role: Role = "clip",
    partial: Partial = False,
    background: Annotated[
        bool, typer.Option("--background", help="Go on behind; trove status shows how far it is.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Embed the whole library with another model, then let it answer. Can be stopped and resumed."""
    with library_of(ctx) as library:
        settings, paths = library.settings, library.core.paths
        console.agreed(library.models.to_download(name, role=role), yes=yes)
    if background:
        output = paths.model_output
        partly = ["--partial"] if partial else []
        start(settings.named, ["model", "use", "--yes", "--role", role, *partly, "--", name], output)
        console.say(f"Started. See how far it is with trove status; what it says goes to {output}.")
        return
    with library_of(ctx) as library, console.counting("Embedding", "units") as tell:
        switch = library.models.use(name, role=role, partial=partial, on_progress=tell)
        left = sum(state.left for state in library.analysers.every())
    _say(switch, role)
    if left:
        console.say("Now run: trove index")


@app.command()
def rollback(ctx: typer.Context) -> None:
    """Let the model answer again that did before."""
    with library_of(ctx) as library, console.counting("Embedding", "units") as tell:
        switch = library.models.roll_back(on_progress=tell)
    _say(switch)


@app.command()
def drop(ctx: typer.Context, name: Name, role: Role = "clip") -> None:
    """Forget a model that no longer answers, to free the space of its vectors."""
    with library_of(ctx) as library:
        count = library.models.drop(name, role=role)
    console.say(f"Dropped {count} vectors.")


@app.command(name="list")
def list_models(ctx: typer.Context, as_json: Json = False) -> None:
    """List the models that this library has vectors of, and what was measured of them and of others."""
    with library_of(ctx) as library:
        held = {model.name: model for model in library.models.held()}
        measured = library.models.measured()
    names = dict.fromkeys([*held, *measured])
    if as_json:
        console.print_json({"models": [_json(name, held.get(name), measured.get(name)) for name in names]})
        return
    rows = []
    for name in names:
        model, known = held.get(name), measured.get(name)
        state, vectors = ("not here", "") if model is None else (_state(model), str(model.vectors))
        own = ["", ""] if known is None else [found_first(known), takes(known.speed)]
        rows.append([name, state, vectors, *own])
    sides = ("left", "left", "right", "right", "right")
    headings = ("model", "state", "vectors", "described found first", "for this library")
    console.table(dict(zip(headings, sides, strict=True)), rows)


def _state(model: HeldModel) -> str:
    return model.state if model.role == "clip" else f"{model.state} ({model.role})"


def _json(name: str, held: HeldModel | None, known: Measured | None) -> dict[str, Any]:
    speed = None if known is None else known.speed
    return {
        "model": name,
        "state": None if held is None else held.state,
        "role": None if held is None else held.role,
        "vectors": 0 if held is None else held.vectors,
        "figures": [] if known is None else [asdict(figure) for figure in known.figures],
        "seconds": None if speed is None else round(speed.seconds, 1),
        "by": None if speed is None else speed.by,
    }


def _say(switch: Switch, role: str = "clip") -> None:
    what = "answers with" if role == "clip" else f"has in the role {role}"
    console.say(f"Your library now {what} {switch.model}.")
    console.say(f"{switch.embedded} units were embedded in {switch.seconds:.1f} s.")
    if switch.missing:
        console.say(f"{switch.missing} could not be read; trove index adds them when they can be.")
