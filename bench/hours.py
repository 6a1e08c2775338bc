"""Indexing speed on large media, 12-megapixel photographs and hours of video and speech, beside scripts.

    python bench/hours.py --pictures FOLDER --audio FOLDER [--photos 500] [--minutes 60]
        [--kinds pictures video speech] [--runs 1] [--json FILE]

The media are made of real ones: fifty pictures are enlarged to 4,000 × 3,000 and saved as JPEGs, again and
again; a 720p film of pictures, each moving for four seconds with a key frame every two, a minute of which is
repeated; the recordings one after the other, again and again, as MP3. For the plain way see ``plain.py``;
what that does not do, such as reading text, Trove leaves out, too, unless ``--everything`` is given.
"""

import argparse
import io
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
from index import BESIDE_PLAIN
from PIL import Image
from timing import Spread, machine, side_by_side

from indexer.media.reader import probe, read_audio
from indexer.media.types import SAMPLE_RATE, Samples

_PHOTO = (4_000, 3_000)
_FILM = (1_280, 720)
_FRAMES_PER_S = 25
_SHOT_S = 4
_DIFFERENT = 50

_PLAIN = Path(__file__).with_name("plain.py")
KINDS = ("pictures", "video", "speech")


def make_photos(pictures: list[Path], count: int, folder: Path) -> None:
    """Write ``count`` JPEGs of 12 megapixels; no two files are the same, though pictures come again."""
    made: list[bytes] = []
    for path in pictures[: min(count, _DIFFERENT)]:
        data = io.BytesIO()
        with Image.open(path) as picture:
            large = picture.convert("RGB").resize(_PHOTO, Image.Resampling.BICUBIC)
        large.save(data, "JPEG", quality=85)
        made.append(data.getvalue())
    for number, photo in enumerate(islice(cycle(made), count)):
        (folder / f"{number:04}.jpg").write_bytes(photo + str(number).encode())


def make_film(pictures: list[Path], minutes: float, path: Path) -> None:
    """Write a film of pictures that move across the screen: a reel of a minute, again and again."""
    reel = io.BytesIO()
    with av.open(reel, "w", "mp4") as container:
        stream = container.add_stream("libx264", rate=_FRAMES_PER_S)
        stream.width, stream.height, stream.pix_fmt = *_FILM, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(2 * _FRAMES_PER_S), "bf": "0"}
        for shot in islice(cycle(pictures), 60 // _SHOT_S):
            with Image.open(shot) as picture:
                wide = picture.convert("RGB").resize((_FILM[0] + 200, _FILM[1] + 200))
            for left in range(_SHOT_S * _FRAMES_PER_S):
                moved = wide.crop((left, left, left + _FILM[0], left + _FILM[1]))
                container.mux(stream.encode(av.VideoFrame.from_image(moved)))
        container.mux(stream.encode())
    with av.open(str(path), "w") as container:
        target = None
        for turn in range(round(minutes)):
            reel.seek(0)
            with av.open(reel, "r") as source:
                target = target or container.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.dts is not None:
                        shift = round(60 * turn / packet.time_base)
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, target
                        container.mux(packet)


def make_recording(recordings: list[Path], minutes: float, path: Path) -> None:
    """Write one MP3 of the recordings, with a second of silence after each."""
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


def make(kind: str, options: argparse.Namespace, folder: Path) -> str:
    """Write the media of one kind; returns how much there is of them, in words."""
    pictures = sorted(options.pictures.rglob("*.jpg"))
    if kind == "pictures":
        make_photos(pictures, options.photos, folder)
        return f"{options.photos} photos"
    if kind == "video":
        make_film(pictures, options.minutes, folder / "film.mp4")
    else:
        suffixes = (".mp3", ".wav", ".flac")
        recordings = sorted(path for path in options.audio.iterdir() if path.suffix in suffixes)
        make_recording(recordings, options.minutes, folder / "speech.mp3")
    return f"{options.minutes:g} min of {kind}"


def measure(folder: Path, kind: str, scratch: Path, runs: int, *, everything: bool) -> dict[str, Spread]:
    """Trove, each time into a new library, and the plain script on the same folder."""
    trove = [sys.executable, "-m", "ui.cli", "--library"]
    ways = {
        "trove index": [
            [*trove, str(scratch / f"library {run}"), "index", str(folder)] for run in range(runs)
        ],
        "plain script": [[sys.executable, str(_PLAIN), kind, str(folder)]] * runs,
    }
    return side_by_side(ways, BESIDE_PLAIN | ({"TROVE_OFF": ""} if everything else {}))


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--everything", action="store_true", help="Trove also does what the script does not")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures: dict[str, dict[str, Spread]] = {}
    print(machine())
    print(f"{'':34}{'min s':>9}{'median':>9}{'max':>9}{'CPU s':>9}{'peak MB':>9}{'trove is':>12}")
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / kind
            folder.mkdir()
            amount = make(kind, options, folder)
            found = figures[amount] = measure(
                folder, kind, Path(name), options.runs, everything=options.everything
            )
        for way, run in found.items():
            times = run.median_s / found["trove index"].median_s
            seconds = "".join(f"{value:9.1f}" for value in (run.min_s, run.median_s, run.max_s, run.cpu_s))
            print(f"{amount + ', ' + way:34}{seconds}{run.peak_mb:9.0f}{times:10.2f} ×", flush=True)
    if options.json:
        named = {kind: {way: asdict(run) for way, run in ways.items()} for kind, ways in figures.items()}
        options.json.write_text(json.dumps(named, indent=1))


if __name__ == "__main__":
    main()
