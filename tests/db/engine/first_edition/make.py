"""Make the media and the two libraries that stand for Trove's first edition.

The libraries are made by the code of commit 54b0975ae2eeb78d41fe7086caee57eb0c9ef946 and no other, so that
tests of later code meet what people really have on their disks. Check that commit out somewhere, and run
this script with its packages and its samples:

    git worktree add CHECKOUT 54b0975
    PYTHONPATH=CHECKOUT python make.py --samples CHECKOUT/samples --cache CACHE FOLDER

``FOLDER`` gets ``media``, ``heard`` (a library made with the builtin speech model) and ``deaf`` (one made
without any); what is there under these names is replaced. ``--at`` names the folder at which the libraries
believe the media to be: it must not exist, is made for the time of the run and taken away at its end, and
so nothing of this machine stands in the databases. ``--cache`` gets the exports of the models.

The same versions of Pillow, PyAV and NumPy write the same media, byte by byte. The libraries are the same
but for times, process ids and the random names of vector files. All moments are those of UTC.
"""

import argparse
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from PIL import ExifTags, Image, ImageDraw, TiffImagePlugin

Draw = Callable[[], Image.Image]
"""Draws a picture of ``WIDTH`` by ``HEIGHT``."""

Samples = npt.NDArray[np.int16]

SCHEMA = 3
"""Migrations that the commit knows."""

WIDTH, HEIGHT = 320, 240
FILM_SIZE = (160, 120)
RATE_HZ = 16_000
FPS = 10
SCENE_S = 2
CHANGED_AT_S = 1_682_942_400
"""2023-05-01 12:00 UTC: the first file changed then, each further one a minute later."""

KEPT = ("saved", "trove.db", "vectors")
"""What a library needs to be opened."""

WORDS, CONDITION = "Sun and sea", "Taken in 2021"


# --- what is drawn


