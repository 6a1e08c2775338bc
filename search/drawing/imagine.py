"""Imagine, then retrieve: draws a query, so that the search can also rank by the drawing.

VisRet ("Visualize-then-Retrieve", arXiv 2505.20291) turns a text into pictures and ranks by them,
which bridges the modality gap between texts and pictures. A drawing also invents what nobody asked
for, so here it joins the text by reciprocal rank fusion and never replaces it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from db.errors import GenerateError
from search.answer import Hit, Imagined
from search.engine.fuse import same_moment
from search.query.query import Query

if TYPE_CHECKING:
    from search.drawing.output import Drawing


class Draws(Protocol):
    """A drawing model: ``search.drawing.drawer.Drawer``, or a stand-in for it."""

    def draw(self, prompt: str, *, path: Path, without: str = "") -> "Drawing":
        """Draw ``prompt``, if it can ``without`` something, and save it as the PNG ``path``."""


def prompt_of(query: Query) -> str:
    """The prompt for a drawing of the query: the positive texts of its first alternative, joined.

    Raises:
        GenerateError: the query has no words to draw from.
    """
    prompt = _texts(query, wanted=True)
    if not prompt:
        raise GenerateError("there is nothing to draw", "Say in words what the picture should show.")
    return prompt


def without_of(query: Query) -> str:
    """The negative prompt: what the query's first alternative stays away from, joined; '' for nothing."""
    return _texts(query, wanted=False)


def _texts(query: Query, *, wanted: bool) -> str:
    terms = (term for alternative in query.parsed.alternatives[:1] for term in alternative)
    return ", ".join(term.value for term in terms if term.kind == "text" and (term.weight > 0) == wanted)


def draw(query: Query, drawer: Draws, folder: Path) -> "Drawing":
    """Draw the query into ``folder``; errors as ``prompt_of`` and ``Drawer.draw``.

    ``SearchService.search(query, drawing)`` searches with it.
    """
    from search.drawing.folder import new_drawing  # of no use to a plain search, which imports this module

    prompt = prompt_of(query)
    return drawer.draw(prompt, path=new_drawing(folder, prompt), without=without_of(query))


def imagined(drawing: "Drawing | None") -> Imagined | None:
    """The record of a drawing in an answer; None without a drawing."""
    return None if drawing is None else Imagined(drawing.path, drawing.model, drawing.seed)


def moved(hits: Sequence[Hit], before: Sequence[Hit]) -> list[Hit]:
    """The hits, each with its rank in ``before`` as ``was``: the same unit, or else the same moment.

    A drawing may make another frame the best one of a moment.
    """
    units = {one.unit_id: hit.rank for hit in before for one in (hit, *hit.similar)}

    def rank_of(hit: Hit) -> int | None:
        moment = (one.rank for one in before if one.path in hit.files and same_moment(one, hit))
        return units.get(hit.unit_id) or next(moment, None)

    return [replace(hit, was=rank_of(hit)) for hit in hits]
