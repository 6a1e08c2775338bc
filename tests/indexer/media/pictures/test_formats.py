"""Every format of pictures that can be written here is read: its size, upright, in its colours."""

from pathlib import Path

import numpy as np
import pytest

from indexer.media.formats import media_kind
from indexer.media.reader import probe, read_image
from tests.support import ROOT, media
from tests.support.variants import SIZE, Variant, upright, variants

ALL = variants()
# Palettes are dithered. What a sensor sees is developed.
MOST = {".dng": 40, ".jxl": 6, ".heic": 6, ".avif": 6, ".jpg": 6}
# One of each kind; the others differ from one of these by an option of its library.
QUICK = {
    *("jpeg-turned-6.jpg", "jpeg-cmyk.jpeg", "several.mpo", "png-16-bit.png", "moving.apng", "moving.webp"),
    *("moving-alpha.gif", "moving-behind-another.png", "single.gif", "moving-alpha.avif", "cut.heic"),
    *("gif-interlaced.gif", "bmp-rgba.bmp", "bmp.dib", "tiff-rgb-zstd.tif", "tiff-big.tif", "tiff-lab.tif"),
    *(
        "tiff-big-high-byte-first.tif",
        "pages.tif",
        "tiff-float.tiff",
        "tiff-double.tiff",
        "tiff-float-grey.tiff",
    ),
    *("tif-16-bit-grey.tif", "avif-turned-6.avif", "moving.avif", "heic-10-bit.heic", "jpeg2000.jp2"),
    *("jpeg2000.j2k", "jpeg2000-16-bit.jp2", "jxl-turned-6.jxl", "jxl-alpha.jxl", "jxl-grey.jxl"),
    *("jxl-container.jxl", "targa-packed-rgba.tga", "targa-p.tga", "icon.ico", "icon-bmp.ico", "psd-l.psd"),
    *("psd-rgb.psd", "psd-cmyk.psd", "drawing.svg", "raw-preview.dng"),
}


def difference(variant: Variant, path: Path) -> float:
    """The mean difference of the levels, after all that is to be the same is found to be."""
    assert media_kind(path) == "image"
    header, picture = read_image(path, min_side=min(SIZE), max_megapixels=50)
    assert probe(path) == header
    kind = "video" if variant.moving else "image"
    assert (header.kind, header.width, header.height) == (kind, *SIZE)
    assert header.note == variant.note
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    expected = upright()
    if variant.colours:
        assert media.corners(picture) == media.UPRIGHT
    else:
        expected = expected.convert("L").convert("RGB")
    return float(np.abs(picture.astype(float) - np.asarray(expected)).mean())


@pytest.mark.parametrize("variant", [one for one in ALL if one.name in QUICK], ids=lambda one: one.name)
def test_a_format_is_read(tmp_path: Path, variant: Variant) -> None:
    path = tmp_path / variant.name
    variant.write(path)
    assert difference(variant, path) < MOST.get(path.suffix, 20)


def test_the_quick_ones_are_there() -> None:
    names = [variant.name for variant in ALL]
    assert len(set(names)) == len(names) >= 150
    assert set(names) >= QUICK


@pytest.mark.slow
def test_all_formats_are_read(tmp_path: Path) -> None:
    lines, wrong = ["| file | difference |", "|---|---|"], {}
    for variant in ALL:
        path = tmp_path / variant.name
        variant.write(path)
        try:
            found = difference(variant, path)
            if found >= MOST.get(path.suffix, 20):
                wrong[variant.name] = f"differs by {found:.1f}"
            lines.append(f"| {variant.name} | {found:.1f} |")
        except Exception as exc:
            wrong[variant.name] = str(exc)
    table = ROOT / "test-output" / "formats.md"
    table.parent.mkdir(exist_ok=True)
    table.write_text("\n".join(lines) + "\n")
    assert not wrong
