"""How well the fused order answers, by kind of question, in a library of photographs, texts and speech.

    python bench/fusion/measure.py --images FOLDER --captions CSV --transcripts CSV --made FOLDER
        --library LIBRARY [--most 2000] [--half 0|1] [--rows FILE]

Photographs with their captions (columns ``image,split,caption``), transcripts of spoken captions
(``audio,image,caption``) and pictures with text by ``bench/written/make.py`` become one library, kept in
LIBRARY; see ``library.py`` for how, and ``questions.py`` for what is asked. Each question is in one of two
halves by its hash: weights are chosen on half 0 and reported on half 1. Printed by kind of question: MRR and
nDCG@10, and how many of the first ten hits are recordings; then how often all words of a question are in one
text, and how often that is called no chance, for words that were said or written and for some that were not.
"""

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from library import Data, read, say
from questions import Question, absent, coincidences, questions

import trove
from db.catalog.fulltext import match_words
from trove import Hit

DEPTH = 10
FAR = 50
"""How many hits the reciprocal rank is looked for in."""

PROVEN = ("words said", "words said in an hour", "two words written", "a number written")
"""Kinds of questions whose words are in a text."""


def answer(hit: Hit) -> tuple[Path, float | None]:
    """The file, and of a recording the second."""
    return hit.path, None if hit.media == "image" else hit.start_s


def described(text: str) -> str:
    """The text as one description, whatever it looks like."""
    return '"' + text.replace("\\", " ").replace('"', " ") + '"'


def scores(hits: Sequence[Hit], question: Question) -> dict[str, float]:
    """The reciprocal rank of the first right hit, the normalised discounted gain, the recordings in ten."""
    right = [answer(hit) in question.right for hit in hits]
    first = next((rank for rank, fits in enumerate(right, start=1) if fits), None)
    gain = math.fsum(1 / math.log2(rank + 1) for rank, fits in enumerate(right[:DEPTH], start=1) if fits)
    most = min(DEPTH, len(question.right))
    ideal = math.fsum(1 / math.log2(rank + 1) for rank in range(1, most + 1))
    return {
        "mrr": 1 / first if first else 0.0,
        "ndcg": gain / ideal,
        "recordings": float(sum(hit.media == "audio" for hit in hits[:DEPTH])),
    }


def report(rows: Sequence[tuple[Question, dict[str, float]]]) -> None:
    """Print the means by kind of question, and their mean."""
    groups: dict[str, list[dict[str, float]]] = defaultdict(list)
    for question, row in rows:
        groups[question.of].append(row)
    print(f"{'':26} asked    MRR  nDCG@10  recordings in ten")
    means = []
    for of, own in groups.items():
        mean = {name: sum(row[name] for row in own) / len(own) for name in own[0]}
        means.append(mean)
        print(
            f"{of:26} {len(own):5}  {mean['mrr']:.3f}    {mean['ndcg']:.3f}  {mean['recordings']:5.1f}",
            flush=True,
        )
    both = [sum(mean[name] for mean in means) / len(means) for name in ("mrr", "ndcg")]
    print(f"{'mean of the kinds':26} {len(rows):5}  {both[0]:.3f}    {both[1]:.3f}")


def proofs(library: trove.Library, asked: dict[str, list[str]]) -> None:
    """Print how often some text has all words of a question, and how often that means something."""
    print(f"{'':26} asked  all words  means something")
    with library.core.read() as session:
        for of, texts in asked.items():
            found = [match_words(session, text, FAR) for text in texts]
            having = [[match for match in own if match.coverage > 1 - 1e-9] for own in found]
            meaning = [any(match.means_something for match in own) for own in having]
            count = len(texts)
            print(f"{of:26} {count:5}  {sum(map(bool, having)) / count:8.1%}  {sum(meaning) / count:8.1%}")


def opened(options: argparse.Namespace, data: Data) -> trove.Library:
    """The library with all of it, made where it is not there."""
    library = trove.Library.open(options.library, whisper="none", device="cpu")
    if not library.status().units:
        truth = json.loads((options.made / "truth.json").read_text("utf-8"))
        library.index([*(options.made / one["file"] for one in truth), *data.photographs.values()])
    library.analysers.on("speech")
    say(library, data.passages)
    return library


def main() -> None:
    """Make the library, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("images", "captions", "transcripts", "made", "library"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--most", type=int, default=2000, help="photographs")
    parser.add_argument("--half", type=int, choices=(0, 1), default=1)
    parser.add_argument("--rows", type=Path, help="JSON to write what each question gave to")
    options = parser.parse_args()
    data = read(options.captions, options.transcripts, options.images, options.most)
    with opened(options, data) as library:
        print(library.status().units)
        asked = [question for question in questions(data, options.made) if question.half == options.half]
        began = time.perf_counter()
        rows = []
        for question in asked:
            found = library.search(trove.Query(described(question.text), k=FAR, apart=True))
            rows.append((question, scores(found.hits, question)))
        took_ms = 1000 * (time.perf_counter() - began) / len(asked)
        report(rows)
        print(f"{took_ms:.1f} ms a question")
        texts: dict[str, list[str]] = defaultdict(list)
        for question in asked:
            if question.of in PROVEN:
                texts[question.of].append(question.text)
        texts |= {"a caption of nothing there": absent(data), "words by chance": coincidences(data)}
        proofs(library, texts)
    if options.rows:
        options.rows.write_text(json.dumps([[question.of, question.text, row] for question, row in rows]))


if __name__ == "__main__":
    main()
