"""Make pictures with known words, to measure how much of them a reader of text in pictures finds.

    python bench/written/make.py FOLDER [--each 48] [--seed 1] [--photos FOLDER] [--fonts FOLDER ...]

Writes one folder a class with its pictures, ``textless/`` with the same backgrounds and nothing on them, and
``truth.json``: for every picture its class, its language and its words. The same arguments give the same
pictures. Without ``--photos`` the backgrounds are made, too. DejaVu, which comes with matplotlib, writes four
of the languages; Chinese and Japanese need a font that has them, such as Debian's ``fonts-noto-cjk``.
"""

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageFont

from bench.written.words import GOODS, LANGUAGES, SENTENCES, SIGNS, TOTALS, WITHOUT_SPACES

PLAIN = (
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "LiberationSerif-Regular.ttf",
    "NotoSans-Regular.ttf",
)
BOLD = ("DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "DejaVuSerif-Bold.ttf")
MONO = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf")
EAST_ASIAN = ("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc")
SHADES = ((25, 25, 30), (250, 250, 245), (20, 60, 130), (150, 30, 30), (240, 200, 40), (20, 100, 60))


@dataclass(frozen=True)
class Made:
    """A made picture; ``orientation`` is what its EXIF block shall say, 1 to 8."""

    picture: Image.Image
    words: tuple[str, ...]
    orientation: int = 1
    quality: int = 92


@dataclass(frozen=True)
class Truth:
    """What stands in a file."""

    file: str
    of: str
    language: str
    words: tuple[str, ...]


class Maker:
    """Draws pictures from one random stream."""

    def __init__(self, seed: str, fonts: dict[str, Path], photos: list[Path]) -> None:
        self.random = random.Random(seed)  # noqa: S311 - for pictures
        self.numbers = np.random.default_rng(self.random.randrange(2**32))
        self.fonts = fonts
        self.photos = photos

    def font(self, names: tuple[str, ...], size: int, language: str) -> ImageFont.FreeTypeFont:
        """One of these fonts, or one that has the signs of the language."""
        wanted = EAST_ASIAN if language in WITHOUT_SPACES else names
        there = [self.fonts[name] for name in wanted if name in self.fonts]
        if not there:
            raise SystemExit(f"none of the fonts {', '.join(wanted)} is here: name their folder with --fonts")
        # Of the faces of a Noto CJK collection the first is Japanese, the third simplified Chinese.
        face = 2 if language == "zh" else 0
        return _font(self.random.choice(there), size, face)

    def ground(self, size: tuple[int, int]) -> Image.Image:
        """A background without text: a part of a photograph, or soft shapes with grain."""
        if self.photos:
            with Image.open(self.random.choice(self.photos)) as photo:
                scale = max(size[0] / photo.width, size[1] / photo.height)
                photo = photo.convert("RGB").resize(
                    (max(size[0], round(photo.width * scale)), max(size[1], round(photo.height * scale)))
                )
                return self._grainy(photo.crop((0, 0, *size)), 4)
        coarse = self.numbers.integers(0, 256, (5, 6, 3), dtype=np.uint8)
        ground = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(ground)
        for _ in range(25):
            x, y = self.random.randrange(size[0]), self.random.randrange(size[1])
            side = self.random.randrange(20, max(21, size[1] // 4))
            shape = draw.ellipse if self.random.random() < 0.5 else draw.rectangle
            shape((x, y, x + side, y + side), fill=tuple(self.random.randrange(256) for _ in range(3)))
        return self._grainy(ground.filter(ImageFilter.GaussianBlur(2)), 9)

    def _grainy(self, picture: Image.Image, deviation: float) -> Image.Image:
        noise = self.numbers.normal(0, deviation, (picture.height, picture.width, 1))
        return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))

    def colours(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """A board and letters that can be told from it."""
        while True:
            board, ink = self.random.sample(SHADES, 2)
            if abs(sum(board) - sum(ink)) > 250:
                return board, ink

    def board(self, language: str, height: int) -> tuple[Image.Image, tuple[str, ...]]:
        """A sign with letters of so many pixels, and its words."""
        lines = self.random.choice(SIGNS[language]).split("|")
        font = self.font(BOLD, height, language)
        board, ink = self.colours()
        width = round(max(font.getlength(line) for line in lines))
        sign = Image.new("RGB", (width + height, round((len(lines) * 1.35 + 0.5) * height)), board)
        for number, line in enumerate(lines):
            ImageDraw.Draw(sign).text((height // 2, round((number * 1.35 + 0.3) * height)), line, ink, font)
        return sign, tuple(word for line in lines for word in _words(line, language))

    def paragraph(
        self, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], size: int, language: str, ink: str
    ) -> tuple[str, ...]:
        """Sentences set into a box, broken at its right edge; the words that fit."""
        font = self.font(PLAIN, size, language)
        spaced = language not in WITHOUT_SPACES
        sentences = self.random.sample(SENTENCES[language], len(SENTENCES[language]))
        pieces = " ".join(sentences).split() if spaced else list("".join(sentences))
        lines, joint = [""], " " if spaced else ""
        for piece in pieces:
            longer = f"{lines[-1]}{joint}{piece}" if lines[-1] else piece
            if font.getlength(longer) <= box[2] - box[0]:
                lines[-1] = longer
            else:
                lines.append(piece)
        lines = lines[: max(1, int((box[3] - box[1]) / (size * 1.5)))]
        for number, line in enumerate(lines):
            draw.text((box[0], box[1] + round(number * size * 1.5)), line, ink, font)
        # A sign of Chinese or Japanese may follow the last of another line: n-grams stay in their line.
        return tuple(word for line in lines for word in _words(line, language))


def sign(maker: Maker, language: str) -> Made:
    """A sign somewhere on a photograph."""
    ground = maker.ground((1600, 1200))
    board, words = maker.board(language, maker.random.randrange(36, 80))
    if board.width > 1500:
        board = board.resize((1500, round(board.height * 1500 / board.width)))
    place = (maker.random.randrange(1601 - board.width), maker.random.randrange(1201 - board.height))
    ground.paste(board, place)
    return Made(ground, words)


def overlay(maker: Maker, language: str) -> Made:
    """Letters straight on the photograph, with an outline, as subtitles and memes have them."""
    ground = maker.ground((1280, 720))
    line = maker.random.choice(SIGNS[language]).replace("|", " ")
    size = 48
    font = maker.font(BOLD, size, language)
    if font.getlength(line) > 1200:
        size = int(size * 1200 / font.getlength(line))
        font = maker.font(BOLD[:1], size, language)
    top = maker.random.choice((40, 330, 640))
    ImageDraw.Draw(ground).text((40, top), line, "white", font, stroke_width=3, stroke_fill="black")
    return Made(ground, _words(line, language))


def far(maker: Maker, language: str) -> Made:
    """A small sign on a photograph of 12 megapixels."""
    ground = maker.ground((4000, 3000))
    board, words = maker.board(language, maker.random.randrange(30, 50))
    ground.paste(board, (maker.random.randrange(100, 2500), maker.random.randrange(100, 2700)))
    return Made(ground, words)


def perspective(maker: Maker, language: str) -> Made:
    """A sign seen from the side, and somewhat turned."""
    ground = maker.ground((1600, 1200))
    board, words = maker.board(language, 80)
    width, height = board.size
    shift = maker.random.uniform(0.12, 0.3) * height
    left = maker.random.random() < 0.5
    # Where the corners of the new picture are taken from, counter-clockwise from the top left.
    taken = (
        0,
        -shift * left,
        0,
        height + shift * left,
        width,
        height + shift * (not left),
        width,
        -shift * (not left),
    )
    mask = Image.new("L", board.size, 255).transform(
        board.size, Image.Transform.QUAD, taken, Image.Resampling.BICUBIC
    )
    board = board.transform(board.size, Image.Transform.QUAD, taken, Image.Resampling.BICUBIC)
    angle = maker.random.uniform(-15, 15)
    board, mask = (part.rotate(angle, Image.Resampling.BICUBIC, expand=True) for part in (board, mask))
    scale = min(1.0, 1500 / board.width, 1100 / board.height)
    size = (round(board.width * scale), round(board.height * scale))
    place = (maker.random.randrange(1601 - size[0]), maker.random.randrange(1201 - size[1]))
    ground.paste(board.resize(size), place, mask.resize(size))
    return Made(ground, words)


def noise(maker: Maker, language: str) -> Made:
    """A sign taken in the dark: grain, a soft lens and strong compression."""
    made = sign(maker, language)
    dark = made.picture.point(lambda level: level * 0.6).filter(ImageFilter.GaussianBlur(1))
    grain = maker.numbers.normal(0, 18, (dark.height, dark.width, 3))
    return replace(
        made, picture=Image.fromarray(np.clip(np.asarray(dark) + grain, 0, 255).astype(np.uint8)), quality=35
    )


def small(maker: Maker, language: str) -> Made:
    """A screenshot in full HD with windows of text whose font has 11 pixels."""
    screen = Image.new("RGB", (1920, 1080), maker.random.choice(("#34507a", "#202428", "#7a8a99")))
    draw = ImageDraw.Draw(screen)
    words: tuple[str, ...] = ()
    for column in range(maker.random.randrange(1, 4)):
        left, top = 60 + column * 620, maker.random.randrange(40, 500)
        dark = maker.random.random() < 0.3
        draw.rectangle((left, top, left + 580, top + 260), "#1e1e1e" if dark else "white")
        draw.rectangle((left, top, left + 580, top + 22), "#888888")
        box = (left + 15, top + 40, left + 560, top + 250)
        words += maker.paragraph(draw, box, 11, language, "#dddddd" if dark else "#202020")
    return Made(screen, words)


def upside(maker: Maker, language: str) -> Made:
    """A page of a book, upside down."""
    made = _page(maker, language)
    return replace(made, picture=made.picture.transpose(Image.Transpose.ROTATE_180))


def turned(maker: Maker, language: str) -> Made:
    """A page of a book that lies on its side."""
    made = _page(maker, language)
    turn = maker.random.choice((Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270))
    return replace(made, picture=made.picture.transpose(turn))


def mirrored(maker: Maker, language: str) -> Made:
    """A sign whose pixels are stored mirrored or turned, and whose EXIF block says so."""
    made = sign(maker, language)
    orientation, undo = maker.random.choice(
        (
            (2, Image.Transpose.FLIP_LEFT_RIGHT),
            (4, Image.Transpose.FLIP_TOP_BOTTOM),
            (5, Image.Transpose.TRANSPOSE),
            (7, Image.Transpose.TRANSVERSE),
            (6, Image.Transpose.ROTATE_90),
        )
    )
    return replace(made, picture=made.picture.transpose(undo), orientation=orientation)


def receipt(maker: Maker, language: str) -> Made:
    """A photographed receipt: long and thin, with prices, a date and the number of an account."""
    goods = [maker.random.choice(GOODS[language]) for _ in range(maker.random.randrange(12, 30))]
    prices = [f"{maker.random.randrange(50, 9999) / 100:.2f}" for _ in goods]
    account = "DE" + "".join(str(maker.random.randrange(10)) for _ in range(20))
    lines = [(good, price) for good, price in zip(goods, prices, strict=True)]
    lines += [
        (TOTALS[language], f"{sum(map(float, prices)):.2f}"),
        (f"{maker.random.randrange(1, 29):02}.0{maker.random.randrange(1, 10)}.2023", "14:35"),
        (account, ""),
    ]
    paper = Image.new("RGB", (560, 90 + 42 * len(lines)), "#f4f2ea")
    draw, font = ImageDraw.Draw(paper), maker.font(MONO, 26, language)
    for number, (name, price) in enumerate(lines):
        draw.text((30, 40 + 42 * number), name, "#303030", font)
        draw.text((530, 40 + 42 * number), price, "#303030", font, anchor="ra")
    ground = maker.ground((760, paper.height + 160))
    ground.paste(paper.filter(ImageFilter.GaussianBlur(0.7)), (100, 80))
    return Made(
        ground, tuple(word for name, price in lines for word in (*_words(name, language), price) if word)
    )


def slide(maker: Maker, language: str) -> Made:
    """A slide with a title and two columns."""
    picture = Image.new("RGB", (1280, 720), maker.random.choice(("#ffffff", "#f0f4fa", "#fff8e8")))
    draw = ImageDraw.Draw(picture)
    title = maker.random.choice(SIGNS[language]).split("|")[0]
    draw.text((60, 40), title, "#103060", maker.font(BOLD, 52, language))
    words = _words(title, language)
    for left in (60, 670):
        words += maker.paragraph(draw, (left, 160, left + 540, 680), 24, language, "#202020")
    return Made(picture, words)


def table(maker: Maker, language: str) -> Made:
    """A table with lines between its cells."""
    goods = maker.random.sample(GOODS[language], 8)
    picture = Image.new("RGB", (1200, 100 + 70 * len(goods)), "white")
    draw, font = ImageDraw.Draw(picture), maker.font(PLAIN, 28, language)
    words: tuple[str, ...] = ()
    for row, good in enumerate(goods):
        numbers = [str(maker.random.randrange(10, 100_000)) for _ in range(3)]
        for column, cell in enumerate((good, *numbers)):
            left, top = 50 + (0, 420, 650, 880)[column], 50 + 70 * row
            draw.rectangle((left, top, left + (420 if column == 0 else 230), top + 70), outline="#808080")
            draw.text((left + 15, top + 16), cell, "#202020", font)
        words += (*_words(good, language), *numbers)
    return Made(picture, words)


def scroll(maker: Maker, language: str) -> Made:
    """A scrolled screenshot of a telephone, many times as long as it is wide."""
    picture = Image.new("RGB", (720, 6400), "white")
    draw = ImageDraw.Draw(picture)
    words: tuple[str, ...] = ()
    for top in range(60, 6200, 900):
        words += maker.paragraph(draw, (40, top, 680, top + 500), 22, language, "#202020")
        picture.paste(maker.ground((640, 330)), (40, top + 530))
    return Made(picture, words)


def _page(maker: Maker, language: str) -> Made:
    ground = maker.ground((1200, 1600))
    page = Image.new("RGB", (1000, 1300), "#f8f4ea")
    words = maker.paragraph(ImageDraw.Draw(page), (80, 80, 920, 1220), 34, language, "#252525")
    ground.paste(page.filter(ImageFilter.GaussianBlur(0.6)), (100, 150))
    return Made(ground, words)


CLASSES: tuple[Callable[[Maker, str], Made], ...] = (
    sign,
    overlay,
    far,
    perspective,
    noise,
    small,
    upside,
    turned,
    mirrored,
    receipt,
    slide,
    table,
    scroll,
)


def _words(text: str, language: str) -> tuple[str, ...]:
    return (text.replace(" ", ""),) if language in WITHOUT_SPACES else tuple(text.split())


@cache
def _font(path: Path, size: int, face: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, index=face if path.suffix == ".ttc" else 0)


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
        for number in range(options.each):
            language = LANGUAGES[number % len(LANGUAGES)]
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
