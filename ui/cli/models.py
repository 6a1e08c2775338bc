"""Command to list models: models."""

from __future__ import annotations

from dataclasses import asdict

from ui.cli import console
from ui.cli.options import Json
from ui.wording import duration


def models(as_json: Json = False) -> None:
    """List the models that can be used, with size, licence, languages and published figures."""
    from indexer.encoders.registry import PRESETS
    from indexer.pretrained.presets import PRESETS as PRETRAINED
    from search.drawing.memory import least_bytes
    from search.drawing.presets import PRESETS as DRAWERS
    from search.health.cached_models import cached_models

    cached = cached_models()
    if as_json:
        lists = {
            "encoders": PRESETS.values(),
            "drawers": DRAWERS.values(),
            "pretrained": PRETRAINED.values(),
            "cached": cached,
        }
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
    console.say("Published text-to-image figures, zero-shot; sources: docs/models.md")
    console.say("In your own library: trove eval, trove eval --sample 20 --model NAME, trove model list\n")
    console.say("To draw with (trove generate --model; also any diffusers Hub name, or a folder):")
    console.table(
        {
            "name": "left",
            "makes": "left",
            "model": "left",
            "GB": "right",
            "GB of memory": "right",
            "on 2 cores": "right",
            "licence": "left",
            "": "left",
        },
        [
            [
                info.name,
                info.makes,
                info.repository or "part of Trove",
                "" if info.download_gb is None else f"{info.download_gb:.1f}",
                "" if (needed := least_bytes(info)) is None else f"{needed / 1e9:.1f}",
                "" if info.cpu_s is None else duration(info.cpu_s),
                _licence(info.licence or "not read", info.commercial_use is not False),
                info.note,
            ]
            for info in DRAWERS.values()
        ],
    )
    _list_pretrained()
    if cached:
        console.say("\nAlready on this machine:")
        rows = [[model.name, model.use, str(model.size_mb)] for model in cached]
        console.table({"name": "left", "to": "left", "MB": "right"}, rows)


def _list_pretrained() -> None:
    """The models that describe and answer, with what is known of them and whether they are here."""
    from indexer.pretrained.presets import PRESETS
    from indexer.pretrained.weights import is_here

    console.say(
        "\nTo describe pictures (caption: TROVE_CAPTIONER), answer about them (ask: TROVE_ANSWERER),\n"
        "find things (detect: TROVE_DETECTOR), say where they are (ground: TROVE_POINTER), and tell\n"
        "what looks alike (similar: trove model use NAME --role similar); also other models of\n"
        "transformers by Hub name or folder:"
    )
    console.table(
        {"name": "left", "for": "left", "model": "left", "GB": "right"}
        | dict.fromkeys(("licence", "languages", "published", "here", " "), "left"),
        [
            [
                info.name,
                ", ".join(info.tasks),
                info.repository,
                "" if info.download_gb is None else f"{info.download_gb:.1f}",
                _licence(info.licence, info.commercial_use is not False),
                info.languages or "",
                info.figure or "",
                "yes" if is_here(info) else "no",
                info.note,
            ]
            for info in PRESETS.values()
        ],
    )


def _licence(name: str, commercial_use: bool) -> str:
    return name if commercial_use else f"{name}: commercial use restricted"
