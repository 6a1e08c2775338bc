"""What the gate asks: one function for each suite, from the data to questions with known answers.

Another suite is another function and a line in ``SUITES``.
"""

import hashlib
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from csv import DictReader
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from data import SAMPLES, Data, Spoken
from phrasings import BARE, WAYS, countable

from db.words.asked import words_of
from search.evaluation.measures import (
    AREA,
    BESIDE,
    CALIBRATION,
    DECIDED,
    FLIPPED,
    MRR,
    NDCG,
    RECALL,
    Suite,
)
from search.evaluation.results import Result, result
from trove import Hit, Library, Query

sys.path.append(str(Path(__file__).resolve().parents[1]))

from concepts import Concepts, read_concepts

CAPTIONS = 1
"""Captions of each picture that are asked for, of five: others of the same picture tell little more."""
PHRASED = 40
"""Things that are there, and as many that are not, each asked for in all ways."""
SOME = 300
NEAR_S = 3.0
EARLY_S = 1.0
"""A shot may begin so much before the next picture is there alone: films fade."""


@dataclass(frozen=True)
class Question:
    """A text for the query box, of which kind of question, and which hits are right.

    ``group``: what it has in common with others, such as the picture; ``only``: the kind of hits asked for.
    """

    kind: str
    text: str
    group: str
    is_right: Callable[[Hit], bool]
    right: int = 1
    there: bool | None = True
    only: str | None = None


def retrieval(data: Data) -> Iterator[Question]:
    """Each kind for itself: photographs by their captions, moments by what is seen and what is said then."""
    for name, captions in data.captions.items():
        for caption in captions[:CAPTIONS]:
            yield Question("photograph", described(caption), name, shows({name}), only="image")
    for one in data.spoken:
        yield Question("speech", described(one.sentence), one.sentence, says([one]), only="speech")
    if data.name == SAMPLES.name:
        with Path(__file__).with_name("frames.csv").open(newline="") as file:
            for row in DictReader(file):
                moment = Spoken((SAMPLES / row["file"]).resolve(), float(row["from_s"]), row["shown"])
                until_s = float(row["until_s"])
                text = described(row["shown"])
                yield Question("frame", text, text, within(moment, until_s), only="frame")


def phrasing(data: Data) -> Iterator[Question]:
    """The same things in many ways, half of them not there: the answer should not depend on the way."""
    there, absent = (sorted(filter(countable, some), key=_shuffled) for some in things(data))
    count = min(PHRASED, len(there), len(absent))
    for name in (*there[:count], *absent[:count]):
        for way, ask in WAYS.items():
            yield Question(way, ask(name), name, nothing, 0, name in there)


def languages(data: Data) -> Iterator[Question]:
    """Photographs by captions in several languages, all of the same pictures; English first."""
    for language in sorted(data.languages, key=lambda name: (name != "en", name)):
        for name, caption in data.languages[language].items():
            yield Question(language, described(caption), name, shows({name}), only="image")


def verdict(data: Data) -> Iterator[Question]:
    """What is there and what is not, of the whole library and of parts that have it and have not."""
    there, absent = things(data)
    for name in (*there, *absent):
        yield Question("whole library", described(name), name, nothing, 0, name in there)
    concepts = labelled(data) if data.parts else None
    if concepts is None:
        return
    names = list(data.captions)
    own = {part: np.isin(names, pictures) for part, pictures in data.parts.items()}
    for at, name in enumerate(concepts.names):
        shown = [part for part, of in own.items() if concepts.shown[at][of].any()]
        missing = [part for part, of in own.items() if not concepts.may_show[at][of].any()]
        for parts, is_there in ((shown, True), (missing, False)):
            if parts:
                part = min(parts, key=lambda part: _shuffled(f"{part} {name}"))
                kind = f"one of {len(own)} parts"
                yield Question(kind, f"{described(name)} in:{part}", name, nothing, 0, is_there)


def fusion(data: Data) -> Iterator[Question]:
    """Questions of all kinds to a library of all kinds, in which each could be answered by others."""
    chance = random.Random(0)  # noqa: S311 - a sample, no secret
    names = chance.sample(sorted(data.captions), min(SOME, len(data.captions)))
    for name in names:
        yield Question("caption of a photograph", described(data.captions[name][0]), name, shows({name}))
    if (concepts := labelled(data)) is not None:
        every = list(data.captions)
        for name, shown in zip(concepts.names, concepts.shown, strict=True):
            if fits := {every[at] for at in np.flatnonzero(shown)}:
                kind = "plain noun" if len(words_of(name)) == 1 else "noun phrase"
                yield Question(kind, described(name), name, shows(fits), len(fits))
    for one in data.spoken:
        yield from _said(one, data, chance)


