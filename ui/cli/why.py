"""Command to explain an answer: why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of
from ui.cli.search import evidence_json, fact_json
from ui.cli.typed import Words, query_of
from ui.highlight import asked_words
from ui.reasons import reason
from ui.wording import (
    capital,
    clock,
    fact,
    lines_found,
    meaning_found,
    place_found,
    read_as,
    source,
    where_found,
    words_found,
)

if TYPE_CHECKING:
    from search.answer import Evidence
    from search.explain.reasons import Reasons


def why(
    ctx: typer.Context,
    query: Words,
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
    asked = query_of(query)
    with library_of(ctx) as library:
        reasons = library.why(asked, file)
    overlay = reasons.overlay()
    written = output if output is not None and overlay is not None else None
    if overlay is not None and written is not None:
        overlay.save(written)
    if as_json:
        console.print_json(
            {
                "query": asked,
                "path": reasons.path,
                "rank": reasons.rank,
                "at_s": reasons.at_s,
                "similarity": reasons.similarity,
                "above": reasons.above,
                "exact": reasons.exact,
                "text": reasons.text,
                "words": reasons.words,
                "why": [fact_json(evidence) for evidence in reasons.why],
                "facts": [asdict(known) for known in reasons.facts],
                "heat": None if reasons.heat is None else reasons.heat.round(3).tolist(),
                "places": [asdict(place) for place in reasons.places],
                "overlay": written,
                "evidence": evidence_json(reasons.why),
                "copies": reasons.copies,
                "read_as": [asdict(reading) for reading in reasons.read_as],
            }
        )
    else:
        _say(reasons, written)


_TEXTS = {"keywords": words_found, "text_to_passage": meaning_found}
"""What is said of evidence that has a text, by its source."""


_TOLD = frozenset({"text_to_image", "image_to_image", "listed"})
"""The sources of what is told with the picture, or says nothing."""


def _say_evidence(evidence: Evidence) -> None:
    """What a moment was found by, unless it is told with the picture, and each part of the question."""
    if evidence.source in _TEXTS:
        _say_text(evidence)
    elif evidence.source not in _TOLD:
        place = place_found(evidence)
        console.say(console.one_line(f"{capital(reason(evidence))}{f', {place}' if place else ''}."))
    for text, similarity in evidence.terms:
        console.say(f"  {text}: {similarity:.3f}")


def _say_text(evidence: Evidence) -> None:
    """By which words or meaning a text was found, what it says, and where it is."""
    console.say(console.one_line(capital(_TEXTS[evidence.source](evidence))))
    place, text = place_found(evidence), lines_found(evidence)
    console.marked(f"  {capital(place)}: {text}" if place else f"  {text}", asked_words([evidence]))


def _say(reasons: Reasons, written: Path | None) -> None:
    place = f"number {reasons.rank}" if reasons.rank else "not among the first 200, or not in your library"
    console.say(f"{console.one_line(str(reasons.path))}: {place}")
    if reasons.similarity is not None:
        at = f" at {clock(reasons.at_s)}" if reasons.at_s is not None else ""
        console.say(f"It looks like the words{at} with a similarity of {reasons.similarity:.3f}.")
    if reasons.read_as:
        console.say(f"The words were {read_as(reasons.read_as)}.")
    if reasons.above is not None:
        share = f"{reasons.above:.1%} of the pictures in your library score lower"
        console.say(share + ("." if reasons.exact else ", by a sample of a thousand."))
    for evidence in reasons.why:
        _say_evidence(evidence)
    for known in reasons.facts:
        name, value = fact(known.key, known.value)
        console.say(f"{name}: {console.one_line(value)} ({source(known)})")
    for place in reasons.places:
        console.say(console.one_line(capital(where_found(place))))
    if written is not None:
        console.say(f"Where in the picture: {written}")
