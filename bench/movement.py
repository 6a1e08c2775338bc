"""Measure how many seconds of films are rightly told to be still, slow, fast, a pan or a zoom, and shots.

    python bench/movement.py --images FOLDER [--films 20] [--skip 0] [--compressed] [--real FILE...]

Films are made of pictures, so that what happens in them is known: a still one (with noise, as cameras have),
another picture that moves over it slowly or fast, a pan, a zoom in or out, one held in a hand that trembles,
and twenty shots, one after the other. Each lasts six seconds, of 640 by 360 pixels and 25 frames a second, in
H.264. ``--skip``: so many pictures are left out first, to choose by some films and report others.
``--compressed``: these and things over a plain surface, in other codecs, more strongly compressed, and of
fewer frames a second: how many seconds are told to be as fast as they are, and the camera to do what it does.
``--real``: what is told of films that are at hand, and what it takes beside decoding them.
"""

import argparse
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from indexer.analysers.movement import FAST, PAN, SLOW, STILL, ZOOM, told
from indexer.media.optical_flow import motions
from indexer.media.pool import DecodePool
from indexer.media.stretches import shots

Frame = npt.NDArray[np.uint8]
WIDTH, HEIGHT, FPS, SECONDS = 640, 360, 25, 6
NAMES = (STILL, SLOW, FAST, PAN, ZOOM)
SEED = 7


