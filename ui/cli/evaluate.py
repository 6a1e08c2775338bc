"""Commands to compare models: models, eval."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of, settings_of
from ui.wording import clock, duration

if TYPE_CHECKING:
    from db.settings import Settings
    from search.evaluation.comparison import Line
    from search.evaluation.retrieval import Recall
    from trove import Library


def models(as_json: Json = False) -> None:
    """List the models that can be used, with size, licence, languages and published figures."""
    from indexer.encoders.registry import PRESETS
    from search.drawing.presets import PRESETS as DRAWERS
    from search.health.cached_models import cached_models

    cached = cached_models()
    if as_json:
        lists = {"encoders": PRESETS.values(), "drawers": DRAWERS.values(), "cached": cached}
        console.print_json({name: [asdict(info) for info in infos] for name, infos in lists.items()})
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
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the results of your saved searches to compare with."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure how well your saved searches find what you liked, how well a model finds captioned pictures, or
    what models would cost on your library."""
    if images is None and captions is None and sample is None and not model:
        with library_of(ctx) as library:
            _own(library.evaluate(keep=keep), keep, as_json)
    elif keep:
        raise typer.BadParameter("--keep is of your own questions, without other options.")
    elif sample is not None:
        with library_of(ctx) as library:
            _try_models(library, model or [], sample, as_json)
    elif images is None or captions is None:
        raise typer.BadParameter("Give --images and --captions, or --sample.")
    elif model is not None and len(model) > 1:
        raise typer.BadParameter("Give one --model with --images.")
    else:
        settings = settings_of(ctx, make=False)
        name = (model[0] if model else None) or settings.model or _active_model(settings)
        _measure_quality(settings, name, images, captions, as_json)


def _own(lines: list[Line], kept: bool, as_json: bool) -> None:
    if as_json:
        console.print_json({"figures": [_figure(line) for line in lines]})
        return
    console.say(f"{lines[0].count} saved searches with a thumb up")
    headings = ("", "now", "95 % interval", "before", "change", "p")
    console.table(
        {heading: "right" if heading else "left" for heading in headings},
        [
            [
                line.measure.name,
                f"{line.value:.3f}",
                f"{line.low:.3f} to {line.high:.3f}",
                *("" if number is None else f"{number:.3f}" for number in (line.before, line.change, line.p)),
            ]
            for line in lines
        ],
    )
    if kept:
        console.say("These are kept; the next trove eval compares with them.")


def _figure(line: Line) -> dict[str, str | float | None]:
    return {
        "measure": line.measure.name,
        "questions": line.count,
        "value": line.value,
        "low": line.low,
        "high": line.high,
        "before": line.before,
        "change": line.change,
        "p": line.p,
    }


def _active_model(settings: Settings) -> str:
    """The model of the library, or that which a new one would get."""
    from indexer.encoders.active import DEFAULT_MODEL, model_name
    from trove import Library

    if not settings.paths.database.exists():
        return DEFAULT_MODEL
    with Library.of(settings) as library:
        return model_name(library.core)


def _measure_quality(settings: Settings, model: str, images: Path, captions: Path, as_json: bool) -> None:
    from search.evaluation.retrieval import evaluate_files

    with console.progress() as shown:
        task = shown.add_task("Encoding", total=None, rate="", current="")
        quality = evaluate_files(
            settings,
            model,
            images,
            captions,
            lambda done, total: shown.update(task, completed=done, total=total),
        )
    directions = {"text to picture": quality.text_to_image, "picture to text": quality.image_to_text}
    if as_json:
        forward, back = (_recalls(recall) for recall in directions.values())
        counts = {"images": quality.images, "queries": quality.queries}
        console.print_json({**counts, **forward, "auroc": quality.auroc, "image_to_text": back})
        return
    console.say(f"{quality.images} pictures, {quality.queries} captions, with {quality.model}")
    headings = _recalls(quality.text_to_image)
    console.table(
        {"per cent": "left", **dict.fromkeys(headings, "right")},
        [[name, *map(str, _recalls(recall).values())] for name, recall in directions.items()],
    )
    console.say(f"AUROC of the confidence, present against absent: {quality.auroc}")


def _recalls(recall: Recall) -> dict[str, float]:
    names = {"at_1": "recall@1", "at_5": "recall@5", "at_10": "recall@10"}
    return {names.get(name, name): value for name, value in asdict(recall).items()}


def _try_models(library: Library, models: list[str], sample: int, as_json: bool) -> None:
    trials = library.models.time(models, sample)
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
                clock(trial.full_index_s),
            ]
            for trial in trials
        ],
    )
