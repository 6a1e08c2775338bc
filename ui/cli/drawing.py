"""Command to make a picture, clip or sound of words (text-to-image, -video, -audio): generate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, part_of, settings_of
from ui.wording import drew

if TYPE_CHECKING:
    from search.drawing.calls import Start
    from search.drawing.output import Drawing
    from search.drawing.presets import Makes

_SIDE = 1024
"""Of the picture to start from, at least: as large as any model here draws."""


def generate(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="PNG file to write; MP4 of a clip, FLAC of sounds.")
    ],
    clip: Annotated[bool, typer.Option("--clip", help="Make a clip, not a picture.")] = False,
    sound: Annotated[bool, typer.Option("--sound", help="Make a sound, not a picture.")] = False,
    music: Annotated[bool, typer.Option("--music", help="Make music, not a picture.")] = False,
    model: Annotated[
        str | None,
        typer.Option("--model", help="builtin, a preset, or Hub name or folder of a diffusers pipeline."),
    ] = None,
    without: Annotated[str, typer.Option("--without", help="What it should not show.")] = "",
    source: Annotated[
        Path | None, typer.Option("--from", metavar="PICTURE", help="Start from this picture.")
    ] = None,
    strength: Annotated[
        float | None, typer.Option("--strength", help="How much of it is drawn anew: above 0, up to 1.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region", metavar="X,Y,W,H", help="Draw only this part of it anew, each 0 to 1: 0.25,0,0.5,1."
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="Draw so many, with different seeds.")] = 1,
    size: Annotated[int | None, typer.Option("--size", min=64, help="Side in pixels.")] = None,
    length_s: Annotated[
        float | None, typer.Option("--seconds", help="How long a clip or sound is, as near as the model can.")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Denoising steps.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="The same seed draws the same.")] = None,
    as_json: Json = False,
) -> None:
    """Draw a picture of something that is not in your library.

    Without a larger model on this machine it is a pictogram, drawn by the builtin one; trove models lists
    those that draw photographs. With --from a larger one draws a picture of yours anew, or a part of it:
    "this, but in snow". With --clip, --sound or --music a model that makes these does so, a clip also going
    on from your picture.
    """
    from search.drawing.drawer import Drawer, draw_several
    from search.drawing.presets import AUTO

    makes = _makes(clip=clip, sound=sound, music=music)
    if makes == "picture" and length_s is not None:
        raise typer.BadParameter("Pictures have no length.", param_hint="--seconds")
    if makes in ("sound", "music") and source is not None:
        raise typer.BadParameter("No model here makes sounds of pictures.", param_hint="--from")
    settings = settings_of(ctx, generator=model)
    # The generator of the settings draws pictures.
    name = settings.generator if makes == "picture" else model or AUTO
    start = _start(source, strength, region, settings.max_megapixels)
    with console.progress() as shown:
        task = shown.add_task("Loading the model", total=None, rate="", current="")
        drawings = draw_several(
            Drawer(name, makes, device=settings.device),
            prompt,
            count,
            path=output,
            without=without,
            start=start,
            size=size,
            length_s=length_s,
            steps=steps,
            seed=seed,
            on_step=lambda done, total: shown.update(
                task, description="Drawing", completed=done, total=total
            ),
        )
    if as_json:
        keys = ("path", "model", "seed", "seconds", *(("length_s",) if makes != "picture" else ()))
        told = [{key: getattr(drawing, key) for key in keys} for drawing in drawings]
        console.print_json(told[0] if count == 1 else {"drawings": told})
    else:
        _say(drawings, without)


def _makes(**wanted: bool) -> Makes:
    """What is to be made, by the one option that is given, if any."""
    given = [name for name, on in wanted.items() if on]
    if len(given) > 1:
        raise typer.BadParameter("Give one of them.", param_hint=", ".join(f"--{name}" for name in given))
    kinds: dict[str, Makes] = {"clip": "clip", "sound": "sound", "music": "music"}
    return kinds[given[0]] if given else "picture"


def _start(
    source: Path | None, strength: float | None, region: str | None, max_megapixels: float
) -> Start | None:
    """The picture to start from, decoded as the indexer decodes it."""
    if source is None:
        if strength is not None or region is not None:
            raise typer.BadParameter("Give the picture, too: --from.", param_hint="--strength, --region")
        return None
    from PIL import Image

    from indexer.media.reader import read_image
    from search.drawing.calls import Start

    _, pixels = read_image(source, min_side=_SIDE, max_megapixels=max_megapixels)
    return Start(Image.fromarray(pixels), strength, None if region is None else part_of(region, "--region"))


def _say(drawings: list[Drawing], without: str) -> None:
    from search.drawing.presets import BUILTIN

    for drawing in drawings:
        console.say(
            f"{'Drew' if drawing.makes == 'picture' else 'Made'} {drawing.path} with {drawing.model}, "
            f"seed {drawing.seed}, in {drawing.seconds:.1f} s."
        )
    if without.strip() and not drawings[0].without:
        console.say("This model takes no words for what to leave out: they were not heeded.")
    if drawings[0].model == BUILTIN:
        console.say(drew(drawings[0].concept))
        console.say("It is a pictogram. For photographs: trove generate --model sd-turbo (trove models)")
