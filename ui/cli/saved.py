"""Commands for saved searches: saved add, list, show, new, up, down, forget, rename, remove."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console
from ui.cli.options import Json, Kind, Limit, library_of
from ui.cli.search import hit_json, hit_rows
from ui.cli.typed import MaybeWords, query_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.saved.searches import Saved, SavedAnswer, SavedSearches

app = typer.Typer(no_args_is_help=True, help="Keep searches, say which hits are right, see what is new.")

Name = Annotated[str, typer.Argument(help="Name of the saved search.")]
File = Annotated[list[Path], typer.Argument(help="Pictures, videos or recordings of the library.")]
At = Annotated[
    float | None, typer.Option("--at", min=0, help="The second in a video or recording; else its best hit.")
]


@app.command(cls=console.QueryCommand)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A name for it.")],
    query: MaybeWords = None,
    image: Annotated[Path | None, typer.Option("--image", help="A picture like what you look for.")] = None,
    kind: Kind = None,
    as_json: Json = False,
) -> None:
    """Keep a search under a name."""
    from search.query.query import Query

    text = query_of(query)
    if not text.strip() and image is None:
        raise typer.BadParameter("Type what you look for, or give a picture with --image.")
    with _opened(ctx) as saved:
        added = saved.add(name, Query(text=text, image=image, kind=kind))
    if as_json:
        console.print_json(_saved_json(added))
    else:
        console.say(console.one_line(f"Saved as {added.name}. See its hits: trove saved show {added.name!r}"))


@app.command(name="list")
def list_saved(ctx: typer.Context, as_json: Json = False) -> None:
    """List the saved searches."""
    with _opened(ctx) as saved:
        every = saved.every()
    if as_json:
        console.print_json({"saved": [_saved_json(item) for item in every]})
    elif every:
        console.table(
            {"name": "left", "by": "left", "up": "right", "down": "right", "query": "left"},
            [[item.name, item.said_by or "", str(item.up), str(item.down), _asked(item)] for item in every],
            optional=("by",),
        )
    else:
        console.say('No search is saved. Save one: trove saved add NAME "a dog on the beach"')


@app.command()
def show(ctx: typer.Context, name: Name, k: Limit = 20, as_json: Json = False) -> None:
    """Show the hits of a saved search, and which are new; its new ones then count as seen."""
    with _opened(ctx) as saved:
        answer = saved.show(name, k)
        thumbs = saved.thumbs(name)
        if as_json:
            judged = [{"path": t.path, "kind": t.kind, "start_s": t.start_s, "up": t.up} for t in thumbs]
            console.print_json(_answer_json(answer) | {"thumbs": judged})
        else:
            _say(answer)
        _note_seen(saved, answer)


@app.command()
def new(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Names; without any, all.")] = None,
    k: Limit = 20,
    peek: Annotated[bool, typer.Option("--peek", help="They still count as new afterwards.")] = False,
    as_json: Json = False,
) -> None:
    """Show what has arrived since a saved search was last looked at; it then counts as seen."""
    with _opened(ctx) as saved:
        answers = [saved.arrivals(name, k) for name in names or [item.name for item in saved.every()]]
        if as_json:
            console.print_json({"saved": [_answer_json(answer) for answer in answers]})
        else:
            for answer in answers:
                console.say(console.one_line(f"{answer.name}: {answer.count or 'nothing'} new"))
                _say_hits(answer)
        for answer in answers:
            if not peek:
                _note_seen(saved, answer)


@app.command()
def up(ctx: typer.Context, name: Name, files: File, at: At = None) -> None:
    """Say that files are what you mean: what is like them ranks higher, and they always stay."""
    _judge(ctx, name, files, at, up=True)


@app.command()
def down(ctx: typer.Context, name: Name, files: File, at: At = None) -> None:
    """Say that files are not what you mean: they go, and what is like them ranks lower."""
    _judge(ctx, name, files, at, up=False)


@app.command()
def forget(ctx: typer.Context, name: Name, files: File, at: At = None) -> None:
    """Take back what was said of files."""
    _judge(ctx, name, files, at, up=None)


@app.command()
def rename(ctx: typer.Context, name: Name, to: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Give a saved search another name."""
    with _opened(ctx) as saved:
        saved.rename(name, to)


@app.command()
def remove(ctx: typer.Context, name: Name) -> None:
    """Forget a saved search with its thumbs. Your files are not touched."""
    with _opened(ctx) as saved:
        saved.remove(name)


@contextmanager
def _opened(ctx: typer.Context) -> Iterator[SavedSearches]:
    with library_of(ctx) as library:
        yield library.saved


def _judge(ctx: typer.Context, name: str, files: list[Path], at: float | None, *, up: bool | None) -> None:
    with _opened(ctx) as saved:
        for file in files:
            saved.judge_file(name, file, up=up, at_s=at)
        search = saved.get(name)
    console.say(console.one_line(f"{search.name}: {search.up} up, {search.down} down."))


def _note_seen(saved: SavedSearches, answer: SavedAnswer) -> None:
    """Mark new hits as seen, unless some were not shown: those must stay new."""
    if len(answer.hits) == answer.count:
        saved.mark_seen(answer)


def _asked(saved: Saved) -> str:
    return f"{saved.query} ({saved.query.kind})" if saved.query.kind else str(saved.query)


def _saved_json(saved: Saved) -> dict[str, Any]:
    return {
        "name": saved.name,
        "query": str(saved.query),
        "kind": saved.query.kind,
        "created_at": saved.created_at.isoformat(),
        "up": saved.up,
        "down": saved.down,
        "said_by": saved.said_by,
    }


def _answer_json(answer: SavedAnswer) -> dict[str, Any]:
    hits = [
        hit_json(hit) | {"new": hit.unit_id in answer.new, "liked": hit.unit_id in answer.liked}
        for hit in answer.hits
    ]
    return {"name": answer.name, "count": answer.count, "hits": hits}


def _say(answer: SavedAnswer) -> None:
    console.say(console.one_line(f"{answer.name}: {answer.count or 'no'} hits"))
    _say_hits(answer)


def _say_hits(answer: SavedAnswer) -> None:
    if answer.hits:
        marks = {
            hit.unit_id: " ".join(
                word for word, on in (("new", answer.new), ("up", answer.liked)) if hit.unit_id in on
            )
            for hit in answer.hits
        }
        console.table(*hit_rows(answer.hits, marks))
    if len(answer.hits) < answer.count:
        console.say(f"{answer.count - len(answer.hits)} more: -k {answer.count}")
