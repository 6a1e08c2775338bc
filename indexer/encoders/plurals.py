"""Singular and plural of English nouns, by the tables of lemminflect.

Its own functions make dictionaries of all 121,000 lines first, which takes as long as all else of a search;
here the lines of one word are found in the text of a table. They answer the same.
"""

import gzip
from functools import cache

from indexer.encoders.packages import package_file

_PACKAGE = "lemminflect"
_MODAL = frozenset("be can dare may must ought shall will".split())
"""Nouns, too, of which lemminflect knows the verbs alone."""


def singulars(word: str) -> tuple[str, ...]:
    """The singulars of a word in small letters that may be a noun; none where it is not known as one.

    Raises:
        ModelMissingError: the package is not installed.
    """
    return _overridden("lemma", word, "NOUN") or _listed("lemma", word)


def plurals(singular: str) -> tuple[str, ...]:
    """The plurals of a noun, the usual one first; none where it has none, or is not known.

    Raises:
        ModelMissingError: the package is not installed.
    """
    usual = () if singular in _MODAL else _listed("infl", singular)
    return _overridden("infl", singular, "NNS") or usual


def _listed(table: str, word: str) -> tuple[str, ...]:
    """What stands for a noun in a table of lines ``word,category,form/form``."""
    text, begins = _table(f"{table}_lu.csv.gz"), f"\n{word},noun,".encode()
    at = text.find(begins)
    if at < 0:
        return ()
    forms = text[at + len(begins) : text.index(b"\n", at + 1)].decode().strip()
    return tuple(forms.lower().split("/")) if forms else ()


def _overridden(table: str, word: str, category: str) -> tuple[str, ...]:
    """What stands for it in the short list of exceptions, of lines ``word,CATEGORY,form``."""
    return _exceptions(table, category).get(word, ())


@cache
def _table(name: str) -> bytes:
    return b"\n" + gzip.decompress(package_file(_PACKAGE, f"resources/{name}").read_bytes())


@cache
def _exceptions(table: str, category: str) -> dict[str, tuple[str, ...]]:
    text = package_file(_PACKAGE, f"resources/{table}_overrides.csv").read_text(encoding="utf-8")
    rows = (line.strip().split(",") for line in text.splitlines() if line.count(",") == 2)
    return {word: (form,) for word, kind, form in rows if kind == category}
