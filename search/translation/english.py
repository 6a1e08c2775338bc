"""English words: which there are, how common they are, and which are near to what was typed.

The words are those of ``symspellpy`` (82,834 with their counts in Google's n-grams, British spelling) and
those that open_clip's tokenizer has whole (American spelling, names, what is newer than books). Files are
searched as bytes: most words stand in the first kilobytes, so that a plain question parses no dictionary.
"""

import gzip
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path

from db.words.forms import fold
from indexer.encoders.packages import package_file

WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
"""A word: letters, and what an apostrophe joins to them."""

_WORDS = "symspellpy", "symspellpy/frequency_dictionary_en_82_765.txt"
_TOKENS = "open_clip_torch", "open_clip/bpe_simple_vocab_16e6.txt.gz"
_LOANS = Path(__file__).with_name("loans.txt")
_MERGES = 48_894
"""Lines of the tokenizer's file that it reads."""
_LEAST_LETTERS = 4
"""Of the tokenizer's words: shorter ones are pieces, or what people write on Twitter."""
_TOKEN = re.compile(rb"^([a-z]{4,})</w>$", re.MULTILINE)
_SOUNDLESS = re.compile(r"[^aeiouy]{5}")
"""What is only typed: asdfghjkl."""
_LOAN_ACCENTS = str.maketrans(
    "\u00e0\u00e2\u00e7\u00e8\u00e9\u00ea\u00eb\u00ee\u00ef\u00f1\u00f4\u00fb", "aaceeeeiinou"
)
"""As English keeps them: café, château, jalapeño."""
_OFFENSIVE = frozenset(
    "arse arsehole ass asshole bitch cock crap cunt dick fag fuck piss porn shit slut tit tits twat "
    "whore".split()
)
"""Never offered for what somebody mis-typed."""
_TOKEN_COUNT = 1e6
"""Taken for the count of words of the tokenizer alone: rare ones of the other list have 300,000."""

SPLIT_LEAST = 3
_SPLIT_COUNT = 3e6
"""Letters and count of each of two words that may have been joined."""
_DISTANCE_COST = 9.0
"""One typing error against the logarithm of a word's count."""
_TWISTED, _LEFT_OUT, _TOO_MANY = 0.55, 0.8, 1.2
"""Letters swapped, doubled or not; a letter left out; one too many: as shares of a wrong letter.

All four were chosen on captions of the training split, with errors made as in ``bench/understood.py``.
"""


def is_word(word: str) -> bool:
    """Whether a word is in an English dictionary, in whatever case; plurals and the genitive are."""
    plain = word.lower().replace("\u2019", "'")
    return any(_listed(form) for form in _forms(plain))


def is_known(word: str) -> bool:
    """Whether it is a word, perhaps with French accents, or a name or newer word that models often saw."""
    plain = word.lower().replace("\u2019", "'")
    if is_word(plain.translate(_LOAN_ACCENTS)) or is_word(_british(plain)):
        return True  # without the other list, which takes longer to read
    # Places keep their accents: Zürich, Kraków. Common nouns of other languages are no English ones without.
    bare = fold(plain) if word[:1].isupper() else plain
    return any(_is_token(form) for form in (*_forms(plain), *_forms(bare)))


def is_soundless(word: str) -> bool:
    """Whether nobody could say it, as only hands on a keyboard make it: asdfghjkl."""
    return bool(_SOUNDLESS.search(word.lower()))


def is_loan(text: str) -> bool:
    """Whether it is a name or phrase of another language that stands in English dictionaries: déjà vu."""
    return " ".join(text.lower().split()) in _loans()


def count(word: str) -> float:
    """How often books have a word; 0 for one that is not known."""
    return counts().get(word) or (_TOKEN_COUNT if _is_token(word) else 0.0)


