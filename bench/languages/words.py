"""Measure how well single things are found by their names in other languages.

    apt install tuxpaint-stamps-default
    python bench/languages/words.py [--stamps DIR] [--by WAY] [--model NAME] [LANGUAGE ...]

Pictures and names are those of the drawing program Tux Paint, which Trove was not trained on and whose
translations its lexicons do not use. Each name of up to four words is asked among all pictures; right is any
picture with the same English name. Printed: R@1, R@5, R@10, how many names were read in the language, and
the share of the English R@10. They are read by words and by their meaning, as Trove does, or ``--by words``
alone, or not at all, ``--by typed``.
"""

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.settings import load_settings
from indexer.encoders.base import Encoder, SentenceEncoder
from indexer.encoders.phrasings import encode_phrased
from indexer.encoders.registry import BUILTIN, load_encoder
from indexer.media.pixels import read_pixels
from indexer.media.pool import DecodePool
from search.engine.texts import fused
from search.translation.router import translated
from search.understanding.asked import Known
from search.understanding.tongues import foreign

LANGUAGES = "ar de es fr it ja ko nl pl pt ru tr zh".split()
ENGLISH = "en"
MOST_WORDS = 4
DEPTHS = (1, 5, 10)
_CODES = {"zh": "zh_CN"}
_NAME = re.compile(r"(\w+)\.utf8=(.*)")
_NO_THING = re.compile(r"/(symbols|flags)/", re.IGNORECASE)
_BATCH = 32

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Stamp:
    """A picture of a thing, and what it is called by language."""

    path: Path
    names: dict[str, str]


def stamps(folder: Path) -> Iterator[Stamp]:
    """The stamps with short English names."""
    for text in sorted(folder.rglob("*.txt")):
        path = text.with_suffix(".png")
        english, *others = text.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        name = english.strip(" .!")
        if path.exists() and 0 < len(name.split()) <= MOST_WORDS and not _NO_THING.search(str(path)):
            names = {match[1]: match[2].strip(" .!\u3002") for match in map(_NAME.match, others) if match}
            yield Stamp(path, names | {ENGLISH: name})


def embedded(each: Sequence[Stamp], encoder: Encoder) -> Floats:
    """The vectors of the pictures, (n, dim)."""
    settings = load_settings()
    batches = [each[start : start + _BATCH] for start in range(0, len(each), _BATCH)]
    with DecodePool.of(settings) as pool:
        pixels = [[read_pixels(stamp.path, encoder, settings, pool) for stamp in batch] for batch in batches]
    return np.concatenate([encoder.encode_pixels(np.stack(batch)) for batch in pixels])


def ranks(
    each: Sequence[Stamp], language: str, pictures: Floats, vector: Callable[[str], Floats]
) -> list[int]:
    """By name how many other pictures come before the right one."""
    names = np.array([stamp.names[ENGLISH].lower() for stamp in each])
    found = []
    for at, stamp in enumerate(each):
        name = stamp.names.get(_CODES.get(language, language))
        if name and (language == ENGLISH or name != stamp.names[ENGLISH]):
            likeness = pictures @ vector(name)
            found.append(int((likeness > likeness[names == names[at]].max()).sum()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("languages", nargs="*", default=LANGUAGES)
    parser.add_argument("--stamps", type=Path, default=Path("/usr/share/tuxpaint/stamps"))
    parser.add_argument("--model", default=BUILTIN)
    parser.add_argument("--by", choices=("typed", "words", "both"), default="both")
    arguments = parser.parse_args()
    settings = load_settings()
    encoder = load_encoder(arguments.model, device=settings.device, cache=settings.cache)
    assert isinstance(encoder, SentenceEncoder)
    each = list(stamps(arguments.stamps))
    pictures = embedded(each, encoder)
    read = 0

    def vector(name: str) -> Floats:
        nonlocal read
        said = None if arguments.by == "typed" else translated(name)
        read += said is not None
        mean: Floats = encode_phrased(encoder, said.english if said else [name]).mean(axis=0)
        if arguments.by != "both" or not (said or foreign(name, Known())):
            return mean
        (meaning,) = encoder.encode_sentences([name])
        return fused(mean / np.linalg.norm(mean), meaning, said) if said else meaning

    print(f"{len(each)} pictures")
    recalls = {}
    for language in (ENGLISH, *arguments.languages):
        read = 0
        placed = np.array(ranks(each, language, pictures, vector))
        recalls[language] = [100 * float(np.mean(placed < depth)) for depth in DEPTHS]
        share = recalls[language][-1] / recalls[ENGLISH][-1]
        figures = "/".join(f"{recall:.1f}" for recall in recalls[language])
        print(f"{language}  {figures}  {share:4.0%} of English, {read} of {len(placed)} read", flush=True)
    mean = np.mean([recalls[language] for language in arguments.languages], axis=0)
    share = mean[-1] / recalls[ENGLISH][-1]
    print(f"mean  {'/'.join(f'{recall:.1f}' for recall in mean)}  {share:.0%}")


if __name__ == "__main__":
    main()
