"""Build the lexicons of ``search/translation`` from our own words and from Unicode's names of emoji.

    npm pack cldr-annotations-full && tar xzf cldr-annotations-full-*.tgz
    python bench/languages/build.py package/annotations

Own words come first (``words/*.tsv``, of things, and ``descriptions/*.tsv``, of what they do, how and where:
English, then forms), then CLDR's names, then its keywords. A foreign keyword is paired with the English one
that describes the same emoji most often (the Dice coefficient of their sets); those that describe few of the
same are left out, and so is what no photograph shows: signs, buttons, arrows, letters. Inflected forms are
found by their stems, forms without accents by themselves.
"""

import argparse
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from db.words.grammar import grammar
from search.translation.building import Pair, lines
from search.translation.english import is_word

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "search" / "translation" / "lexicon"

OWN_LISTS: Mapping[str, float] = MappingProxyType({"words": 3.0, "descriptions": 2.4})
"""Folders of our own lists, and the weights of their first forms: what names a thing comes first."""
OF_KIND: Mapping[str, float] = MappingProxyType({"where": 1.9, "nothing": 0.5})
"""Other weights: a beach is one, before something is on the shore; and what names nothing comes last."""
NAME, KEYWORD = 1.5, 1.0
LATER = 0.9
"""Factor on the weight of each further form of a row: the first is the usual one."""
LEAST_DICE = 0.75
LEAST_EMOJI = 2
"""Of one emoji all keywords describe the same: which of them is which, nothing says."""

_LEFT_OUT = re.compile(
    r"button|keycap|arrow|sign\b|symbol|letter|mark\b|bracket|square|circle|input|person |man |woman |men |"
    r"women |regional|zodiac|o\u2019clock|-thirty|facing|operator|hexagram|tetragram|dice? |medium|ballot|"
    r"mahjong"
)
_FACE = re.compile(r" face$")

Emoji = Mapping[str, tuple[str, frozenset[str]]]


def annotations(folder: Path, language: str) -> Emoji:
    """By emoji its name and keywords in a language, as they stand there."""
    path = folder / language / "annotations.json"
    if not path.exists():
        return {}
    entries = json.loads(path.read_text(encoding="utf-8"))["annotations"]["annotations"]
    return {
        emoji: (entry.get("tts", [""])[0], frozenset(entry.get("default", [])))
        for emoji, entry in entries.items()
        if unicodedata.category(emoji[0]) == "So"
    }


def own_forms(language: str) -> Iterator[tuple[str, float, list[str]]]:
    """(English, weight, forms) of our own lists of a language; no English where a word names nothing."""
    for folder, weight in OWN_LISTS.items():
        english_list = HERE / folder / "en.tsv"
        kinds = [line.split("\t")[1] for line in english_list.read_text(encoding="utf-8").splitlines()]
        lines = (HERE / folder / f"{language}.tsv").read_text(encoding="utf-8").splitlines()
        for kind, line in zip(kinds, lines, strict=True):
            english, _, forms = line.partition("\t")
            said = "" if kind == "nothing" else english
            yield said, OF_KIND.get(kind, weight), [form for form in forms.split("|") if form]


def own_words(language: str) -> Iterator[Pair]:
    """(form, English, weight) of our own lists of a language."""
    for english, weight, forms in own_forms(language):
        for place, form in enumerate(forms):
            yield form, english, weight * LATER**place


def of_emoji(english: Emoji, foreign: Emoji) -> Iterator[Pair]:
    """(form, English, weight) of the names and keywords of emoji."""
    shown = {emoji for emoji, (name, _) in english.items() if not _LEFT_OUT.search(name)}
    described = _described(english, shown)
    by_emoji: dict[str, set[str]] = defaultdict(set)
    for word, emoji in described.items():
        for each in emoji:
            by_emoji[each].add(word)
    for each in sorted(shown & foreign.keys()):
        if (name := foreign[each][0]) and len(name.split()) <= 3:
            yield name, _FACE.sub("", english[each][0].lower()), NAME
    for word, emoji in sorted(_described(foreign, shown).items()):
        if len(emoji) < LEAST_EMOJI:
            continue
        dice = {
            other: 2 * len(described[other] & emoji) / (len(described[other]) + len(emoji))
            for each in emoji
            for other in by_emoji[each]
        }
        for other, share in dice.items():
            if share >= LEAST_DICE:
                yield word, other, KEYWORD * share


def _described(annotated: Emoji, shown: set[str]) -> dict[str, set[str]]:
    words: dict[str, set[str]] = defaultdict(set)
    for emoji, (name, keywords) in annotated.items():
        if emoji in shown:
            for word in {name, *keywords}:
                if word and len(word.split()) <= 3:
                    words[word.lower()].add(emoji)
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("annotations", type=Path)
    folder: Path = parser.parse_args().annotations
    english = annotations(folder, "en")
    TARGET.mkdir(exist_ok=True)
    for path in sorted((HERE / "words").glob("*.tsv")):
        if (language := path.stem) == "en":
            continue
        pairs = (*own_words(language), *of_emoji(english, annotations(folder, language)))
        made = list(lines(grammar(language), pairs, is_word))
        (TARGET / path.name).write_text("\n".join(made) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
