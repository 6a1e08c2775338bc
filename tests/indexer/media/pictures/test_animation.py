"""Animated pictures are short films: found by their moments, with the times of their own frames."""

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import delete, select, update

from db.catalog import analyses, facts, units
from db.catalog.units import NewUnit
from db.engine.schema import Analysis, Content, Unit
from db.errors import DecodeError
from db.library import Library
from indexer.media.clips import browser_type, clip, cut
from indexer.media.pictures.timing import timing
from indexer.media.pool import DecodePool
from indexer.media.reader import (
    is_animation,
    probe,
    read_frames,
    read_glimpses,
    read_image,
    read_stills,
    still_at,
    stills_at,
)
from indexer.media.types import LARGEST_ANIMATION, Picture
from indexer.pipeline import index
from search.query.query import Query
from search.saved.searches import SavedSearches
from search.service import SearchService
from tests.indexer.media.pictures.test_cut import chunk
from tests.indexer.media.test_hostile import deep_gif
from tests.support import SAMPLES, media
from tests.support.mutants import most_memory_mb
from tests.support.variants import variants

SUFFIXES = (".gif", ".apng", ".webp", ".avif")
SIZE = (160, 120)
SEEDS = (1, 2, 3, 4)
DELAYS_S = (0.1, 0.5, 1.0, 0.7)
NOTE = "damaged or cut short: what could be decoded is shown"


def animated(
    path: Path,
    seeds: Sequence[int] = SEEDS,
    delays_s: Sequence[float] = DELAYS_S,
    size: tuple[int, int] = SIZE,
    **options: Any,
) -> Path:
    first, *others = (Image.fromarray(media.scene(seed, *size)) for seed in seeds)
    first.save(
        path,
        "PNG" if path.suffix in (".apng", ".png") else None,
        save_all=True,
        append_images=others,
        duration=[round(1000 * delay_s) for delay_s in delays_s],
        loop=0,
        **options,
    )
    return path


def shown(picture: Picture, seeds: Sequence[int] = SEEDS) -> int | None:
    """Which scene a frame shows."""
    height, width, _ = picture.shape
    for seed in seeds:
        if float(np.abs(picture.astype(float) - media.scene(seed, width, height)).mean()) < 25:
            return seed
    return None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_animation_is_a_film_with_the_times_of_its_frames(tmp_path: Path, suffix: str) -> None:
    path = animated(tmp_path / f"moving{suffix}")
    header = probe(path)
    assert (header.kind, header.width, header.height, header.note) == ("video", *SIZE, None)
    assert header.duration_s == pytest.approx(2.3)
    stills = read_stills(path, 0.0, 60.0, min_side=120)
    assert [(shown(still.picture), round(still.start_s, 3), round(still.end_s, 3)) for still in stills] == [
        (1, 0.0, 0.1),
        (2, 0.1, 0.6),
        (3, 0.6, 1.6),
        (4, 1.6, 2.3),
    ]
    for at_s, seed in ((0.0, 1), (0.05, 1), (0.1, 2), (0.59, 2), (0.6, 3), (2.0, 4), (9.0, 4)):
        assert shown(still_at(path, at_s, min_side=120)) == seed, at_s
    glimpses = read_glimpses(path, 0.0, 30.0)
    assert [glimpse.at_s for glimpse in glimpses] == [0.25 * number for number in range(10)]
    assert {glimpse.picture.shape for glimpse in glimpses} == {(120, 160)}
    at = [(at_s, shown(picture)) for at_s, picture in stills_at(path, [0.2, 0.3, 1.9], min_side=120)]
    assert at == [(0.2, 2), (0.3, 2), (1.9, 4)]
    assert read_stills(path, 60.0, 120.0, min_side=120) == []


def test_a_name_decides_nothing(tmp_path: Path) -> None:
    assert probe(animated(tmp_path / "moving.gif").rename(tmp_path / "moving.jpg")).kind == "video"


