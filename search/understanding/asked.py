"""What a reader of questions is given, and what it gives back."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from db.registry import Registry
from search.answer import Note, Understood
from search.query.language import Clause, Parsed, Term
from search.translation.english import WORD

_MOST_QUOTED = 60
_MOST_LISTED = 3


def cut(text: str) -> str:
    """A text of the question as a note has it: no longer than a line."""
    said = " ".join(text.split())
    return said if len(said) <= _MOST_QUOTED else f"{said[: _MOST_QUOTED - 1].rstrip()}…"


def quoted(text: str) -> str:
    """The same in quotation marks."""
    return f"“{cut(text)}”"


def listed(texts: Iterable[str], joint: str) -> str:
    """Texts of the question in one phrase: the first few, and how many more."""
    each = list(dict.fromkeys(texts))
    more = [f"{len(each) - _MOST_LISTED} more"] if len(each) > _MOST_LISTED else []
    return f" {joint} ".join([*each[:_MOST_LISTED], *more])


class Vocabulary(Protocol):
    """Words or names that are known: of the library, of its people and tags."""

    def __contains__(self, word: object) -> bool:
        """Whether a word is one of them, in whatever case."""
        ...

    def near(self, word: str, distance: int) -> Iterable[str]:
        """Those at most so many typing errors away."""
        ...


@dataclass(frozen=True)
class Known:
    """What a question is read against.

    ``model``: the name of the active model, as the library stores it; empty without one. ``words``: those of
    the library. ``names``: those of people and tags. ``asked_for``: takes the words of asking from a
    description, "dogs" of "show me pictures of dogs". ``sentences``: whether the active model reads sentences
    of other languages by their meaning.
    """

    model: str = ""
    words: Sequence[Vocabulary] = ()
    names: Sequence[Vocabulary] = ()
    asked_for: Callable[[str], str] = str
    today: date = field(default_factory=date.today)
    sentences: bool = False

    def has(self, word: str) -> bool:
        """Whether the library has a word, or somebody that name."""
        return any(word in vocabulary for vocabulary in (*self.words, *self.names))


@dataclass(frozen=True)
class Asked:
    """One description of a question. ``text``: as it was typed, with letters in their usual form (NFKC).

    ``thing``: without the words of asking. ``words``: those of the thing that no reader before has accounted
    for. ``avoided``: whether it is to be kept away from.
    """

    query: Parsed
    place: tuple[int, int]
    text: str
    thing: str
    words: tuple[str, ...]
    avoided: bool = False

    @classmethod
    def of(cls, query: Parsed, place: tuple[int, int], asked_for: Callable[[str], str]) -> "Asked":
        """The text at a place of a query: which alternative, and which term of it."""
        term = query.alternatives[place[0]][place[1]]
        text = unicodedata.normalize("NFKC", term.value)
        thing = asked_for(text)
        return cls(query, place, text, thing, tuple(WORD.findall(thing)), term.weight < 0)

    def without(self, words: Iterable[str]) -> "Asked":
        """The same with fewer words to account for."""
        gone = set(words)
        return replace(self, words=tuple(word for word in self.words if word not in gone))

    def saying(self, text: str, *more: Term, conditions: Sequence[Clause] = ()) -> str:
        """The text of the whole query with another description in this place; empty if nothing is left."""
        alternative, at = self.place
        terms = list(self.query.alternatives[alternative])
        said = " ".join(text.split())
        terms[at : at + 1] = [*([replace(terms[at], value=said)] if said else []), *more]
        alternatives = list(self.query.alternatives)
        alternatives[alternative : alternative + 1] = [tuple(terms)] if terms else []
        return str(Parsed(tuple(alternatives), (*self.query.conditions, *conditions)))


@dataclass(frozen=True)
class Finding:
    """What a reader has to say of a description, if anything. ``words``: those that need no other reader."""

    level: Understood
    note: Note | None
    words: tuple[str, ...] = ()


Reader = Callable[[Asked, Known], Sequence[Finding]]
"""A reader looks for one thing that may not be understood; most find nothing."""

readers: Registry[Reader] = Registry("readers")
"""Readers by what they look for, in the order in which they are asked."""
