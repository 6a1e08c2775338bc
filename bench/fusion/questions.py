"""Questions whose answers are known, by kind, for the library of ``library.py``."""

import hashlib
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from library import Data, Passage

from db.words.asked import words_of

sys.path += [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "written")]

from concepts import read_concepts
from retrieve import MEANT, Made, read_made

MEANT_TOO = {
    "a reply is needed soon": "answer plan kitchen",
    "the track for the port": "Platform harbour",
    "the talk is later in the week": "meeting moved Thursday",
    "an agreement with a signature": "signed contract back",
    "when rolls and cakes are sold": "Bakery open daily",
    "do not slip": "Caution wet floor",
    "a dangerous pet": "Beware dog",
    "no noise between the shelves": "Library quiet please",
    "a tower by the shore that everybody knows": "small lighthouse famous",
    "getting hotter near the coast": "temperature water rises summer",
}
"""As ``MEANT``: questions, and words that stand together in the text that is meant."""

_CLOTHES = re.compile(
    r"\b(man|woman|boy|girl|child) (?:in|wearing) an? (red|blue|green|white|black|yellow|orange|pink|brown) "
    r"(shirt|jacket|hat|coat|dress|helmet|sweater|t-shirt|cap)\b"
)
"""Common words, each of which is said many times in the hours."""

Answer = tuple[Path, float | None]
"""A file, and the second at which a passage begins; None for a picture."""


@dataclass(frozen=True)
class Question:
    """What is asked, of which kind, and all right answers."""

    of: str
    text: str
    right: frozenset[Answer]

    @property
    def half(self) -> int:
        """0: to choose by, 1: to report."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2


def questions(data: Data, made_folder: Path) -> list[Question]:
    """All of them; the same each time."""
    chance = random.Random(1)  # noqa: S311 - for questions
    made = read_made(made_folder, ())
    return [
        *_concepts(data),
        *_clothes(data),
        *_captions(data),
        *_said(data.passages, chance),
        *_paraphrased(data),
        *_written(made, chance),
        *_meant(made),
    ]


def absent(data: Data) -> list[str]:
    """Captions of pictures that are neither in the library nor spoken of."""
    spoken = {one.image for one in data.passages}
    away = [image for image in data.captions if image not in data.photographs and image not in spoken]
    return [data.captions[image][0] for image in away if data.split[image] == "dev"]


def coincidences(data: Data, count: int = 500) -> list[str]:
    """Two words that nobody has said together: each of another of those captions."""
    chance = random.Random(2)  # noqa: S311 - for questions
    captions = [words for text in absent(data) if (words := words_of(text))]
    pairs = (chance.sample(captions, 2) for _ in range(count))
    return [f"{chance.choice(one)} {chance.choice(other)}" for one, other in pairs]


def _picture(path: Path) -> Answer:
    return path, None


def _concepts(data: Data) -> Iterator[Question]:
    names = list(data.photographs)
    captions = [caption for name in names for caption in data.captions[name]]
    picture = np.array([at for at, name in enumerate(names) for _ in data.captions[name]])
    concepts = read_concepts(captions, picture)
    for name, shown in zip(concepts.names, concepts.shown, strict=True):
        of = "plain noun" if len(words_of(name)) == 1 else "noun phrase"
        if right := {_picture(data.photographs[names[at]]) for at in np.flatnonzero(shown)}:
            yield Question(of, name, frozenset(right))


def _clothes(data: Data) -> Iterator[Question]:
    asked = sorted(
        {
            match.group()
            for name in data.photographs
            for said in data.captions[name]
            for match in _CLOTHES.finditer(said.lower())
        }
    )
    for text in asked:
        words = set(words_of(text)) - {"wearing"}
        showing = frozenset(
            _picture(path)
            for name, path in data.photographs.items()
            if sum(words <= set(words_of(said)) for said in data.captions[name]) >= 2
        )
        if showing:
            yield Question("common words", text, showing)


def _captions(data: Data) -> Iterator[Question]:
    for name, path in data.photographs.items():
        if data.split[name] == "dev":
            yield Question("caption of a picture", data.captions[name][0], frozenset({_picture(path)}))


def _said(passages: Sequence[Passage], chance: random.Random) -> Iterator[Question]:
    contents = {(one.path, one.start_s): f" {' '.join(words_of(one.text))} " for one in passages}
    short = [answer for answer in contents if not answer[0].name.startswith("hour")]
    hours = [answer for answer in contents if answer[0].name.startswith("hour")]
    for of, some in (("words said", short), ("words said in an hour", chance.sample(hours, 200))):
        for answer in some:
            words = contents[answer].split()
            length = chance.randint(3, 6)
            if len(words) >= length:
                start = chance.randrange(len(words) - length + 1)
                text = " ".join(words[start : start + length])
                yield Question(of, text, frozenset(a for a, said in contents.items() if f" {text} " in said))


def _paraphrased(data: Data) -> Iterator[Question]:
    for one in data.passages:
        if one.path.name.startswith("hour"):
            continue
        text = next(said for said in data.captions[one.image][1:] if said.strip(" .") != one.text.strip(" ."))
        right: set[Answer] = {(one.path, one.start_s)}
        if one.image in data.photographs:
            right.add(_picture(data.photographs[one.image]))
        yield Question(f"said otherwise ({data.split[one.image]})", text, frozenset(right))


def _written(made: Sequence[Made], chance: random.Random) -> Iterator[Question]:
    for one in made:
        if words := one.two(chance):
            yield Question("two words written", " ".join(words), _having(made, words))
        numbers = sorted({word.strip(".,:") for word in one.words if sum(map(str.isdigit, word)) >= 3})
        if numbers:
            number = chance.choice(numbers)
            yield Question("a number written", number, _having(made, [number]))


def _having(made: Sequence[Made], words: Sequence[str]) -> frozenset[Answer]:
    return frozenset(_picture(one.path) for one in made if one.has(words))


def _meant(made: Sequence[Made]) -> Iterator[Question]:
    for text, words in (MEANT | MEANT_TOO).items():
        if right := frozenset(_picture(one.path) for one in made if one.spaced and one.has(words.split())):
            yield Question("text by its meaning", text, right)
