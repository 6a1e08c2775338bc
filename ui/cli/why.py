"""Command to explain an answer: why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of
from ui.cli.search import fact_json
from ui.wording import clock

if TYPE_CHECKING:
    from search.explain.reasons import Reasons


def why(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="The question.")],
    file: Annotated[Path, typer.Argument(help="A picture, video or recording, in the library or not.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="PNG to write: where in the picture it is.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell why a file is, or is not, an answer to a question, and where in the picture it is."""
    if output is not None and output.suffix.lower() != ".png":
        raise typer.BadParameter("The picture is written as PNG: give a name that ends in .png.")
    if output is not None and output.exists():
        raise typer.BadParameter(f"{output} exists and is left alone: give another name.")
    with library_of(ctx) as library:
        found = library.why(query, file)
    shown = found.overlay()
    written = output if output is not None and shown is not None else None
    if shown is not None and written is not None:
        shown.save(written)
    if as_json:
        console.print_json(
            {
                "query": query,
                "path": found.path,
                "rank": found.rank,
                "at_s": found.at_s,
                "similarity": found.similarity,
                "above": found.above,
                "exact": found.exact,
                "text": found.text,
                "words": found.words,
                "why": [fact_json(fact) for fact in found.why],
                "heat": None if found.heat is None else found.heat.round(3).tolist(),
                "overlay": written,
            }
        )
    else:
        _say(found, written)


def _say(found: Reasons, written: Path | None) -> None:
    place = f"number {found.rank}" if found.rank else "not among the first 200, or not in your library"
    console.say(f"{console.one_line(str(found.path))}: {place}")
    if found.similarity is not None:
        at = f" at {clock(found.at_s)}" if found.at_s is not None else ""
        console.say(f"It looks like the words{at} with a similarity of {found.similarity:.3f}.")
    if found.above is not None:
        share = f"{found.above:.1%} of the pictures in your library score lower"
        console.say(share + ("." if found.exact else ", by a sample of a thousand."))
    if found.words:
        console.say(f"These words were said: {', '.join(found.words)}")
    for fact in found.why:
        for text, value in fact.terms:
            console.say(f"  {text}: {value:.3f}")
    if written is not None:
        console.say(f"Where in the picture: {written}")
