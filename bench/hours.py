"""Indexing what is large: photographs of 12 megapixels, hours of video and of speech; beside plain scripts.

    python bench/hours.py --pictures FOLDER --audio FOLDER [--photos 500] [--minutes 60] [--json FILE]

The media are made of real ones: pictures are enlarged to 4,000 × 3,000 and saved as JPEG; a 720p film of
them, each moving for four seconds with a key frame every two; the recordings one after the other, again and
again, as MP3. For the plain way see ``plain.py``.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import numpy as np
from PIL import Image
from timing import Process, command

from indexer.decode import SAMPLE_RATE, Samples, probe, read_audio

_PHOTO = (4_000, 3_000)
_FILM = (1_280, 720)
_FRAMES_PER_S = 25
_SHOT_S = 4

_PLAIN = Path(__file__).with_name("plain.py")
KINDS = ("pictures", "video", "speech")


def make_photos(pictures: list[Path], count: int, folder: Path) -> None:
    """So many JPEGs of 12 megapixels, no two alike."""
    for number, path in enumerate(islice(cycle(pictures), count)):
        with Image.open(path) as picture:
            large = picture.convert("RGB").resize(_PHOTO, Image.Resampling.BICUBIC)
        if number >= len(pictures):
            large = large.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        large.save(folder / f"{number:04}.jpg", quality=85)


def make_film(pictures: list[Path], minutes: float, path: Path) -> None:
    """Pictures that move across the screen."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FRAMES_PER_S)
        stream.width, stream.height, stream.pix_fmt = *_FILM, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(2 * _FRAMES_PER_S)}
        for shot in islice(cycle(pictures), round(60 * minutes / _SHOT_S)):
            with Image.open(shot) as picture:
                wide = picture.convert("RGB").resize((_FILM[0] + 200, _FILM[1] + 200))
            for left in range(_SHOT_S * _FRAMES_PER_S):
                moved = wide.crop((left, left, left + _FILM[0], left + _FILM[1]))
                container.mux(stream.encode(av.VideoFrame.from_image(moved)))
        container.mux(stream.encode())


def make_recording(recordings: list[Path], minutes: float, path: Path) -> None:
    """Recordings, with a second of silence after each."""
    pause = np.zeros(SAMPLE_RATE, dtype=np.float32)

    def parts() -> Iterator[Samples]:
        for recording in cycle(recordings):
            yield read_audio(recording, 0, probe(recording).duration_s or 0.0)
            yield pause

    done = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp3", rate=SAMPLE_RATE, layout="mono")
        for samples in parts():
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.rate, frame.pts, frame.time_base = SAMPLE_RATE, done, Fraction(1, SAMPLE_RATE)
            container.mux(stream.encode(frame))
            done += len(samples)
            if done >= 60 * minutes * SAMPLE_RATE:
                break
        container.mux(stream.encode())


def measure(folder: Path, kind: str, scratch: Path) -> dict[str, Process]:
    """Trove and the plain script on the same folder."""
    environment = {"TROVE_DEVICE": "cpu", "TROVE_LIBRARY": str(scratch / f"library of {kind}")}
    return {
        "trove index": command([sys.executable, "-m", "ui.cli", "index", str(folder)], environment),
        "plain script": command([sys.executable, str(_PLAIN), kind, str(folder)], environment),
    }


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    pictures = sorted(options.pictures.rglob("*.jpg"))
    recordings = sorted(path for path in options.audio.iterdir() if path.suffix in (".mp3", ".wav", ".flac"))
    figures: dict[str, dict[str, object]] = {}
    print(f"{'':24}{'trove: s':>10}{'CPU s':>8}{'MB':>7}{'plain: s':>10}{'CPU s':>8}{'MB':>7}{'ratio':>8}")
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / kind
            folder.mkdir()
            if kind == "pictures":
                make_photos(pictures, options.photos, folder)
            elif kind == "video":
                make_film(pictures, options.minutes, folder / "film.mp4")
            else:
                make_recording(recordings, options.minutes, folder / "speech.mp3")
            ours, plain = measure(folder, kind, Path(name)).values()
        amount = f"{options.photos} photos" if kind == "pictures" else f"{options.minutes:g} min of {kind}"
        numbers = "".join(f"{run.seconds:10.1f}{run.cpu_s:8.1f}{run.peak_mb:7.0f}" for run in (ours, plain))
        print(f"{amount:24}{numbers}{plain.seconds / ours.seconds:8.2f}", flush=True)
        figures[kind] = {"amount": amount, "trove": asdict(ours), "plain": asdict(plain)}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
