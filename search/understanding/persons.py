"""Names in a question that no person or tag of the library has, such as Anna."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from search.answer import Note, Understood
from search.understanding import english
from search.understanding.asked import Asked, Finding, Known

_LISTS = "dist.female.first", "dist.male.first"
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
    each = " or ".join(dict.fromkeys(names))
    says = f"No person or tag has the name {each}; pictures and words were searched for it."
    level: Understood = "partly" if set(asked.words) - set(names) else "no"
    return [Finding(level, Note("name", says), tuple(names))]


def _is_name(word: str, *, first: bool, known: Known) -> bool:
    if not word[0].isupper() or word.isupper():
        return False
    if word.lower() in _first_names():
        return True
    strange = len(word) >= _LEAST_STRANGE and not english.is_known(word) and not known.has(word)
    # A sentence begins with a capital: what is near to a word is that word, mis-spelt.
    return strange and not (first and (english.near(word) or english.parted(word)))


@cache
def _first_names() -> Mapping[str, float]:
    """First names of the census of the United States of 1990, in the package ``names``, by their shares."""
    spec = find_spec("names")
    folder = Path(next(iter(spec.submodule_search_locations or []), "")) if spec else Path()
    rows = (
        line.split() for name in _LISTS for line in (folder / name).read_text(encoding="utf-8").splitlines()
    )
    things = _THINGS.read_text(encoding="utf-8").split()
    shares = {row[0].lower(): float(row[1]) for row in rows if row}
    return {name: share for name, share in shares.items() if share >= _LEAST_SHARE and name not in things}
