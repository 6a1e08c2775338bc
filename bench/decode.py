"""Decoding speed: Trove's downscaled pictures and key frames, beside decoding all of a file.

    python bench/decode.py PICTURE [--runs 5] [--json FILE]

PICTURE, any photograph, is enlarged to 12 megapixels and saved as JPEG; a 720p video of a minute is made of
it, moving, with a key frame every two seconds (needs PyAV's x264). Pictures: Pillow's whole picture made
small for the encoder, against ``read_image`` of ``indexer.media.reader``, and the cosine of the encoder's
two inputs. Videos: every frame decoded, against its ``read_stills``.
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from timing import spread

from indexer.media.reader import read_image, read_stills

SEEN = 288
"""Side in pixels of the square that the builtin encoder sees."""
_MINUTE_S = 60
_FRAMES_PER_S = 25


def measure(picture: Path, folder: Path, runs: int) -> dict[str, Any]:
    """All figures."""
    photo, video = folder / "photo.jpg", folder / "video.mp4"
    with Image.open(picture) as image:
        large = image.convert("RGB").resize((4_000, 3_000), Image.Resampling.BICUBIC)
    large.save(photo, quality=90)
    _film(large, video)
    return {
        "photo": {"megabytes": round(photo.stat().st_size / 1e6, 1), "cosine": _likeness(photo)},
        "Pillow, whole": asdict(spread(lambda: _whole(photo), runs)),
        "read_image": asdict(spread(lambda: _read(photo), runs)),
        "every frame": asdict(spread(lambda: _every_frame(video), min(runs, 3))),
        "read_stills": asdict(spread(lambda: _stills(video), runs)),
    }


def _whole(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize((SEEN, SEEN), Image.Resampling.BICUBIC)


def _read(path: Path) -> Image.Image:
    _, pixels = read_image(path, min_side=2 * SEEN, max_megapixels=300)
    return Image.fromarray(pixels).resize((SEEN, SEEN), Image.Resampling.BICUBIC, reducing_gap=3.0)


def _likeness(path: Path) -> float:
    """Cosine between the two pictures, each less its own mean."""
    one, other = (np.asarray(made(path), dtype=np.float64).ravel() for made in (_whole, _read))
    one, other = one - one.mean(), other - other.mean()
    return round(float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)), 5)


def _film(image: Image.Image, path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FRAMES_PER_S)
        stream.width, stream.height, stream.pix_fmt = 1_280, 720, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(2 * _FRAMES_PER_S)}
        for number in range(_MINUTE_S * _FRAMES_PER_S):
            left, top = number, number % 1_000
            shown = image.crop((left, top, left + 1_280, top + 720))
            container.mux(stream.encode(av.VideoFrame.from_image(shown)))
        container.mux(stream.encode())


def _every_frame(path: Path) -> None:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")


def _stills(path: Path) -> None:
    assert read_stills(path, 0, _MINUTE_S, min_side=2 * SEEN)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options.picture, Path(folder), options.runs)
    print(figures["photo"])
    print(f"{'ms':16}{'min':>9}{'median':>9}{'max':>9}{'CPU':>9}")
    for name, found in list(figures.items())[1:]:
        numbers = "".join(f"{1000 * found[key]:9.1f}" for key in ("min_s", "median_s", "max_s", "cpu_s"))
        print(f"{name:16}{numbers}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
