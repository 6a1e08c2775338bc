"""Free dictionaries of the system: what FreeDict has for a language that there is no list of our own of.

Debian and others install them as ``dict-freedict-*``. They are read where they are, turned round where they
lead out of English, and kept as a lexicon in the cache, which is searched without being read. Behind our own
lists they found no more (docs/benchmarks.md).
"""

import logging
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from db.errors import ModelError
from db.settings import load_settings
from db.words.grammar import Grammar, grammar
from indexer.encoders.cache import load_or_build
from indexer.languages import code_of, likely_languages, named_languages
from search.translation import english
from search.translation.building import Pair, lines
from search.translation.dictd import DamagedDictionary, articles, text_of
from search.translation.lexicon import NOTHING, Lexicon, languages, own_lexicon
from search.translation.lines import SortedLines

log = logging.getLogger(__name__)

VERSION = 1
"""Raised whenever other lines are made of the same dictionaries."""

_NAME = re.compile(r"freedict-([a-z]{3})-([a-z]{3})\.index")
_OF_ENGLISH = re.compile(r"[a-z][a-z' -]*")
_INFINITIVE = re.compile(r"^(?:to|an?|the) ")
_MOST_WORDS = 3
_MOST_SENSES = 6
"""Of an article that are read: what comes later is hardly ever meant."""
_THING = 2.0
"""Factor on what names a thing that people ask pictures for: one of our own lists."""
_OF_A_LIST = 2.0
"""The least weight of what our own lists have from nowhere else."""
_EVERY = 200
"""How many languages are asked for at most: the model tells 176."""
_MOST_LANGUAGES = 3
"""Of one word the letters tell little."""
_AKIN = {"af": "dutch", "bs": "serbian", "hr": "serbian", "mk": "serbian", "sk": "czech", "sl": "serbian"}
"""Stemmers of languages that have much the same endings."""
_LONGEST = 64
"""Letters of a form that are looked up."""


@cache
def installed() -> Mapping[str, Sequence[Path]]:
    """The indexes of dictionaries between English and a language without a list, by its ISO 639 code."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(load_settings().dictionaries.glob("freedict-*.index")):
        if match := _NAME.fullmatch(path.name):
            codes = {code_of(code) for code in match.groups()}
            for code in codes - {"en", *languages()}:
                if code and "en" in codes:
                    found[code].append(path)
    return found


def readable_languages() -> frozenset[str]:
    """The languages that there is anything to look words up in, by their ISO 639 codes."""
    return frozenset((*languages(), *installed()))


def further_languages(text: str, least: float = 0.0) -> list[str]:
    """The likeliest languages of a text of which there are dictionaries, and no list of our own.

    Args:
        least: how likely each has to be.
    """
    if not installed():
        return []
    likely = (guess for guess in likely_languages(text, _EVERY) if guess.share >= least)
    return [guess.language for guess in likely if guess.language in installed()][:_MOST_LANGUAGES]


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language: our own list, or what dictionaries make where there is none."""
    if language in languages():
        return own_lexicon(language)
    return _of_dictionaries(language) or Lexicon(_grammar(language), {}, 1)


def _of_dictionaries(language: str) -> Lexicon | None:
    """The lexicon that the installed dictionaries of a language make; None without any that can be read."""
    if not (indexes := installed().get(language)):
        return None
    try:
        path = _path(language, indexes)
        made = load_or_build(path, lambda target: _build(language, indexes, target), SortedLines)
        _forget_others(path, language)
    except (OSError, ModelError) as exc:
        log.warning("the dictionaries of %s are not used: %s", named_languages()[language], exc)
        return None
    return Lexicon(_grammar(language), made, _LONGEST) if made else None


def _grammar(language: str) -> Grammar:
    """Its grammar, with the endings of a language near to it where its own are not known."""
    rules = grammar(language)
    algorithm = rules.algorithm or _AKIN.get(language, "")
    return replace(rules, algorithm=algorithm, stop=rules.stop or rules.common)


def _path(language: str, indexes: Sequence[Path]) -> Path:
    """Where the lexicon of these dictionaries, as they are now, is kept."""
    files = [path for index in indexes for path in (index, text_of(index)) if path.exists()]
    state = [f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in files]
    name = f"{language}-{VERSION}-{zlib.crc32('|'.join(state).encode()):08x}.tsv"
    return load_settings().paths.dictionaries / name


def _forget_others(path: Path, language: str) -> None:
    """Delete what was made of the dictionaries of a language before they changed."""
    for old in path.parent.glob(f"{language}-*.tsv*"):
        if not old.name.startswith(path.name):
            old.unlink(missing_ok=True)


def _build(language: str, indexes: Sequence[Path], path: Path) -> None:
    weights: dict[tuple[str, str], float] = defaultdict(float)
    for index in indexes:
        try:
            for form, said, weight in _pairs(index):
                weights[form, said] += weight
        except DamagedDictionary as exc:
            log.warning("%s", exc)
    pairs: Iterator[Pair] = ((*pair, weight) for pair, weight in weights.items())
    made = "".join(f"{line}\n" for line in lines(_grammar(language), pairs, english.counts().__contains__))
    path.write_text(made, encoding="utf-8")


def _pairs(index: Path) -> Iterator[Pair]:
    """The words of a dictionary in either direction, the first of an article weighing most."""
    things, common = _things(), grammar("en").common
    is_turned = index.name.startswith("freedict-eng-")
    for headword, senses in articles(index):
        for place, sense in enumerate(senses[:_MOST_SENSES]):
            form, said = (sense, headword) if is_turned else (headword, sense)
            said = _INFINITIVE.sub("", said.lower())
            if max(form.count(" "), said.count(" ")) < _MOST_WORDS and _OF_ENGLISH.fullmatch(said):
                weight = (_THING if said in things else 1.0) / (1 + place)
                yield form, NOTHING if said in common else said, weight


@cache
def _things() -> frozenset[str]:
    """What our own lists name, in English."""
    words = own_lexicon("de")
    senses = (sense for form in words.lines for sense in words.senses(form))
    return frozenset(sense.english for sense in senses if sense.weight >= _OF_A_LIST)