def _canvas(top: Sequence[int], low: Sequence[int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A picture that is one colour at the top and fades into another one, to be painted on."""
    shares = np.linspace(0, 1, HEIGHT)[:, np.newaxis, np.newaxis]
    faded = np.array(top) * (1 - shares) + np.array(low) * shares
    picture = Image.fromarray(np.broadcast_to(faded.round().astype(np.uint8), (HEIGHT, WIDTH, 3)).copy())
    return picture, ImageDraw.Draw(picture)


def beach() -> Image.Image:
    """The sun going down over the sea, with a strip of sand."""
    picture, draw = _canvas((250, 120, 60), (255, 225, 150))
    draw.ellipse((130, 80, 190, 140), "#fff2a0")
    draw.rectangle((0, 120, WIDTH, HEIGHT), "#1d5f8a")
    for y in range(125, 190, 10):
        draw.line((160 - y // 3, y, 160 + y // 3, y), "#ffce80", 2)
    draw.rectangle((0, 192, WIDTH, HEIGHT), "#e5c88f")
    return picture


def forest() -> Image.Image:
    """Fir trees on a green meadow."""
    picture, draw = _canvas((120, 180, 240), (220, 240, 255))
    draw.rectangle((0, 144, WIDTH, HEIGHT), "#5c9a3d")
    for number in range(6):
        x, low = 27 + 53 * number, 168 + 24 * (number % 2)
        draw.rectangle((x - 4, low - 24, x + 4, low), "#6b4423")
        for step in range(3):
            y, half = low - 30 * (step + 1), 23 - 5 * step
            draw.polygon(((x, y - 30), (x - half, y + 12), (x + half, y + 12)), "#1e5a2c")
    return picture


def night() -> Image.Image:
    """Moon and stars over the black roofs of a town."""
    picture, draw = _canvas((5, 8, 30), (35, 40, 90))
    for x, y in np.random.default_rng(3).integers(0, (WIDTH, 144), (60, 2)).tolist():
        draw.ellipse((x, y, x + 1, y + 1), "white")
    draw.ellipse((224, 30, 272, 78), "#f4f1d0")
    for number in range(8):
        x, top = 40 * number, 150 + 37 * number % 41
        draw.rectangle((x, top, x + 40, HEIGHT), "#08080c")
        draw.rectangle((x + 13, top + 15, x + 20, top + 27), "#ffd75e")
    return picture


def boat() -> Image.Image:
    """A red boat with white sails on blue water."""
    picture, draw = _canvas((60, 140, 230), (200, 230, 250))
    draw.rectangle((0, 160, WIDTH, HEIGHT), "#0f4c81")
    draw.line((160, 40, 160, 160), "#553311", 4)
    draw.polygon(((164, 40), (164, 144), (240, 144)), "white")
    draw.polygon(((156, 48), (156, 144), (106, 144)), "#f3f3f3")
    draw.polygon(((80, 149), (240, 149), (208, 192), (112, 192)), "#c0202a")
    return picture


def ball() -> Image.Image:
    """A striped ball on a lawn."""
    picture, draw = _canvas((125, 195, 80), (95, 165, 50))
    for number, colour in enumerate(("#e02020", "white", "#2040d0", "white", "#f0c010", "white")):
        draw.pieslice((80, 40, 240, 200), number * 60, number * 60 + 60, colour)
    return picture


def house() -> Image.Image:
    """A yellow house with a red roof in the snow."""
    picture, draw = _canvas((160, 175, 195), (210, 218, 228))
    draw.rectangle((0, 192, WIDTH, HEIGHT), "white")
    draw.rectangle((80, 120, 240, 216), "#f2c230")
    draw.polygon(((64, 120), (160, 40), (256, 120)), "#a02818")
    draw.rectangle((144, 156, 176, 216), "#5a3418")
    return picture


# --- media


def make_media(folder: Path, samples: Path) -> None:
    """All media files, each with a time of change of its own."""
    (folder / "copies").mkdir(parents=True)
    _photo(folder / "beach.jpg", beach, _camera_exif())
    _photo(folder / "forest.jpg", forest, _edited_exif())
    _photo(folder / "night.jpg", night)
    _photo(folder / "boat.jpg", boat, _turned_exif(), turned=True)
    shutil.copyfile(folder / "beach.jpg", folder / "copies" / "beach.jpg")
    (folder / "broken.jpg").write_bytes(np.random.default_rng(1).bytes(2_000))
    spoken = _spoken(samples / "recordings" / "r001.ogg")
    facts = {"creation_time": "2022-03-04T05:06:07.000000Z", "location": "+59.3300+018.0600/"}
    _film(folder / "film.mp4", (ball, house, night), _cut(spoken, 0.8, 6.8), facts)
    _film(folder / "silent.mp4", (boat,), None, {}, scene_s=3)
    _recording(folder / "memo.mp3", _cut(spoken, 16.2, 23.3))
    for number, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file())):
        os.utime(path, (CHANGED_AT_S + 60 * number,) * 2)


def _photo(path: Path, scene: Draw, exif: Image.Exif | None = None, *, turned: bool = False) -> None:
    picture = scene()
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    picture.save(path, quality=80, exif=exif or b"")


def _camera_exif() -> Image.Exif:
    """All that a camera with a receiver writes."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "FUJIFILM", "X100V"
    details, tags = exif.get_ifd(ExifTags.IFD.Exif), ExifTags.Base
    details[tags.DateTimeOriginal] = _exif_time(datetime(2021, 7, 8, 20, 30, 15))
    details[tags.OffsetTimeOriginal] = "+02:00"
    details[tags.LensModel] = "23mmF2 II"
    exposed = ((tags.ExposureTime, 0.004), (tags.FNumber, 5.6), (tags.FocalLength, 23.0))
    for tag, value in exposed:
        details[tag] = TiffImagePlugin.IFDRational(value)
    details[tags.ISOSpeedRatings] = 200
    _put_position(exif, (43, 41, 42), "N", (7, 16, 15), "E")
    return exif


def _edited_exif() -> Image.Exif:
    """Nothing but when it was last saved."""
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = _exif_time(datetime(2020, 10, 3, 9, 5, 0))
    return exif


def _turned_exif() -> Image.Exif:
    """A camera held on its side, south of the equator; its maker's name stands in the model's too."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "NIKON CORPORATION", "NIKON D750"
    exif[ExifTags.Base.Orientation] = 6
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = _exif_time(datetime(2021, 12, 24, 18, 0, 1))
    _put_position(exif, (33, 51, 24), "S", (151, 12, 55), "E")
    return exif


def _exif_time(moment: datetime) -> str:
    return moment.strftime("%Y:%m:%d %H:%M:%S")


def _put_position(
    exif: Image.Exif, latitude: Sequence[int], north: str, longitude: Sequence[int], east: str
) -> None:
    gps, tags = exif.get_ifd(ExifTags.IFD.GPSInfo), ExifTags.GPS
    gps[tags.GPSLatitudeRef], gps[tags.GPSLongitudeRef] = north, east
    gps[tags.GPSLatitude] = tuple(map(TiffImagePlugin.IFDRational, latitude))
    gps[tags.GPSLongitude] = tuple(map(TiffImagePlugin.IFDRational, longitude))


def _spoken(path: Path) -> Samples:
    """The whole recording, mono."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


def _cut(samples: Samples, start_s: float, end_s: float) -> Samples:
    return samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]


def _film(
    path: Path, scenes: Sequence[Draw], sound: Samples | None, facts: dict[str, str], scene_s: int = SCENE_S
) -> None:
    with _written(path) as container:
        container.metadata.update(facts)
        video = container.add_stream("libx264", rate=FPS)
        video.width, video.height = FILM_SIZE
        video.pix_fmt = "yuv420p"
        # Key frames where the scene changes, and one thread: the file is the same everywhere.
        video.gop_size = scene_s * FPS
        video.thread_count = 1
        video.options = {"sc_threshold": "0", "preset": "slow", "crf": "26"}
        audio = None if sound is None else _sound_stream(container, "aac", 32_000)
        for number in range(len(scenes) * scene_s * FPS):
            frame = av.VideoFrame.from_image(scenes[number // (scene_s * FPS)]().resize(FILM_SIZE))
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            _put_sound(container, audio, sound)


def _recording(path: Path, sound: Samples) -> None:
    with _written(path) as container:
        _put_sound(container, _sound_stream(container, "libmp3lame", 32_000), sound)


@contextmanager
def _written(path: Path) -> Iterator[av.container.OutputContainer]:
    """A container whose bytes depend on what is put into it alone."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        yield container


def _sound_stream(container: av.container.OutputContainer, codec: str, bit_rate: int) -> av.AudioStream:
    stream = container.add_stream(codec, rate=RATE_HZ, layout="mono")
    stream.bit_rate = bit_rate
    stream.codec_context.flags |= Flags.bitexact
    return stream


def _put_sound(container: av.container.OutputContainer, stream: av.AudioStream, samples: Samples) -> None:
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


# --- libraries


def _edition(module: str) -> Any:
    """A module of the commit. Later code has others, and some of the same name."""
    return import_module(module)


def make_library(folder: Path, media: Path, cache: Path, whisper: str) -> None:
    """A library of the media, with saved searches where there is something to say about passages."""
    # One decoder: with more, which file of two alike comes first is left to chance.
    settings = _edition("db.settings").load_settings(
        library=folder, cache=cache, whisper=whisper, device="cpu", workers=1
    )
    with closing(_edition("db.session").Database(settings.database)) as database:
        _edition("indexer.pipeline").index(database, settings, [media])
    if whisper != "none":
        with _edition("search.service").SearchService.open(settings) as service:
            _save_searches(service, media)
    _tidy(folder)


def _save_searches(service: Any, media: Path) -> None:
    query, saved = _edition("search.query").Query, _edition("search.saved").SavedSearches(service)
    saved.add(WORDS, query("the sun over the sea"))
    saved.judge(WORDS, _unit(service, media / "beach.jpg", "image"), up=True)
    saved.judge(WORDS, _unit(service, media / "forest.jpg", "image"), up=False)
    saved.judge(WORDS, _unit(service, media / "film.mp4", "frame", 1), up=True)
    saved.judge(WORDS, _unit(service, media / "memo.mp3", "speech", 1), up=True)
    saved.add(CONDITION, query("date:2021", kind="image"))


def _unit(service: Any, path: Path, kind: str, number: int = 0) -> int:
    """The id of the first, or a later, unit of that kind in a file."""
    catalog = _edition("db.catalog")
    with service.database.read() as session:
        units = catalog.unit_rows(session, catalog.units_at(session, path)).values()
    of_kind = sorted((unit.start_s or 0.0, unit.id) for unit in units if unit.kind == kind)
    return of_kind[number][1]


def _tidy(folder: Path) -> None:
    """One sound database file without a journal beside it, and nothing that can be done without."""
    with closing(sqlite3.connect(folder / "trove.db", isolation_level=None)) as connection:
        connection.execute("VACUUM")
        found = connection.execute("PRAGMA integrity_check").fetchall()
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if found != [("ok",)] or busy:
        raise SystemExit(f"{folder}: the database is not in order: {found}")
    for path in folder.iterdir():
        if path.name not in KEPT:
            path.unlink()


# --- all of it


@contextmanager
def _copied(media: Path, to: Path) -> Iterator[Path]:
    """The media at another place, for as long as the libraries are made."""
    if to.exists() or to != to.resolve():
        raise SystemExit(f"{to} must be a place where nothing is, named without links")
    shutil.copytree(media, to)
    try:
        yield to
    finally:
        shutil.rmtree(to)


def _check_edition() -> None:
    if find_spec("db.migrations") is None or len(_edition("db.migrations").MIGRATIONS) != SCHEMA:
        raise SystemExit("PYTHONPATH must begin with a checkout of the first edition")


def main() -> None:
    """Read the arguments, and make everything."""
    parser = argparse.ArgumentParser(description="Make media and libraries of the first edition.")
    parser.add_argument("folder", type=Path, help="where to put them")
    parser.add_argument("--samples", type=Path, required=True, help="the samples of that commit")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the models' exports")
    parser.add_argument(
        "--at", type=Path, default=Path("/media-first-edition"), help="where the media seem to be"
    )
    given = parser.parse_args()
    _check_edition()
    # Films give their time in UTC, and libraries keep it as local time.
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name in ("media", "heard", "deaf"):
        shutil.rmtree(given.folder / name, ignore_errors=True)
    make_media(given.folder / "media", given.samples)
    with _copied(given.folder / "media", given.at) as media:
        make_library(given.folder / "heard", media, given.cache, "builtin")
        make_library(given.folder / "deaf", media, given.cache, "none")


if __name__ == "__main__":
    main()
