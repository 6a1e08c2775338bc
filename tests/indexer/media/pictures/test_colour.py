"""Colours are right: patches of known colour, written in other spaces, against colour-science.

What 8 bits round off in the file is taken away: expected is what the rounded numbers mean.
"""

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import colour
import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from PIL import Image, ImageCms

from indexer.media.colour_spaces import Colours, to_srgb
from indexer.media.reader import read_image, still_at
from tests.support import media

Numbers = npt.NDArray[np.float64]

SIDE = 8
SRGB = colour.RGB_COLOURSPACES["sRGB"]
SPACES = ("Display P3", "Adobe RGB (1998)", "ProPhoto RGB", "ITU-R BT.2020")


def patches() -> Numbers:
    """(343, 3) encoded sRGB, 0 to 1."""
    steps = np.linspace(0.05, 0.95, 7)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)


def converted(numbers: Numbers, source: str, target: str) -> Numbers:
    """Encoded numbers of one space in another, unclipped."""
    one, other = colour.RGB_COLOURSPACES[source], colour.RGB_COLOURSPACES[target]
    light = colour.RGB_to_RGB(
        one.cctf_decoding(numbers), one, other, chromatic_adaptation_transform="Bradford"
    )
    return np.asarray(other.cctf_encoding(np.clip(light, 0, None)))


def lab(srgb: Numbers) -> Numbers:
    return np.asarray(colour.XYZ_to_Lab(colour.sRGB_to_XYZ(srgb), SRGB.whitepoint))


def errors(picture: Numbers, expected: Numbers) -> Numbers:
    """ΔE2000 of each patch of a picture."""
    shown = np.asarray(picture, np.float64)[SIDE // 2 :: SIDE, SIDE // 2 :: SIDE].reshape(-1, 3)[
        : len(expected)
    ]
    return np.asarray(colour.delta_E(lab(shown / 255), lab(expected), method="CIE 2000"))


def area(levels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Patches in rows of 49."""
    return levels.reshape(7, 49, -1).repeat(SIDE, axis=0).repeat(SIDE, axis=1)


def rounded(numbers: Numbers) -> tuple[npt.NDArray[np.uint8], Numbers]:
    levels = (np.clip(numbers, 0, 1) * 255 + 0.5).astype(np.uint8)
    return levels, levels / 255


def shown(path: Path) -> Numbers:
    return read_image(path, min_side=7 * SIDE, max_megapixels=50)[1].astype(np.float64)


def _tag(kind: bytes, data: bytes) -> bytes:
    return (kind + bytes(4) + data).ljust((len(data) + 11) // 4 * 4, b"\0")


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def profile(name: str, version: int = 2) -> bytes:
    """An ICC profile of a space, by its matrix and a curve of 4,096 points, made by hand."""
    space = colour.RGB_COLOURSPACES[name]
    d50 = np.array([0.9642, 1.0, 0.8249])
    white = colour.xy_to_XYZ(space.whitepoint)
    adapted = colour.adaptation.matrix_chromatic_adaptation_VonKries(white, d50, transform="Bradford")
    columns = (adapted @ space.matrix_RGB_to_XYZ).T
    curve = np.clip(space.cctf_decoding(np.linspace(0, 1, 4096)), 0, 1)
    numbers = (curve * 65535 + 0.5).astype(">u2").tobytes()
    text = (
        _tag(b"desc", struct.pack(">I", len(name) + 1) + name.encode() + bytes(80))
        if version == 2
        else _tag(
            b"mluc",
            struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(name), 28) + name.encode("utf-16-be"),
        )
    )
    return _profile(
        version,
        b"mntrRGB XYZ ",
        {
            b"desc": text,
            b"wtpt": _tag(b"XYZ ", _fixed(*d50)),
            **{
                letter + b"XYZ": _tag(b"XYZ ", _fixed(*column))
                for letter, column in zip((b"r", b"g", b"b"), columns, strict=True)
            },
            **{
                letter + b"TRC": _tag(b"curv", struct.pack(">I", 4096) + numbers)
                for letter in (b"r", b"g", b"b")
            },
        },
    )


def _profile(version: int, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A profile of these tags; ``kind`` are its class, its colour space and that of the connection."""
    start, table, data = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(data), len(content))
        data += content
    head = struct.pack(">I4sI12s", start + len(data), bytes(4), version << 24, kind)
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + table + data


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("space", SPACES)
def test_profiles_of_other_spaces_are_right(tmp_path: Path, space: str, version: int, suffix: str) -> None:
    levels, numbers = rounded(converted(patches(), "sRGB", space))
    expected = np.clip(converted(numbers, space, "sRGB"), 0, 1)
    path = tmp_path / f"patches{suffix}"
    Image.fromarray(area(levels)).save(path, icc_profile=profile(space, version), lossless=True)
    found = errors(shown(path), expected)
    assert (found.mean() <= 1, found.max() <= 3) == (True, True), (found.mean(), found.max())
    # Without the profile it would be seen.
    Image.fromarray(area(levels)).save(path, lossless=True)
    assert errors(shown(path), expected).max() > 3


