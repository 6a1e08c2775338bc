"""How well a model finds pictures by what people wrote about them, though it is not told what they wrote.

The text is the question, and its picture the right answer. Compared are the vectors of pictures alone: by its
words it would always be the first hit. So models are measured without anybody having judged an answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.catalog import captions
from db.catalog.spaces import Space
from db.kinds import PICTURE
from search.evaluation.results import DEPTH, Result, digest
from search.service import SearchService

KIND = "described"

SUITE = "own"
"""Of all questions of the owner's, see ``search.evaluation.own``."""

LEAST_WORDS = 3
"""Fewer are mostly a name, which says who it is, and not what is to be seen."""
_MOST_PICTURES = 3
"""A text of more pictures is the name of an occasion, or was written by a camera; a RAW, its JPEG and an edit
of both have one."""
MOST = 200
"""Questions that are asked: for more the interval is hardly smaller."""


@dataclass(frozen=True)
class Described:
    """A text with the pictures that it is of, each as the ids of its units; any of them is right."""

    text: str
    pictures: Sequence[frozenset[int]]


def described(session: Session) -> list[Described]:
    """The texts that a library can be asked with, at most ``MOST``: of too many always the same ones."""
    texts = captions.of_pictures(session, LEAST_WORDS)
    few = [Described(text, pictures) for text, pictures in texts.items() if len(pictures) <= _MOST_PICTURES]
    return sorted(few, key=lambda one: digest(one.text))[:MOST]


def find_described(service: SearchService, space: Space, asked: Sequence[Described]) -> list[Result]:
    """The results of those texts whose picture has a vector in a space, by that model.

    Raises:
        ModelError: the model is missing, or is not the one asked for.
    """
    with service.library.read() as session:
        held = set(service.library.vectors(space).at(session).ids(PICTURE).tolist())
    asked = [one for one in asked if any(held & picture for picture in one.pictures)]
    if not asked:
        return []
    found = service.nearest_pictures(space, [one.text for one in asked], DEPTH)
    return [_result(one, nearest) for one, nearest in zip(asked, found, strict=True)]


def _result(one: Described, nearest: Iterable[int]) -> Result:
    right = frozenset().union(*one.pictures)
    ranks = [rank for rank, unit_id in enumerate(nearest, start=1) if unit_id in right]
    key = digest(one.text)
    # A second picture of the same text is no better answer than the first.
    return Result(SUITE, KIND, key, key, tuple(ranks[:1]), 1, True, 0.0, "nearest")
