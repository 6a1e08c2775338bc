"""Search-term highlighting: where texts have the words that were asked for, in whatever inflection."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import repeat

from db.words import numbers
from db.words.forms import ENGLISH, Form, sequences, ways

Spans = list[tuple[int, int]]


def spans(texts: Sequence[str], asked: Collection[str], languages: Sequence[str | None] = ()) -> list[Spans]:
    """Where texts have what was asked for: for each its (start, end), ascending and apart.

    By the terms by which the index finds them (``db.words.forms``).

    Args:
        asked: words or phrases; ``*`` at the end asks for whatever begins so.
        languages: of the texts, by their ISO 639 codes; empty where none is known.
    """
    known = languages or list(repeat(None, len(texts)))
    return [_apart(_spans(text, asked, language)) for text, language in zip(texts, known, strict=True)]


def _spans(text: str, asked: Collection[str], language: str | None) -> Iterator[tuple[int, int]]:
    read = sequences(text, language) if asked else []
    for value in asked:
        wanted = ways(value, [language or ENGLISH])
        for terms in wanted:
            for forms in read:
                yield from _having(forms, terms, begun=value.endswith("*"))
        if (pattern := numbers.pattern(value) if wanted else f"(?i){re.escape(value)}") is not None:
            yield from (match.span() for match in re.finditer(pattern, text) if match.group())


def _having(forms: Sequence[Form], terms: Sequence[str], *, begun: bool) -> Iterator[tuple[int, int]]:
    """Where these terms follow each other; of the last one the beginning alone, where that is asked for."""
    *first, last = terms
    for at in range(len(forms) - len(first)):
        end = forms[at + len(first)]
        is_last = end.term.startswith(last) if begun else end.term == last
        if is_last and all(form.term == term for form, term in zip(forms[at:], first, strict=False)):
            yield forms[at].start, end.end


def _apart(spans: Iterator[tuple[int, int]]) -> Spans:
    """The spans without overlaps, in their order."""
    joined: Spans = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
