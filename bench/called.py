"""What names of files do to answers: photographs under names of cameras, right names and wrong ones.

    python bench/called.py [--share 0.1 0.2 0.4] [--cache FOLDER]

The samples are copied and indexed under each kind of names, and asked for by their captions, and by the first
two words of these that mean something, of which the right names are made, too. Wrong names are those of other
photographs. Printed are the mean reciprocal rank of the one asked for, how often it is the first, and the
verdicts; then the ranks of names that no picture shows.
"""

import argparse
import csv
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import trove
from db.catalog.fulltext import words_of
from search.engine import sources

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
OTHERS = 17
"""How many captions further on the wrong name is taken from."""
SHOWN_BY_NONE = ("invoice_2023-05_acme", "Screenshot_20210704-101112", "grandma birthday", "tax return 2022")
QUESTIONS = ("invoice", "screenshot", "grandma birthday", "tax return")


def captions() -> dict[str, str]:
    """The captions of photographs by the names of the files."""
    with (SAMPLES / "captions.csv").open(newline="", encoding="utf-8") as file:
        return {row["image"]: row["caption"] for row in csv.DictReader(file)}


def short(caption: str) -> str:
    """The first two words of a caption that mean something."""
    return " ".join(words_of(caption)[:2])


def named() -> dict[str, dict[str, str]]:
    """The name of each photograph in each library, without suffix."""
    described = captions()
    photographs = sorted(described)
    camera = {name: f"IMG_{1000 + number}" for number, name in enumerate(photographs)}
    wrong = photographs[OTHERS:] + photographs[:OTHERS]
    return {
        "cameras": camera,
        "right": {name: f"{short(described[name])} {camera[name]}" for name in photographs},
        "wrong": {
            name: f"{short(described[other])} {camera[name]}"
            for name, other in zip(photographs, wrong, strict=True)
        },
        "shown by none": camera | dict(zip(photographs[3::7], SHOWN_BY_NONE, strict=False)),
    }


def ask(library: trove.Library, names: Mapping[str, str], questions: Mapping[str, str]) -> str:
    """How the photographs are found by these questions, in words."""
    ranks, verdicts = [], Counter[str]()
    for photograph, question in questions.items():
        answer = library.search(question, k=len(names))
        hits = (hit.rank for hit in answer.hits if hit.path.stem == names[photograph])
        ranks.append(next(hits, 0))
        verdicts[answer.verdict] += 1
    mean = sum(1 / rank for rank in ranks if rank) / len(ranks)
    first = sum(rank == 1 for rank in ranks) / len(ranks)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    return f"MRR {mean:.3f}  first {first:6.1%}  {told}"


def main() -> None:
    """Index, ask and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, nargs="+", default=[sources.NAME_SHARE])
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    more = {} if options.cache is None else {"cache": options.cache}
    described = captions()
    asked = {"captions": described, "two words": {name: short(text) for name, text in described.items()}}
    with tempfile.TemporaryDirectory() as scratch:
        for kind, names in named().items():
            media = Path(scratch) / kind / "media"
            media.mkdir(parents=True)
            for photograph, name in names.items():
                source = SAMPLES / "pictures" / photograph
                shutil.copyfile(source, media / f"{name}{source.suffix}")
            place = Path(scratch) / kind / "library"
            with trove.Library.open(place, whisper="none", off=("text",), **more) as library:
                library.index([media])
                for share in options.share:
                    sources.NAME_SHARE = share
                    for what, questions in asked.items():
                        print(f"{kind:14} share {share:.1f}  {what:10}", ask(library, names, questions))
                    for question in QUESTIONS if kind == "shown by none" else ():
                        answer = library.search(question, k=len(names))
                        start = question.split()[0]
                        ranks = [hit.rank for hit in answer.hits if hit.path.stem.lower().startswith(start)]
                        print(f"{'':14} share {share:.1f}  {question}: rank {ranks}, {answer.verdict}")


if __name__ == "__main__":
    main()
