"""Command that asks a model about pictures: ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console
from ui.cli.options import Json, Yes, library_of, time_of
from ui.cli.search import hit_json
from ui.wording import clock

if TYPE_CHECKING:
    from search.answer import Hit
    from trove import Reply


def ask(
    ctx: typer.Context,
    question: Annotated[list[str], typer.Argument(help="What you want to know, in plain words.")],
    on: Annotated[
        Path | None, typer.Option("--on", help="The picture or film that it is about; else your library.")
    ] = None,
    at: Annotated[
        float | None, typer.Option(parser=time_of, metavar="TIME", help="The moment of a film: 1:02.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="A model of trove models, a folder, or a server here: http://localhost:8080/v1#NAME",
        ),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Have a model answer a question about a picture, or from the pictures that are found for it.

    What it says is a machine's and may be wrong. Nothing is done because of it, and it is kept nowhere.
    """
    if at is not None and on is None:
        raise typer.BadParameter("Give --at with --on and a film.")
    from search.asking.answering import of_this_machine

    with library_of(ctx, answerer=model) as library:
        if (answerer := of_this_machine(library.settings)) is not None:
            if what := answerer.to_download:
                console.agreed(what, yes=yes)
                answerer.download()
            if not as_json:
                console.note(f"{answerer.costs}.")
        told = (lambda _: None) if as_json else console.pour
        reply = library.ask(" ".join(question), on=on, at_s=at, on_text=told)
    if as_json:
        console.print_json(_json(reply))
        return
    console.say()
    for hit in reply.rests_on:
        console.say(f"It names as what this rests on: {_place(hit)}")
    if reply.looked_at and not reply.rests_on:
        console.say("It names no picture. It was shown:")
    for number, hit in enumerate(reply.looked_at, start=1) if not reply.rests_on else ():
        console.say(f"  {number}. {_place(hit)}")


def _place(hit: Hit) -> str:
    at = "" if hit.start_s is None else f" at {clock(hit.start_s)}"
    return console.one_line(f"{hit.path}{at}")


def _json(reply: Reply) -> dict[str, Any]:
    keys = ("question", "text", "model", "is_known", "seconds", "path", "at_s")
    return {key: getattr(reply, key) for key in keys} | {
        "rests_on": [hit_json(hit) for hit in reply.rests_on],
        "looked_at": [hit_json(hit) for hit in reply.looked_at],
    }
