"""Measure what of questions is not understood: false alarms, typing errors, languages, and what it costs.

    python bench/understood.py --captions CSV [--translations FOLDER] [--split dev] [--sample N] [--json FILE]

``--captions``: image, split, caption, in English, as of Flickr8k. ``--translations``: files
``captions-dev-LANGUAGE.csv`` with image and caption. Typing errors are made here, one in a word of five
letters or more that Trove knows: two letters swapped, one left out, doubled, or replaced by a neighbour on
the keyboard. The names, loan words and codes are lists below; concepts are those of ``concepts.csv``.
"""

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import indexer.analysers.registry  # noqa: F401 - the kinds, which queries check
from indexer.encoders.registry import BUILTIN
from search.query.language import Term
from search.query.query import Query
from search.translation import english
from search.understanding.asked import WORD, Known
from search.understanding.reading import hinders, understanding

KNOWN = Known(model=BUILTIN)
MISREAD = ("language", "unknown word", "name", "code", "emoji", "empty")
NAMES = (
    """
Paris, Nikon, IKEA, Hogwarts, sushi, gouda, dachshund, Berlin, London, Lego, BMW, Toyota, Canon, Sony,
iPhone, iPad, selfie, emoji, Instagram, Minecraft, Pikachu, Pokemon, Batman, Disneyland, Christmas,
Halloween, Oktoberfest, Kindergarten, Amsterdam, Mallorca, Tenerife, Rotterdam, Tokyo, Kyoto, Einstein,
croissant, tiramisu, pizza, spaghetti, schnitzel, ramen, hummus, falafel, kayak, frisbee, labradoodle,
corgi, husky, chihuahua, samoyed, drone, gopro, smartphone, bluetooth, wifi, snorkeling, paragliding,
wakeboard, café, château, jalapeño, fiancée, paella, burrito, tortilla, sombrero, karaoke, kimono,
origami, bonsai, sauna, Rio de Janeiro, rio de janeiro, Tour de France, déjà vu, Mont Blanc,
Eiffel Tower, Costa Rica, San Francisco, crème brûlée, spaghetti bolognese, pain au chocolat, dolce vita,
Notre Dame, Las Vegas, feng shui, Neuschwanstein castle
""".replace("\n", " ")
    .strip()
    .split(", ")
)
PEOPLE = "Rex Anna Bella Max Peter Maria Emma Luca Oliver Sophie Finn Mehmet Yuki".split()
CODES = (
    """
IMG_2034, AB12-3345, 4711, DE89 3704 0044 0532 0130 00, DSC00012.JPG, 20230714_1812,
INV-2024/113, +49 170 1234567
""".replace("\n", " ")
    .strip()
    .split(", ")
)
NOUNS = {
    "de": "hund katze baum haus kind strand schnee fahrrad vogel blume",
    "fr": "chien chat arbre maison enfant plage neige vélo oiseau fleur",
    "es": "perro gato árbol casa niño playa nieve bicicleta pájaro flor",
    "it": "cane gatto albero casa bambino spiaggia neve bicicletta uccello fiore",
    "nl": "hond kat boom huis kind strand sneeuw fiets vogel bloem",
    "pl": "pies kot drzewo dom dziecko plaża śnieg rower ptak kwiat",
    "pt": "cachorro gato árvore casa criança praia neve bicicleta pássaro flor",
    "tr": "köpek kedi ağaç ev çocuk plaj kar bisiklet kuş çiçek",
}
FIRST = """
import sys, time
import indexer.analysers.registry
from search.query.query import Query
from search.understanding.asked import Known
from search.understanding.reading import understanding
query = Query(sys.argv[1])
started = time.process_time()
understanding(query, Known(model="builtin-2"))
print(1000 * (time.process_time() - started))
"""
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def abouts(text: str) -> list[str]:
    """What the notes on a text are about."""
    return [note.about for note in understanding(Query(str(Term("text", text))), KNOWN).notes]


def shares(texts: Sequence[str]) -> dict[str, float]:
    """The share of texts with a note, by what it is about; ``misread``: with any that keeps from absent."""
    found = [set(abouts(text)) for text in texts]
    counts = Counter(about for each in found for about in each)
    counts["misread"] = sum(bool(each & set(MISREAD)) for each in found)
    return {about: round(count / len(texts), 4) for about, count in sorted(counts.items())}


def slip(word: str, dice: random.Random) -> tuple[str, str]:
    """A word with a typing error, and of what sort."""
    at = dice.randrange(1, len(word) - 1)
    sort = dice.choice(("swapped", "left out", "doubled", "neighbour"))
    if sort == "swapped":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :], sort
    if sort == "left out":
        return word[:at] + word[at + 1 :], sort
    if sort == "doubled":
        return word[:at] + word[at] + word[at:], sort
    row = next((keys for keys in KEYS if word[at] in keys), KEYS[0])
    place = max(0, row.find(word[at]))
    beside = row[place + 1] if place + 1 < len(row) else row[place - 1]
    return word[:at] + beside + word[at + 1 :], sort


