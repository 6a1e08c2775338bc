"""The classes of made pictures: each function makes one, in a language."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from maker import BOLD, MONO, PLAIN, Made, Maker, words_of
from PIL import Image, ImageDraw, ImageFilter
from words import GOODS, LANGUAGES, SIGNS, TOTALS, WITHOUT_SPACES


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
    font = maker.font(BOLD, 48, language)
    font = font.font_variant(size=min(48, int(48 * 1200 / font.getlength(line))))
    top = maker.random.choice((40, 330, 640))
    ImageDraw.Draw(ground).text((40, top), line, "white", font, stroke_width=3, stroke_fill="black")
    return Made(ground, words_of(line, language))


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
        ground, tuple(word for name, price in lines for word in (*words_of(name, language), price) if word)
    )


def slide(maker: Maker, language: str) -> Made:
    """A slide with a title and two columns."""
    picture = Image.new("RGB", (1280, 720), maker.random.choice(("#ffffff", "#f0f4fa", "#fff8e8")))
    draw = ImageDraw.Draw(picture)
    title = maker.random.choice(SIGNS[language]).split("|")[0]
    draw.text((60, 40), title, "#103060", maker.font(BOLD, 52, language))
    words = words_of(title, language)
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
        words += (*words_of(good, language), *numbers)
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


def column(maker: Maker, language: str) -> Made:
    """A sign of Chinese or Japanese whose lines stand upright, from the right to the left."""
    ground = maker.ground((1200, 1600))
    lines = maker.random.choice(SIGNS[language]).split("|")
    size = maker.random.randrange(44, 90)
    font, (board, ink) = maker.font(BOLD, size, language), maker.colours()
    step = round(size * maker.random.uniform(1.05, 1.3))
    longest = max(map(len, lines))
    sign = Image.new("RGB", (round((len(lines) * 1.5 + 0.5) * size), longest * step + size), board)
    draw = ImageDraw.Draw(sign)
    for number, line in enumerate(reversed(lines)):
        for place, letter in enumerate(line):
            # A long vowel is a bar that stands upright, too.
            letter = letter.replace("\u30fc", "\uff5c")
            x = round((number * 1.5 + 1) * size)
            draw.text((x, size // 2 + place * step), letter, ink, font, anchor="ma")
    place = (maker.random.randrange(1201 - sign.width), maker.random.randrange(1601 - sign.height))
    ground.paste(sign, place)
    return Made(ground, tuple(words_of(line, language)[0] for line in lines))


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
    column,
)


def languages_of(scene: Callable[[Maker, str], Made]) -> tuple[str, ...]:
    """The languages that such pictures have."""
    return tuple(name for name in LANGUAGES if name in WITHOUT_SPACES) if scene is column else LANGUAGES
