"""Commands to search a library: search, similar."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console
from ui.cli.options import Apart, Json, Kind, Limit, Model, Sort, Stacks, library_of, part_of
from ui.cli.typed import MaybeWords, query_of, require_indexed, within
from ui.highlight import asked_words
from ui.wording import clock, excerpt, is_of_machine, text_label, without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.answer import Answer, Evidence, Hit, Mark, Member, Note
    from search.drawing.output import Drawing
    from search.query.query import Query
    from trove import Library


def search(
    ctx: typer.Context,
    query: MaybeWords = None,
    image: Annotated[Path | None, typer.Option("--image", help="A picture like what you look for.")] = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--part", metavar="X,Y,W,H", help="Only this part of the picture, each 0 to 1: 0.25,0,0.5,1."
        ),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option("--like", help="A picture, film or recording, such as a sound, that it is like."),
    ] = None,
    k: Limit = 20,
    kind: Kind = None,
    apart: Apart = False,
    stacks: Stacks = True,
    sort: Sort = "relevance",
    skip: Annotated[int, typer.Option("--skip", min=0, help="Number of hits to pass over.")] = 0,
    here: Annotated[bool, typer.Option("--here", help="Only in and below the current folder.")] = False,
    imagine: Annotated[
        bool, typer.Option("--imagine", help="Draw it too, and let the drawing move the hits.")
    ] = False,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Find pictures, video moments and spoken passages by words, by a picture, or by both."""
    from search.query.query import Query

    text, folder = query_of(query), Path.cwd()
    if not (text.strip() or image or like or here):
        raise typer.BadParameter("Type what you look for, or give a picture with --image.")
    text = within(text, folder) if here else text
    if imagine and sort != "relevance":
        raise typer.BadParameter("A drawing moves what comes by relevance.", param_hint="--sort")
    region = _region(part, image)
    with library_of(ctx, model=model) as library:
        picture = library.part(image, region) if image and region else image
        asked = Query(
            text=text,
            image=picture,
            like=like,
            k=k,
            kind=kind,
            apart=apart,
            stacks=stacks,
            order=sort,  # type: ignore[arg-type]
            start=skip,
        )
        if here:
            require_indexed(library, folder)
        _answer(library, asked, as_json, imagine=imagine)


def _region(part: str | None, image: Path | None) -> list[float] | None:
    if part is None:
        return None
    if image is None:
        raise typer.BadParameter("Give the picture, too: --image.", param_hint="--part")
    return list(part_of(part, "--part"))


def similar(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A picture, video or recording, in the library or not.")],
    k: Limit = 20,
    kind: Kind = None,
    apart: Apart = False,
    stacks: Stacks = True,
    as_json: Json = False,
) -> None:
    """Find what is most like a file."""
    from search.query.query import Query

    query = Query(like=file, k=k, kind=kind, apart=apart, stacks=stacks)
    with library_of(ctx) as library:
        _answer(library, query, as_json)


def _answer(library: Library, query: Query, as_json: bool, *, imagine: bool = False) -> None:
    answer = library.search(query)
    if not as_json:
        _say_answer(answer, query)
    if imagine and answer.hits and (drawing := _drawn(library, query)):
        answer = library.search(query, drawing=drawing)
        if not as_json:
            _say_imagined(answer)
    if as_json:
        console.print_json(answer_json(answer))


def _drawn(library: Library, query: Query) -> Drawing | None:
    """A drawing of the query; None, with a note on stderr, if there can be none: the answer does without."""
    from db.errors import TroveError
    from search.drawing.drawer import Drawer
    from search.drawing.imagine import draw
    from search.drawing.presets import AUTO, BUILTIN
    from search.drawing.weights import chosen, installed

    settings = library.settings
    try:
        name = chosen(settings.generator)
        if settings.generator == AUTO and name == BUILTIN:
            console.note(
                "No drawing: the builtin model draws pictograms, which say little about photographs. "
                "Fetch a larger one with: trove generate --model sd-turbo"
            )
            return None
        if not installed(name):
            console.note(f"No drawing: {name} is not on this machine. Fetch it with: trove generate")
            return None
        with console.progress() as shown:
            shown.add_task("Drawing", total=None, rate="", current="")
            return draw(query, Drawer(name, device=settings.device), library.core.paths.drawings)
    except TroveError as exc:
        console.note(console.one_line(f"No drawing: {exc}. {exc.hint}"))
        return None


def answer_json(answer: Answer) -> dict[str, Any]:
    """The documented shape of an answer."""
    drawing = asdict(answer.imagined) if answer.imagined else {}
    return {
        "query": answer.query,
        "verdict": answer.verdict,
        "says": answer.says,
        "understood": asdict(answer.understood),
        "confidence": answer.confidence,
        "took_ms": answer.took_ms,
        "hits": [hit_json(hit, drawing) for hit in answer.hits],
        "without": [asdict(one) for one in answer.without],
        "total": answer.total,
        "days": [[day and day.isoformat(), hits] for day, hits in answer.days],
    }


_SOURCES = {
    "text_to_image": "picture",
    "image_to_image": "image",
    "text_to_passage": "passage",
    "text_to_sound": "sound",
    "sound_to_sound": "recording",
    "text_to_clip": "motion",
    "clip_to_clip": "film",
    "keywords": "words",
}
"""Names of sources in the JSON output, kept stable for scripts."""


def fact_json(fact: Evidence) -> dict[str, Any]:
    """The documented shape of one reason for a hit: how it was ranked."""
    keys = ("rank", "value", "words", "terms", "above")
    return {"source": _source(fact)} | {key: getattr(fact, key) for key in keys}