def _picture(path: Path, width: int, height: int) -> Frame:
    return np.asarray(
        cv2.resize(cv2.imread(str(path)), (width, height), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def _shown(picture: Frame, scale: float, across: float, down: float) -> Frame:
    """What a camera sees that is so near, and looks so many pixels beside the middle."""
    height, width = picture.shape[:2]
    matrix = np.float32(
        [
            [scale, 0, WIDTH / 2 - scale * (width / 2 + across)],
            [0, scale, HEIGHT / 2 - scale * (height / 2 + down)],
        ]
    )
    return np.asarray(
        cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def films(
    one: Path, other: Path, chance: random.Random
) -> Iterator[tuple[str, set[str], Callable[[float], Frame]]]:
    """(name, what is true of it, its picture at a second) of each film of two pictures."""
    large, small = _picture(one, 3 * WIDTH, 3 * HEIGHT), _picture(other, WIDTH // 2, HEIGHT // 2)
    plain = _shown(large, 0.6, 0, 0)

    def moving(speed: float) -> Callable[[float], Frame]:
        def at(second: float) -> Frame:
            frame = plain.copy()
            way = abs((speed * second + 0.2) % 1.0 - 0.5) * WIDTH  # to and fro
            left = round(way)
            frame[90:270, left : left + WIDTH // 2] = small
            return frame

        return at

    yield STILL, {STILL}, lambda _second: plain
    slow, fast = chance.uniform(0.03, 0.12), chance.uniform(0.3, 0.6)
    yield f"{SLOW} object", {SLOW}, moving(slow)
    yield f"{FAST} object", {FAST}, moving(fast)
    speed, side = chance.uniform(0.06, 0.25), chance.choice((-1, 1))
    yield (
        PAN,
        {PAN, SLOW if speed < 0.18 else FAST},
        lambda second: _shown(large, 1.0, side * speed * (second - SECONDS / 2) * WIDTH, 0),
    )
    rate, way = chance.uniform(0.06, 0.2), chance.choice((-1, 1))
    yield (
        ZOOM,
        {ZOOM, SLOW},
        lambda second: _shown(large, 0.9 * np.exp(way * rate * (second - SECONDS / 2)), 0, 0),
    )
    phases = [chance.uniform(0, 6) for _ in range(4)]

    def trembling(second: float) -> Frame:
        x, y = (
            2.5 * np.sin(9 * second + phases[n]) + 2 * np.sin(17 * second + phases[n + 2]) for n in (0, 1)
        )
        return _shown(large, 0.6, x, y)

    yield "hand that trembles", {SLOW}, trembling


@dataclass(frozen=True)
class Coding:
    """How a film is written: by which encoder, how many frames a second, with how much noise."""

    codec: str = "libx264"
    options: str = "preset=veryfast"
    fps: int = FPS
    noise: float = 2.0
    size: tuple[int, int] = (WIDTH, HEIGHT)


CODINGS = (
    *(
        Coding(options=f"preset=veryfast crf={crf}", noise=noise)
        for crf in (20, 28, 35)
        for noise in (0.0, 2.0)
    ),
    *(Coding(options="crf=28", fps=fps, noise=0.0) for fps in (6, 10, 15)),
    Coding(options="crf=28 bf=8", noise=0.0),
    *(
        Coding("libx265", "preset=ultrafast crf=28 x265-params=log-level=none", noise=noise)
        for noise in (0.0, 2.0)
    ),
    Coding("libx265", "preset=ultrafast crf=28 x265-params=log-level=none", fps=10, noise=0.0),
    Coding("libvpx-vp9", "deadline=realtime cpu-used=8 crf=36 b=0", noise=0.0),
    Coding("mpeg4", "qmin=12 qmax=12 bf=2", fps=15, noise=0.0),
    *(Coding(options="preset=veryfast crf=28", noise=0.0, size=size) for size in ((320, 180), (1920, 1080))),
)


def write(path: Path, seconds: float, at: Callable[[float], Frame], coding: Coding | None = None) -> None:
    """A film of what is seen at each second."""
    coding = coding or Coding()
    grain = np.random.default_rng(SEED)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(coding.codec, rate=coding.fps)
        (stream.width, stream.height), stream.pix_fmt = coding.size, "yuv420p"
        stream.options = dict(option.split("=", 1) for option in coding.options.split())
        for number in range(round(seconds * coding.fps)):
            picture = at(number / coding.fps).astype(np.float64)
            if coding.noise:
                picture += grain.normal(0, coding.noise, (HEIGHT, WIDTH, 1))
            seen = np.clip(picture, 0, 255).astype(np.uint8)
            if coding.size != (WIDTH, HEIGHT):
                seen = np.asarray(cv2.resize(seen, coding.size, interpolation=cv2.INTER_AREA), np.uint8)
            frame = av.VideoFrame.from_ndarray(seen, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, coding.fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def plainly(one: Path, chance: random.Random) -> Iterator[tuple[str, str, Callable[[float], Frame]]]:
    """(name, how fast, its picture at a second) of films in which but for one thing there is nothing."""
    surface = np.full((HEIGHT, WIDTH, 3), [chance.randint(60, 200) for _ in range(3)], np.uint8)
    ramp = np.linspace(0, 25, WIDTH).astype(np.uint8)[None, :, None]
    colour = [chance.randint(0, 255) for _ in range(3)]

    def moving(thing: Frame | None, side: float, speed: float) -> Callable[[float], Frame]:
        width, height = round(side * WIDTH), round(side * HEIGHT)

        def at(second: float) -> Frame:
            frame = surface + ramp
            room = WIDTH - width
            way = (speed * second * WIDTH + 0.2 * room) % (2 * room)
            left, top = round(min(way, 2 * room - way)), (HEIGHT - height) // 2
            if thing is None:
                cv2.circle(
                    frame, (left + width // 2, HEIGHT // 2), height // 2, colour, cv2.FILLED, cv2.LINE_AA
                )
            else:
                frame[top : top + height, left : left + width] = cv2.resize(thing, (width, height))
            return frame

        return at

    picture = _picture(one, WIDTH, HEIGHT)
    for name, thing in ((" picture", picture), (" disc", None)):
        for side in (0.35, 0.5):
            yield FAST + name, FAST, moving(thing, side, chance.uniform(0.3, 0.6))
            yield SLOW + name, SLOW, moving(thing, side, chance.uniform(0.04, 0.12))


def _seconds(pool: DecodePool, path: Path) -> dict[str, npt.NDArray[np.bool_]]:
    """In which quarters of a second each is told."""
    found = {name: np.zeros(4 * SECONDS, bool) for name in NAMES}
    for shot in shots(pool, path, None):
        for name, start_s, end_s in told(shot):
            found[name][round(4 * start_s) : round(4 * end_s)] = True
    return found


def made(pool: DecodePool, pictures: list[Path], folder: Path) -> None:
    """Print the share of right seconds of each film and each name, and the shots that are found."""
    right: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    chance = random.Random(SEED)  # noqa: S311 - not secret
    path = folder / "made.mp4"
    for one, other in zip(pictures[::2], pictures[1::2], strict=True):
        for name, truth, at in films(one, other, chance):
            write(path, SECONDS, at)
            for each, found in _seconds(pool, path).items():
                right[name][each].append(float((found == (each in truth)).mean()))
    print(
        f"{len(pictures) // 2} films of each, per cent of their seconds" + "".join(f"{n:>9}" for n in NAMES)
    )
    for name, each in right.items():
        print(f"{name:48}" + "".join(f"{100 * np.mean(each[n]):9.1f}" for n in NAMES))
    small = [_picture(one, WIDTH, HEIGHT) for one in pictures[:20]]
    for length_s in (1.5, 3.0):
        write(path, length_s * len(small), lambda second: small[int(second / length_s)])  # noqa: B023
        count = sum(not shot.goes_on for shot in shots(pool, path, None))
        print(f"{len(small)} shots of {length_s} s: {count} found")


def compressed(pool: DecodePool, pictures: list[Path], folder: Path) -> None:
    """Print how much of films is told to be as fast as it is, by how they are written."""
    path = folder / "made.mp4"
    speeds = (STILL, SLOW, FAST)
    for coding in CODINGS:
        right: dict[str, list[float]] = defaultdict(list)
        chance = random.Random(SEED)  # noqa: S311 - not secret
        for one, other in zip(pictures[::2], pictures[1::2], strict=True):
            made = [
                ("over a picture", next(name for name in speeds if name in truth), truth, at)
                for _, truth, at in films(one, other, chance)
            ]
            made += [("over a plain", fast, {fast}, at) for _, fast, at in plainly(other, chance)]
            for name, fast, truth, at in made:
                write(path, SECONDS, at, coding)
                found = _seconds(pool, path)
                right[name].append(float(found[fast].mean()))
                camera = truth & {PAN, ZOOM}
                right["camera"].append(
                    float(np.mean([(found[each] == (each in camera)).mean() for each in (PAN, ZOOM)]))
                )
        shares = ", ".join(f"{name} {100 * np.mean(each):.1f} %" for name, each in right.items())
        print(
            f"{coding.codec} {coding.options}, {coding.fps}/s, noise {coding.noise}, {coding.size}: {shares}",
            flush=True,
        )


def real(pool: DecodePool, path: Path) -> None:
    """Print what is told of a film, and what it takes."""
    begun = time.perf_counter()
    seen = list(shots(pool, path, None))
    decoded_s = time.perf_counter() - begun
    begun = time.perf_counter()
    lasts: dict[str, float] = defaultdict(float)
    for shot in seen:
        for name, start_s, end_s in told(shot):
            lasts[name] += end_s - start_s
    took_s = time.perf_counter() - begun
    length_s = seen[-1].end_s
    speeds = np.array([motion.speed for shot in seen for motion in motions(shot.glimpses)])
    told_of = ", ".join(f"{name} {100 * lasts[name] / length_s:.0f} %" for name in NAMES)
    print(f"{path.name}: {length_s:.0f} s, {sum(not shot.goes_on for shot in seen)} shots; {told_of}")
    print(
        f"  a minute takes {60 * took_s / length_s:.2f} s, decoding it {60 * decoded_s / length_s:.2f} s; "
        f"median speed {np.median(speeds):.3f}"
    )


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path)
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--compressed", action="store_true")
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    with DecodePool(2, timeout_s=60.0, memory_mb=4096) as pool, tempfile.TemporaryDirectory() as folder:
        if options.images:
            pictures = sorted(options.images.iterdir())[options.skip :][: 2 * options.films]
            (compressed if options.compressed else made)(pool, pictures, Path(folder))
        for path in options.real:
            real(pool, path)


if __name__ == "__main__":
    main()
