"""What a parsed query asks for, as the database takes it: filters, and the words that texts may have."""

from collections.abc import Callable

from db.catalog.filters import Filter, asked_words
from db.words.asked import asked_of
from search.query import conditions
from search.query.language import Parsed


def filters_of(parsed: Parsed) -> list[Filter]:
    """The filters of the conditions of a query."""
    return [
        conditions.filter_of(clause.key, clause.values, negated=clause.negated)
        for clause in parsed.conditions
    ]


def asked(parsed: Parsed, language_of: Callable[[str], str]) -> list[str]:
    """The words and phrases that a text can have of a query: of its descriptions and its conditions.

    ``language_of`` tells the language of a description, whose commonest words say nothing.
    """
    words = [word for text in parsed.texts for word in asked_of(text, language_of(text))]
    phrases = [rule.match for rule in asked_words(tuple(filters_of(parsed))) if rule.match]
    return list(dict.fromkeys([*words, *phrases]))
