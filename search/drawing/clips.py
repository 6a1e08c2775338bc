"""Clips that models make: how long they are, and how they are written as H.264 in an MP4.

The file says that it was generated where programs look for that: in tags of its own, and in XMP.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from db.errors import GenerateError
from indexer.media.types import Picture

FRAMES_PER_S: Mapping[str, int] = MappingProxyType(
    {
        "TextToVideoSDPipeline": 8,
        "AnimateDiffPipeline": 8,
        "LTXPipeline": 25,
        "LTXImageToVideoPipeline": 25,
        "CogVideoXPipeline": 8,
        "CogVideoXImageToVideoPipeline": 8,
        "WanPipeline": 16,
        "WanImageToVideoPipeline": 16,
    }
)
"""The pipelines that make clips, and how many frames of theirs are a second, as their authors write them."""

_XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
"""The name of the box of an MP4 that holds XMP (XMP specification, part 3)."""


@dataclass(frozen=True)
class Clip:
    """The frames of a clip, all of one size."""

    frames: Sequence[Picture]
    frames_per_s: int

    @property
    def length_s(self) -> float:
        """Seconds that it lasts."""
        return len(self.frames) / self.frames_per_s

    @property
    def width(self) -> int:
        """Pixels, of the file; H.264 wants both sides even."""
        width: int = self.frames[0].shape[1]
        return width - width % 2

    @property
    def height(self) -> int:
        """As the width."""
        height: int = self.frames[0].shape[0]
        return height - height % 2


def clip_of(result: Any, pipeline: Any) -> Clip:
    """What a pipeline returned, whichever form its frames have.

    Raises:
        GenerateError: all of it is black.
    """
    frames = [_pixels(frame) for frame in result.frames[0]]
    if not any(frame.any() for frame in frames):
        raise GenerateError("the model returned a black clip", "Try another seed, or --device cpu.")
    return Clip(frames, FRAMES_PER_S[type(pipeline).__name__])


def _pixels(frame: Any) -> Picture:
    if isinstance(frame, Image.Image):
        return np.asarray(frame.convert("RGB"))
    shares = np.nan_to_num(np.asarray(frame, np.float32))
    pixels: Picture = (shares.clip(0, 1) * 255).round().astype(np.uint8)
    return pixels


def frames_argument(pipeline: Any, length_s: float | None) -> dict[str, Any]:
    """How many frames to make for a clip of about this length; the pipeline's own number for None.

    Autoencoders that also shorten time take one frame and then so many at once.
    """
    if length_s is None:
        return {}
    wanted = length_s * FRAMES_PER_S[type(pipeline).__name__]
    every = _frames_at_once(pipeline)
    if every == 1:
        return {"num_frames": max(1, round(wanted))}
    return {"num_frames": max(1, round((wanted - 1) / every)) * every + 1}


def latent_frames(pipeline: Any, frames: int) -> int:
    """How many frames the latents of a clip have that are decoded at once."""
    return (frames - 1) // _frames_at_once(pipeline) + 1


def _frames_at_once(pipeline: Any) -> int:
    """How many frames an autoencoder makes one of."""
    shortened = getattr(pipeline, "vae_temporal_compression_ratio", None)
    return shortened or getattr(pipeline, "vae_scale_factor_temporal", None) or 1


def mp4(clip: Clip, tags: Mapping[str, str], xmp: str) -> bytes:
    """The clip as an MP4 that every browser plays, with tags and XMP."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"movflags": "use_metadata_tags"}) as target:
        target.metadata.update(tags)
        stream = target.add_stream("libx264", rate=Fraction(clip.frames_per_s), options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
        for picture in clip.frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[: clip.height, : clip.width]))
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    body = _XMP_BOX + xmp.encode()
    return buffer.getvalue() + (len(body) + 8).to_bytes(4, "big") + b"uuid" + body
