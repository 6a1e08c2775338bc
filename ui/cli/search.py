"""Commands to use a library: index, search, similar, generate, ui."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console
from ui.cli.console import EXIT_SOME_FAILED
from ui.cli.options import Apart, Json, Kind, Limit, Model, settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.settings import Settings
    from indexer.writer import Report
    from search.answer import Answer, Hit
    from search.drawing.output import Drawing
    from search.query.query import Query

_VERDICTS = {
    "found": "Found",
    "unsure": "These are the nearest, but perhaps not what you mean",
    "absent": "Not in your library; these are the nearest",
}


def index(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders or files; without any, all given before.")
    ] = None,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Index folders and files, or refresh what changed in them."""
    run_index(settings_of(ctx, model=model), paths or [], as_json)


def run_index(settings: Settings, paths: list[Path], as_json: bool) -> None:
    from db.catalog import assets
    from db.engine.database import Database
    from indexer import pipeline

    database = Database(settings.database)
    if not paths:
        with database.read() as session:
            if not assets.roots(session):
                raise typer.BadParameter("Name at least one folder to index.")
    with console.counting("Indexing", "files") as tell:
        report = pipeline.index(database, settings, paths, on_progress=tell)
    database.close()
    console.print_json(asdict(report)) if as_json else _say_report(report)
    if report.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _say_report(report: Report) -> None:
    parts = {
        "indexed": report.indexed,
        "already known": report.reused,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "failed": report.failed,
    }
    counted = ", ".join(f"{count} {name}" for name, count in parts.items() if count) or "nothing to do"
    console.say(f"{report.found} files in {report.seconds:.1f} s: {counted}.")
    if report.removed:
        console.say(f"{report.removed} files are gone.")
    units = report.units
    console.say(
        f"Your library has {units.get('image', 0)} pictures, {units.get('frame', 0)} video frames "
        f"and {units.get('speech', 0)} spoken passages."
    )
    if report.failed:
        console.say("See what failed and why: trove failures")


def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="What you look for, in plain words.")] = "",
    image: Annotated[Path | None, typer.Option("--image", help="A picture like what you look for.")] = None,
    k: Limit = 20,
    kind: Kind = None,
    apart: Apart = False,
    imagine: Annotated[
        bool, typer.Option("--imagine", help="Draw it too, and let the drawing move the hits.")
    ] = False,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Find pictures, video moments and spoken passages by words, by a picture, or by both."""
    from search.query.query import Query

    if not query.strip() and image is None:
        raise typer.BadParameter("Type what you look for, or give a picture with --image.")
    asked = Query(text=query, image=image, k=k, kind=kind, apart=apart)
    _answer(settings_of(ctx, model=model), asked, as_json, imagine=imagine)


def similar(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A picture, video or recording, in the library or not.")],
    k: Limit = 20,
    kind: Kind = None,
    apart: Apart = False,
    as_json: Json = False,
) -> None:
    """Find what is most like a file."""
    from search.query.query import Query

    _answer(settings_of(ctx), Query(like=file, k=k, kind=kind, apart=apart), as_json)


def _answer(settings: Settings, query: Query, as_json: bool, *, imagine: bool = False) -> None:
    from search.service import SearchService

    with SearchService.open(settings) as service:
        answer = service.search(query)
        if not as_json:
            _say_answer(answer, query)
        if imagine and answer.hits and (drawing := _drawn(settings, query)):
            answer = service.search(query, drawing)
            if not as_json:
                _say_imagined(answer)
    if as_json:
        console.print_json(answer_json(answer))


def _drawn(settings: Settings, query: Query) -> Drawing | None:
    """A drawing of the query; none, and why, where it cannot be had: the plain answer stands anyway."""
    from db.errors import TroveError
    from search.drawing.drawer import Drawer
    from search.drawing.imagine import draw
    from search.drawing.presets import AUTO, BUILTIN
    from search.drawing.weights import chosen, installed

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
            return draw(query, Drawer(name, device=settings.device), settings.library / "drawings")
    except TroveError as exc:
        console.note(console.one_line(f"No drawing: {exc}. {exc.hint}"))
        return None


def answer_json(answer: Answer) -> dict[str, Any]:
    """The documented shape of an answer."""
    drawing = asdict(answer.imagined) if answer.imagined else {}
    return {
        "query": answer.query,
        "verdict": answer.verdict,
        "confidence": answer.confidence,
        "took_ms": answer.took_ms,
        "hits": [hit_json(hit, drawing) for hit in answer.hits],
    }


def hit_json(hit: Hit, drawing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The documented shape of a hit; ``drawing``: that of the picture that was drawn for the answer."""
    facts = [asdict(fact) for fact in hit.why]
    if drawing:
        by_drawing = next((fact for fact in facts if fact["source"] == "drawing"), {"source": "drawing"})
        facts = [fact for fact in facts if fact["source"] != "drawing"]
        facts.append(by_drawing | {"was": hit.was} | drawing)
    keys = ("rank", "score", "kind", "path", "start_s", "end_s", "text")
    similar = [other.path for other in hit.similar]
    return {key: getattr(hit, key) for key in keys} | {"why": facts, "similar": similar}


def _say_answer(answer: Answer, query: Query) -> None:
    if not answer.hits:
        conditions = " ".join(map(str, query.parsed.conditions))
        nothing = f"Nothing in it fulfils {conditions}" if conditions else "Is anything indexed? trove status"
        console.say(f"Not in your library. ({nothing})")
        return
    console.say(f"{_VERDICTS[answer.verdict]} ({answer.confidence:.0%}, {answer.took_ms:.0f} ms)")
    _say_hits(answer)


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
    """Hits for ``console.table``; ``marks``: what is to stand beside some, by their ``unit_id``."""
    columns = {"#": "right", "score": "right", "kind": "left", "at": "right", "file": "left", "said": "left"}
    rows = [
        [
            str(hit.rank),
            f"{hit.score:.2f}",
            hit.kind,
            console.clock(hit.start_s),
            f"{hit.path}  +{len(hit.similar)} similar" if hit.similar else str(hit.path),
            hit.text or "",
        ]
        for hit in hits
    ]
    if any(marks.values()):
        columns = {"#": "right", "": "left", **columns}
        rows = [[row[0], marks[hit.unit_id], *row[1:]] for row, hit in zip(rows, hits, strict=True)]
    return (
        columns,
        rows,
        {word for hit in hits for fact in hit.why if fact.source == "words" for word in fact.words},
    )


def _move(hit: Hit) -> str:
    """How a drawing changed a hit's place."""
    if hit.was is None:
        return "new"
    return "" if hit.was == hit.rank else f"was {hit.was}"


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


def ui(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", help="Port on this machine.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open the web browser.")] = True,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; other than this machine's needs a password.")
    ] = "127.0.0.1",
    new_password: Annotated[
        bool, typer.Option("--set-password", help="Ask for a new password, keep its hash, and end.")
    ] = False,
) -> None:
    """Open the app in your web browser. Only this machine can reach it, unless you give a --host."""
    from ui.app.server import serve, set_password

    settings = settings_of(ctx)
    if new_password:
        set_password(settings, typer.prompt("Password", hide_input=True, confirmation_prompt=True))
        console.say("The password is set; it is asked for from the next start on.")
        return
    serve(settings, port=port, browser=browser, host=host)
