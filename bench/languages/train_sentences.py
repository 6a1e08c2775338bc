"""Train the map from multilingual-e5-small's layers into the builtin model's space of texts.

    npm pack cldr-annotations-full && tar xzf cldr-annotations-full-*.tgz
    python bench/languages/train_sentences.py --captions captions.csv --annotations package/annotations \
        --out map.safetensors

``captions.csv`` has the columns image, split (train or dev) and caption; only ``train`` is used. The map is
ridge regression from the averages of all thirteen layers to the vector that the builtin model gives the same
text in English, of reduced rank. Pairs of text and English are, by group:

- captions, in English;
- the same with their words put into each language by our own lists, one after the other;
- names of the ImageNet classes, in English;
- words of our own lists and of CLDR in all languages that have lexicons, and in English;
- CLDR's names and keywords of emoji in all other languages that questions are told to be in.

Deterministic by seed, on the CPU.
"""

import argparse
import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from build import HERE, annotations, of_emoji
from build import own_forms as listed_forms
from torch_tower import load_torch_tower

from db.settings import load_settings
from db.words.grammar import grammar
from indexer.encoders.base import Encoder
from indexer.encoders.builtin.sentences.mapped import SPACE
from indexer.encoders.builtin.sentences.tower import SentenceTower
from indexer.encoders.phrasings import encode_phrased
from indexer.encoders.registry import BUILTIN, load_encoder
from indexer.languages import named_languages
from search.translation.english import WORD
from search.translation.lexicon import STEM, languages, own_lexicon

Floats = npt.NDArray[np.float32]
Pair = tuple[str, str]
"""A text of some language, and what it says in English."""

CAPTION_WORDS = HERE / "caption_words.tsv"
"""What captions have and lists of things have not, in all languages: of, wearing, next to."""
PROMPTS = ("{}", "a {}", "a photo of a {}")
LEAST_WEIGHT = 1.0
"""Of the forms in a lexicon: those derived from others weigh less."""
MOST_WORDS = 3
UNTRANSLATED = frozenset("a an the is are was were be being".split())
"""English words that other languages mostly leave out of what names something."""
USUAL = 0.7
"""How often a word has the form that the lists have first."""
CHUNK = 2048
SAMPLE = 2_000


@dataclass(frozen=True)
class Recipe:
    """Chosen on half of the development captions, but for the numbers of pairs, which are what time allowed.

    ``captions``, ``words``, ``names``: how many are used; ``share``: of the captions in each language, word
    by word; ``weights``: how much a pair of each group counts.
    """

    seed: int = 0
    captions: int = 12_000
    share: float = 0.15
    words: int = 50_000
    names: int = 20_000
    ridge: float = 0.01
    rank: int = 256
    weights: tuple[tuple[str, float], ...] = (
        ("captions", 1.0),
        ("mixed", 1.0),
        ("classes", 1.0),
        ("words", 0.3),
        ("names", 0.3),
    )


def captions(path: Path) -> list[str]:
    """The captions of the training pictures, without the space that Flickr8k has before the full stop."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row["caption"] for row in csv.DictReader(file) if row["split"] == "train"]
    return list(dict.fromkeys(row.replace(" .", ".").replace(" ,", ",").strip() for row in rows))


def classes() -> Iterator[Pair]:
    """Names of the ImageNet classes."""
    from open_clip import IMAGENET_CLASSNAMES

    for name in IMAGENET_CLASSNAMES:
        for prompt in PROMPTS:
            yield prompt.format(name), prompt.format(name)


def words() -> Iterator[Pair]:
    """All words and names that lexicons are sure of, as they have them and as our own lists write them."""
    english = set()
    for language in languages():
        own = own_lexicon(language)
        for form in own.lines:
            best = own.senses(form)[0]
            if not form.startswith(STEM) and best.weight >= LEAST_WEIGHT:
                english.add(best.english)
                yield form, best.english
        for meaning, forms in own_forms(language).items():
            yield from ((form, meaning) for form in forms)
    yield from ((word, word) for word in sorted(english))


def names(folder: Path) -> Iterator[Pair]:
    """What CLDR calls emoji in languages without a lexicon."""
    english = annotations(folder, "en")
    for language in sorted(named_languages().keys() - set(languages()) - {"en"}):
        for form, meaning, _ in of_emoji(english, annotations(folder, language)):
            yield form, meaning


def mixed(texts: Sequence[str], seed: int, share: float) -> Iterator[Pair]:
    """A share of the captions in each language, word by word; what the lists have not stays English."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    for language in languages():
        for text in chance.sample(texts, round(share * len(texts))):
            yield word_by_word(text, language, chance), text


def word_by_word(text: str, language: str, chance: random.Random) -> str:
    """An English text with the words of our own lists in their place, the longest first."""
    forms = own_forms(language)
    each = [word for word in WORD.findall(text.lower()) if word not in UNTRANSLATED]
    said: list[str] = []
    at = 0
    while at < len(each):
        for end in range(min(len(each), at + MOST_WORDS), at, -1):
            before, last = each[at : end - 1], each[end - 1]
            listed = (forms.get(" ".join([*before, form])) for form in listed_as(last))
            if known := next(filter(None, listed), None):
                said.append(known[0] if chance.random() < USUAL else chance.choice(known))
                at = end
                break
        else:
            said.append(each[at])
            at += 1
    return ("" if grammar(language).unspaced else " ").join(said)


