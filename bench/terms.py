"""Choose the weight of negative query terms (NEGATIVE), and measure what positive weights do.

    python bench/terms.py --images FOLDER --captions CSV [--split dev] [--model NAME]

A picture shows a thing that at least two of its captions name by a word of a list. For every two things that
are seen together in at least five pictures, ``"thing" -"other"`` is asked, and ``"thing" "other"`` with
weights for the second; the query is put together as a search does it. Printed, for each weight: how many
of the ten best show the thing, how many of them without the other, how many both. The pairs are split at
random into those to choose with and those to report.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from captioned import Captioned, Floats, load, parser

from search.engine.ranking import LEAST_DEVIATION

THINGS = {
    "dog": "dogs?|pupp(y|ies)",
    "snow": "snow|snowy",
    "water": "water|lake|river|ocean|sea|pool",
    "beach": "beach|sand|shore",
    "grass": "grass|grassy|lawn",
    "child": "child|children|kids?|boys?|girls?|bab(y|ies)|toddlers?",
    "woman": "wom[ae]n|lad(y|ies)",
    "man": "m[ae]n",
    "ball": "balls?|football|soccer|basketball|baseball|tennis",
    "bicycle": "bikes?|bicycles?|bikers?|cyclists?|biking",
    "crowd": "crowds?|people|group",
    "street": "streets?|roads?|sidewalk|city",
    "rock": "rocks?|rocky|cliffs?|mountains?",
    "tree": "trees?|woods?|forest",
    "jump": "jump(s|ing|ed)?|leap(s|ing)?|air|midair",
    "red": "red",
    "blue": "blue",
    "swim": "swim(s|ming)?|pool|wet|splash(es|ing)?",
    "climb": "climb(s|ing|er|ers)?",
    "skateboard": "skateboard(s|er|ers|ing)?|ramp",
}
NEGATIVES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
POSITIVES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
TOGETHER = 5
SHOWN = 10
SEED = 0

Shows = npt.NDArray[np.bool_]


def seen(captions: Sequence[Sequence[str]]) -> dict[str, Shows]:
    """For each thing, which pictures show it: (n,)."""
    words = {thing: re.compile(rf"\b(?:{forms})\b", re.I) for thing, forms in THINGS.items()}
    return {
        thing: np.array([sum(bool(found.search(text)) for text in texts) >= 2 for texts in captions])
        for thing, found in words.items()
    }


def best(pictures: Captioned, first: Floats, second: Floats, weight: float) -> npt.NDArray[np.intp]:
    """The ten best pictures for two texts, the second with a weight; as ``Scope.combined``."""
    stacked = np.stack([first, second])
    baseline = np.maximum((pictures.vectors @ stacked.T).std(axis=0), LEAST_DEVIATION)
    return np.argsort(-(pictures.vectors @ (np.array([1.0, weight]) / baseline @ stacked)))[:SHOWN]


def main() -> None:
    """Ask, count, print."""
    pictures = load(parser(__doc__).parse_args())
    shows = seen(pictures.captions)
    texts = dict(zip(THINGS, pictures.encoder.encode_texts(list(THINGS)), strict=True))
    pairs = [
        (one, other)
        for one in THINGS
        for other in THINGS
        if one != other
        and (shows[one] & shows[other]).sum() >= TOGETHER
        and (shows[one] & ~shows[other]).sum() >= SHOWN
    ]
    half = np.random.default_rng(SEED).permutation(len(pairs)) < len(pairs) // 2
    print(
        f"{len(pictures.paths)} pictures, {len(pairs)} pairs: {half.sum()} to choose with, "
        f"{(~half).sum()} to report"
    )
    for title, weights in (("negative", [-w for w in NEGATIVES]), ("positive", POSITIVES)):
        print(
            f"{title:9} {'the thing':>10} {'without the other':>18} {'both':>6}   "
            "(chosen with: without, both)"
        )
        for weight in weights:
            rows = []
            for one, other in pairs:
                top = best(pictures, texts[one], texts[other], weight)
                mine, both = shows[one][top], shows[one][top] & shows[other][top]
                rows.append((mine.mean(), (mine & ~both).mean(), both.mean()))
            found = 100 * np.array(rows)
            told, chosen = found[~half].mean(axis=0), found[half].mean(axis=0)
            print(
                f"{weight:9g} {told[0]:10.1f} {told[1]:18.1f} {told[2]:6.1f}   "
                f"({chosen[1]:.1f}, {chosen[2]:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
