"""Make pictures with known words, to measure how much of them a reader of text in pictures finds.

    python bench/written/make.py FOLDER [--each 48] [--seed 1] [--photos FOLDER] [--fonts FOLDER ...]

Writes one folder a class with its pictures, ``textless/`` with the same backgrounds and nothing on them, and
``truth.json``: for every picture its class, its language and its words. The same arguments give the same
pictures. Without ``--photos`` the backgrounds are made, too. DejaVu, which comes with matplotlib, writes four
of the languages; Chinese and Japanese need a font that has them, such as Debian's ``fonts-noto-cjk``.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from maker import Made, Maker
from matplotlib import font_manager
from PIL import ExifTags, Image
from scenes import CLASSES, languages_of, scroll, small


@dataclass(frozen=True)
class Truth:
    """What stands in a file."""

    file: str
    of: str
    language: str
    words: tuple[str, ...]


def _save(made: Made, path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = made.orientation
    lossless = path.suffix == ".png"
    made.picture.save(path, **({} if lossless else {"quality": made.quality, "exif": exif}))


def main() -> None:
    """Make all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=48, help="pictures of a class, of all languages together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--photos", type=Path, help="photographs without text, for the backgrounds")
    parser.add_argument(
        "--fonts", type=Path, nargs="*", default=[], help="folders beside those of the system"
    )
    parser.add_argument("--only", nargs="*", help="these classes")
    options = parser.parse_args()
    paths = font_manager.findSystemFonts() + font_manager.findSystemFonts(
        [str(path) for path in options.fonts]
    )
    fonts = {Path(path).name: Path(path) for path in sorted(paths)}
    photos = (
        sorted(path for path in options.photos.rglob("*") if path.suffix in (".jpg", ".png"))
        if options.photos
        else []
    )
    truths = []
    for make in CLASSES:
        if options.only and make.__name__ not in options.only:
            continue
        (options.folder / make.__name__).mkdir(parents=True, exist_ok=True)
        languages = languages_of(make)
        for number in range(options.each):
            language = languages[number % len(languages)]
            made = make(Maker(f"{options.seed} {make.__name__} {number}", fonts, photos), language)
            name = f"{make.__name__}/{number:03}-{language}{'.png' if make in (small, scroll) else '.jpg'}"
            _save(made, options.folder / name)
            truths.append(Truth(name, make.__name__, language, made.words))
    (options.folder / "textless").mkdir(exist_ok=True)
    for number in range(options.each):
        ground = Maker(f"{options.seed} textless {number}", fonts, photos).ground(
            ((1600, 1200), (4000, 3000))[number % 2]
        )
        name = f"textless/{number:03}.jpg"
        _save(Made(ground, ()), options.folder / name)
        truths.append(Truth(name, "textless", "", ()))
    (options.folder / "truth.json").write_text(
        json.dumps([asdict(truth) for truth in truths], ensure_ascii=False, indent=1), "utf-8"
    )


if __name__ == "__main__":
    main()