@cache
def listed_as(word: str) -> tuple[str, ...]:
    """A word as the lists may have it: as it is, in the singular, plain, or as what somebody is doing."""
    from lemminflect import getAllLemmas, getInflection

    lemmas = getAllLemmas(word)
    doing = [form for verb in lemmas.get("VERB", ()) for form in getInflection(verb, "VBG")]
    return (word, *lemmas.get("NOUN", ()), *lemmas.get("ADJ", ()), *doing)


@cache
def own_forms(language: str) -> dict[str, list[str]]:
    """English to the forms of our own lists, that of the words of captions after those of things."""
    found: dict[str, list[str]] = {}
    for english, _, forms in listed_forms(language):
        if english and forms:
            found.setdefault(english, forms)
    with CAPTION_WORDS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if form := row[language]:
                found.setdefault(row["en"], [form])
    return found


class Sums:
    """Second moments of standardised features, a constant among them, and of the targets with them."""

    def __init__(self, dims: int, dim: int) -> None:
        self.features = np.zeros((dims + 1, dims + 1), np.float32)
        self.targets = np.zeros((dims + 1, dim), np.float32)
        self.count = 0

    def add(self, features: Floats, targets: Floats) -> None:
        """Add rows."""
        rows = np.hstack([features, np.ones((len(features), 1), np.float32)])
        self.features += rows.T @ rows
        self.targets += rows.T @ targets
        self.count += len(rows)


@dataclass(frozen=True)
class Standard:
    """Mean and deviation of each feature."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, rows: Floats) -> "Standard":
        return cls(rows.mean(axis=0), rows.std(axis=0) + 1e-6)

    def __call__(self, rows: Floats) -> Floats:
        scaled: Floats = (rows - self.mean) / self.deviation
        return scaled


def features(tower: SentenceTower, texts: Sequence[str]) -> Floats:
    """(n, 13 * 384): the averages of all layers; texts of like length are encoded together."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    rows = tower([texts[at] for at in order]).reshape(len(texts), -1)
    placed = np.empty_like(rows)
    placed[order] = rows
    return placed


def solve(groups: dict[str, Sums], recipe: Recipe) -> tuple[Floats, Floats, Floats]:
    """(features, rank), (rank,) and (rank, dim): the map, its constant part included, of reduced rank.

    Of all maps of that rank the one whose results are nearest to those of the full one (Izenman 1975).
    """
    from scipy.linalg import cho_factor, cho_solve, eigh

    weights = dict(recipe.weights)
    count = sum(weights[name] * sums.count for name, sums in groups.items())
    moments = sum(weights[name] / count * sums.features for name, sums in groups.items())
    crossed = sum(weights[name] / count * sums.targets for name, sums in groups.items())
    penalty = np.full(len(moments), recipe.ridge, np.float32)
    penalty[-1] = 0
    full = cho_solve(cho_factor(moments + np.diag(penalty), lower=True), crossed)
    spread = full.T @ moments @ full
    _, main = eigh(spread, subset_by_index=[len(spread) - recipe.rank, len(spread) - 1])
    inner = full @ main
    return inner[:-1].astype(np.float32), inner[-1].astype(np.float32), main.T.astype(np.float32)


def gathered(path: Path, folder: Path, recipe: Recipe) -> tuple[dict[str, list[Pair]], list[str]]:
    """The pairs of all groups, and texts that tell the mean and the deviation of each feature."""
    chance = random.Random(recipe.seed)  # noqa: S311 - samples, no secrets
    english = chance.sample(captions(path), recipe.captions)
    pairs = {
        "captions": [(text, text) for text in english],
        "mixed": list(mixed(english, recipe.seed, recipe.share)),
        "classes": list(classes()),
    }
    chance.shuffle(pairs["mixed"])
    pairs["words"] = chance.sample(list(dict.fromkeys(words())), recipe.words)
    sample = chance.sample([text for group in pairs.values() for text, _ in group], SAMPLE)
    pairs["names"] = chance.sample(list(dict.fromkeys(names(folder))), recipe.names)
    return pairs, sample


def summed(
    pairs: dict[str, list[Pair]], sample: Sequence[str], encoder: Encoder
) -> tuple[Standard, dict[str, Sums]]:
    """Encode all pairs with both models."""
    tower = load_torch_tower()
    standard = Standard.of(features(tower, sample))
    known: dict[str, Floats] = {}
    groups = {}
    for name, group in pairs.items():
        sums = groups[name] = Sums(len(standard.mean), encoder.dim)
        for start in range(0, len(group), CHUNK):
            some = group[start : start + CHUNK]
            if new := sorted({english for _, english in some} - known.keys()):
                known |= zip(new, encode_phrased(encoder, new), strict=True)
            targets = np.stack([known[english] for _, english in some])
            sums.add(standard(features(tower, [text for text, _ in some])), targets)
            print(f"{name}: {start + len(some)} of {len(group)}", flush=True)
    return standard, groups


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    from safetensors.numpy import save_file

    recipe = Recipe()
    encoder = load_encoder(BUILTIN, device="cpu", cache=load_settings().cache)
    standard, groups = summed(*gathered(args.captions, args.annotations, recipe), encoder)
    inner, constant, outer = solve(groups, recipe)
    folded = inner / standard.deviation[:, None]
    tensors = {"inner": folded, "constant": constant - standard.mean @ folded, "outer": outer}
    halves = {name: np.ascontiguousarray(value, np.float16) for name, value in tensors.items()}
    save_file(halves, args.out, metadata={SPACE: encoder.fingerprint})


if __name__ == "__main__":
    main()
