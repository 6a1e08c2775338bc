"""Command to save a moment of a film or recording: moment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of, time_of
from ui.wording import how_cut


def moment(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A film or recording.")],
    start: Annotated[
        float, typer.Argument(parser=time_of, metavar="START", help="As a player writes it: 1:02.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write, MP4 or JPEG.")],
    end: Annotated[
        float | None,
        typer.Argument(parser=time_of, metavar="END", help="Without it, one picture is saved."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Save a moment of a film or recording as a clip, or one picture of a film."""
    from db.files import read_checksummed
    from indexer.media.thumbnails import WHOLE_SIDE

    endings = (".jpg", ".jpeg") if end is None else (".mp4", ".m4a")
    if output.suffix.lower() not in endings:
        raise typer.BadParameter(f"Give a name that ends in {' or '.join(endings)}.", param_hint="--output")
    if output.exists():
        raise typer.BadParameter(f"{output} exists and is left alone: give another name.")
    with library_of(ctx) as library:
        cut = None if end is None else library.cut(file, start, end)
        made = library.thumbnail(file, start, side=WHOLE_SIDE) if cut is None else cut.path
        output.write_bytes(read_checksummed(made))
    if as_json:
        console.print_json({"path": output, "copied": None if cut is None else cut.copied})
    else:
        console.say(console.one_line(str(output)))
        if cut is not None:
            console.say(how_cut(cut.copied))
