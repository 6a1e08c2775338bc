"""Hostile media: bombs, absurd numbers, tricks, and files damaged at random."""

import gzip
import random
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from PIL import Image

from db.catalog import assets
from db.engine.database import Database
from db.errors import DecodeError, MediaError, QueryError
from db.library import Library
from indexer.media.pool import DecodePool
from indexer.media.reader import probe, read_image, read_stills
from indexer.pipeline import index
from search.query.language import parse
from tests.support import media
from tests.support.mutants import consume, most_memory_mb, mutate, originals

Make = Callable[[Path], Path]

MEGAPIXELS = 300
LONGEST_S = 20.0


def _png(path: Path, width: int, height: int) -> Path:
    """A PNG that is small on disk and says that it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))

    head = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20), 9) * 4
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
    return path


def png_bomb(path: Path) -> Path:
    return _png(path.with_suffix(".png"), 60_000, 60_000)


def png_text_bomb(path: Path) -> Path:
    """A text chunk that unpacks to two hundred times its size."""
    made = _png(path.with_suffix(".png"), 4, 4)
    data = b"comment\0\0" + zlib.compress(bytes(70 << 20), 1)
    chunk = struct.pack(">L", len(data)) + b"zTXt" + data + struct.pack(">L", zlib.crc32(b"zTXt" + data))
    whole = made.read_bytes()
    made.write_bytes(whole[:33] + chunk + whole[33:])
    return made


def gif_bomb(path: Path) -> Path:
    path = path.with_suffix(".gif")
    Image.new("P", (8, 8)).save(path)
    data = bytearray(path.read_bytes())
    data[6:10] = struct.pack("<HH", 65_535, 65_535)
    path.write_bytes(data)
    return path


def deep_gif(path: Path, frames: int = 50_000) -> Path:
    """Tens of thousands of blank frames."""
    path = path.with_suffix(".gif")
    Image.new("P", (8, 8)).save(path)
    data = path.read_bytes()
    start = data.index(b",", 13)
    path.write_bytes(data[:start] + data[start:-1] * frames + b";")
    return path


def tiff_bomb(path: Path) -> Path:
    path = path.with_suffix(".tiff")
    Image.new("RGB", (8, 8)).save(path)
    data = bytearray(path.read_bytes())
    offset = struct.unpack("<L", data[4:8])[0]
    for entry in range(struct.unpack("<H", data[offset : offset + 2])[0]):
        at = offset + 2 + 12 * entry
        if struct.unpack("<H", data[at : at + 2])[0] in (256, 257):
            data[at + 2 : at + 12] = struct.pack("<HLL", 4, 1, 100_000)
    path.write_bytes(data)
    return path


def webp_bomb(path: Path) -> Path:
    """A few bytes that say 16,383 by 16,383, the most that the format knows."""
    return lying(path.with_suffix(".webp"), b"\x9d\x01\x2a", 3, struct.pack("<HH", 0x3FFF, 0x3FFF))


def lossless_webp_bomb(path: Path) -> Path:
    """As ``webp_bomb``, of the kind that packs empty areas into nothing."""
    sizes = struct.pack("<L", 16_382 | 16_382 << 14)
    return lying(path.with_suffix(".webp"), b"VP8L", 9, sizes, lossless=True)


def lying(path: Path, mark: bytes, after: int, sizes: bytes, **options: bool) -> Path:
    """A small picture that says other sizes, so many bytes after the first of a mark."""
    Image.new("RGB", (64, 64)).save(path, **options)
    data = bytearray(path.read_bytes())
    at = data.index(mark) + after
    data[at : at + len(sizes)] = sizes
    path.write_bytes(data)
    return path


def moving_webp_bomb(path: Path) -> Path:
    """Small frames on a canvas of 16,384 by 16,384."""
    path = media.animation(path.with_suffix(".webp"), [media.scene(seed, 64, 64) for seed in (1, 2)])
    data = bytearray(path.read_bytes())
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (0x3FFF).to_bytes(3, "little") * 2
    path.write_bytes(data)
    return path


def jpeg_bomb(path: Path) -> Path:
    """A progressive JPEG, which is decoded as a whole."""
    sizes = struct.pack(">HH", 17_000, 17_000)
    return lying(path.with_suffix(".jpg"), b"\xff\xc2", 5, sizes, progressive=True)


def film_of_huge_frames(path: Path) -> Path:
    """An empty frame of 14,000 by 14,000, about the largest that FFmpeg writes."""
    path = path.with_suffix(".mov")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=5)
        stream.width, stream.height, stream.pix_fmt = 14_000, 14_000, "monob"
        frame = av.VideoFrame(14_000, 14_000, "monob")
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def heic_bomb(path: Path) -> Path:
    path = media.photo(path.with_suffix(".heic"), 1, size=(64, 64))
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"ispe", at + 1)) > 0:
        data[at + 8 : at + 16] = struct.pack(">LL", 100_000, 100_000)
    path.write_bytes(data)
    return path


def dng_bomb(path: Path) -> Path:
    path = media.raw_photo(path.with_suffix(".dng"), 1, (64, 48))
    data = path.read_bytes()
    for tag in (256, 257):
        at = data.index(struct.pack("<HHL", tag, 4, 1))
        data = data[: at + 8] + struct.pack("<L", 60_000) + data[at + 12 :]
    path.write_bytes(data)
    return path


def many_frames(path: Path) -> Path:
    """A second of film at a thousand frames a second that claims a million."""
    path = media.video(path.with_suffix(".avi"), scene_s=0.5, size=(32, 32))
    data = bytearray(path.read_bytes())
    at = data.index(b"avih") + 8
    data[at : at + 4] = struct.pack("<L", 1)  # microseconds per frame
    data[at + 16 : at + 20] = struct.pack("<L", 0xFFFFFFFF)  # frames
    path.write_bytes(data)
    return path


def long_film(path: Path) -> Path:
    """A film of one second that claims three thousand years."""
    path = media.video(path.with_suffix(".mp4"), scene_s=0.5, size=(32, 32))
    data = bytearray(path.read_bytes())
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.index(box) + 4
        place = at + (20 if box == b"tkhd" else 16)
        data[place : place + 4] = struct.pack(">L", 0xFFFFFFFE)
    path.write_bytes(data)
    return path


def huge_film(path: Path) -> Path:
    path = media.video(path.with_suffix(".mp4"), scene_s=0.5, size=(32, 32))
    data = bytearray(path.read_bytes())
    at = data.index(b"avc1", data.index(b"stsd"))
    data[at + 28 : at + 32] = struct.pack(">HH", 65_535, 65_535)
    path.write_bytes(data)
    return path


def svg(path: Path) -> Path:
    path = path.with_suffix(".svg.png")
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
    return path


def eps(path: Path) -> Path:
    path = path.with_suffix(".eps.jpg")
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9999 9999\n(/etc/passwd) (r) file\n")
    return path


def zipped(path: Path) -> Path:
    path = path.with_suffix(".zip.mp4")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(20 << 20))
    return path


def gzipped(path: Path) -> Path:
    path = path.with_suffix(".tiff")
    path.write_bytes(gzip.compress(bytes(20 << 20)))
    return path


_BOMBS: list[Make] = [
    *(png_bomb, png_text_bomb, gif_bomb, deep_gif, tiff_bomb, webp_bomb, heic_bomb, dng_bomb),
    *(lossless_webp_bomb, moving_webp_bomb, jpeg_bomb, film_of_huge_frames),
    *(many_frames, long_film, huge_film, svg, eps, zipped, gzipped),
]


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    """One worker with less memory than a user has, so that what takes too much is seen."""
    with DecodePool(1, LONGEST_S, 1536) as pool:
        yield pool


@pytest.mark.parametrize("make", _BOMBS, ids=lambda make: make.__name__)
def test_a_bomb_is_used_or_refused_in_bounded_time_and_memory(
    make: Make, tmp_path: Path, pool: DecodePool
) -> None:
    path = make(tmp_path / "bomb")
    assert path.stat().st_size < 5_000_000
    try:
        outcome = pool.run(consume, path)
    except DecodeError as exc:  # the worker's limits
        assert "memory" in str(exc) or "longer than" in str(exc)
        return
    assert outcome.state in ("indexed", "failed")
    assert outcome.reason or outcome.state == "indexed"
    assert outcome.seconds < LONGEST_S


_HUGE: list[Make] = [
    *(png_bomb, gif_bomb, tiff_bomb, dng_bomb, heic_bomb),
    *(webp_bomb, lossless_webp_bomb, moving_webp_bomb, jpeg_bomb),
]


@pytest.mark.parametrize("make", _HUGE, ids=lambda make: make.__name__)
def test_what_says_that_it_is_huge_is_refused_by_its_header(make: Make, tmp_path: Path) -> None:
    path = make(tmp_path / "bomb")
    with DecodePool(1, LONGEST_S, 4096) as pool:
        with pytest.raises(DecodeError, match="megapixels"):
            pool.run(read_image, path, min_side=64, max_megapixels=MEGAPIXELS)
        assert pool.run(most_memory_mb) < 200


def test_a_film_of_huge_frames_is_refused_by_its_header(tmp_path: Path) -> None:
    path = film_of_huge_frames(tmp_path / "bomb")
    with DecodePool(1, LONGEST_S, 4096) as pool:
        with pytest.raises(DecodeError, match="megapixels"):
            pool.run(probe, path)
        with pytest.raises(DecodeError, match="no frame"):
            pool.run(read_stills, path, 0.0, 60.0, min_side=64)
        assert pool.run(most_memory_mb) < 200


def test_a_gif_of_a_hundred_thousand_frames_is_read_at_once(tmp_path: Path, pool: DecodePool) -> None:
    outcome = pool.run(consume, deep_gif(tmp_path / "deep", 100_000))
    assert (outcome.state, outcome.seconds < 5) == ("indexed", True)


@pytest.mark.parametrize("make", [svg, eps, zipped, gzipped], ids=lambda make: make.__name__)
def test_what_is_no_media_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(DecodeError):
        probe(make(tmp_path / "trick"))


# --- names of other files and addresses inside a file


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    """A server on this machine that nobody should knock at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server
        with pytest.raises(TimeoutError):
            server.accept()


_PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{target}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet><Representation id="1"><BaseURL>{target}</BaseURL></Representation></AdaptationSet>'
    "</Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n",
    "imf": '<?xml version="1.0"?><AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM">'
    "<Path>{target}</Path></AssetMap>",
    "redirect": "[Reference]\nRef1={target}\n",
    "rtsp": "RTSPtextRTSP://127.0.0.1:{port}/film.mp4\n",
}


@pytest.mark.parametrize("kind", _PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mp3", ".avi"])
def test_no_file_makes_a_decoder_open_another_or_an_address(
    kind: str, suffix: str, tmp_path: Path, ear: socket.socket
) -> None:
    film = media.video(tmp_path / "private.mp4", scene_s=0.5, size=(32, 32))
    port = ear.getsockname()[1]
    for target in (f"http://127.0.0.1:{port}/film.mp4", f"file://{film}", str(film), "/etc/passwd"):
        path = tmp_path / f"trick{suffix}"
        path.write_text(_PLAYLISTS[kind].format(target=target, port=port))
        with pytest.raises(DecodeError):
            probe(path)


def test_a_film_that_names_another_file_shows_only_itself(tmp_path: Path) -> None:
    """QuickTime's external data references (dref url)."""
    path = media.video(tmp_path / "film.mov", scene_s=0.5, size=(32, 32))
    data = path.read_bytes()
    at = data.index(b"url ", data.index(b"dref")) - 4
    own = data[at : at + 12]
    assert own[11] == 1, "the samples are in the file itself"
    # The same entry, but saying that they are in another file.
    path.write_bytes(data[: at + 11] + b"\0" + data[at + 12 :])
    outcome = consume(path)
    assert outcome.state in ("indexed", "failed")


# --- damaged at random


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """One small file of every format."""
    found = originals(tmp_path_factory.mktemp("originals"))
    return [(path.suffix, path.read_bytes()) for path in found]


@profile(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 10_000), seed=st.integers(0, 1 << 32))
def test_a_damaged_file_ends_as_indexed_or_failed_with_a_reason(
    which: int, seed: int, bases: list[tuple[str, bytes]], tmp_path: Path, pool: DecodePool
) -> None:
    suffix, data = bases[which % len(bases)]
    path = tmp_path / f"mutant{suffix}"
    path.write_bytes(mutate(data, random.Random(seed)))  # noqa: S311
    try:
        outcome = pool.run(consume, path)
    except MediaError as exc:
        assert str(exc)
        return
    assert outcome.state in ("indexed", "failed")
    assert bool(outcome.reason) == (outcome.state == "failed")
    assert outcome.seconds < LONGEST_S


