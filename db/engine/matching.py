"""SQLite FTS5: the index of full texts, and questions to it in its own syntax.

The index knows no language. It is given the terms of a text (``db.words.forms``) with spaces between, and
asked for all terms that a word may have become in the languages of the library.
"""

from collections.abc import Iterable, Sequence

from db.words import numbers
from db.words.forms import ENGLISH, fold, sequences, ways

TOKENS = "ascii tokenchars '_'"
"""How it takes terms apart: at spaces. All that is not ASCII belongs to a term."""


NOTHING = '""'
"""A query that no text answers; an empty one would be an error."""


def phrase(asked: str, languages: Iterable[str]) -> str | None:
    """The FTS5 query for words that follow each other, in any of these languages; None if there are none.

    ``*`` at the end asks for whatever begins so.
    """
    ending = " *" if asked.endswith("*") else ""
    return " OR ".join(f"{_quoted(terms)}{ending}" for terms in ways(asked, _with_english(languages))) or None


def near(asked: Sequence[str], apart: int, languages: Iterable[str]) -> str | None:
    """The same for words in any order with so many others between; None where one of them is no word."""
    each, bare = [], [fold(word) for word in asked]
    for language in _with_english(languages):
        for written in (asked, bare) if bare != asked else (asked,):
            terms = [ways(word, [language]) for word in written]
            if all(terms):
                each.append(f"NEAR({' '.join(_quoted(own[0]) for own in terms)}, {apart})")
    return " OR ".join(dict.fromkeys(each)) or None


def begun(number: str, languages: Iterable[str]) -> str:
    """The same for the first group of a long number, however it is grouped: few texts are left to compare."""
    *groups, whole = numbers.first_groups(number)
    each = (phrase(group, languages) for group in (*groups, f"{whole}*"))
    return " OR ".join(query for query in each if query) or NOTHING


def is_indexed(asked: str) -> bool:
    """Whether it has letters or digits, by which it is found in the index."""
    return bool(sequences(asked, None)[0])


def _with_english(languages: Iterable[str]) -> dict[str, None]:
    # Texts of unknown languages are taken for English.
    return dict.fromkeys((ENGLISH, *languages))


def _quoted(terms: Sequence[str]) -> str:
    return f'"{" ".join(terms)}"'
