"""The query: a text, a picture or a file, and how many hits of which kind."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from db import kinds
from db.engine.schema import UnitKind
from db.errors import QueryError
from search.query.language import Parsed, Term, parse

Order = Literal["relevance", "date", "name", "size", "added"]


@dataclass(frozen=True)
class Query:
    """A question to the library: words, a picture, or both; or a file to find others like it.

    ``text`` is in the language of the query box (``search.query.language``); plain words are a description.
    ``image`` adds a picture to it. ``like`` may be any picture, video or recording, in the library or
    not; the file itself is never among its own hits. ``kind`` restricts the hits before the search
    ranks them. ``apart``: near-duplicates are hits of their own, not one with ``Hit.similar``. ``stacks``:
    files that belong together, such as a live photo and its film, are one hit with ``Hit.stack``.
    ``order``: by ``date`` (the latest first, what has none last), ``name``, ``size`` (the largest first) or
    when it was ``added`` (what came last first) come only those that fit well enough, all of them:
    everything is a little like anything, and the weak hits would hide the good ones. Where nothing is
    described, near-duplicates are hits of their own in these orders. ``start``: how many hits to pass over.

    Raises:
        QueryError: the text is malformed, nothing is asked for, there is no such kind or order, or not at
            least one hit is wanted.
    """

    text: str = ""
    image: Path | None = None
    like: Path | None = None
    k: int = 20
    kind: UnitKind | None = None
    apart: bool = False
    stacks: bool = True
    order: Order = "relevance"
    start: int = 0

    def __post_init__(self) -> None:
        # No model reads lone surrogates, which broken terminals and clipboards produce.
        object.__setattr__(self, "text", self.text.encode(errors="replace").decode())
        asked = self.parsed  # malformed text must raise here
        if not (asked.alternatives or asked.conditions or self.like):
            raise QueryError("the query is empty", "Type what you look for, or give a picture with --image.")
        if self.kind is not None and self.kind not in kinds.every():
            known = ", ".join(kinds.every())
            raise QueryError(f"there is no kind {self.kind!r}", f"A kind is one of {known}.")
        if self.order not in get_args(Order):
            known = ", ".join(get_args(Order))
            raise QueryError(f"there is no order {self.order!r}", f"An order is one of {known}.")
        if self.start < 0:
            raise QueryError(f"cannot pass over {self.start} hits", "Start with the first: 0.")
        if self.k < 1:
            raise QueryError(f"cannot return {self.k} hits", "Ask for at least one: -k 1.")

    @cached_property
    def parsed(self) -> Parsed:
        """The parsed text, with the picture added to every alternative."""
        query = parse(self.text)
        if self.image is None:
            return query
        picture = Term("picture", str(self.image))
        return replace(query, alternatives=tuple((*terms, picture) for terms in query.alternatives or ((),)))

    def __str__(self) -> str:
        parts = [self.text.strip()]
        parts += [f"image:{self.image}"] if self.image else []
        parts += [f"like:{self.like}"] if self.like else []
        return " ".join(part for part in parts if part)
