"""Options that several commands share, and the settings and library that result from them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console, kinds
from ui.wording import seconds

if TYPE_CHECKING:
    from db.settings import Settings
    from trove import Library

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Limit = Annotated[int, typer.Option("-k", min=1, help="Number of hits.")]
Kind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        parser=kinds.known,
        metavar=kinds.SHOWN,
        autocompletion=kinds.beginning_with,
        help="Only hits of this kind.",
    ),
]
Apart = Annotated[bool, typer.Option("--apart", help="Show near-identical pictures one by one.")]
Stacks = Annotated[
    bool, typer.Option("--stacks/--no-stacks", help="Show what belongs together, as RAW and JPEG do, as one.")
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="relevance|date|name|size|added",
        help="The latest, largest or last added first; names in their order.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="PATTERN",
        help="Leave out what fits, as in a .gitignore; kept with the folder. May be repeated.",
    ),
]
Model = Annotated[str | None, typer.Option("--model", help="Model name or preset: see trove models.")]
Nice = Annotated[
    int | None,
    typer.Option("--nice", min=0, max=19, help="Stand back for other programs: 0 not at all, 19 most."),
]
Cores = Annotated[int | None, typer.Option("--cores", min=1, help="Use so many processor cores at most.")]
OnBattery = Annotated[
    bool | None,
    typer.Option("--wait-on-battery/--go-on-battery", help="Wait while the machine runs on its battery."),
]
WhileBusy = Annotated[
    bool | None,
    typer.Option("--wait-while-busy/--go-while-busy", help="Wait while other programs need the processor."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Download what has to be, without being asked.")]
LibraryPlace = Annotated[
    str | None,
    typer.Option(
        "--library",
        envvar="TROVE_LIBRARY",
        metavar="FOLDER",
        help="Folder of the library's own files, or the address of one on a server: postgresql://host/name.",
    ),
]


def part_of(text: str, option: str) -> tuple[float, float, float, float]:
    """A part of a picture, as people type it: left, top, width and height, each 0 to 1."""
    try:
        left, top, width, height = (float(number) for number in text.split(","))
    except ValueError as exc:
        raise typer.BadParameter("Four numbers, as in 0.25,0,0.5,1.", param_hint=option) from exc
    return left, top, width, height


def time_of(text: str) -> float:
    """A place in a film or recording, in seconds, as people type it."""
    try:
        return seconds(text)
    except ValueError as exc:
        raise typer.BadParameter("Write it as a player does: 1:02, 1:02:03 or 62.5.") from exc


def settings_of(ctx: typer.Context, *, make: bool = True, **overrides: Any) -> "Settings":
    """The settings of this call; from here on the log goes to the library's folder, if that may be made."""
    from db.settings import load_settings

    settings = load_settings(library=ctx.obj, **overrides)
    console.log_to(settings.paths.log, make=make)
    return settings


def library_of(ctx: typer.Context, *, make: bool = False, **overrides: Any) -> "Library":
    """The library of this call, to be closed by the caller.

    Args:
        make: make it where there is none; who only asks gets an error, and leaves nothing behind.
        overrides: settings from the command line.

    Raises:
        LibraryError: there is none, or it cannot be opened.
    """
    from trove import Library

    return Library.of(settings_of(ctx, make=make, **overrides), make=make)
