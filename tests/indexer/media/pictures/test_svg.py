"""Drawings: what is in the file is drawn, nothing that leads out of it, and none costs without end."""

import base64
import gzip
import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.errors import DecodeError
from indexer.media.pool import DecodePool
from indexer.media.reader import probe, read_image
from indexer.media.types import Picture

SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def drawing(path: Path, inner: str, attributes: str = 'width="20" height="20"', before: str = "") -> Path:
    path = path / "drawing.svg"
    path.write_text(f'<?xml version="1.0"?>{before}<svg {SPACES} {attributes}>{inner}</svg>')
    return path


def read(path: Path, min_side: int = 200) -> Picture:
    return read_image(path, min_side=min_side, max_megapixels=50)[1]


def link(colour: str, size: tuple[int, int] = (8, 8)) -> str:
    buffer = io.BytesIO()
    Image.new("1" if size[0] > 1000 else "RGB", size, colour).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def test_a_drawing_is_drawn_as_large_as_is_wanted_on_white(tmp_path: Path) -> None:
    path = drawing(tmp_path, '<circle cx="10" cy="10" r="8" fill="#c01020"/>', 'width="20" height="40"')
    metadata, picture = read_image(path, min_side=200, max_megapixels=50)
    assert (metadata.kind, metadata.width, metadata.height) == ("image", 20, 40)
    assert probe(path) == metadata
    assert picture.shape == (400, 200, 3)
    assert picture[100, 100].tolist() == [0xC0, 0x10, 0x20]
    assert picture[2, 2].tolist() == picture[390, 100].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="2in" height="25.4mm"', (192, 96)),
        ('viewBox="0 0 300 150"', (300, 150)),
        ('width="100%" height="100%" viewBox="0,0,30,60"', (30, 60)),
        ('width="60" viewBox="0 0 30 15"', (60, 30)),
        ("", (100, 100)),
        ('width="nan" height="-3"', (100, 100)),
    ],
)
def test_its_size_is_what_it_states(tmp_path: Path, attributes: str, size: tuple[int, int]) -> None:
    metadata = probe(drawing(tmp_path, "", attributes))
    assert (metadata.width, metadata.height) == size


def test_packed_drawings_and_pictures_in_them_are_drawn(tmp_path: Path) -> None:
    path = drawing(tmp_path, f'<image href="{link("lime")}" width="20" height="20"/>')
    packed = tmp_path / "packed.svgz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for one in (path, packed):
        assert read(one)[100, 100].tolist() == [0, 255, 0]


@pytest.mark.parametrize("target", ["{0}", "file://{0}", "private.png", "http://127.0.0.1:9/private.png"])
@pytest.mark.parametrize(
    "inner",
    [
        '<image href="{0}" width="20" height="20"/>',
        '<image xlink:href="{0}" width="20" height="20"/>',
        '<filter id="f"><feImage href="{0}"/></filter><rect width="20" height="20" filter="url(#f)"/>',
        '<pattern id="p" width="20" height="20"><image href="{0}" width="20" height="20"/></pattern>'
        '<rect width="20" height="20" fill="url(#p)"/>',
        '<use href="{0}"/>',
        '<style>rect {{ fill: url("{0}") }}</style>',
        "<style>@import url({0});</style>",
        '<rect width="20" height="20" style="mask: url({0})" fill="white"/>',
    ],
)
def test_nothing_outside_the_file_is_drawn(
    tmp_path: Path, inner: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    private = tmp_path / "private.png"
    Image.new("RGB", (8, 8), "lime").save(private)
    path = drawing(tmp_path, inner.format(target.format(private)))
    # White, or the black of an area whose pattern is gone: nothing of the picture.
    assert not (np.ptp(read(path), axis=2) > 8).any()


def test_a_drawing_in_a_drawing_leads_nowhere_either(tmp_path: Path) -> None:
    private = tmp_path / "private.png"
    Image.new("RGB", (8, 8), "lime").save(private)
    inner = f'<svg {SPACES} width="20" height="20"><image href="{private}" width="20" height="20"/></svg>'
    nested = f"data:image/svg+xml;base64,{base64.b64encode(inner.encode()).decode()}"
    assert read(drawing(tmp_path, f'<image href="{nested}" width="20" height="20"/>')).min() == 255


def test_scripts_do_nothing(tmp_path: Path) -> None:
    inner = (
        '<script>while (true) {}</script><rect width="20" height="20" fill="#0000ff" onload="while (1) {}"/>'
        '<foreignObject width="20" height="20"><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>'
    )
    assert read(drawing(tmp_path, inner))[100, 100].tolist() == [0, 0, 255]


_ENTITIES = "".join(f'<!ENTITY e{n + 1} "' + f"&e{n};" * 10 + '">' for n in range(9))
_GROUPS = "".join(f'<g id="g{n + 1}">' + f'<use href="#g{n}"/>' * 10 + "</g>" for n in range(9))
_BOMBS = {
    "entities": ("<text>&e9;</text>", "", f'<!DOCTYPE svg [<!ENTITY e0 "aaaaaaaaaa">{_ENTITIES}]>'),
    "other files": ("<text>&x;</text>", "", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "uses": (f'<defs><g id="g0"><rect width="1"/></g>{_GROUPS}</defs><use href="#g9"/>', "", ""),
    "depth": ("<g>" * 50_000 + "</g>" * 50_000, "", ""),
    "elements": ('<rect width="1" height="1"/>' * 200_000, "", ""),
    "blur": (
        '<filter id="b" x="-9999%" y="-9999%" width="99999%" height="99999%">'
        '<feGaussianBlur stdDeviation="9999"/></filter><rect width="20" height="20" filter="url(#b)"/>',
        "",
        "",
    ),
    "side": ('<rect width="1" height="1"/>', 'width="1e300" height="1e300"', ""),
    "line": ('<rect width="1" height="1"/>', 'width="1000000000" height="1"', ""),
    "picture": ('<image href="{0}" width="20" height="20"/>', "", ""),
}


@pytest.mark.parametrize("name", _BOMBS)
def test_a_bomb_is_drawn_or_refused_in_bounded_time_and_memory(tmp_path: Path, name: str) -> None:
    inner, attributes, before = _BOMBS[name]
    if name == "picture":
        inner = inner.format(link("white", (12_000, 12_000)))
    path = drawing(tmp_path, inner, attributes or 'width="20" height="20"', before)
    started = time.monotonic()
    with DecodePool(1, 20.0, 1024) as pool:
        try:
            _, picture = pool.run(read_image, path, min_side=64, max_megapixels=50)
            assert 0 < picture.size <= 3 * 50_000_000
        except DecodeError as exc:
            assert str(exc)
    assert time.monotonic() - started < 22


@pytest.mark.parametrize("text", ["", "<svg", "<html/>", '<svg xmlns="http://example.org"/>', "\0" * 50])
def test_what_is_no_drawing_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "drawing.svg"
    path.write_text(text)
    with pytest.raises(DecodeError):
        read(path)
