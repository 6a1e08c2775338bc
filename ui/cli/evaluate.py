"""Command to measure models and questions: eval."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, library_of, settings_of
from ui.quality import COUNTED, counted, found, lacking
from ui.wording import clock

if TYPE_CHECKING:
    from db.settings import Settings
    from search.evaluation.comparison import Line
    from search.evaluation.drawings import DrawingQuality
    from search.evaluation.openings import Openings
    from search.evaluation.retrieval import Recall
    from trove import Library


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
        list[str] | None,
        typer.Option("--model", help="Model to measure; several with --sample and --drawer."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the results of your own questions to compare with."),
    ] = False,
    remember: Annotated[
        bool | None,
        typer.Option(
            "--remember/--no-remember",
            help="From now on: remember which hits you open in the app, to measure by them, or nothing more.",
        ),
    ] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete what was remembered, and remember nothing more.")
    ] = False,
    drawer: Annotated[
        list[str] | None,
        typer.Option(
            "--drawer", help="Instead: how good this drawing model is, or several (with --prompts)."
        ),
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option("--prompts", help="CSV with the column prompt: what it is to draw.")
    ] = None,
    real: Annotated[
        Path | None, typer.Option("--real", help="Folder of real pictures to hold its drawings against.")
    ] = None,
    inception: Annotated[
        Path | None,
        typer.Option("--inception", help="File with Inception's weights, for FID, if it is not found."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how well your questions find what you liked and opened, and models what you described; how well
    a model finds captioned pictures; what models would cost on your library; how good a drawing model is."""
    if drawer or prompts is not None or real is not None or inception is not None:
        if not drawer or prompts is None:
            raise typer.BadParameter("Give --drawer and --prompts.")
        _judge_drawers(ctx, drawer, prompts, model or [], real, inception, as_json)
        return
    own = keep + forget + (remember is not None)
    if own > 1:
        raise typer.BadParameter("Give one of --keep, --remember, --no-remember and --forget.")
    if images is None and captions is None and sample is None and not model:
        with library_of(ctx) as library:
            if forget or remember is not None:
                _switch(library.openings, remember, as_json)
            else:
                _own(library, keep, as_json)
    elif own:
        raise typer.BadParameter(
            "--keep, --remember, --no-remember and --forget are of your own questions, without other options."
        )
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


def _switch(openings: Openings, remember: bool | None, as_json: bool) -> None:
    """Turn remembering on or off; None: forget all of it."""
    if remember is None:
        openings.forget()
    else:
        openings.remember(remember)
    if as_json:
        console.print_json(_remembered(openings))
    else:
        _say_remembered(openings)


def _remembered(openings: Openings) -> dict[str, bool | int]:
    return {"remembered": openings.remembered, "opened": openings.count()}


def _say_remembered(openings: Openings) -> None:
    count = openings.count()
    kept = f"{count} opened hit{'' if count == 1 else 's'} {'is' if count == 1 else 'are'} kept"
    if openings.remembered:
        console.say(f"What you open in the app is remembered; {kept} (trove eval --forget deletes all).")
    elif count:
        console.say(f"Nothing more is remembered; {kept} (trove eval --forget deletes all).")
    else:
        console.say("What you open in the app is not remembered (trove eval --remember).")


def _own(library: Library, keep: bool, as_json: bool) -> None:
    lines = library.evaluate(keep=keep)
    if as_json:
        figures = [_figure(line) for line in lines]
        console.print_json({"figures": figures, **_remembered(library.openings)})
        return
    for kind, count in {line.kind: line.count for line in lines}.items():
        console.say(f"{kind}: {counted(kind, count)}")
    headings = ("questions", "measure", "now", "95 % interval", "before", "change", "p")
    console.table(
        {heading: "left" if heading in headings[:2] else "right" for heading in headings},
        [
            [
                line.kind,
                line.measure.name,
                f"{line.value:.3f}",
                f"{line.low:.3f} to {line.high:.3f}",
                *("" if number is None else f"{number:.3f}" for number in (line.before, line.change, line.p)),
            ]
            for line in lines
        ],
    )
    _say_in_words(library)
    if keep:
        console.say("These are kept; the next trove eval compares with them.")
    _say_remembered(library.openings)


def _say_in_words(library: Library) -> None:
    """The same of all models that have vectors, as the app says it, and what is missing."""
    from search.evaluation.measured import ENOUGH

    measured = library.models.measured()
    for model in (model for model in library.models.held() if model.name in measured):
        for kind in COUNTED:
            if sentence := found(measured[model.name], kind):
                console.say(f"{model.name}: {sentence}")
    for kind, count in library.questions().items():
        if sentence := lacking(kind, count, ENOUGH):
            console.say(sentence)


def _figure(line: Line) -> dict[str, str | float | None]:
    return {
        "kind": line.kind,
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
    from db.library import has_library
    from indexer.encoders.active import DEFAULT_MODEL, model_name
    from trove import Library

    if not has_library(settings):
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


def _judge_drawers(
    ctx: typer.Context,
    drawers: list[str],
    prompts: Path,
    models: list[str],
    real: Path | None,
    inception: Path | None,
    as_json: bool,
) -> None:
    from search.evaluation.drawings import evaluate_drawers, read_prompts

    settings = settings_of(ctx, make=False)
    with console.progress() as shown:
        task = shown.add_task("Drawing", total=None, rate="", current="")
        qualities = evaluate_drawers(
            settings,
            list(dict.fromkeys(drawers)),
            read_prompts(prompts),
            list(dict.fromkeys(models)) or [settings.model or _active_model(settings)],
            real=real,
            inception=inception,
            on_progress=lambda done, total: shown.update(task, completed=done, total=total),
        )
    if as_json:
        console.print_json({"drawers": [asdict(quality) for quality in qualities]})
    else:
        _say_qualities(qualities)


def _say_qualities(qualities: list[DrawingQuality]) -> None:
    """A column for each drawing model."""
    first = qualities[0]
    against = f", held against {first.real:,} real pictures" if first.real else ""
    console.say(f"{first.drawings:,} drawings each{against}; 95 % intervals in brackets")
    rows = [
        [of_each[0].name, of_each[0].features]
        + [f"{one.value:.4g} ({one.low:.4g} to {one.high:.4g})" for one in of_each]
        for of_each in zip(*(quality.figures for quality in qualities), strict=True)
    ]
    rows.append(["seconds a drawing", "", *(f"{quality.seconds:g}" for quality in qualities)])
    rows.append(["MB of memory", "", *(f"{quality.memory_mb:,}" for quality in qualities)])
    if any(quality.gpu_mb for quality in qualities):
        rows.append(["MB of the GPU", "", *(f"{quality.gpu_mb:,}" for quality in qualities)])
    names = dict.fromkeys((quality.drawer for quality in qualities), "right")
    console.table({"measure": "left", "in the features of": "left", **names}, rows)
    if not any(figure.name == "FID" for figure in first.figures):
        console.say("Figures in the features of other models, such as a published FID, are not comparable.")


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
