"""What every decoder must do alike: kinds, faults, names, and files that are cut or damaged."""

import os
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media.formats import EXTENSIONS, media_kind
from indexer.media.reader import probe, read_audio, read_image, read_stills, read_whole, still_at
from indexer.media.stills import merge_stills
from indexer.media.types import Metadata, Still, fit
from tests.support import media

SUFFIXES = {"image": media.IMAGE_SUFFIXES, "video": media.VIDEO_SUFFIXES, "audio": media.AUDIO_SUFFIXES}


@pytest.fixture(scope="session")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small file of every format, by suffix."""
    folder = tmp_path_factory.mktemp("formats")
    files = {suffix: media.photo(folder / f"photo{suffix}", seed=3) for suffix in media.IMAGE_SUFFIXES}
    for suffix in media.VIDEO_SUFFIXES:
        files[suffix] = media.video(folder / f"video{suffix}", audio=media.tone(4.0))
    for suffix in media.AUDIO_SUFFIXES:
        files[suffix] = media.sound(folder / f"sound{suffix}", media.tone(3.0))
    return files


def decode(path: Path) -> Metadata:
    """Everything that is ever done with a file."""
    metadata = probe(path)
    if metadata.kind == "image":
        read_image(path, min_side=64, max_megapixels=50)
        return metadata
    if metadata.kind == "video":
        read_stills(path, 0, 60, min_side=64)
        still_at(path, 1.0, min_side=64)
    read_audio(path, 0, 60)
    return metadata


def test_names_promise_a_kind() -> None:
    assert media_kind(Path("a/b.JPG")) == "image"
    assert media_kind(Path("b.nef")) == "image"
    assert media_kind(Path("b.Mp4")) == "video"
    assert media_kind(Path("b.opus")) == "audio"
    assert media_kind(Path("b.txt")) is None
    assert media_kind(Path("jpg")) is None
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in EXTENSIONS)


@pytest.mark.parametrize(
    ("kind", "suffix"), [(kind, suffix) for kind, suffixes in SUFFIXES.items() for suffix in suffixes]
)
def test_every_format_is_what_its_name_promises(one_of_each: dict[str, Path], kind: str, suffix: str) -> None:
    assert media_kind(one_of_each[suffix]) == kind
    assert decode(one_of_each[suffix]).kind == kind


@pytest.mark.parametrize(
    ("suffix", "wrong"),
    [(".png", ".jpg"), (".jpg", ".mp4"), (".mp4", ".avi"), (".mp4", ".jpg"), (".wav", ".mp3")],
)
def test_content_counts_not_the_name(
    one_of_each: dict[str, Path], tmp_path: Path, suffix: str, wrong: str
) -> None:
    renamed = tmp_path / f"renamed{wrong}"
    renamed.write_bytes(one_of_each[suffix].read_bytes())
    assert decode(renamed) == probe(one_of_each[suffix])


@pytest.mark.parametrize(("suffix", "wrong"), [(".tiff", ".nef"), (".dng", ".tif"), (".dng", ".jpg")])
def test_tiff_and_camera_raw_are_told_apart(
    one_of_each: dict[str, Path], tmp_path: Path, suffix: str, wrong: str
) -> None:
    renamed = tmp_path / f"renamed{wrong}"
    renamed.write_bytes(one_of_each[suffix].read_bytes())
    _, picture = read_image(renamed, min_side=100, max_megapixels=50)
    assert media.corners(picture) == media.UPRIGHT


@pytest.mark.parametrize("suffix", [".jpg", ".nef", ".mp4", ".mp3", ".tiff"])
@pytest.mark.parametrize(
    "content",
    [
        b"Dear diary, this is no picture.\n" * 20,
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile 'other.mp4'\n",
        b"PK\3\4" + bytes(100),
    ],
    ids=["text", "svg", "eps", "playlist", "concat", "zip"],
)
def test_what_is_no_media_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=r"^not a |damaged|unknown|cannot be decoded"):
        decode(path)


def test_a_text_named_jpg_says_so_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("not a photograph")
    with pytest.raises(DecodeError, match=r"^not a picture that Pillow knows"):
        probe(path)


@pytest.mark.parametrize("suffix", [".jpg", ".dng", ".mp4", ".mp3"])
def test_an_empty_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"empty{suffix}"
    path.touch()
    with pytest.raises(DecodeError, match=r"^the file is empty$"):
        probe(path)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"No such file") as caught:
        probe(tmp_path / "gone.jpg")
    assert caught.value.hint
    os.mkfifo(tmp_path / "pipe.jpg")
    for odd in (tmp_path, tmp_path / "pipe.jpg"):
        with pytest.raises(DecodeError, match=r"^not a regular file$"):
            probe(odd)
    with pytest.raises(UnreadableError):
        probe(Path("nul\0.jpg"))


@pytest.mark.parametrize("suffix", [".jpg", ".dng", ".mp4", ".mp3"])
def test_an_input_output_error_is_worth_trying_again(
    one_of_each: dict[str, Path], monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    class Failing:
        """A drive that goes away once the first bytes are read."""

        def __init__(self, path: Path) -> None:
            self._file = path.open("rb")
            self.name = str(path)

        def read(self, size: int = -1) -> bytes:
            if size == 64:
                return self._file.read(size)
            raise OSError(5, "Input/output error")

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def __enter__(self) -> "Failing":
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

    failing = Failing(one_of_each[suffix])
    monkeypatch.setattr(Path, "open", lambda *_: failing)
    with pytest.raises(UnreadableError, match="Input/output error"):
        probe(one_of_each[suffix])


@pytest.mark.parametrize(
    "name", ["new\nline.{}", "quo'te\".{}", "käse 🧀.{}", "100%d.{}", "concat:a|b.{}", "-.{}"]
)
@pytest.mark.parametrize("suffix", [".jpg", ".dng", ".mp4"])
def test_names_do_not_matter(one_of_each: dict[str, Path], tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / name.format(suffix[1:])
    path.write_bytes(one_of_each[suffix].read_bytes())
    assert decode(path) == probe(one_of_each[suffix])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep names in Unicode")
@pytest.mark.parametrize("suffix", [".jpg", ".dng", ".mp4"])
def test_names_that_are_not_utf8(one_of_each: dict[str, Path], tmp_path: Path, suffix: str) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe" + suffix.encode()))
    path.write_bytes(one_of_each[suffix].read_bytes())
    assert decode(path) == probe(one_of_each[suffix])


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it skips; workers ignore that too
@pytest.mark.parametrize("suffix", [*media.IMAGE_SUFFIXES, *media.VIDEO_SUFFIXES, *media.AUDIO_SUFFIXES])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_and_damaged_files_are_decoded_or_refused(
    one_of_each: dict[str, Path], tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    content = bytearray(one_of_each[suffix].read_bytes())
    content = content[: data.draw(st.integers(1, len(content)), label="length")]
    for _ in range(data.draw(st.integers(0, 5), label="damages")):
        # Most of what a decoder trusts is near the start.
        limit = len(content) if data.draw(st.booleans()) else min(len(content), 400)
        content[data.draw(st.integers(0, limit - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content)
    try:
        decode(path)
    except MediaError as exc:
        assert str(exc)


@given(width=st.integers(1, 100_000), height=st.integers(1, 100_000), min_side=st.integers(1, 2000))
@example(width=1, height=65_535, min_side=448)
def test_fit_only_shrinks_and_keeps_the_short_side(width: int, height: int, min_side: int) -> None:
    fitted = fit(width, height, min_side)
    short, long = sorted(fitted)
    assert 1 <= fitted[0] <= width
    assert 1 <= fitted[1] <= height
    assert long <= max(8 * min_side, 1)
    if max(width, height) <= 8 * min(width, height):
        assert short == min(width, height, min_side)


def _stills(shades: list[int]) -> list[Still]:
    return [
        Still(float(n), float(n + 1), n + 0.5, np.full((20, 30, 3), shade, np.uint8))
        for n, shade in enumerate(shades)
    ]


@given(st.lists(st.sampled_from([0, 5, 40, 80, 200, 255]), max_size=12))
def test_merging_keeps_the_span_and_ends_where_the_next_starts(shades: list[int]) -> None:
    stills = _stills(shades)
    merged = merge_stills(stills)
    assert merge_stills(merged) == merged
    assert [still.end_s for still in merged[:-1]] == [still.start_s for still in merged[1:]]
    assert {(still.start_s, still.at_s) for still in merged} <= {(s.start_s, s.at_s) for s in stills}
    if stills:
        assert (merged[0].start_s, merged[-1].end_s) == (stills[0].start_s, stills[-1].end_s)


def test_merging_joins_only_what_looks_the_same() -> None:
    merged = merge_stills(_stills([10, 12, 200, 200, 10]))
    assert [(still.start_s, still.end_s, still.at_s) for still in merged] == [
        (0.0, 2.0, 0.5),
        (2.0, 4.0, 2.5),
        (4.0, 5.0, 4.5),
    ]


def test_a_slow_change_is_not_swallowed_step_by_step() -> None:
    assert len(merge_stills(_stills(list(range(0, 250, 10))))) > 5


def test_the_door_itself_is_light() -> None:
    heavy = "av PIL rawpy pillow_heif torch faiss faster_whisper streamlit onnxruntime".split()
    code = f"import sys, indexer.media.reader; print(*[m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""


def test_a_reason_names_the_tool_and_what_the_file_is_called(tmp_path: Path) -> None:
    def reason(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(DecodeError) as caught:
            read_whole(path, hashed=False, side=64, max_megapixels=50)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    heic = media.photo(tmp_path / "whole.heic").read_bytes()
    webp = media.photo(tmp_path / "whole.webp").read_bytes()
    for name, data, tool in (
        ("cut.heic", heic[:200], "libheif"),
        ("cut.webp", webp[:200], "Pillow"),
        ("noise.jpg", b"noise" * 20, "Pillow"),
        ("box.heic", b"\0\0\0\x18ftypxxxx\0\0\0\0yyyyzzzz" + bytes(40), "FFmpeg"),
        ("cut.jxl", b"\xff\x0a" + b"\xff" * 9, "libjxl"),
        ("cut.svg", b"<svg", "SVG"),
    ):
        said = reason(name, data)
        assert tool in said, name
        assert "not a video" not in said, name
