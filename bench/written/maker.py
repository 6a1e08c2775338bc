"""What draws the made pictures: fonts, backgrounds, boards and paragraphs from one random stream."""

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from words import SENTENCES, SIGNS, WITHOUT_SPACES

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
        return sign, tuple(word for line in lines for word in words_of(line, language))

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
        return tuple(word for line in lines for word in words_of(line, language))


def words_of(text: str, language: str) -> tuple[str, ...]:
    """The words of a text; one of Chinese or Japanese stays whole."""
    return (text.replace(" ", ""),) if language in WITHOUT_SPACES else tuple(text.split())


@cache
def _font(path: Path, size: int, face: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, index=face if path.suffix == ".ttc" else 0)