def typing_errors(captions: Sequence[str]) -> dict[str, dict[str, float]]:
    """Of captions with one error each: the share noticed, first offered, and offered at all, by its sort."""
    dice = random.Random(24)  # noqa: S311 - the same errors each time
    each: dict[str, list[tuple[bool, bool, bool]]] = {}
    for caption in captions:
        plain = caption.rstrip(" .")
        words = [
            word for word in WORD.findall(plain) if len(word) > 4 and word.islower() and english.is_word(word)
        ]
        if not words:
            continue
        word = dice.choice(words)
        wrong, sort = slip(word, dice)
        if wrong == word:
            continue
        text = plain.replace(word, wrong, 1)
        notes = understanding(Query(str(Term("text", text))), KNOWN).notes
        offers = [offer for note in notes if note.about == "unknown word" for offer in note.offers]
        right = str(Term("text", plain)), plain
        seen = any(note.about in MISREAD for note in notes)
        result = (seen, bool(offers) and offers[0] in right, any(offer in right for offer in offers))
        each.setdefault(sort, []).append(result)
        each.setdefault("all", []).append(result)
    names = ("noticed", "first offer", "offered")
    return {
        sort: {name: round(statistics.fmean(row[at] for row in rows), 3) for at, name in enumerate(names)}
        for sort, rows in sorted(each.items())
    }


def languages(folder: Path) -> dict[str, dict[str, str]]:
    """Of captions in other languages, whole and their first words: how many have what note, of how many."""
    table: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("captions-dev-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            captions = [row["caption"].rstrip(" .") for row in csv.DictReader(file)]
        name = path.stem[-2:]
        table[name] = {}
        for words in (None, 3, 2, 1):
            cut = [" ".join(caption.split()[:words]) for caption in captions]
            each = [set(abouts(text)) for text in cut]
            told, noted = sum("language" in it for it in each), sum(bool(it & set(MISREAD)) for it in each)
            table[name]["all words" if words is None else f"first {words}"] = f"{told} {noted} of {len(each)}"
    return table


def costs(captions: Iterable[str]) -> dict[str, float]:
    """Milliseconds of a caption once warm, and of CPU time of a process's first question, all else loaded."""
    warm = []
    for caption in captions:
        query = Query(str(Term("text", caption)))
        started = time.perf_counter()
        understanding(query, KNOWN)
        warm.append(1000 * (time.perf_counter() - started))
    found = {
        "warm, median": statistics.median(warm),
        "warm, 99th percentile": statistics.quantiles(warm, n=100)[98],
    }
    for name, text in (
        ("first, plain words", "a dog on the beach"),
        ("first, American spelling", "a colorful bird"),
        ("first, mis-spelt", "dgo runing on grass"),
        ("first, German", "ein hund auf der wiese"),
    ):
        runs = [float(subprocess.check_output([sys.executable, "-c", FIRST, text])) for _ in range(3)]
        found[name] = statistics.median(runs)
    return {name: round(value, 2) for name, value in found.items()}


def lists() -> Mapping[str, object]:
    """What the lists of this file give: those that are misread, or not noticed."""
    concepts = Path(__file__).with_name("concepts.csv")
    with concepts.open(encoding="utf-8", newline="") as file:
        named = [row["concept"] for row in csv.DictReader(file)]
    silent = {
        language: [noun for noun in nouns.split() if not set(abouts(noun)) & set(MISREAD)]
        for language, nouns in NOUNS.items()
    }
    return {
        "concepts with a note": {name: abouts(name) for name in named if abouts(name)},
        "names and loan words with a note": {name: abouts(name) for name in NAMES if abouts(name)},
        "people not told": [name for name in PEOPLE if "name" not in abouts(name)],
        "codes not told": [code for code in CODES if "code" not in abouts(code)],
        "foreign nouns not noticed, of ten each": silent,
    }


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--translations", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--sample", type=int, default=5_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with options.captions.open(encoding="utf-8", newline="") as file:
        captions = [
            row["caption"].rstrip(" .") for row in csv.DictReader(file) if row["split"] == options.split
        ]
    captions = captions[: options.sample]
    assert not hinders(understanding(Query("a dog"), KNOWN))
    found: dict[str, object] = {
        "captions": len(captions),
        "share of captions with a note": shares(captions),
        "typing errors": typing_errors(captions),
        "milliseconds": costs(captions[:1_000]),
        **lists(),
    }
    if options.translations:
        found["told as a language, and with any such note"] = languages(options.translations)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    if options.json:
        options.json.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
