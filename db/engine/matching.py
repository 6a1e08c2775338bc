"""Questions to the index of full texts: which terms a text must have, and how near each other.

The index knows no language. It is given the terms of a text (``db.words.forms``), and asked for all terms
that a word may have become in the languages of the library. ``db.engine.dialect`` says how engines are asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from db.words import numbers
from db.words.forms import ENGLISH, fold, sequences, ways

Terms = tuple[str, ...]
"""Terms that follow each other."""


@dataclass(frozen=True)
class Match:
    """What a text must have: one of these alternatives. Without any, no text has it.

    ``begun``: terms of which the last may be the beginning of one. ``near``: each several terms, or runs of
    them, in any order, with at most ``apart`` others between.
    """

    runs: tuple[Terms, ...] = ()
    begun: tuple[Terms, ...] = ()
    near: tuple[tuple[Terms, ...], ...] = ()
    apart: int = 0


NOTHING = Match()
"""What no text has."""


def phrase(asked: str, languages: Iterable[str]) -> Match | None:
    """Words that follow each other, in any of these languages; None if there are none.

    ``*`` at the end asks for whatever begins so.
    """
    runs = tuple(ways(asked, _with_english(languages)))
    if not runs:
        return None
    return Match(begun=runs) if asked.endswith("*") else Match(runs)


def near(asked: Sequence[str], apart: int, languages: Iterable[str]) -> Match | None:
    """The same for words in any order with so many others between; None where one of them is no word."""
    each: list[tuple[Terms, ...]] = []
    bare = [fold(word) for word in asked]
    for language in _with_english(languages):
        for written in (asked, bare) if bare != asked else (asked,):
            terms = [ways(word, [language]) for word in written]
            if all(terms):
                each.append(tuple(own[0] for own in terms))
    return Match(near=tuple(dict.fromkeys(each)), apart=apart) if each else None


def begun(number: str, languages: Iterable[str]) -> Match:
    """The same for the first group of a long number, however it is grouped: few texts are left to compare."""
    *groups, whole = numbers.first_groups(number)
    known = _with_english(languages)
    return Match(
        tuple(run for group in groups for run in ways(group, known)), begun=tuple(ways(f"{whole}*", known))
    )


def any_of(terms: Iterable[str]) -> Match:
    """One of these terms."""
    return Match(tuple((term,) for term in terms))


def is_indexed(asked: str) -> bool:
    """Whether it has letters or digits, by which it is found in the index."""
    return bool(sequences(asked, None)[0])


def _with_english(languages: Iterable[str]) -> dict[str, None]:
    # Texts of unknown languages are taken for English.
    return dict.fromkeys((ENGLISH, *languages))
