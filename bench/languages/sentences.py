"""Measure how well pictures are found by captions in other languages, by each way of reading these.

    python bench/quality/gate.py FOLDER        # makes a library of the pictures, among other things
    python bench/languages/sentences.py FOLDER [LANGUAGE ...] --library LIBRARY

``FOLDER`` has ``captions-dev-LANG.csv`` (image,caption) in English and other languages; ``LIBRARY`` has the
pictures. Printed by language: R@1/5/10 among all pictures of the library with the bootstrap interval of R@10,
asked as typed, by its words, by its meaning, and by both as Trove asks; how many were told to be in another
language, and how many would have been without a dictionary of it; and the means, of halves of the captions,
too: constants were chosen on the first.
"""

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.catalog import spaces, units
from db.kinds import CLIP, PICTURE
from db.library import Library
from db.settings import load_settings
from indexer.encoders.active import roles
from indexer.encoders.phrasings import encode_phrased
from search.engine.active import ActiveModel
from search.engine.texts import text_vector
from search.evaluation.resampling import interval
from search.query.asking import asked_for
from search.translation.router import translated
from search.understanding.asked import Known
from search.understanding.tongues import foreign

ENGLISH = "en"
DEPTHS = (1, 5, 10)
HALVES = {"all": slice(None), "first half": slice(0, None, 2), "second half": slice(1, None, 2)}

Floats = npt.NDArray[np.float32]
Way = Callable[[str], Floats]


class WordsAlone(ActiveModel):
    """The model as it is where the sentence model is not installed."""

    reads_sentences = False


def captions(folder: Path, language: str) -> Iterator[tuple[str, str]]:
    """(picture, caption) in a language."""
    path = folder / f"captions-dev-{language}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        yield from sorted((row["image"], row["caption"]) for row in csv.DictReader(file))


def pictures(library: Library, model: ActiveModel) -> tuple[list[str], Floats]:
    """The names of the pictures and their vectors, (n, dim)."""
    with library.read() as session:
        view = model.vectors.at(session)
        ids = view.ids(PICTURE)
        rows = units.rows(session, ids.tolist())
        return [rows[unit_id].path.name for unit_id in ids.tolist()], view.vectors(PICTURE, ids)


def ways(library: Library, model: ActiveModel) -> dict[str, Way]:
    """The ways of making a vector of a caption."""
    words = WordsAlone(library, model.space, model.role)
    known = Known(model.space.model)
    return {
        "as typed": lambda text: encode_phrased(model.encoder, [text])[0],
        "words": lambda text: text_vector(text, words, known),
        "meaning": lambda text: model.sentence_vector(asked_for(text)),
        "both": lambda text: text_vector(text, model, known),
    }


def told(texts: list[str]) -> tuple[int, int]:
    """How many are read or told to be in another language, and how many without dictionaries."""
    without = [foreign(text, Known()) is not None for text in texts]
    return sum(bool(translated(text)) or other for text, other in zip(texts, without, strict=True)), sum(
        without
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("languages", nargs="*", default="ar de es fr it ja ko nl pl pt ru tr zh".split())
    parser.add_argument("--library", type=Path, required=True)
    args = parser.parse_args()
    with Library(load_settings(library=args.library, device="cpu")) as library:
        with library.read() as session:
            space = spaces.active(session)
        model = ActiveModel(library, space, roles()[CLIP])
        names, vectors = pictures(library, model)
        print(f"{len(names)} pictures")
        found: dict[str, dict[str, Floats]] = {}
        for language in (ENGLISH, *args.languages):
            asked = list(captions(args.folder, language))
            right = np.array([names.index(image) for image, _ in asked])
            found[language] = {}
            for name, way in ways(library, model).items():
                rows = np.stack([way(text) for _, text in asked]) @ vectors.T
                places = (rows > rows[np.arange(len(rows)), right][:, None]).sum(axis=1)
                found[language][name] = (places[:, None] < np.array(DEPTHS)).astype(np.float32)
            others, without = told([text for _, text in asked])
            print(f"{language}  {_line(found[language])}  told {others}, without lists {without}", flush=True)
        for name, half in HALVES.items():
            _mean(name, half, found, args.languages)
    _time(model)


def _line(by_way: dict[str, Floats]) -> str:
    return "  ".join(f"{name} {_figures(rows)}" for name, rows in by_way.items())


def _figures(rows: Floats) -> str:
    recalls = "/".join(f"{100 * recall:.0f}" for recall in rows.mean(axis=0))
    groups = [str(at) for at in range(len(rows))]
    low, high = interval(rows[:, -1:], groups, lambda some: 100 * float(some.mean()))
    return f"{recalls} ({low:.0f}-{high:.0f})"


def _mean(half: str, rows_of: slice, found: dict[str, dict[str, Floats]], languages: list[str]) -> None:
    english = found[ENGLISH]["both"][rows_of]
    for name in found[ENGLISH]:
        # A picture's captions in all languages are drawn together, and its English one with them.
        rows = np.stack([found[language][name][rows_of] for language in languages]).mean(axis=0)
        both = np.hstack([rows[:, -1:], english[:, -1:]])
        groups = [str(at) for at in range(len(both))]
        low, high = interval(both, groups, lambda some: 100 * float(some[:, 0].mean() / some[:, 1].mean()))
        of = f"{rows[:, -1].mean() / english[:, -1].mean():.0%} ({low:.0f}-{high:.0f}) of English"
        recalls = "/".join(f"{100 * recall:.1f}" for recall in rows.mean(axis=0))
        print(f"mean of {len(languages)}, {half}, {name}: {recalls}, {of}")


def _time(model: ActiveModel) -> None:
    for text in ("Ein Frosch", "Zwei Hunde rennen am Strand und spielen mit einem roten Ball"):
        taken = []
        for _ in range(40):
            started = time.perf_counter()
            model.encoder.encode_sentences([text])
            taken.append(time.perf_counter() - started)
        print(f"{1000 * float(np.median(taken)):.1f} ms: {text}")


if __name__ == "__main__":
    main()
