"""Prompt ensembling: a name is embedded as the mean of several ways of writing it.

"dog", "dogs" and "a dog." lie apart in a CLIP space, and what a picture is like to each differs by more than
many a verdict hangs on. Their mean depends less on the wording, and finds as much (Radford et al. 2021,
section 3.1.4; figures in docs/benchmarks.md). Questions and the background queries of the null model go
through here alike: a similarity can only be held against those of the same kind of texts.
"""

from collections.abc import Sequence

import numpy as np

from db.arrays import Vectors, unit_length
from indexer.encoders.base import Encoder
from indexer.encoders.plurals import plurals, singulars

VERSION = 1
"""Of the phrasings: what was made by others is made anew."""

_LONGEST_NAME = 3
"""Words of a name; what is longer is a description, which says itself what it is of."""
_DETERMINERS = frozenset("a an the my our your his her their some any this that these those".split())
_RELATIONS = frozenset(
    "and as at behind by for from in into near of off on or over to under with without".split()
)


def phrasings(text: str) -> tuple[str, ...]:
    """The ways of writing a name: in singular and plural, with an article, as a sentence.

    A description, of more than three words or with a preposition in it, has one: with a full stop.
    """
    plain = " ".join(text.split()).rstrip(".") or text
    plain = plain.lower() if plain.isupper() else plain
    words = plain.split() or [plain]
    if len(words) > 1 and words[0].lower() in _DETERMINERS:
        words = words[1:]
    if len(words) > _LONGEST_NAME or not _RELATIONS.isdisjoint(word.lower() for word in words):
        return (f"{plain}.",)
    *before, noun = words
    one, many = (" ".join([*before, form]) for form in _numbers(noun))
    named = f"{'an' if one[:1].lower() in tuple('aeiou') else 'a'} {one}"
    return one, many, named, f"{named}."


def encode_phrased(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """The mean directions of the phrasings of texts, (n, dim) float32 of unit length.

    Raises:
        ModelError: the encoder cannot be loaded.
    """
    ways = [phrasings(text) for text in texts]
    vectors = iter(encoder.encode_texts([way for own in ways for way in own]))
    return unit_length(np.stack([np.mean([next(vectors) for _ in own], axis=0) for own in ways]))


def _numbers(noun: str) -> tuple[str, str]:
    """A noun in singular and plural; twice itself if it is a name, or may be the plural of two words."""
    if not noun.islower() or noun.endswith("ing"):
        return noun, noun
    ones = singulars(noun)
    if len(ones) != 1:
        return noun, noun
    many = plurals(ones[0])
    return ones[0], noun if noun in many and noun != ones[0] else (many or (noun,))[0]
