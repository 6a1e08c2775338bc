"""Commands to look after a library: status, failures, rebuild, doctor, models, eval."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, settings_of
from ui.cli.search import run_index
from ui.wording import duration

if TYPE_CHECKING:
    from db.settings import Settings
    from search.evaluation.retrieval import Recall


def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Show what is in the library."""
    from db.catalog import runs
    from db.engine.clock import utc_now
    from db.engine.database import Database
    from search.health.status import overview

    settings = settings_of(ctx)
    database = Database(settings.database)
    facts = overview(database, settings)
    if as_json:
        console.print_json(asdict(facts))
        return
    units = facts.units
    fresh = "up to date" if facts.index.fresh else "the next search brings it up to date"
    console.say(f"Library  {facts.library}")
    console.say(f"Model    {facts.model or 'none yet'}")
    console.say(f"Files    {facts.assets}, and {facts.failed} that failed")
    console.say(f"Units    {units['image']} pictures, {units['frame']} frames, {units['speech']} passages")
    console.say(f"Index    {facts.index.kind}, {facts.index.vectors} vectors, {fresh}")
    with database.read() as session:
        run = runs.last_run(session)
    if run is not None and run.finished_at is None:
        seconds = (utc_now() - run.updated_at).total_seconds()
        console.say(f"Run      {run.done} of {run.total} done, last heard of {seconds:.0f} s ago")


def failures(
    ctx: typer.Context,
    retry: Annotated[bool, typer.Option("--retry", help="Try to index them again now.")] = False,
    as_json: Json = False,
) -> None:
    """Name the files that could not be indexed, with the reason."""
    from db.catalog import assets
    from db.engine.database import Database

    settings = settings_of(ctx)
    database = Database(settings.database)
    if retry:
        with database.write() as session:
            again = assets.retry_failures(session)
        if again:
            run_index(settings, [], as_json)
            return
    with database.read() as session:
        failed = assets.failures(session)
    if as_json:
        console.print_json({"failures": [asdict(failure) for failure in failed]})
    elif failed:
        rows = [[str(failure.path), failure.reason, str(failure.attempts)] for failure in failed]
        console.table({"file": "left", "reason": "left", "attempts": "right"}, rows)
    else:
        console.say("No file has failed.")


def rebuild(ctx: typer.Context) -> None:
    """Make the search index anew from the database. Nothing is decoded or embedded again."""
    from db.catalog import spaces
    from db.engine.database import Database, indexer_lock
    from db.vectors.store import VectorStore

    settings = settings_of(ctx)
    database = Database(settings.database)
    with database.read() as session:
        space = spaces.active(session)
    if space is None:
        console.say("The library is empty.")
        return
    with indexer_lock(settings.library):
        store = VectorStore(database, settings.library / "vectors", space.id, space.dim, settings.device)
        store.save(rebuild=True)
    console.say(f"Rebuilt the index: {store.status().vectors} vectors.")


