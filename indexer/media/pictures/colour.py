"""Colour management: pictures with a profile, or with code points of their colours, become sRGB."""

import io
import logging
import re
from functools import lru_cache
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms

from indexer.media.colour_spaces import Colours, differs, shown_light, to_srgb
from indexer.media.gamut import wide_light, wide_profile

log = logging.getLogger(__name__)

CODE_POINTS = "cicp"
"""The key of ``Colours`` in the ``info`` of a picture."""

# The colour space of a profile, by the mode of the pictures that it is for.
_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}
_HEAD_BYTES = 1 << 18
_ROUNDED = 0.008
"""Linear light that 8 bits of the wide space may be off, for the strongest channel at 1."""

_NCLX = re.compile(rb"colrnclx(.{2})(.{2})", re.DOTALL)
_IN_PNG = re.compile(rb"\0\0\0\x04cICP(.)(.)\0", re.DOTALL)


def managed(image: Image.Image) -> Image.Image:
    """The picture in sRGB, with its transparency; as it is where nothing is known of its colours."""
    if not image.info.get("icc_profile") and image.info.get(CODE_POINTS) is None:
        return image
    if image.mode in ("RGBA", "LA"):
        colours = managed(image.convert(image.mode[:-1]))
        result = colours.convert("RGB")
        result.putalpha(image.getchannel("A"))
        return result
    code_points = image.info.get(CODE_POINTS)
    # Where both are there the code points hold (PNG, third edition; MIAF).
    if isinstance(code_points, Colours) and differs(code_points) and image.mode == "RGB":
        return Image.fromarray(to_srgb(np.asarray(image), code_points))
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in _SPACES:
        return image
    try:
        transforms = _transforms(bytes(profile), image.mode)
        return image if transforms is None else _converted(image, *transforms)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        log.debug("a profile cannot be used", exc_info=True)
        return image


@lru_cache(maxsize=8)
def _transforms(
    profile: bytes, mode: str
) -> tuple[ImageCms.ImageCmsTransform, ImageCms.ImageCmsTransform] | None:
    """From a profile to sRGB and to a wider space; None where that says sRGB, or is of other pictures."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    description = source.profile.profile_description or ""
    if source.profile.xcolor_space.strip() != _SPACES[mode] or description.startswith("sRGB"):
        return None
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    srgb, wide = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(wide_profile()))
    return (
        ImageCms.buildTransform(source, srgb, mode, "RGB", intent),
        ImageCms.buildTransform(source, wide, mode, "RGB", intent),
    )


def _converted(
    image: Image.Image, to_srgb: ImageCms.ImageCmsTransform, to_wide: ImageCms.ImageCmsTransform
) -> Image.Image:
    """The picture in sRGB; what that cannot show keeps its hue. LittleCMS turns it, by channel."""
    result = ImageCms.applyTransform(image, to_srgb)
    if result is None:
        return image
    levels = np.array(result)
    at_the_end = ((levels == 0) | (levels == 255)).any(axis=2)
    if not at_the_end.any():
        return result
    ends = Image.fromarray(np.asarray(image)[at_the_end][None], image.mode)
    light = wide_light(np.asarray(ImageCms.applyTransform(ends, to_wide)))
    rounded = _ROUNDED * np.sqrt(light.max(axis=2, keepdims=True)) + 1e-6
    outside = np.maximum(-light, light - 1).max(axis=2, keepdims=True)
    # By degrees, so that there is no border between the two.
    share = np.clip(outside / rounded, 0, 1)
    levels[at_the_end] = np.rint(levels[at_the_end] * (1 - share) + shown_light(light) * share)[0]
    return Image.fromarray(levels)


def code_points(image: Image.Image, file: BinaryIO) -> Colours | None:
    """The code points that a HEIC, AVIF or PNG states of its colours; None where it does not."""
    if image.format not in ("HEIF", "AVIF", "PNG"):
        return None
    before = file.tell()
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(before)
    match = _IN_PNG.search(head.partition(b"IDAT")[0]) if image.format == "PNG" else _NCLX.search(head)
    return None if match is None else Colours(*(int.from_bytes(point, "big") for point in match.groups()))