@pytest.mark.slow
def test_a_folder_of_hostile_files_is_indexed_around_them(
    library: Library, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    for make in (png_bomb, gif_bomb, tiff_bomb, svg, eps, zipped):
        make(folder / make.__name__)
    media.photo(folder / "good.jpg", 1)
    report = index(library, [folder])
    assert report.found == report.indexed + report.failed + report.skipped
    with database.read() as session:
        failed = assets.failures(session)
    assert {failure.path.name for failure in failed} >= {"png_bomb.png", "svg.svg.png", "eps.eps.jpg"}
    assert all(failure.reason for failure in failed)
    assert report.units["image"] >= 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda block: block[:20],
        lambda block: block[:14] + b"\xff" * 40,
        lambda block: block.replace(b"\x0f\x01", b"\x0f\xff"),
        lambda block: block[:6] + b"XX" + block[8:],
        lambda block: block[:10] + struct.pack("<L", 0xFFFFFFF0) + block[14:],
        lambda block: block[:10] + struct.pack("<L", 8) * 30,
    ],
)
def test_malformed_exif_costs_no_picture(
    damage: Callable[[bytes], bytes], tmp_path: Path, pool: DecodePool
) -> None:
    block = media.exif(6, camera=("Maker", "Model"), position=(1.0, 2.0))
    path = tmp_path / "photo.jpg"
    Image.fromarray(media.scene(1)).save(path, exif=damage(block))
    _, picture = pool.run(read_image, path, min_side=64, max_megapixels=10)
    assert picture.std() > 10


@profile(max_examples=200)
@given(st.text(max_size=500) | st.text(alphabet='():"+-~*:^ kindbeforeafternear0123456789.,\\', max_size=300))
def test_whatever_is_typed_is_a_query_or_a_named_error(text: str) -> None:
    try:
        parse(text)
    except QueryError as exc:
        assert str(exc)


@pytest.mark.slow
def test_a_film_of_key_frames_at_an_absurd_rate_stays_small(tmp_path: Path, pool: DecodePool) -> None:
    path = tmp_path / "fast.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        for number in range(3000):
            pixels = np.full((32, 32, 3), number % 256, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels).reformat(format="yuvj420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    outcome = pool.run(consume, path)
    assert (outcome.state, outcome.reason) == ("indexed", "")