def test_what_has_one_frame_in_time_stays_a_picture(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = animated(tmp_path / f"single{suffix}", SEEDS[:1], DELAYS_S[:1])
        assert (probe(path).kind, is_animation(path)) == ("image", False)
    for variant in variants():
        if variant.name in ("several.mpo", "pages.tif", "several.heic", "icon.ico", "png-rgba.png"):
            variant.write(tmp_path / variant.name)
            assert probe(tmp_path / variant.name).kind == "image"
    hidden = animated(tmp_path / "hidden.png", SEEDS[:2], DELAYS_S[:1], default_image=True)
    assert probe(hidden).kind == "image"


def test_a_picture_for_programs_without_animations_is_no_frame(tmp_path: Path) -> None:
    path = animated(tmp_path / "moving.png", SEEDS, DELAYS_S[:3], default_image=True)
    assert probe(path).duration_s == pytest.approx(1.6)
    assert [shown(still.picture) for still in read_stills(path, 0.0, 9.0, min_side=120)] == [2, 3, 4]


@pytest.mark.parametrize("suffix", SUFFIXES[:3])
def test_frames_without_a_delay_are_shown_as_browsers_do(tmp_path: Path, suffix: str) -> None:
    path = animated(tmp_path / f"fast{suffix}", delays_s=[0.0] * 4)
    assert probe(path).duration_s == pytest.approx(0.4)
    assert [shown(still.picture) for still in read_stills(path, 0.0, 9.0, min_side=120)] == list(SEEDS)


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_transparency_of_an_animation_is_laid_on_white(tmp_path: Path, suffix: str) -> None:
    frames = []
    for seed in (1, 2):
        pixels = np.dstack([media.scene(seed), np.full((240, 320), 255, np.uint8)])
        pixels[100:140, 100:140] = 0
        frames.append(Image.fromarray(pixels))
    path = tmp_path / f"hole{suffix}"
    frames[0].save(
        path, "PNG" if suffix == ".apng" else None, save_all=True, append_images=frames[1:], duration=500
    )
    for at_s in (0.0, 0.6):
        assert still_at(path, at_s, min_side=240)[120, 120].min() > 245


def test_an_animation_is_turned_upright(tmp_path: Path) -> None:
    path = animated(tmp_path / "turned.webp", exif=media.exif(6))
    header, still = probe(path), still_at(path, 0.7, min_side=120)
    assert (header.width, header.height, still.shape) == (120, 160, (160, 120, 3))
    assert media.corners(still)["top right"] == "top left"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_are_counted_without_decoding(
    tmp_path: Path, suffix: str, forbid_decoding: Callable[[], None]
) -> None:
    path = animated(tmp_path / f"moving{suffix}")
    forbid_decoding()
    assert probe(path).kind == "video"


@pytest.fixture
def worker() -> Iterator[DecodePool]:
    with DecodePool(1, 60.0, 1536) as pool:
        yield pool


def test_a_hundred_thousand_frames_cost_little(tmp_path: Path, worker: DecodePool) -> None:
    header = worker.run(probe, deep_gif(tmp_path / "deep", 100_000))
    assert header.kind == "video"
    assert header.note == "the first 3,000 frames of the animation"
    assert header.duration_s == pytest.approx(300.0)
    assert len(worker.run(read_stills, tmp_path / "deep.gif", 240.0, 300.0, min_side=64)) == 1
    assert worker.run(most_memory_mb) < 200


def test_an_animation_on_a_huge_canvas_stays_a_picture(tmp_path: Path) -> None:
    path = animated(tmp_path / "huge.gif", size=(64, 64))
    data = bytearray(path.read_bytes())
    side = round(LARGEST_ANIMATION**0.5) + 1
    data[6:10] = struct.pack("<HH", side, side)
    path.write_bytes(data)
    assert probe(path).kind == "image"
    with pytest.raises(DecodeError, match="not a video but a picture"):
        still_at(path, 0.0, min_side=64)


def test_what_frames_make_together_is_bounded(tmp_path: Path) -> None:
    path = animated(tmp_path / "large.gif", [1, 2] * 30, [0.5] * 60, (64, 64))
    data = bytearray(path.read_bytes())
    data[6:10] = struct.pack("<HH", 6000, 6000)
    path.write_bytes(data)
    header = probe(path)
    assert (header.note, header.duration_s) == ("the first 27 frames of the animation", pytest.approx(13.5))


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_an_animation_that_is_cut_short_shows_the_frames_that_are_whole(tmp_path: Path, suffix: str) -> None:
    path = animated(tmp_path / f"cut{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * 0.85)])
    header = probe(path)
    assert (header.kind, header.note, header.duration_s) == ("video", NOTE, pytest.approx(1.6))
    assert [shown(still.picture) for still in read_stills(path, 0.0, 9.0, min_side=120)] == [1, 2, 3]


def test_a_damaged_frame_costs_only_what_follows(tmp_path: Path) -> None:
    path = animated(tmp_path / "damaged.apng")
    data = bytearray(path.read_bytes())
    middle = data.index(b"fdAT", data.index(b"fdAT") + 4) + 200
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    assert [shown(still.picture) for still in read_stills(path, 0.0, 9.0, min_side=120)][:2] == [1, 2]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_animation_is_played_as_a_clip(tmp_path: Path, suffix: str, decoders: DecodePool) -> None:
    path = animated(tmp_path / f"moving{suffix}", size=(161, 121))
    assert browser_type(path, decoders) is None
    made = clip(path, 2.0, cache=tmp_path, decoders=decoders)
    with av.open(str(made.path)) as container:
        assert container.duration / av.time_base == pytest.approx(2.3, abs=0.05)
        frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert [round(at_s, 2) for at_s, _ in frames] == [0.0, 0.1, 0.6, 1.6, 2.27]
    assert [shown(picture) for _, picture in frames] == [1, 2, 3, 4, 4]
    # Between two frames the one before is on the screen.
    saved = cut(path, 0.3, 1.0, cache=tmp_path, decoders=decoders)
    with av.open(str(saved.path)) as container:
        frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert [(round(at_s, 2), shown(picture)) for at_s, picture in frames] == [(0.0, 2), (0.3, 3), (0.67, 3)]
    assert [at_s for at_s, _ in read_frames(path, 5.0, 9.0, min_side=64)] == []


def test_an_animation_as_a_query_is_its_first_frame(tmp_path: Path) -> None:
    _, picture = read_image(animated(tmp_path / "moving.gif"), min_side=120, max_megapixels=50)
    assert shown(picture) == 1


def frames_of(library: Library) -> list[tuple[str, float | None]]:
    with library.read() as session:
        rows = session.execute(select(Unit.kind, Unit.at_s).order_by(Unit.at_s))
        return [(kind, at_s) for kind, at_s in rows]


FRAMES = [("frame", 0.0), ("frame", 0.1), ("frame", 0.6), ("frame", 1.6)]


def test_an_animation_is_found_by_its_moments(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    path = folder / "moving.gif"
    first, *others = (
        Image.open(SAMPLES / "pictures" / name).convert("RGB").resize((320, 240))
        for name in ("p003.jpg", "p002.jpg", "p001.jpg")
    )
    first.save(path, save_all=True, append_images=others, duration=5000)
    report = index(library, [folder])
    assert (report.indexed, report.failed) == (1, 0)
    assert frames_of(library) == [("frame", 0.0), ("frame", 5.0), ("frame", 10.0)]
    with SearchService(library) as service:
        hit = service.search(Query("a kitten", k=1)).hits[0]
    assert (hit.kind, hit.path, hit.start_s) == ("frame", path.resolve(), 10.0)


def test_an_older_library_looks_again_and_keeps_what_people_made(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    path = animated(folder / "moving.gif")
    media.photo(folder / "photo.jpg")
    index(library, [folder])
    # As it was left by a Trove for which an animation was a picture.
    with library.write() as session:
        content_id = session.scalars(select(Content.id).where(Content.kind == "video")).one()
        session.execute(delete(Analysis).where(Analysis.content_id == content_id))
        session.execute(update(Content).where(Content.id == content_id).values(kind="image"))
        session.execute(update(Analysis).where(Analysis.analyser == "headers").values(fingerprint="4"))
        analyses.record(session, "headers", "4", "done", content_id=content_id)
        made = analyses.record(session, "pictures", "1", "done", content_id=content_id)
        units.add(session, [(NewUnit("image"), content_id, made, None)])
        unit_id = session.scalars(select(Unit.id).where(Unit.content_id == content_id)).one()
    with SearchService(library) as service:
        saved = SavedSearches(service)
        saved.add("mine", Query("a picture"))
        saved.judge("mine", unit_id, up=True)
        assert index(library).failed == 0
        found = frames_of(library)
        assert [(kind, round(at_s or 0.0, 3)) for kind, at_s in found if kind == "frame"] == FRAMES
        assert [kind for kind, _ in found].count("image") == 1, "the photograph is what it was"
        (thumb,) = saved.thumbs("mine")
        with library.read() as session:
            judged = units.rows(session, [thumb.unit_id or 0])[thumb.unit_id or 0]
            assert facts.of_file(session, path.resolve())["duration"].value == pytest.approx(2.3)
    assert (judged.path, judged.kind, thumb.up) == (path.resolve(), "frame", True)
    assert index(library).unchanged == 2


def test_damaged_timing_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "odd.avif"
    data = animated(path).read_bytes()
    at = data.index(b"stts") + 12
    for count, delta, frames in ((0xFFFFFFFF, 0, 3000), (0xFFFFFFFF, 0xFFFFFFFF, 2), (0, 0, 3)):
        changed = io.BytesIO(data[:at] + struct.pack(">II", count, delta) + data[at + 8 :])
        found = timing(changed, "AVIF", SIZE)
        assert len(found.starts if found else ()) == frames
    buffer = io.BytesIO()
    Image.fromarray(media.scene(1)).save(buffer, "PNG")
    whole = buffer.getvalue()
    path.write_bytes(whole[:33] + chunk(b"acTL", struct.pack(">II", 2, 0)) + whole[33:])
    assert probe(path).kind == "image"