def test_inks_of_a_press_are_as_their_table_says(tmp_path: Path) -> None:
    inks = np.stack(np.meshgrid(*[[0, 1]] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    # Lightness and what of green and of blue there is, to which all inks add: a press that nobody has.
    stated = np.array([95, 0, 0]) + inks @ np.array(
        [[-18, -14, -20], [-22, 26, -4], [-6, -4, 34], [-40, 2, 1]]
    )
    table = (
        np.stack([stated[:, 0] * 2.55, stated[:, 1] + 128, stated[:, 2] + 128], axis=1)
        .round()
        .astype(np.uint8)
    )
    straight = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut += straight * 4 + table.tobytes() + straight * 3
    tags = {
        b"desc": _tag(b"desc", struct.pack(">I", 6) + b"press\0" + bytes(80)),
        b"wtpt": _tag(b"XYZ ", _fixed(0.9642, 1.0, 0.8249)),
        b"A2B0": lut,
    }
    path = tmp_path / "print.tiff"
    cells = (inks * 255).astype(np.uint8).reshape(2, 8, 4).repeat(SIDE, axis=0).repeat(SIDE, axis=1)
    Image.fromarray(cells, "CMYK").save(path, icc_profile=_profile(2, b"prtrCMYKLab ", tags))
    d50 = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D50"]
    meant = np.stack([table[:, 0] / 2.55, table[:, 1] - 128.0, table[:, 2] - 128.0], axis=1)
    light = colour.XYZ_to_RGB(colour.Lab_to_XYZ(meant, d50), SRGB, d50, "Bradford", apply_cctf_encoding=False)
    assert light.min() > -0.01
    found = errors(shown(path), SRGB.cctf_encoding(np.clip(light, 0, 1)))
    assert (found.mean() <= 1, found.max() <= 3) == (True, True), (found.mean(), found.max())


def test_what_is_shown_is_what_a_thumbnail_has(tmp_path: Path) -> None:
    levels, numbers = rounded(converted(patches(), "sRGB", "Adobe RGB (1998)"))
    expected = np.clip(converted(numbers, "Adobe RGB (1998)", "sRGB"), 0, 1)
    path = tmp_path / "patches.jpg"
    Image.fromarray(area(levels)).save(
        path, icc_profile=profile("Adobe RGB (1998)"), quality=100, subsampling=0
    )
    found = errors(shown(path), expected)
    assert (found.mean() <= 1, found.max() <= 3) == (True, True), (found.mean(), found.max())


def test_lightness_in_a_grey_profile_and_in_lab_is_right(tmp_path: Path) -> None:
    steps = np.linspace(0.05, 0.95, 343)
    levels, numbers = rounded(steps)
    data = profile("Adobe RGB (1998)")
    grey = bytearray(data)
    grey[16:20] = b"GRAY"
    grey[grey.index(b"rTRC") : grey.index(b"rTRC") + 4] = b"kTRC"
    path = tmp_path / "grey.png"
    Image.fromarray(area(levels)[:, :, 0]).save(path, icc_profile=bytes(grey))
    space = colour.RGB_COLOURSPACES["Adobe RGB (1998)"]
    expected = np.repeat(SRGB.cctf_encoding(space.cctf_decoding(numbers))[:, None], 3, axis=1)
    assert errors(shown(path), expected).max() <= 1

    srgb, numbers = rounded(patches())
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    ImageCms.applyTransform(Image.fromarray(area(srgb)), transform).save(tmp_path / "lab.tiff")
    found = errors(shown(tmp_path / "lab.tiff"), numbers)
    assert found.mean() <= 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 200, b"no profile"])