def near(word: str, more: Iterable[str] = ()) -> list[str]:
    """Words that may have been meant by a mis-spelt one, the most likely first.

    ``more``: other words to choose from, of the library; they weigh as much as the commonest.
    """
    typed, own = word.lower(), {other.lower(): other for other in more}
    scores = {other: _score(typed, other, math.log(count(other))) for other in _within(typed)}
    scores |= {other: _score(typed, other, math.log(1e9)) for other in own}
    scores = {other: score for other, score in scores.items() if other not in _OFFENSIVE}
    ranked = sorted(scores, key=lambda other: (-scores[other], other))
    return [own.get(other, other) for other in ranked]


def parted(word: str) -> list[str]:
    """The two common words that may have been joined, with a space between; or nothing."""
    typed = word.lower()
    pairs = [(typed[:at], typed[at:]) for at in range(SPLIT_LEAST, len(typed) - SPLIT_LEAST + 1)]
    common = [pair for pair in pairs if min(map(_plain_count, pair)) >= _SPLIT_COUNT]
    best = max(common, key=lambda pair: math.prod(map(_plain_count, pair)), default=None)
    return [" ".join(best)] if best else []


def errors(typed: str, other: str) -> int:
    """How many letters are wrong, left out, too many, or swapped with the next one."""
    from rapidfuzz.distance import OSA

    return int(OSA.distance(typed.lower(), other.lower()))


def is_twisted(typed: str, other: str) -> bool:
    """Whether two words have the same letters, in whatever order, or but for one that is doubled."""
    typed = typed.lower()
    return sorted(typed) == sorted(other) or _undoubled(typed) == _undoubled(other)


def distance(word: str) -> int:
    """How many errors are looked for in a word: two only where enough letters are right."""
    return 1 if len(word) < 7 else 2


def _forms(word: str) -> Iterator[str]:
    yield word
    for ending in ("'s", "s'", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_LETTERS - 1:
            yield word.removesuffix(ending)
    yield from (word.replace("'", ""),) if "'" in word else ()


def _british(word: str) -> str:
    return word.replace("or", "our").replace("eling", "elling").replace("eled", "elled")


def _score(typed: str, other: str, commonness: float) -> float:
    cost = float(errors(typed, other))
    if cost == 1:
        if is_twisted(typed, other):
            cost = _TWISTED
        elif len(typed) != len(other):
            cost = _LEFT_OUT if len(typed) < len(other) else _TOO_MANY
    # People get the first letter right, and short words are not worth a question.
    cost += 0.3 * (typed[:1] != other[:1]) + 0.3 * (len(other) < SPLIT_LEAST)
    return commonness - _DISTANCE_COST * cost


def _undoubled(word: str) -> str:
    return "".join(letter for at, letter in enumerate(word) if letter != word[at - 1 : at])


@lru_cache(maxsize=1_000)
def _within(typed: str) -> Sequence[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = process.extract(typed, _choices(), scorer=OSA.distance, score_cutoff=distance(typed), limit=None)
    return [other for other, _, _ in found]


@lru_cache(maxsize=10_000)
def _listed(word: str) -> bool:
    return f"\n{word} ".encode() in _bytes()


def _is_token(word: str) -> bool:
    is_long = len(word) >= _LEAST_LETTERS and word.isalpha()
    return is_long and not _SOUNDLESS.search(word) and f"\n{word}</w>\n".encode() in _tokens()


def _plain_count(word: str) -> float:
    return counts().get(word, 0.0)


@cache
def _bytes() -> bytes:
    return b"\n" + package_file(*_WORDS).read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"")


@cache
def counts() -> Mapping[str, float]:
    """The words of the dictionary with how often books have them: faster to ask for very many words."""
    lines = (line.split() for line in _bytes().decode().splitlines() if line)
    return {word: float(count) for word, count in lines}


@cache
def _tokens() -> bytes:
    with gzip.open(package_file(*_TOKENS), "rb") as file:
        return b"\n" + b"".join(islice(file, 1, _MERGES + 1)).replace(b" ", b"")


@cache
def _choices() -> list[str]:
    tokens = (token.decode() for token in _TOKEN.findall(_tokens()))
    return list(dict.fromkeys((*counts(), *(token for token in tokens if not _SOUNDLESS.search(token)))))


@cache
def _loans() -> frozenset[str]:
    return frozenset(_LOANS.read_text(encoding="utf-8").splitlines())
