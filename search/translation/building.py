"""Building of lexicons: pairs of words in two languages as the sorted lines of one, with forms derived."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from db.words.forms import fold
from db.words.grammar import Grammar
from search.translation.lexicon import STEM, normal

DERIVED = 0.5
"""Factor on the weight of what was made of a form: its stem, or the form without accents."""
MOST_SENSES = 3

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})

_FLEETING = re.compile("(?<=..[^aeiouy\u0430\u0435\u0438\u043e\u0443])[eo\u0435\u043e](?=[kc\u043a\u0446]$)")
"""The vowel of a last syllable that Slavic languages drop before an ending."""

Pair = tuple[str, str, float]
"""A form, what it is in English, and how far that is to be believed."""


def lines(rules: Grammar, pairs: Iterable[Pair], is_english: Callable[[str], bool]) -> Iterator[str]:
    """The lines of a lexicon, sorted by form: no form that was only derived is an English word."""
    senses: dict[str, dict[str, float]] = defaultdict(dict)
    derived: dict[str, dict[str, float]] = defaultdict(dict)
    for form, english, weight in pairs:
        key = normal(form, rules.language)
        if not key or key in rules.stop:
            continue
        senses[key][english] = max(weight, senses[key].get(english, 0.0))
        for other in _derived(key, rules):
            if is_english(other):
                continue
            derived[other][english] = max(DERIVED * weight, derived[other].get(english, 0.0))
    for key, made in derived.items():
        if key not in senses and key not in rules.stop:
            senses[key] = made
    for key in sorted(senses):
        ranked = sorted(senses[key].items(), key=lambda sense: (-round(sense[1], 1), len(sense[0]), sense[0]))
        yield f"{key}\t{'|'.join(f'{english}:{weight:.2f}' for english, weight in ranked[:MOST_SENSES])}"


def _derived(key: str, rules: Grammar) -> set[str]:
    has_accents = rules.language not in ("ja", "ko", "zh", "ar") and not key.isascii()
    made = {fold(key), key.translate(_UMLAUTS)} if has_accents else set()
    if " " not in key and rules.algorithm:
        made.add(STEM + rules.stem(key))
        if rules.fleeting and (shorter := _FLEETING.sub("", key)) != key:
            made.add(STEM + rules.stem(shorter))
    return made - {key}