def _said(one: Spoken, data: Data, chance: random.Random) -> Iterator[Question]:
    """Some words of a sentence, which other sentences may have too, and the same in other words."""
    words = words_of(one.sentence)
    length = chance.randint(3, 6)
    if len(words) >= length:
        start = chance.randrange(len(words) - length + 1)
        some = " ".join(words[start : start + length])
        same = [other for other in data.spoken if f" {some} " in f" {' '.join(words_of(other.sentence))} "]
        yield Question("words said", described(some), one.sentence, says(same), len(same))
    if one.image is not None and one.image not in data.pictures:
        others = (text for text in data.said_elsewhere[one.image] if words_of(text) != words)
        if (other := next(others, None)) is not None:
            yield Question("said otherwise", described(other), one.sentence, says([one]))


SUITES: dict[Suite, Callable[[Data], Iterator[Question]]] = {
    Suite("retrieval", (*RECALL, MRR)): retrieval,
    Suite(
        "phrasing",
        (
            FLIPPED,
            replace(FLIPPED, apart=False, of="all ways"),
            replace(DECIDED, of="all ways"),
            replace(AREA, apart=False, of="all ways"),
            replace(CALIBRATION, apart=False, of="all ways"),
        ),
        BARE,
    ): phrasing,
    Suite("languages", (RECALL[-1], replace(BESIDE, of="all but en")), "en"): languages,
    Suite("verdict", (AREA, CALIBRATION, replace(DECIDED, apart=True))): verdict,
    Suite("fusion", (MRR, NDCG)): fusion,
}


def ask(
    library: Library, data: Data, suites: dict[Suite, Callable[[Data], Iterator[Question]]] = SUITES
) -> list[Result]:
    """The results of all questions."""
    results = []
    for suite, questions in suites.items():
        asked = list(questions(data))
        print(f"{suite.name}: {len(asked)} questions", file=sys.stderr, flush=True)
        for one in asked:
            # As hits of their own near-duplicates are counted as what they are.
            answer = library.search(Query(one.text, k=10, kind=one.only, apart=True))
            results.append(
                result(
                    answer,
                    suite=suite.name,
                    kind=one.kind,
                    group=one.group,
                    is_right=one.is_right,
                    right=one.right,
                    there=one.there,
                )
            )
    return results


def described(text: str) -> str:
    """The text as one description, whatever it looks like."""
    return '"' + text.replace("\\", " ").replace('"', " ") + '"'


def labelled(data: Data) -> Concepts | None:
    """Concepts by the captions; None where too few describe each picture to tell what is not there."""
    if min(map(len, data.captions.values())) < 2:
        return None
    texts = [text for captions in data.captions.values() for text in captions]
    picture = [at for at, captions in enumerate(data.captions.values()) for _ in captions]
    return read_concepts(texts, np.array(picture))


def things(data: Data) -> tuple[list[str], list[str]]:
    """Names of things that are there, and of such that are not."""
    if (concepts := labelled(data)) is not None:
        shown, hinted = concepts.shown.any(axis=1), concepts.may_show.any(axis=1)
        there = [name for name, is_shown in zip(concepts.names, shown, strict=True) if is_shown]
        absent = [name for name, is_hinted in zip(concepts.names, hinted, strict=True) if not is_hinted]
        return there, [*absent, *concepts.elsewhere]
    if data.name != SAMPLES.name:
        return [], []
    with Path(__file__).with_name("things.csv").open(newline="") as file:
        rows = list(DictReader(file))
    there, absent = ([row["thing"] for row in rows if row["there"] == said] for said in ("yes", "no"))
    return there, absent


def nothing(_hit: Hit) -> bool:
    """Right is only the verdict."""
    return False


def shows(names: set[str]) -> Callable[[Hit], bool]:
    """Whether a hit is one of these pictures."""
    return lambda hit: hit.path.name in names


def says(sentences: Sequence[Spoken]) -> Callable[[Hit], bool]:
    """Whether a hit is the passage of one of these; a recording of one sentence is right as a whole."""
    starts: dict[Path, list[float]] = defaultdict(list)
    for one in sentences:
        starts[one.path].append(one.start_s)

    def is_right(hit: Hit) -> bool:
        at_s = hit.start_s
        return at_s is not None and any(
            start_s == 0 or abs(at_s - start_s) <= NEAR_S for start_s in starts.get(hit.path, ())
        )

    return is_right


def within(moment: Spoken, until_s: float) -> Callable[[Hit], bool]:
    """Whether a hit is of the film while it shows this."""
    return lambda hit: (
        hit.path == moment.path
        and hit.start_s is not None
        and moment.start_s <= hit.start_s + EARLY_S < until_s
    )


def _shuffled(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
