"""Names in a question that no person or tag of the library has, such as Anna."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from indexer.encoders.packages import package_file
from search.answer import Note
from search.translation import english
from search.understanding.asked import Asked, Finding, Known, cut, listed
from search.understanding.tongues import is_english_only

_LISTS = "names/dist.female.first", "names/dist.male.first"
_LEAST_SHARE = 0.004
"""Per cent of the people who have a name: rarer ones are surnames, slips and common words."""
_THINGS = Path(__file__).with_name("names_of_things.txt")
_LEAST_STRANGE = 4
_SAINTS = frozenset("San Santa Santo Saint St Sankt São".split())
"""Before the name of a town."""


def read(asked: Asked, known: Known) -> Sequence[Finding]:
    """A note on the names in a description: with a capital, and a first name or no word at all."""
    if any(asked.thing in vocabulary for vocabulary in known.names):
        return ()
    before = ["", *asked.words]
    names = [
        word
        for word, other in zip(asked.words, before, strict=False)
        if other not in _SAINTS and _is_name(word, first=not other, known=known)
    ]
    names = [name for name in names if not any(name in vocabulary for vocabulary in known.names)]
    if not names:
        return ()
    each = listed(map(cut, names), "or")
    says = f"No person or tag has the name {each}; pictures and words were searched for it."
    return [Finding("partly", Note("name", says), tuple(names))]


def is_first_name(word: str) -> bool:
    """Whether people are called so, and hardly anything else is."""
    return word.lower() in _first_names()


def _is_name(word: str, *, first: bool, known: Known) -> bool:
    if not word[0].isupper() or word.isupper():
        return False
    if is_first_name(word):
        return True
    if not is_english_only(known.model):
        return False  # it may be a word that its model has learnt, as German nouns have capitals
    strange = len(word) >= _LEAST_STRANGE and not english.is_known(word) and not known.has(word)
    # A sentence begins with a capital: what is one error away from a word is that word, mis-spelt.
    return strange and not (first and (_is_slip(word) or english.parted(word)))


def _is_slip(word: str) -> bool:
    return any(english.errors(word, other) == 1 for other in english.near(word)[:1])


@cache
def _first_names() -> Mapping[str, float]:
    """First names of the census of the United States of 1990, in the package ``names``, by their shares."""
    files = (package_file("names", name) for name in _LISTS)
    rows = (line.split() for file in files for line in file.read_text(encoding="utf-8").splitlines())
    things = _THINGS.read_text(encoding="utf-8").split()
    shares = {row[0].lower(): float(row[1]) for row in rows if row}
    return {name: share for name, share in shares.items() if share >= _LEAST_SHARE and name not in things}