def test_a_damaged_profile_or_one_of_another_kind_changes_nothing(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(media.scene(3)).save(path)
    expected = shown(path)
    for data in (
        damage,
        profile("Display P3").replace(b"RGB XYZ ", b"CMYKXYZ "),
        profile("Display P3")[:200],
    ):
        Image.fromarray(media.scene(3)).save(path, icc_profile=data)
        assert (shown(path) == expected).all()


def png_with_code_points(path: Path, levels: npt.NDArray[np.uint8], primaries: int, transfer: int) -> Path:
    Image.fromarray(levels).save(path)
    data = path.read_bytes()
    content = b"cICP" + bytes((primaries, transfer, 0, 1))
    chunk = struct.pack(">I", 4) + content + struct.pack(">I", zlib.crc32(content))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path


@pytest.mark.parametrize(("space", "primaries"), [("Display P3", 12), ("ITU-R BT.2020", 9)])
@pytest.mark.parametrize("suffix", [".png", ".heic"])
def test_code_points_are_right(tmp_path: Path, space: str, primaries: int, suffix: str) -> None:
    light = colour.RGB_to_RGB(SRGB.cctf_decoding(patches()), SRGB, colour.RGB_COLOURSPACES[space])
    levels, numbers = rounded(SRGB.cctf_encoding(np.clip(light, 0, 1)))
    back = colour.RGB_to_RGB(SRGB.cctf_decoding(numbers), colour.RGB_COLOURSPACES[space], SRGB)
    expected = np.clip(SRGB.cctf_encoding(np.clip(back, 0, 1)), 0, 1)
    path = tmp_path / f"patches{suffix}"
    if suffix == ".png":
        png_with_code_points(path, area(levels), primaries, 13)
    else:
        pillow_heif.from_pillow(Image.fromarray(area(levels))).save(
            path,
            quality=-1,
            chroma=444,
            matrix_coefficients=0,
            color_primaries=primaries,
            transfer_characteristics=13,
        )
    found = errors(shown(path), expected)
    assert (found.mean() <= 1, found.max() <= 3) == (True, True), (found.mean(), found.max())


def hdr(transfer: str) -> tuple[Numbers, Numbers]:
    """Patches darker than the knee (90 nits) as PQ or HLG in BT.2020, and what they are in sRGB."""
    light = SRGB.cctf_decoding(patches()) * 0.44
    wide = np.clip(colour.RGB_to_RGB(light, SRGB, colour.RGB_COLOURSPACES["ITU-R BT.2020"]), 0, 1)
    nits = wide * 203
    if transfer == "pq":
        numbers = colour.models.eotf_inverse_ST2084(nits)
    else:
        with np.errstate(invalid="ignore"):  # of the half of the curve that is not taken
            numbers = colour.models.eotf_inverse_BT2100_HLG(nits, L_B=0, L_W=1000)
    return np.asarray(numbers), np.asarray(SRGB.cctf_encoding(light))


@pytest.mark.parametrize(("transfer", "point"), [("pq", 16), ("hlg", 18)])
def test_high_dynamic_range_keeps_what_paper_can_show(transfer: str, point: int) -> None:
    numbers, expected = hdr(transfer)
    levels = (numbers * 65535 + 0.5).astype(np.uint16)
    found = errors(to_srgb(area(levels), Colours(9, point)), expected)
    assert (found.mean() <= 1, found.max() <= 3) == (True, True), (found.mean(), found.max())


@pytest.mark.parametrize("point", [16, 18])
def test_highlights_are_rolled_off_and_keep_their_hue(point: int) -> None:
    ramp = np.linspace(0, 65535, 512).astype(np.uint16)
    grey = to_srgb(np.repeat(ramp[None, :, None], 3, axis=2), Colours(9, point))[0].astype(int)
    assert (np.diff(grey[:, 0]) >= 0).all()
    assert (grey[0].max(), grey[-1].min()) == (0, 255)
    assert (grey[:, 0] > 200).sum() > 60, "highlights differ from one another"
    orange = to_srgb((ramp[None, :, None] * np.array([1.0, 0.8, 0.6])).astype(np.uint16), Colours(9, point))[
        0
    ]
    found = colour.models.Oklab_to_Oklch(colour.convert(orange[200:480] / 255, "sRGB", "Oklab"))
    assert np.ptp(found[:, 2]) < 25


def turns(numbers: Numbers, space: str, seen: Numbers) -> Numbers:
    """Degrees by which the hue of colours that are shown is another than that of colours of a space."""
    wide = colour.RGB_COLOURSPACES[space]
    meant = colour.RGB_to_XYZ(
        wide.cctf_decoding(numbers), wide, SRGB.whitepoint, chromatic_adaptation_transform="Bradford"
    )
    one, other = colour.XYZ_to_Oklab(meant), colour.XYZ_to_Oklab(colour.sRGB_to_XYZ(seen))
    turn = np.arctan2(one[:, 2], one[:, 1]) - np.arctan2(other[:, 2], other[:, 1])
    return np.asarray(np.degrees(np.abs((turn + np.pi) % (2 * np.pi) - np.pi)))


def vivid() -> Numbers:
    """(72, 3) of all hues, as strong as a space has them."""
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    return np.stack([0.5 + 0.5 * np.cos(angles - turn) for turn in (0, 2.094, 4.189)], axis=1)


@pytest.mark.parametrize(("space", "point"), [("Display P3", 12), ("ITU-R BT.2020", 9)])
def test_colours_outside_are_brought_in_without_a_turn_of_hue(space: str, point: int) -> None:
    levels = (vivid() * 65535 + 0.5).astype(np.uint16)
    meant = levels / 65535
    if point == 9:  # whose curve is not that of sRGB
        levels = (SRGB.cctf_encoding(colour.RGB_COLOURSPACES[space].cctf_decoding(meant)) * 65535).astype(
            "u2"
        )
    turn = turns(meant, space, to_srgb(levels[None], Colours(point, 13))[0] / 255)
    assert (turn.mean() < 1, turn.max() < 3) == (True, True), (turn.mean(), turn.max())


@pytest.mark.parametrize("space", SPACES)
def test_so_are_those_of_a_profile(tmp_path: Path, space: str) -> None:
    levels, numbers = rounded(vivid())
    patches = levels.reshape(8, 9, 3).repeat(SIDE, axis=0).repeat(SIDE, axis=1)
    Image.fromarray(patches).save(tmp_path / "vivid.png", icc_profile=profile(space))
    picture = read_image(tmp_path / "vivid.png", min_side=8 * SIDE, max_megapixels=50)[1]
    shown = picture[SIDE // 2 :: SIDE, SIDE // 2 :: SIDE].reshape(-1, 3) / 255
    turn = turns(numbers, space, shown)[seen_by_eyes(numbers, space)]
    assert (turn.mean() < 1, turn.max() < 9) == (True, True), (turn.mean(), turn.max())


def seen_by_eyes(numbers: Numbers, space: str) -> npt.NDArray[np.bool_]:
    """Which colours are some; those of the corners of ProPhoto are none."""
    wide = colour.RGB_COLOURSPACES[space]
    light = colour.RGB_to_XYZ(
        wide.cctf_decoding(numbers), wide, SRGB.whitepoint, chromatic_adaptation_transform="Bradford"
    )
    return np.asarray(colour.is_within_visible_spectrum(light * 0.3))


@pytest.mark.parametrize(("transfer", "point"), [("pq", 16), ("hlg", 18)])
def test_films_of_high_dynamic_range_are_shown_in_srgb(tmp_path: Path, transfer: str, point: int) -> None:
    numbers, expected = hdr(transfer)
    path = tmp_path / "film.mkv"
    levels = np.ascontiguousarray(area((numbers * 65535 + 0.5).astype(np.uint16)))
    with av.open(str(path), "w") as target:
        stream = target.add_stream("ffv1", rate=5)
        stream.height, stream.width = levels.shape[:2]
        stream.pix_fmt = "yuv444p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, point, 9, 1
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(levels, format="rgb48le")
            frame = frame.reformat(format="yuv444p10le", dst_colorspace=9)
            frame.color_primaries, frame.color_trc, frame.colorspace = 9, point, 9
            frame.pts, frame.time_base = number, Fraction(1, 5)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    picture = still_at(path, 0.5, min_side=7 * SIDE).astype(np.float64)
    found = errors(picture, expected)
    assert (found.mean() <= 1.5, found.max() <= 5) == (True, True), (found.mean(), found.max())