def doctor(
    ctx: typer.Context,
    files: Annotated[bool, typer.Option("--files", help="Also name folders and failed files.")] = False,
    recover: Annotated[
        Path | None, typer.Option("--recover", help="Save what can be read of a damaged database here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show versions, hardware and the state of the library. Names no files unless asked: safe to paste."""
    settings = settings_of(ctx)
    if recover is not None:
        _recover(settings, recover, as_json)
        return
    from search.health.doctor import examine

    findings = examine(settings, files=files)
    if as_json:
        console.print_json({"findings": [asdict(finding) for finding in findings]})
        return
    console.table(
        {"what": "left", "is": "left", "warning": "left"},
        [[finding.name, finding.value, finding.warning] for finding in findings],
    )


def _recover(settings: Settings, target: Path, as_json: bool) -> None:
    from db.engine.recover import recover
    from db.paths import expanded

    found = recover(settings.database, expanded(target).absolute())
    if as_json:
        console.print_json({"path": target, **asdict(found)})
        return
    for table, count in found.rows.items():
        gaps, dropped = len(found.gaps.get(table, ())), found.dropped.get(table, 0)
        lost = f", {gaps} stretches could not be read" if gaps else ""
        console.say(f"{table:12} {count:9,} rows{lost}" + (f", {dropped} left out" if dropped else ""))
    console.say(
        f"Saved in {target}; the library's own database is as it was. To use the copy, move trove.db and "
        "trove.db-wal in the library folder away, put the copy there as trove.db, and run: trove index"
    )


def models(as_json: Json = False) -> None:
    """List the models that can be used, with size, licence, languages and published figures."""
    from indexer.encoders.registry import PRESETS
    from search.drawing.presets import PRESETS as DRAWERS
    from search.health.cached_models import cached_models

    cached = cached_models()
    if as_json:
        found = {"encoders": PRESETS.values(), "drawers": DRAWERS.values(), "cached": cached}
        console.print_json({name: [asdict(info) for info in infos] for name, infos in found.items()})
        return
    console.say("To search with (--model; also any open_clip MODEL/TAG, or MODEL@CHECKPOINT):")
    headings = ("name", "model", "MB", "licence", "languages", "Flickr30k R@1", "COCO R@1", "")
    console.table(
        {
            heading: "right" if heading in ("MB", "Flickr30k R@1", "COCO R@1") else "left"
            for heading in headings
        },
        [
            [
                info.name,
                info.model,
                str(info.size_mb),
                _licence(info.licence, info.commercial_use),
                info.languages,
                str(info.flickr_r1 or ""),
                str(info.coco_r1 or ""),
                info.note,
            ]
            for info in PRESETS.values()
        ],
    )
    console.say("Published text-to-image figures, zero-shot; sources: docs/models.md\n")
    console.say("To draw with (trove generate --model; also any diffusers Hub name, or a folder):")
    console.table(
        {
            "name": "left",
            "model": "left",
            "GB": "right",
            "on 2 cores": "right",
            "licence": "left",
            "": "left",
        },
        [
            [
                info.name,
                info.repository or "part of Trove",
                f"{info.download_gb:.1f}",
                duration(info.cpu_s),
                _licence(info.licence, info.commercial_use),
                info.note,
            ]
            for info in DRAWERS.values()
        ],
    )
    if cached:
        console.say("\nAlready on this machine:")
        rows = [[model.name, model.use, str(model.size_mb)] for model in cached]
        console.table({"name": "left", "to": "left", "MB": "right"}, rows)


def _licence(name: str, commercial_use: bool) -> str:
    return name if commercial_use else f"{name}: commercial use restricted"


def evaluate(
    ctx: typer.Context,
    images: Annotated[Path | None, typer.Option("--images", help="Folder with pictures.")] = None,
    captions: Annotated[
        Path | None, typer.Option("--captions", help="CSV with the columns image,caption.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="Instead: time models on so many of your pictures.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="Model to measure; several with --sample.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how well a model finds captioned pictures, or what models would cost on your library."""
    settings = settings_of(ctx)
    if sample is not None:
        _try_models(settings, model, sample, as_json)
    elif images is None or captions is None:
        raise typer.BadParameter("Give --images and --captions, or --sample.")
    elif model is not None and len(model) > 1:
        raise typer.BadParameter("Give one --model with --images.")
    else:
        _measure_quality(settings, model[0] if model else None, images, captions, as_json)


def _measure_quality(
    settings: Settings, model: str | None, images: Path, captions: Path, as_json: bool
) -> None:
    from indexer.encoders.registry import load_encoder
    from search.evaluation.retrieval import evaluate, read_captions

    pairs = read_captions(captions)
    name = model or settings.model or _own_model(settings)
    encoder = load_encoder(name, device=settings.device, cache=settings.cache)
    with console.progress() as shown:
        task = shown.add_task("Encoding", total=None, rate="", current="")
        quality = evaluate(
            encoder,
            images,
            pairs,
            settings,
            lambda done, total: shown.update(task, completed=done, total=total),
        )
    directions = {"text to picture": quality.text_to_image, "picture to text": quality.image_to_text}
    if as_json:
        forward, back = (_recalls(found) for found in directions.values())
        counts = {"images": quality.images, "queries": quality.queries}
        console.print_json({**counts, **forward, "auroc": quality.auroc, "image_to_text": back})
        return
    console.say(f"{quality.images} pictures, {quality.queries} captions, with {encoder.name}")
    headings = _recalls(quality.text_to_image)
    console.table(
        {"per cent": "left", **dict.fromkeys(headings, "right")},
        [[name, *map(str, _recalls(found).values())] for name, found in directions.items()],
    )
    console.say(f"AUROC of the confidence, present against absent: {quality.auroc}")


def _recalls(found: Recall) -> dict[str, float]:
    names = {"at_1": "recall@1", "at_5": "recall@5", "at_10": "recall@10"}
    return {names.get(name, name): value for name, value in asdict(found).items()}


def _try_models(settings: Settings, models: list[str] | None, sample: int, as_json: bool) -> None:
    from db.engine.database import Database
    from search.evaluation.trial import try_models

    names = models or [_own_model(settings)]
    trials = try_models(Database(settings.database), settings, names, sample)
    if as_json:
        console.print_json({"models": [asdict(trial) for trial in trials]})
        return
    headings = ("model", "pictures", "load s", "pictures/s", "ms a query", "MB", "full index")
    console.table(
        {heading: "left" if heading == "model" else "right" for heading in headings},
        [
            [
                trial.model,
                str(trial.pictures),
                str(trial.load_s),
                str(trial.pictures_per_s),
                str(trial.query_ms),
                str(trial.memory_mb),
                console.clock(trial.full_index_s),
            ]
            for trial in trials
        ],
    )


def _own_model(settings: Settings) -> str:
    """The model that the library answers with, or the one that a new one would."""
    from db.catalog import spaces
    from db.engine.database import Database
    from indexer.encoders.active import DEFAULT_MODEL

    with Database(settings.database).read() as session:
        space = spaces.active(session)
    return space.model if space else DEFAULT_MODEL