def evidence_json(facts: Sequence[Evidence]) -> list[dict[str, Any]]:
    """The documented shape of what was found of a hit: the units, with where they are and what they say."""
    return [
        {
            "source": _source(fact),
            "kind": fact.kind,
            "unit": fact.unit_id,
            "start_s": fact.start_s,
            "end_s": fact.end_s,
            "region": fact.region,
            "words": fact.words,
            "text": fact.text,
        }
        | ({"marks": [_mark_json(mark) for mark in fact.marks]} if fact.marks else {})
        | ({"path": fact.path} if fact.path else {})
        | ({"track": fact.track} if fact.track else {})
        | ({"machine": True} if is_of_machine(fact.kind, corrected=fact.corrected) else {})
        for fact in facts
        if fact.unit_id is not None
    ]


def _mark_json(mark: Mark) -> dict[str, Any]:
    """Where words of a text stand in the picture: its characters, and four corners as they are read."""
    corners = [mark.corners[at : at + 2] for at in range(0, 8, 2)]
    return {"start": mark.start, "end": mark.end, "corners": corners}


def _source(fact: Evidence) -> str:
    return _SOURCES.get(fact.source, fact.source)


def hit_json(hit: Hit, drawing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The documented shape of a hit; ``drawing``: that of the picture drawn for the answer."""
    facts = [fact_json(fact) for fact in hit.why]
    if drawing:
        by_drawing = next((fact for fact in facts if fact["source"] == "drawing"), {"source": "drawing"})
        facts = [fact for fact in facts if fact["source"] != "drawing"]
        facts.append(by_drawing | {"was": hit.was} | drawing)
    keys = ("rank", "score", "kind", "path", "start_s", "end_s", "text")
    similar = [other.path for other in hit.similar]
    shown: dict[str, Any] = {key: getattr(hit, key) for key in keys} | {"why": facts, "similar": similar}
    stack = [member_json(member) for member in hit.stack]
    shown |= {"evidence": evidence_json(hit.why), "copies": hit.copies, "offline": hit.offline}
    return shown | {"stack": stack}


def member_json(member: Member) -> dict[str, Any]:
    """The documented shape of a file of a stack."""
    return {"path": member.path, "reason": member.reason, "shown": member.shown}


def _say_answer(answer: Answer, query: Query) -> None:
    sure = "" if answer.sure is None else f"{answer.sure:.0%} sure, "
    console.say(f"{answer.says} ({sure}{answer.took_ms:.0f} ms)")
    for note in answer.understood.notes:
        console.say(note_text(note, query))
    for one in answer.without:
        console.say(_try(f"{without(one)}.", [one.query] if one.query else [], query))
    if answer.hits:
        _say_hits(answer)
    elif not query.parsed.conditions:
        console.say("Is anything indexed? trove status")


def note_text(note: Note, query: Query) -> str:
    """What was not understood of a question, with the commands that ask it better and the same otherwise."""
    return _try(note.says, note.offers, query)


def _try(says: str, offers: Sequence[str], query: Query) -> str:
    options = f" --kind {query.kind}" if query.kind else ""
    options += " --apart" if query.apart else ""
    options += "" if query.stacks else " --no-stacks"
    options += "" if query.order == "relevance" else f" --sort {query.order}"
    options += f" -k {query.k}" if query.k != type(query).k else ""
    commands = ", ".join(f"trove search {shlex.quote(offer)}{options}" for offer in offers)
    return f"{says} Try: {commands}" if commands else says


def _say_imagined(answer: Answer) -> None:
    if (drawing := answer.imagined) is not None:
        console.say(
            f"\nGenerated by {drawing.model}, seed {drawing.seed}, no picture of yours: {drawing.path}\n"
            "With the drawing beside the words:"
        )
        _say_hits(answer)


def _say_hits(answer: Answer) -> None:
    marks = {hit.unit_id: _move(hit) for hit in answer.hits} if answer.imagined else {}
    console.table(*hit_rows(answer.hits, marks))


def hit_rows(
    hits: Sequence[Hit], marks: Mapping[int, str]
) -> tuple[dict[str, str], list[list[str]], set[str]]:
    """Hits as arguments of ``console.table``; ``marks``: short notes beside hits, by ``unit_id``."""
    columns = {"#": "right", "score": "right", "kind": "left", "at": "right", "file": "left", "text": "left"}
    rows = [
        [
            str(hit.rank),
            f"{hit.score:.2f}",
            hit.kind,
            clock(hit.start_s),
            _file(hit),
            _text(hit),
        ]
        for hit in hits
    ]
    if any(marks.values()):
        columns = {"#": "right", "": "left", **columns}
        rows = [[row[0], marks[hit.unit_id], *row[1:]] for row, hit in zip(rows, hits, strict=True)]
    return columns, rows, asked_words(fact for hit in hits for fact in hit.why)


def _file(hit: Hit) -> str:
    """Where it is and whether it can be reached, how many files belong with it and how many look the same."""
    others = f"  +{len(hit.stack) - 1} in its stack" if hit.stack else ""
    similar = f"  +{len(hit.similar)} similar" if hit.similar else ""
    return f"{hit.path}{others}{similar}{'  (not connected)' if hit.offline else ''}"


def _text(hit: Hit) -> str:
    """What is said or written there, with what it is where the picture around it is shown."""
    label = text_label(hit)
    return f"{label}: {excerpt(hit)}" if label else excerpt(hit)


def _move(hit: Hit) -> str:
    """How a drawing changed a hit's place."""
    if hit.was is None:
        return "new"
    return "" if hit.was == hit.rank else f"was {hit.was}"
