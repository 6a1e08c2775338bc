"""People who are named in plain words: "Anna on the beach" asks for Anna, and for the beach.

Names are words, too: Rose, Will and April. A name that is also an English word is one of somebody only with a
capital, and not at the beginning, where every word has one, unless nothing else is asked. Nobody is meant by
what stands in quotes, nor where there are operators.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from db.errors import QueryError
from db.words.forms import fold
from search.answer import Note
from search.query.language import in_quotes, parse
from search.translation import english
from search.understanding.persons import is_first_name

_QUOTED = re.compile(r'("[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」)')
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT)\b|[*()]")
_APOSTROPHES = "'\u2019"
_WORD = re.compile(r"(?<![\w:+-])[^\W\d_][\w'\u2019-]*(?![\w:])")


@dataclass(frozen=True)
class Naming:
    """A question in which people are named. ``text``: with a condition for each; ``people``: their names."""

    text: str
    people: tuple[str, ...] = ()

    def note(self) -> Note | None:
        """What was taken for whom, and how it is asked otherwise; None where nobody is named."""
        if not self.people:
            return None
        named = " and ".join(self.people)
        return Note("person", f"Taken for people of your library: {named}. In quotes a name is a word.")


def with_people(text: str, names: Sequence[str]) -> Naming:
    """The question with those whom it names as conditions, by the names of the library's people."""
    if not names or _OPERATOR.search(text):
        return Naming(text)
    called = _called(names)
    found: list[str] = []
    parts = _QUOTED.split(text)
    is_alone = len(parts) == 1
    for at in range(0, len(parts), 2):
        parts[at] = _without(parts[at], called, found, begins=at == 0, alone=is_alone)
    if not found:
        return Naming(text)
    people = tuple(dict.fromkeys(found))
    asked = " ".join([" ".join("".join(parts).split()), *(f"person:{in_quotes(name)}" for name in people)])
    try:
        parse(asked)
    except QueryError:
        return Naming(text)
    return Naming(asked.strip(), people)


def _called(names: Iterable[str]) -> Mapping[tuple[str, ...], str]:
    """Whom words mean, folded: all of a name, or a first name that one alone has."""
    names = list(names)
    first: dict[tuple[str, ...], set[str]] = {}
    for name in names:
        first.setdefault((fold(name.split()[0]),), set()).add(name)
    alone = {key: own.pop() for key, own in first.items() if len(own) == 1}
    return alone | {tuple(map(fold, name.split())): name for name in names}


def _without(
    text: str, called: Mapping[tuple[str, ...], str], found: list[str], *, begins: bool, alone: bool
) -> str:
    """The text without the names in it, which are added to those that were found."""
    words = list(_WORD.finditer(text))
    kept, at = [], 0
    for start, end, name in _named(words, called, begins=begins, alone=alone):
        kept.append(text[at:start])
        at = end
        found.append(name)
    return " ".join([*kept, text[at:]]) if found and kept else text


def _named(
    words: Sequence[re.Match[str]], called: Mapping[tuple[str, ...], str], *, begins: bool, alone: bool
) -> Iterator[tuple[int, int, str]]:
    longest = max(map(len, called))
    place = 0
    while place < len(words):
        for length in range(min(longest, len(words) - place), 0, -1):
            run = words[place : place + length]
            name = called.get(tuple(fold(_plain(word[0])) for word in run))
            is_first = begins and place == 0 and not (alone and length == len(words))
            if name is not None and (length > 1 or _is_meant(run[0][0], name, is_first=is_first)):
                # The s of "Anna's" goes with the name.
                yield run[0].start(), run[-1].end(), name
                place += length
                break
        else:
            place += 1


def _plain(word: str) -> str:
    return re.sub(rf"[{_APOSTROPHES}]s?$", "", word)


def _is_meant(word: str, name: str, *, is_first: bool) -> bool:
    """Whether one word means somebody of a name, and not the thing that is called so, too."""
    own = name.split()[0].lower()
    if is_first_name(own) or not english.is_known(own):
        return True
    return word[0].isupper() and not is_first
