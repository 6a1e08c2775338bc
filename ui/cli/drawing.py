"""Command to draw a picture from a prompt (text-to-image): generate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, settings_of


def generate(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="PNG file to write.")],
    model: Annotated[
        str | None,
        typer.Option("--model", help="builtin, a preset, or Hub name or folder of a diffusers pipeline."),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Denoising steps.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="The same seed draws the same.")] = None,
    as_json: Json = False,
) -> None:
    """Draw a picture of something that is not in your library.

    Without a larger model on this machine it is a pictogram, drawn by the builtin one; trove models lists
    those that draw photographs.
    """
    from search.drawing.drawer import Drawer
    from search.drawing.presets import BUILTIN

    settings = settings_of(ctx, generator=model)
    with console.progress() as shown:
        task = shown.add_task("Loading the model", total=None, rate="", current="")
        drawing = Drawer(settings.generator, device=settings.device).draw(
            prompt,
            path=output,
            steps=steps,
            seed=seed,
            on_step=lambda done, total: shown.update(
                task, description="Drawing", completed=done, total=total
            ),
        )
    if as_json:
        console.print_json({key: getattr(drawing, key) for key in ("path", "model", "seed", "seconds")})
    else:
        console.say(
            f"Drew {drawing.path} with {drawing.model}, seed {drawing.seed}, in {drawing.seconds:.1f} s."
        )
        if drawing.model == BUILTIN:
            console.say("It is a pictogram. For photographs: trove generate --model sd-turbo (trove models)")
