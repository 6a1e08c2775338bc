"""Kinds of units are an open set: only the file of an analyser names those that it makes.

What is true of some kinds is asked of the table (``db.kinds``): what a match proves, which vectors there are.
A module that lists kinds by hand forgets the next one.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from db import kinds
from indexer.analysers import registry
from tests.support import ROOT

PACKAGES = ("db", "indexer", "search", "trove", "ui")

BY_NAME = ("db/engine/steps.py",)
"""Old editions had just these kinds; what they have stored is moved by their names."""

OTHER_MEANINGS: Mapping[str, Mapping[str, str]] = {
    "image": {
        "db/catalog/assets.py": "a medium: files that are pictures",
        "db/catalog/captions.py": "a medium: files that are pictures",
        "db/catalog/events.py": "a medium: pictures are shown before films",
        "db/engine/schema.py": "a medium: its definition",
        "indexer/analysers/captions.py": "a medium: what it looks at",
        "indexer/analysers/exports.py": "a medium: what it looks at",
        "indexer/analysers/headers.py": "a medium: what it looks at",
        "indexer/analysers/names.py": "a medium: what it looks at",
        "indexer/analysers/sidecars.py": "a medium: what it looks at",
        "indexer/analysers/words.py": "a medium: what it looks at",
        "indexer/analysers/text.py": "a medium: what it looks at",
        "indexer/encoders/openclip/encoder.py": "the half of a model that embeds pictures",
        "indexer/encoders/openclip/torch_towers.py": "the half of a model that embeds pictures",
        "indexer/forecast.py": "a medium: what takes so long a picture, and not so long a minute",
        "indexer/media/formats.py": "a medium: of the ends of names",
        "indexer/media/pictures/exif.py": "a medium: of what a reader has read",
        "indexer/media/pictures/libraw.py": "a medium: of what it has read",
        "indexer/media/pictures/pillow.py": "a medium: of what it has read",
        "indexer/media/reader.py": "a medium: which decoder is asked first",
        "indexer/analysers/faces.py": "a medium: what it looks at",
        "indexer/analysers/things.py": "a medium: what it looks at",
        "indexer/jobs.py": "a medium: pictures come before films",
        "indexer/phases.py": "a medium: of a file that could not be read",
        "indexer/pretrained/vision_language.py": "a part of a conversation: a picture",
        "indexer/prepare.py": "a medium: of a file that could not be read",
        "indexer/sharing/worker.py": "a medium: films are taken one by one",
        "indexer/stacks/rules.py": "a medium: files that are pictures",
        "search/engine/pipeline.py": "a medium: of the file that something is said in",
        "search/engine/embed.py": "a medium: of a query's file",
        "search/drawing/calls.py": "an argument of pipelines",
        "search/evaluation/drawings.py": "a column of a table of captions",
        "search/evaluation/retrieval.py": "a column of a table of captions",
        "search/explain/reasons.py": "a medium: of the file that is explained",
        "search/explore/duplicates.py": "a medium: files that are pictures",
        "search/query/conditions/table.py": "a key of the query language: image:FILE",
        "search/query/conditions/what.py": "a medium: type:image",
        "search/saved/searches.py": "a medium: of a query's file",
        "trove/library.py": "a part of a query: a picture",
        "ui/app/routes/feeds.py": "a medium: whether a hit is a picture",
        "ui/app/views/film.py": "a medium: of the name of an animated picture",
        "ui/app/views/known.py": "a medium: whether a file is a picture",
        "ui/app/views/persons.py": "a medium: whether a box can be drawn on a file",
        "ui/app/views/picture.py": "a medium: which neighbours are pictures",
        "ui/app/views/stack.py": "a medium: which files of a stack are pictures",
        "ui/app/routes/media.py": "a medium: whether a file is shown or played",
        "ui/app/views/viewer.py": "a medium: whether a file is shown or played",
        "ui/cli/search.py": "a source of evidence, as the JSON output calls it",
    },
    "fast": {"indexer/encoders/registry.py": "a preset"},
    "slow": {"indexer/ocr/rapid.py": "a way of scoring boxes"},
    "sound": {
        "db/kinds.py": "a role of models: its definition",
        "search/drawing/output.py": "what is made, and how its file is written",
        "search/drawing/pipelines.py": "what is made, by which pipelines",
        "search/drawing/presets.py": "what is made",
        "ui/app/pages/draw.py": "what is made",
        "ui/app/views/drawn.py": "what is made",
        "ui/cli/drawing.py": "what is made",
        "indexer/encoders/active.py": "a task of models",
        "indexer/encoders/heard.py": "a task of models",
        "ui/cli/search.py": "a source in the JSON output",
        "indexer/pretrained/presets.py": "a task of models",
        "search/health/doctor.py": "without a fault",
        "search/query/conditions/heard.py": "a key that people type",
    },
    "thing": {
        "search/query/conditions/seen.py": "a key that people type",
    },
    "face": {
        "db/kinds.py": "a role of models: its definition",
        "indexer/media/words/people.py": "a type of regions in XMP",
        "search/query/conditions/persons.py": "a key that people may type for person:",
        "ui/cli/people.py": "what is counted: one face, or several",
    },
    "caption": {
        "indexer/analysers/captions.py": "a task of models",
        "indexer/pretrained/presets.py": "a task of models",
        "search/evaluation/drawings.py": "a column of a table of captions",
        "search/evaluation/retrieval.py": "a column of a table of captions",
        "search/query/conditions/words.py": "a key that people may type for title:",
    },
    "action": {"search/query/conditions/heard.py": "a key of the query language: action:NAME"},
    "frame": {"ui/app/components/frame.py": "the component around a page"},
    "speech": {
        "indexer/analysers/sounds.py": "a class of sounds, whatever is said",
        "search/query/conditions/texts.py": "a key that people may type for said:",
    },
    "tag": {
        "db/catalog/tags.py": "a column: a keyword of a file",
        "search/query/conditions/words.py": "a key of the query language: tag:KEYWORD",
    },
    "text": {
        "db/engine/halves.py": "a type of columns",
        "db/catalog/corrections.py": "a column: what is said or written there",
        "db/engine/postgres.py": "a type of PostgreSQL's columns",
        "indexer/encoders/openclip/encoder.py": "the half of a model that embeds texts",
        "indexer/ocr/tesseract.py": "a column of a table of words",
        "indexer/pretrained/vision_language.py": "a part of a conversation: words",
        "search/asking/server.py": "a part of a conversation: words",
        "search/drawing/imagine.py": "a part of a query: words",
        "search/engine/balance.py": "a part of a query: words",
        "search/engine/embed.py": "a part of a query: words",
        "search/engine/ranking.py": "a part of a query: words",
        "search/engine/sources.py": "a part of a query: words",
        "search/engine/verdict.py": "a part of a query: words",
        "search/query/conditions/table.py": "a key of the query language: text:WORDS",
        "search/query/language.py": "a part of a query: words",
        "search/query/query.py": "a part of a query: words",
        "search/results/export.py": "a column: what is said or written there",
        "search/results/transcript.py": "a key of the JSON output: what is said",
        "search/saved/searches.py": "a part of a query: words",
        "search/understanding/limits.py": "a part of a query: words",
        "ui/app/components/copytext.py": "words to be copied",
        "ui/app/views/said.py": "what is said, as the component of the player has it",
        "ui/cli/ask.py": "a key of the JSON output: an answer",
        "ui/cli/search.py": "a column, and a key of the JSON output: what is said or written there",
        "ui/cli/why.py": "a key of the JSON output: what is said or written there",
    },
}
"""Names of kinds that are words for something else, too, and the modules that mean that."""


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_bytes())


def _strings(tree: ast.AST) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _of_units(tree: ast.AST) -> set[str]:
    """The strings that a kind of a unit is compared with, or units are counted by: never a medium."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Compare(
                left=ast.Attribute(value=ast.Name(id="Unit" | "unit" | "row" | "hit"), attr="kind")
            ):
                found |= _strings(node)
            case ast.Subscript(value=ast.Name(id="counts" | "units") | ast.Attribute(attr="units")):
                found |= _strings(node.slice)
            case ast.Call(func=ast.Name(id="NewUnit"), args=[first, *_]):
                found |= _strings(first)
    return found


