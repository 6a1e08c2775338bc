"""What no model does with a description: count, negate, say where, compare; and what would say it better.

The words are data, by language: ``limits.json``. Of each there, the sentence for people has the words in
place of ``{0}``; what a pattern calls ``gone`` is left out of the text that is offered instead, ``avoid``
becomes a term with a minus, ``date`` a condition, and the text is parted in two descriptions at ``between``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from db.errors import QueryError
from indexer.languages import language_of
from search.answer import Note
from search.query import conditions
from search.query.language import Clause, Term, parse
from search.translation import english
from search.translation.english import WORD
from search.translation.router import translated
from search.understanding.asked import Asked, Finding, Known, cut
from search.understanding.tongues import is_english_only

_TABLE = Path(__file__).with_name("limits.json")
_ENGLISH = "en"
_ABOUT_FILES = "file type"
_ENDS = " ,;.:"
_SOMETHING = "trees"
"""In place of what a question asks for."""


@dataclass(frozen=True)
class _Limit:
    about: str
    pattern: re.Pattern[str]
    says: str
    condition: tuple[str, ...] = ()


def read(asked: Asked, known: Known) -> Sequence[Finding]:
    """A note on each thing that a description asks and a model does not heed, one of a sort."""
    if is_english_only(known.model) and _is_lost(asked):
        return ()  # it has understood none of these words
    found: dict[str, Finding] = {}
    taken: list[range] = []
    for limit in _limits(_language(asked)):
        # Words of asking may say which files are meant: "videos of dogs" is about dogs.
        text = asked.text if limit.about == _ABOUT_FILES else asked.thing
        if limit.about not in found and (match := limit.pattern.search(text)):
            if _part(match, "between") and not all(_sides(match)) and not _part(match, "side"):
                continue  # "behind bars" says where, but not what is there
            span = range(*match.span())
            if any(set(span) & set(other) for other in taken):
                continue
            taken.append(span)
            says = limit.says.format(cut(_part(match, "gone", "gone2", "between")))
            offers = tuple(filter(None, _offers(asked, known, limit, match)))
            found[limit.about] = Finding("partly", Note(limit.about, says, offers))
    return list(found.values())


def _offers(asked: Asked, known: Known, limit: _Limit, match: re.Match[str]) -> Iterator[str]:
    if _part(match, "between"):
        one, other = _sides(match)
        if one and other:
            yield asked.saying(one, Term("text", other))
        return
    at = "gone2" if _part(match, "gone2") else "gone"
    rest = f"{match.string[: match.start(at)]} {match.string[match.end(at) :]}".strip(_ENDS)
    rest = "" if _only_asks(rest, known) else known.asked_for(rest)
    if date := _part(match, "date", "date2"):
        if _is_date(date, known):
            yield asked.saying(rest, conditions=[Clause("date", (date,))])
    elif limit.condition:
        key, *values = limit.condition
        yield asked.saying(rest, conditions=[Clause(key, tuple(values))])
    elif avoid := _part(match, "avoid").strip(_ENDS):
        # Something to stay away from alone asks for nothing.
        if rest:
            yield asked.saying(rest, Term("text", avoid, -1.0))
    elif rest:
        yield asked.saying(rest)


def _sides(match: re.Match[str]) -> tuple[str, str]:
    """What stands before and after."""
    return match.string[: match.start()].strip(_ENDS), match.string[match.end() :].strip(_ENDS)


def _only_asks(rest: str, known: Known) -> bool:
    """Whether nothing is left but words of asking, such as "photos"."""
    return not rest or known.asked_for(f"{rest} of {_SOMETHING}") == _SOMETHING


def _is_date(value: str, known: Known) -> bool:
    try:
        conditions.filter_of("date", (value,), negated=False, context=conditions.Context(known.today))
        parse(str(Clause("date", (value,))))
    except (ValueError, QueryError):
        return False
    return True


def _part(match: re.Match[str], *names: str) -> str:
    """The first of these groups that the pattern has and the match filled; else nothing."""
    groups = match.groupdict()
    return next((groups[name] for name in names if groups.get(name)), "")


def _is_lost(asked: Asked) -> bool:
    """Whether other readers have accounted for all words, and not by reading them in their language."""
    return not asked.words and bool(WORD.search(asked.thing)) and translated(asked.text) is None


def _language(asked: Asked) -> str:
    """That of the description, if there is a table for it: English where all words are."""
    if all(english.is_word(word) for word in WORD.findall(asked.thing)):
        return _ENGLISH
    guess = language_of(asked.thing)
    return guess.language if guess is not None and guess.language in _table() else _ENGLISH


@cache
def _limits(language: str) -> Sequence[_Limit]:
    return [
        _Limit(
            row["about"],
            re.compile(row["pattern"], re.IGNORECASE),
            row["says"],
            tuple(row.get("condition", ())),
        )
        for row in _table()[language]
    ]


@cache
def _table() -> Mapping[str, Sequence[dict[str, str]]]:
    table: Mapping[str, Sequence[dict[str, str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
