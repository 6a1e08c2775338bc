"""Search-term highlighting: which words of a text match the query."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.answer import Evidence

Spans = Sequence[tuple[int, int]]


def highlight_spans(text: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Spans (start, end) of the words in ``text`` that are among ``words``, in whatever inflection."""
    return spans_of([text], words)[0]


def spans_of(
    texts: Sequence[str], words: Collection[str], languages: Sequence[str | None] = ()
) -> list[list[tuple[int, int]]]:
    """The same of many texts at once; ``words`` may be phrases.

    ``languages``: of the texts, by their ISO 639 codes. Words that were found are marked without it, as they
    stand in the text.
    """
    from db.words import spans  # the command line must not wait for it to say how it is used

    return spans.spans(texts, words, languages)


def asked_words(facts: Iterable[Evidence]) -> set[str]:
    """The words that a hit was found by, and those of its texts that a condition has asked for."""
    facts = list(facts)
    words = {word for fact in facts if fact.source == "keywords" for word in fact.words}
    return words | {fact.text[start:end] for fact in facts if fact.text for start, end in fact.spans}


def pieces(text: str, spans: Spans) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it is one of the spans."""
    made, at = [], 0
    for start, end in spans:
        if start > at:
            made.append((text[at:start], False))
        made.append((text[start:end], True))
        at = end
    return [*made, (text[at:], False)] if at < len(text) else made