def _own() -> dict[str, set[str]]:
    """The names that each file of an analyser may say: its own, and those of the kinds that it makes."""
    own: dict[str, set[str]] = defaultdict(set)
    for name, analyser in registry.every().items():
        own[analyser.__module__.replace(".", "/") + ".py"] |= {name, *kinds.made_by(name)}
    return own


def _named() -> dict[str, set[str]]:
    """The kinds that each module names, but for its own and for words that mean something else there."""
    own, found = _own(), {}
    for module, tree in _modules():
        others = {word for word, modules in OTHER_MEANINGS.items() if module in modules} - _of_units(tree)
        strings = _strings(tree) & set(kinds.every()) - others - own.get(module, set())
        if strings and module not in BY_NAME:
            found[module] = strings
    return found


def test_no_other_module_names_a_kind() -> None:
    assert _named() == {}


def test_no_exception_outlives_its_reason() -> None:
    strings = {module: _strings(tree) for module, tree in _modules()}
    for word, modules in OTHER_MEANINGS.items():
        assert [module for module in modules if word not in strings[module]] == []


@pytest.mark.parametrize(
    "source",
    [
        'if hit.kind == "image": pass',
        'row.kind != "image"',
        'counts["image"] + counts["frame"]',
        'facts.units["image"]',
        'NewUnit("image", text="words")',
        'units.get("frame")',
        'kind in ("frame", "speech")',
    ],
)
def test_a_kind_is_seen_where_it_is_named(source: str) -> None:
    tree = ast.parse(source)
    assert _of_units(tree) or _strings(tree) & {"frame", "speech"}


@pytest.mark.parametrize(
    "source", ['row.media == "image"', 'metadata.kind == "image"', 'Type(media="image")']
)
def test_a_medium_is_no_kind(source: str) -> None:
    assert not _of_units(ast.parse(source))
