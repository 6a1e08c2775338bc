"""Text in films: when they are read, how a text is followed through one, and what is read of a real one."""

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from db.catalog.units import NewUnit
from db.settings import Settings
from indexer.analysers.medium import Medium
from indexer.analysers.text import Text
from indexer.media.pool import DecodePool
from indexer.media.shots import Shot
from indexer.media.types import Glimpse
from indexer.ocr.blocks import Block, Part
from indexer.ocr.changes import MOVING_S, Changes
from indexer.ocr.followed import Followed, Read, Stood, first
from indexer.ocr.lines import Line
from tests.support import ROOT, media

STEP_S = 0.25
SIZE = (640, 360)

Drawn = Callable[[float], Image.Image]
"""What a film shows at a second."""


def moving(seed: int) -> Drawn:
    """A soft scene under a camera that does not rest."""
    wide = Image.fromarray(media.scene(seed, 2 * SIZE[0], 2 * SIZE[1]))

    def drawn(at_s: float) -> Image.Image:
        x, y = (
            round(side * (0.5 + 0.45 * math.sin(at_s + turn)))
            for side, turn in zip(SIZE, (0, 1), strict=True)
        )
        return wide.crop((x, y, x + SIZE[0], y + SIZE[1]))

    return drawn


def noise(at_s: float) -> Image.Image:
    pixels = np.random.default_rng(round(100 * at_s)).integers(
        60, 190, (SIZE[1] // 4, SIZE[0] // 4), np.uint8
    )
    return Image.fromarray(pixels).resize(SIZE).convert("RGB")


def plain(_at_s: float) -> Image.Image:
    return Image.new("RGB", SIZE, (240, 240, 235))


def written(picture: Image.Image, text: str, y: int, pixels: int = 40, box: bool = False) -> Image.Image:
    """White letters with a dark edge, or black ones on a board, in the middle of a line."""
    picture = picture.copy()
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(pixels)
    place = (SIZE[0] // 2, y)
    if box:
        left, top, right, bottom = draw.textbbox(place, text, font, anchor="mm")
        draw.rectangle((left - 20, top - 20, right + 20, bottom + 20), "white")
        draw.text(place, text, "black", font, anchor="mm")
    else:
        draw.text(place, text, "white", font, anchor="mm", stroke_width=2, stroke_fill="black")
    return picture


# --- when a film is read


def shot(drawn: Drawn, start_s: float, end_s: float, goes_on: bool = False) -> Shot:
    times = np.arange(start_s, end_s, STEP_S)
    glimpses = [
        Glimpse(float(at_s), np.array(drawn(float(at_s)).resize((320, 180)).convert("L"))) for at_s in times
    ]
    return Shot(start_s, end_s, tuple(glimpses), goes_on)


def test_what_stands_still_is_read_once() -> None:
    changes = Changes()
    slide = shot(lambda _: written(plain(0), "Margins are stable", 100), 0, 50)
    (moment,) = changes.moments(slide)
    assert 0 < moment < 2
    assert (
        changes.moments(shot(lambda _: written(plain(0), "Margins are stable", 100), 50, 90, goes_on=True))
        == []
    )


def test_every_subtitle_over_a_moving_picture_is_read_while_it_stands() -> None:
    words = ["Where have you been all night?", "At the station.", "Nobody ever came.", "Let us go home now."]
    sea = moving(1)

    def subtitled(at_s: float) -> Image.Image:
        return written(sea(at_s), words[int(at_s / 3)], 320, 28) if at_s % 3 < 2 else sea(at_s)

    moments = Changes().moments(shot(subtitled, 0, 12))
    for number in range(4):
        assert any(3 * number + 0.25 <= moment < 3 * number + 2 for moment in moments), number


def test_slides_that_differ_in_their_words_alone_are_read_each() -> None:
    def slides(at_s: float) -> Image.Image:
        return written(plain(0), "Costs have fallen" if at_s < 10 else "Sales have risen", 100)

    before, after = Changes().moments(shot(slides, 0, 20))
    assert before < 10 < after < 11.5


@pytest.mark.slow
def test_a_picture_that_moves_is_read_now_and_then_and_never_more_than_it_may() -> None:
    quiet = Changes().moments(shot(moving(1), 0, 59))
    assert 59 / MOVING_S * 0.5 <= len(quiet) <= 59 / MOVING_S + 2

    def restless(at_s: float) -> Image.Image:
        return written(plain(0), f"number {int(at_s)} of many", 40 + 25 * (int(at_s) % 12))

    assert 59 / 3 <= len(Changes().moments(shot(restless, 0, 59))) <= 59 / 3 + 6


def test_a_short_shot_is_read_in_its_middle() -> None:
    changes = Changes()
    changes.moments(shot(moving(1), 0, 5))
    assert changes.moments(shot(noise, 5, 6)) == [5.5]


# --- how a text is followed


def block(text: str, x: float = 200, y: float = 150, confidence: float = 0.99) -> Block:
    right, bottom = x + 12 * len(text), y + 30
    corners = np.array([[x, y], [right, y], [right, bottom], [x, bottom]], np.float32)
    return Block(text, (Part(Line(text, confidence, corners, ((0.0, 1.0),)), 0, len(text)),))


def followed(drawn: Drawn, end_s: float, readings: dict[float, Sequence[Block]]) -> list[Stood]:
    texts = Followed()
    stood: list[Stood] = []
    for glimpse in shot(drawn, 0, end_s).glimpses:
        found = readings.get(glimpse.at_s)
        stood += texts.see(glimpse, None if found is None else Read(found, SIZE))
    return stood + list(texts.end(end_s))


def standing(start_s: float, end_s: float, ground: Drawn = plain) -> Drawn:
    return lambda at_s: written(ground(at_s), "HARBOUR", 165, 50) if start_s <= at_s < end_s else ground(at_s)


HARBOUR = block("HARBOUR", 200, 140)


def test_a_text_stands_as_long_as_its_strokes_do() -> None:
    (text,) = followed(standing(3, 8), 12, {4.5: [HARBOUR]})
    assert (text.start_s, text.end_s, text.at_s) == (3.0, 8.0, 4.5)


@pytest.mark.slow
def test_it_goes_on_through_cuts_and_what_is_read_of_it_may_differ() -> None:
    def drawn(at_s: float) -> Image.Image:
        return standing(0, 30, moving(int(at_s / 5)))(at_s)

    worse = block("HARB0UR", 200, 140, 0.7)
    (text,) = followed(
        drawn, 30, {1: [worse], 6: [HARBOUR], 11: [], 16: [worse], 21: [block("HARBCUR", 200, 140)]}
    )
    assert text.block.text == "HARBOUR"
    assert (text.start_s, text.end_s, text.at_s) == (0.0, 30.0, 6.0)


def test_a_score_that_runs_is_one_text_and_the_next_slide_is_another() -> None:
    scores = {float(at_s): [block(f"Harbour United {at_s // 9} Rovers 2")] for at_s in range(0, 40, 4)}
    assert len(followed(moving(1), 40, scores)) == 1
    slides = {1.0: [block("Costs fell in every region")], 6.0: [block("Margins are stable now")]}
    assert [text.block.text for text in followed(moving(1), 10, slides)] == [
        "Costs fell in every region",
        "Margins are stable now",
    ]


def test_what_comes_again_much_later_is_another_text() -> None:
    def drawn(at_s: float) -> Image.Image:
        return standing(0, 4)(at_s % 20)

    spans = [
        (text.start_s, text.end_s) for text in followed(drawn, 40, {1: [HARBOUR], 10: [], 21: [HARBOUR]})
    ]
    assert spans == [(0.0, 4.0), (20.0, 24.0)]


def test_two_texts_with_the_same_words_are_two() -> None:
    cells = [block("Yes", 100, 100), block("Yes", 100, 250)]
    assert len(followed(plain, 10, {1: cells, 4: cells, 7: cells[::-1]})) == 2


def test_what_is_read_once_must_be_sure() -> None:
    twigs, sign = block("AOMAA", confidence=0.6), block("EXIT", confidence=0.9)
    assert [text.block.text for text in followed(noise, 10, {2: [twigs], 6: [sign]})] == ["EXIT"]
    assert len(followed(noise, 10, {2: [twigs], 6: [twigs]})) == 1


def test_the_last_text_says_how_many_are_left_out() -> None:
    texts = [Stood(block(str(number)), SIZE, number, number + 1, number) for number in range(10)]
    assert [text.left_out for text in first(texts, 4)] == [0, 0, 0, 6]
    assert list(first(texts, 10)) == texts
    assert list(first([], 4)) == []


# --- what is read of a film


def film(path: Path, parts: Sequence[tuple[float, Drawn]], fps: int = 10) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height = SIZE
        stream.pix_fmt, stream.thread_count, stream.gop_size = "yuv420p", 1, 2 * fps
        stream.options = {"preset": "veryfast"}
        number = 0
        for seconds, drawn in parts:
            for _ in range(round(seconds * fps)):
                frame = av.VideoFrame.from_ndarray(np.array(drawn(number / fps)))
                frame.pts, frame.time_base = number, Fraction(1, fps)
                container.mux(stream.encode(frame))
                number += 1
        container.mux(stream.encode(None))
    return path


def titled(ground: Drawn, start_s: float, end_s: float) -> Drawn:
    def drawn(at_s: float) -> Image.Image:
        return (
            written(ground(at_s), "The Silent Harbour", 150, 48) if start_s <= at_s < end_s else ground(at_s)
        )

    return drawn


def signed(at_s: float) -> Image.Image:
    return written(noise(at_s), "Mind the gap", 240, 40, box=True) if 22 <= at_s < 25 else noise(at_s)


PARTS: list[tuple[float, Drawn]] = [
    (6, titled(moving(1), 2, 9)),
    (6, titled(moving(2), 2, 9)),
    (4, lambda at_s: written(plain(at_s), "Costs fell in every region", 120, 36)),
    (4, lambda at_s: written(plain(at_s), "Margins are stable", 120, 36)),
    (6, signed),
]
SPANS = {
    "The Silent Harbour": (2, 9),
    "Costs fell in every region": (12, 16),
    "Margins are stable": (16, 20),
    "Mind the gap": (22, 25),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "film.mp4", PARTS)


def units(
    path: Path, settings: Settings, decoders: DecodePool, shares: list[float] | None = None
) -> list[NewUnit]:
    pytest.importorskip("rapidocr")
    medium = Medium(path, decoders, side=224, max_megapixels=100)
    tell = (lambda _: None) if shares is None else shares.append
    return [draft.unit for draft in Text(settings).analyse(medium, tell)]


def spans(units: Sequence[NewUnit]) -> Iterator[tuple[str, float, float]]:
    for unit in units:
        assert unit.text is not None
        assert unit.start_s is not None
        assert unit.end_s is not None
        yield unit.text, unit.start_s, unit.end_s


@pytest.mark.slow
def test_titles_slides_and_signs_are_units_with_the_span_in_which_they_stand(
    made: Path, settings: Settings, decoders: DecodePool
) -> None:
    shares: list[float] = []
    found = units(made, settings, decoders, shares)
    assert sorted(text for text, _, _ in spans(found)) == sorted(SPANS)
    for text, start_s, end_s in spans(found):
        assert (start_s, end_s) == pytest.approx(SPANS[text], abs=1.0), text
    for unit in found:
        assert unit.kind == "text"
        assert unit.start_s <= unit.at_s <= unit.end_s  # type: ignore[operator]
        assert unit.region is not None
        assert 0.05 < unit.region.x < 0.5 < unit.region.x + unit.region.w
        assert unit.detail is not None
        (line,) = unit.detail["lines"]
        assert line["confidence"] > 0.8
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 5


@pytest.mark.slow
def test_a_film_without_text_has_no_unit(tmp_path: Path, settings: Settings, decoders: DecodePool) -> None:
    path = film(tmp_path / "film.mp4", [(5, moving(1)), (3, noise), (3, plain)])
    assert units(path, settings, decoders) == []


@pytest.mark.slow
def test_a_damaged_film_keeps_the_rest(
    made: Path, tmp_path: Path, settings: Settings, decoders: DecodePool
) -> None:
    whole = bytearray(made.read_bytes())
    middle = int(0.3 * len(whole))
    whole[middle : middle + 20_000] = bytes(20_000)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(whole)
    assert "Mind the gap" in {text for text, _, _ in spans(units(path, settings, decoders))}


def test_a_film_that_is_turned_is_read_upright(
    tmp_path: Path, settings: Settings, decoders: DecodePool
) -> None:
    lying = film(
        tmp_path / "lying.mp4", [(4, lambda at_s: written(plain(at_s), "Costs fell in May", 120, 40))]
    )
    turned = tmp_path / "turned.mp4"
    with av.open(str(lying)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(180)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    (upright,), (over,) = units(lying, settings, decoders), units(turned, settings, decoders)
    assert upright.text == over.text == "Costs fell in May"
    assert upright.region is not None
    assert over.region is not None
    assert over.region.y + over.region.h == pytest.approx(1 - upright.region.y, abs=0.05)


# --- what it needs

ASK = """
import sys
from db.errors import ModelMissingError
from db.settings import Settings
from indexer.analysers.text import Text
text = Text(Settings())
print(text.fingerprint)
try:
    text.require()
except ModelMissingError as exc:
    print(exc, "/", exc.hint)
print(*sorted({"cv2", "onnxruntime", "rapidocr"} & set(sys.modules)))
"""


def asked(*folders: Path) -> list[str]:
    """What a process says of it that looks for packages in these folders first."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (*folders, ROOT)))}
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()


def test_the_fingerprint_is_that_of_the_weights_and_loads_nothing() -> None:
    pytest.importorskip("rapidocr")
    fingerprint, loaded = asked()
    assert len(fingerprint.split()) > 1
    assert loaded == ""


def test_weights_that_are_gone_are_told_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "rapidocr-3.10.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: rapidocr\nVersion: 3.10.0\n")
    (folder / "RECORD").write_text("rapidocr/models/gone.onnx,,\n")
    fingerprint, told, loaded = asked(tmp_path)
    assert len(fingerprint.split()) == 1
    assert "rapidocr" in told and "pip install" in told
    assert loaded == ""
