"""A file of each format of pictures and each variant of it that the libraries here can write."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pylibjxl
from PIL import Image, TiffImagePlugin

from indexer.media.pictures.cut import NOTE
from tests.support import media

SIZE = (160, 120)
SEED = 5
_ORIENTATIONS = range(1, 9)
# How a camera stores an upright picture under each EXIF orientation.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Variant:
    """A file that shows ``media.scene(SEED, *SIZE)``; ``colours``: grey or of one bit, it has none.

    ``moving``: an animation that shows it first.
    """

    name: str
    write: Callable[[Path], object]
    colours: bool = True
    note: str | None = None
    moving: bool = False


def variants() -> list[Variant]:
    """All of them, each with a name of its own."""
    found: list[Variant] = []
    for group in (_jpeg, _png, _webp, _gif, _bmp, _tiff, _heif, _jpeg_2000, _jpeg_xl, _others):
        found += group()
    return found


def stored(image: Image.Image, orientation: int) -> Image.Image:
    """An upright picture as a camera stores it under an EXIF orientation."""
    turn = _STORED[orientation]
    return image if turn is None else image.transpose(turn)


def upright() -> Image.Image:
    """The picture that each shows."""
    return Image.fromarray(media.scene(SEED, *SIZE))


def _saved(name: str, mode: str = "RGB", note: str | None = None, **options: object) -> Variant:
    def write(path: Path) -> None:
        upright().convert(mode).save(path, **options)  # type: ignore[arg-type]

    return Variant(name, write, mode not in ("1", "L", "LA", "I;16", "I", "F"), note)


def _turned(stem: str, suffix: str, **options: object) -> list[Variant]:
    def writer(orientation: int) -> Callable[[Path], object]:
        def write(path: Path) -> None:
            stored(upright(), orientation).save(path, exif=media.exif(orientation), **options)  # type: ignore[arg-type]

        return write

    return [Variant(f"{stem}-turned-{number}{suffix}", writer(number)) for number in _ORIENTATIONS]


def _jpeg() -> list[Variant]:
    options = (
        {"progressive": True},
        {"optimize": True},
        {"subsampling": 0},
        {"subsampling": 1},
        {"subsampling": 2},
    )
    return [
        *_turned("jpeg", ".jpg", quality=95),
        *(_saved(f"jpeg-{'-'.join(map(str, *one.items()))}.jpg", quality=95, **one) for one in options),
        *(_saved(f"jpeg-quality-{quality}.jpg", quality=quality) for quality in (60, 80, 100)),
        *(_saved(f"jpeg-{mode.lower()}.jpeg", mode, quality=95) for mode in ("L", "CMYK")),
        _saved("jpeg-rgb.jfif", quality=95, keep_rgb=True),
        _saved("jpeg-restart.jpe", quality=95, restart_marker_blocks=4),
        _saved("jpeg-progressive-grey.jpg", "L", quality=95, progressive=True),
        Variant("several.mpo", _several("MPO")),
    ]


def _several(kind: str, mode: str = "RGB", count: int = 3, **options: Any) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        others = [Image.fromarray(media.scene(SEED + n, *SIZE)).convert(mode) for n in range(1, count)]
        upright().convert(mode).save(
            path, kind, save_all=True, append_images=others, quality=95, duration=100, **options
        )

    return write


def _sixteen_bits(suffix: str) -> Variant:
    def write(path: Path) -> None:
        grey = np.asarray(upright().convert("L")).astype(np.uint16) * 257
        Image.fromarray(grey).save(path)

    return Variant(f"{suffix[1:]}-16-bit-grey{suffix}", write, colours=False)


_GREY = (0.114, 0.587, 0.299)


def _by_opencv(name: str, convert: Callable[[Any], Any], *, colours: bool = True) -> Variant:
    def write(path: Path) -> None:
        assert cv2.imwrite(str(path), convert(media.scene(SEED, *SIZE)[:, :, ::-1]))

    return Variant(name, write, colours)


def _png() -> list[Variant]:
    return [
        *_turned("png", ".png"),
        *(_saved(f"png-{mode.lower()}.png", mode) for mode in ("L", "LA", "P", "RGB", "RGBA")),
        *(_saved(f"png-level-{level}.png", compress_level=level) for level in (0, 9)),
        _saved("png-8-colours.png", "P", bits=8),
        _sixteen_bits(".png"),
        _by_opencv("png-16-bit.png", lambda pixels: pixels.astype(np.uint16) * 257),
        _by_opencv(
            "png-16-bit-alpha.png", lambda pixels: np.dstack([pixels, pixels[:, :, 0] | 255]) * np.uint16(257)
        ),
        Variant("moving.png", _several("PNG"), moving=True),
        Variant("moving.apng", _several("PNG"), moving=True),
        Variant("moving-alpha.apng", _several("PNG", "RGBA"), moving=True),
        Variant("moving-behind-another.png", _several("PNG", default_image=True), moving=True),
        Variant("single.apng", _several("PNG", count=1)),
    ]


def _webp() -> list[Variant]:
    return [
        *_turned("webp", ".webp", quality=95),
        *(_saved(f"webp-method-{method}.webp", quality=90, method=method) for method in (0, 6)),
        *(_saved(f"webp-lossless-{mode.lower()}.webp", mode, lossless=True) for mode in ("RGB", "RGBA")),
        _saved("webp-alpha.webp", "RGBA", quality=95),
        Variant("moving.webp", _several("WEBP"), moving=True),
        Variant("moving-alpha.webp", _several("WEBP", "RGBA"), moving=True),
        Variant("moving-lossless.webp", _several("WEBP", lossless=True), moving=True),
        Variant("single-moving.webp", _several("WEBP", count=1)),
    ]


def _gif() -> list[Variant]:
    return [
        _saved("gif-grey.gif", "L"),
        _saved("gif-palette.gif", "P"),
        _saved("gif-rgb.gif"),
        _saved("gif-interlaced.gif", interlace=1),
        _saved("gif-plain.gif", interlace=0),
        Variant("moving.gif", _several("GIF"), moving=True),
        Variant("moving-alpha.gif", _several("GIF", "RGBA"), moving=True),
        Variant("moving-endless.gif", _several("GIF", loop=0, disposal=2), moving=True),
        Variant("single.gif", _several("GIF", count=1)),
    ]


def _bmp() -> list[Variant]:
    return [
        *(_saved(f"bmp-{mode.lower()}.bmp", mode) for mode in ("L", "P", "RGB", "RGBA")),
        _saved("bmp.dib", format="DIB"),
        _by_opencv("bmp-by-opencv.bmp", lambda pixels: pixels),
    ]


def _tiff() -> list[Variant]:
    packed = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma")
    return [
        *_turned("tiff", ".tiff"),
        *(
            _saved(f"tiff-{mode.lower()}-{method}.tif", mode, compression=method)
            for method in packed
            for mode in ("L", "RGB", "RGBA", "CMYK")
        ),
        _saved("tiff-jpeg.tif", compression="jpeg", quality=95),
        *(_saved(f"tiff-{mode.lower()}.tif", mode) for mode in ("P", "LAB", "YCbCr", "LA")),
        _saved("tiff-big.tif", big_tiff=True),
        _saved("tiff-big-packed.tif", big_tiff=True, compression="tiff_lzw"),
        _big_endian(),
        _saved("tiff-predictor.tif", compression="tiff_lzw", tiffinfo=_predictor()),
        Variant("pages.tif", _several("TIFF"), note="the first of 3 pages"),
        _sixteen_bits(".tif"),
        _by_opencv("tiff-16-bit.tiff", lambda pixels: pixels.astype(np.uint16) * 257),
        _by_opencv("tiff-float.tiff", lambda pixels: (pixels / 255).astype(np.float32)),
        _by_opencv("tiff-double.tiff", lambda pixels: pixels / 255.0),
        _by_opencv(
            "tiff-float-grey.tiff",
            lambda pixels: (pixels @ _GREY / 255).astype(np.float32),
            colours=False,
        ),
    ]


def _predictor() -> TiffImagePlugin.ImageFileDirectory_v2:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[317] = 2
    return tags


def _big_endian() -> Variant:
    """BigTIFF with the highest byte first, as Pillow neither writes nor reads it."""

    def write(path: Path) -> None:
        pixels = media.scene(SEED, *SIZE)
        entries = (
            *((256, 4, 1, SIZE[0]), (257, 4, 1, SIZE[1]), (258, 3, 3, 0), (259, 3, 1, 1), (262, 3, 1, 2)),
            *((273, 4, 1, 512), (277, 3, 1, 3), (278, 4, 1, SIZE[1]), (279, 4, 1, pixels.nbytes)),
        )
        data = b"MM\0+" + struct.pack(">HHQQ", 8, 0, 16, len(entries))
        for tag, kind, count, value in entries:
            # Three numbers of two bytes fit in.
            packed = (
                struct.pack(">3H", 8, 8, 8) if tag == 258 else struct.pack(">H" if kind == 3 else ">L", value)
            )
            data += struct.pack(">HHQ", tag, kind, count) + packed.ljust(8, b"\0")
        path.write_bytes((data + bytes(8)).ljust(512, b"\0") + pixels.tobytes())

    return Variant("tiff-big-high-byte-first.tif", write)


def _heif() -> list[Variant]:
    sampled = ("4:2:0", "4:2:2", "4:4:4")
    return [
        *_turned("avif", ".avif", quality=95),
        *(_saved(f"avif-{one.replace(':', '')}.avif", quality=90, subsampling=one) for one in sampled),
        _saved("avif-grey.avif", "L", quality=90, subsampling="4:0:0"),
        _saved("avif-alpha.avif", "RGBA", quality=90),
        _saved("avif-lossless.avif", quality=100),
        Variant("moving.avif", _several("AVIF"), moving=True),
        Variant("moving-alpha.avif", _several("AVIF", "RGBA"), moving=True),
        Variant("single-moving.avif", _several("AVIF", count=1)),
        *_turned("heic", ".heic", quality=95),
        *(
            _saved(f"heic-{one.replace(':', '')}.heic", quality=90, chroma=one.replace(":", ""))
            for one in sampled
        ),
        _saved("heic-grey.heif", "L", quality=90),
        _saved("heic-alpha.hif", "RGBA", quality=90),
        Variant("heic-10-bit.heic", _ten_bits),
        Variant("several.heic", _several("HEIF")),
        _cut("cut.heic", 0.97, quality=95),
    ]


def _cut(name: str, share: float, **options: Any) -> Variant:
    """A picture without its last bytes."""
    whole = _saved(name, **options)

    def write(path: Path) -> None:
        whole.write(path)
        data = path.read_bytes()
        path.write_bytes(data[: round(share * len(data))])

    return Variant(name, write, note=NOTE)


def _ten_bits(path: Path) -> None:
    pixels = media.scene(SEED, *SIZE).astype(np.uint16) * 257
    pillow_heif.encode("RGB;16", SIZE, pixels.tobytes(), str(path), quality=90)


def _jpeg_2000() -> list[Variant]:
    return [
        *(_saved(f"jpeg2000{suffix}") for suffix in (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc")),
        _saved("jpeg2000-lossy.jp2", irreversible=True, quality_mode="dB", quality_layers=[45]),
        _saved("jpeg2000-tiles.jp2", tile_size=(64, 64)),
        _saved("jpeg2000-grey.jp2", "L"),
        _saved("jpeg2000-alpha.jp2", "RGBA"),
        _saved("jpeg2000-plain.jp2", mct=0),
        _saved("jpeg2000-order.jp2", progression="RPCL", num_resolutions=3),
        _sixteen_bits(".jp2"),
        _by_opencv("jpeg2000-16-bit.jp2", lambda pixels: pixels.astype(np.uint16) * 257),
    ]


def _jpeg_xl() -> list[Variant]:
    def encoded(name: str, mode: str = "RGB", **options: Any) -> Variant:
        def write(path: Path) -> None:
            pixels = np.asarray(upright().convert(mode))
            path.write_bytes(pylibjxl.encode(pixels if pixels.ndim == 3 else pixels[..., None], **options))

        return Variant(name, write, mode != "L")

    def transcoded(orientation: int) -> Callable[[Path], object]:
        def write(path: Path) -> None:
            buffer = io.BytesIO()
            stored(upright(), orientation).save(buffer, "JPEG", quality=95, exif=media.exif(orientation))
            path.write_bytes(pylibjxl.jpeg_to_jxl(buffer.getvalue()))

        return write

    return [
        *(Variant(f"jxl-turned-{number}.jxl", transcoded(number)) for number in _ORIENTATIONS),
        *(encoded(f"jxl-distance-{distance}.jxl", distance=distance) for distance in (0.5, 2.0)),
        *(encoded(f"jxl-effort-{effort}.jxl", effort=effort) for effort in (1, 9)),
        encoded("jxl-lossless.jxl", lossless=True),
        encoded("jxl-alpha.jxl", "RGBA"),
        encoded("jxl-grey.jxl", "L"),
        encoded("jxl-container.jxl", exif=media.exif(1)[6:]),
    ]


def _others() -> list[Variant]:
    return [
        *(_saved(f"targa-{mode.lower()}.tga", mode) for mode in ("L", "P", "RGB", "RGBA")),
        *(
            _saved(f"targa-packed-{mode.lower()}.tga", mode, compression="tga_rle")
            for mode in ("L", "RGB", "RGBA")
        ),
        _saved("icon.ico", sizes=[SIZE]),
        _saved("icon-bmp.ico", "RGBA", sizes=[SIZE], bitmap_format="bmp"),
        *(Variant(f"psd-{mode.lower()}.psd", _psd(mode), mode != "L") for mode in ("L", "RGB", "CMYK")),
        Variant("drawing.svg", _svg),
        *(Variant(f"raw-{name}.dng", _raw(preview)) for name, preview in (("bare", None), ("preview", SIZE))),
    ]


def _psd(mode: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        planes = np.atleast_3d(np.asarray(upright().convert(mode))).transpose(2, 0, 1)
        if mode == "CMYK":  # as Photoshop writes it: 0 is full ink
            planes = 255 - planes
        kind = {"L": 1, "RGB": 3, "CMYK": 4}[mode]
        head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), SIZE[1], SIZE[0], 8, kind)
        path.write_bytes(head + bytes(12) + struct.pack(">H", 0) + planes.astype(np.uint8).tobytes())

    return write


def _svg(path: Path) -> None:
    pixels = media.scene(SEED, *SIZE)[::4, ::4]
    areas = "".join(
        f'<rect x="{4 * x}" y="{4 * y}" width="4" height="4" fill="#{pixels[y, x].tobytes().hex()}"/>'
        for y in range(pixels.shape[0])
        for x in range(pixels.shape[1])
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE[0]}" height="{SIZE[1]}">{areas}</svg>'
    )


def _raw(preview: tuple[int, int] | None) -> Callable[[Path], object]:
    return lambda path: media.raw_photo(path, SEED, SIZE, preview=preview)
