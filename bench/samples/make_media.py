"""Make the sample videos and the recording from script.csv and the pictures that gather.py left in build/.

    python bench/samples/make_media.py        # needs ffmpeg and flite, and numpy and Pillow

It writes samples/videos/, samples/recordings/ and samples/speech.csv. The second at which a sentence starts
is known from where its samples were put, so that speech.csv does not depend on any recogniser. Encoders run
without time stamps and with a fixed number of threads: the same versions write the same bytes.
"""

import csv
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

ROOT = Path(__file__).parents[2]
SAMPLES, FRAMES = ROOT / "samples", ROOT / "build" / "samples" / "frames"
VOICE_RATE_HZ = 16_000
LEAD_S, GAP_S, TAIL_S = 1.0, 0.7, 1.2
SHORTEST_SLIDE_S = 8.0
SIZE = (854, 480)
PAN_RATE_HZ = 24
SHOT_S, FADE_S = 10.0, 1.0
# Where the camera of the silent video starts and ends: centre x, y and width, as shares of the picture.
SHOTS = {
    "reef": ((0.35, 0.60, 0.55), (0.65, 0.45, 0.70)),
    "ruins": ((0.50, 0.50, 1.00), (0.62, 0.72, 0.45)),
    "horses": ((0.30, 0.50, 0.55), (0.70, 0.50, 0.55)),
    "gate": ((0.50, 0.25, 0.35), (0.50, 0.50, 0.95)),
}
REPRODUCIBLE = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-threads", "1"]

Line = dict[str, str]


def speak(voice: str, sentence: str) -> NDArray[np.int16]:
    """One sentence in a voice of flite, mono at VOICE_RATE_HZ, without the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sentence.wav")
        subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", path], check=True)
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels()) == (VOICE_RATE_HZ, 1)
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 0.02 * np.abs(samples.astype(np.int32)).max())
    return samples[loud[0] : loud[-1] + 1]


def silence(seconds: float) -> NDArray[np.int16]:
    return np.zeros(round(seconds * VOICE_RATE_HZ), dtype=np.int16)


def narrate(lines: list[Line], shortest_s: float = 0.0) -> tuple[NDArray[np.int16], list[float]]:
    """The sentences one after the other, at least `shortest_s` long, and the second at which each starts."""
    parts, starts_s, position = [silence(LEAD_S)], [], len(silence(LEAD_S))
    for line in lines:
        spoken = np.concatenate([speak(line["voice"], line["sentence"]), silence(GAP_S)])
        starts_s.append(position / VOICE_RATE_HZ)
        parts.append(spoken)
        position += len(spoken)
    parts.append(silence(max(TAIL_S - GAP_S, shortest_s - position / VOICE_RATE_HZ)))
    return np.concatenate(parts), starts_s


def ffmpeg(*arguments: str | Path, stdin: bytes | Iterator[bytes] = b"") -> None:
    """Run ffmpeg over what is written to its standard input."""
    command = ["ffmpeg", "-y", "-loglevel", "error", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        for part in [stdin] if isinstance(stdin, bytes) else stdin:
            process.stdin.write(part)
        process.stdin.close()
    assert process.returncode == 0, command


def raw_voice(path: str | Path) -> list[str | Path]:
    return ["-f", "s16le", "-ar", str(VOICE_RATE_HZ), "-ac", "1", "-i", path]


def recording(target: Path, lines: list[Line]) -> list[float]:
    """Write a spoken recording; return the seconds at which its sentences start."""
    sound, starts_s = narrate(lines)
    opus = ["-c:a", "libopus", "-b:a", "32k", "-ar", "48000"]
    ffmpeg(*raw_voice("pipe:0"), *opus, *REPRODUCIBLE, target, stdin=sound.tobytes())
    return starts_s


def slide_show(target: Path, lines: list[Line]) -> list[float]:
    """Write a video of slides with their narration; return the seconds at which its sentences start."""
    sounds, starts_s, playlist, now_s = [], [], ["ffconcat version 1.0"], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for slide, spoken in groupby(lines, key=itemgetter("slide")):
            sound, offsets_s = narrate(list(spoken), SHORTEST_SLIDE_S)
            with Image.open(FRAMES / f"{slide}.png") as picture:
                ImageOps.fit(picture, SIZE, Image.Resampling.LANCZOS).save(Path(folder, f"{slide}.png"))
            playlist += [f"file {slide}.png", f"duration {len(sound) / VOICE_RATE_HZ:.4f}"]
            starts_s += [now_s + offset_s for offset_s in offsets_s]
            sounds.append(sound)
            now_s += len(sound) / VOICE_RATE_HZ
        # The concat demuxer ignores the last file's duration unless that file is named once more.
        playlist += playlist[-2:-1]
        Path(folder, "slides").write_text("\n".join(playlist), encoding="utf-8")
        Path(folder, "voice").write_bytes(np.concatenate(sounds).tobytes())
        slides = ["-f", "concat", "-i", Path(folder, "slides")]
        video = ["-vf", "fps=12,format=yuv420p", "-c:v", "libx264", "-preset", "slow", "-crf", "23"]
        audio = [
            "-c:a",
            "aac",
            "-b:a",
            "64k",
            "-ar",
            "44100",
            "-t",
            f"{now_s:.4f}",
            "-movflags",
            "+faststart",
        ]
        ffmpeg(*slides, *raw_voice(Path(folder, "voice")), *video, *audio, *REPRODUCIBLE, target)
    return starts_s


def shot(name: str) -> list[Image.Image]:
    """The frames of one slow camera move over a picture."""
    first, last = map(np.array, SHOTS[name])
    with Image.open(FRAMES / f"{name}.png") as picture:
        picture.load()
    frames = []
    for progress in np.linspace(0, 1, round(SHOT_S * PAN_RATE_HZ)):
        x, y, width = first + (last - first) * (1 - np.cos(np.pi * progress)) / 2
        half_w = width * picture.width / 2
        half_h = half_w * SIZE[1] / SIZE[0]
        x = np.clip(x * picture.width, half_w, picture.width - half_w)
        y = np.clip(y * picture.height, half_h, picture.height - half_h)
        box = (x - half_w, y - half_h, x + half_w, y + half_h)
        frames.append(picture.resize(SIZE, Image.Resampling.BICUBIC, box=box))
    return frames


def camera_moves() -> Iterator[bytes]:
    """All frames of the silent video as raw RGB, each shot fading into the next."""
    fade = round(FADE_S * PAN_RATE_HZ)
    shots = [shot(name) for name in SHOTS]
    yield from (frame.tobytes() for frame in shots[0][:-fade])
    for before, after in pairwise(shots):
        for step, (old, new) in enumerate(zip(before[-fade:], after[:fade], strict=True), 1):
            yield Image.blend(old, new, step / (fade + 1)).tobytes()
        end = None if after is shots[-1] else -fade
        yield from (frame.tobytes() for frame in after[fade:end])


def silent_video(target: Path) -> None:
    """Write the video that has no audio track."""
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "{}x{}".format(*SIZE), "-r", str(PAN_RATE_HZ)]
    vp9 = ["-c:v", "libvpx-vp9", "-crf", "38", "-b:v", "0", "-deadline", "good", "-cpu-used", "3"]
    ffmpeg(*raw, "-i", "pipe:0", *vp9, "-pix_fmt", "yuv420p", *REPRODUCIBLE, target, stdin=camera_moves())


def main() -> None:
    for folder in ("videos", "recordings"):
        (SAMPLES / folder).mkdir(parents=True, exist_ok=True)
    with Path(__file__).with_name("script.csv").open(newline="", encoding="utf-8") as file:
        script = list(csv.DictReader(file))
    with (SAMPLES / "speech.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "start_s", "sentence"])
        for name, group in groupby(script, key=itemgetter("file")):
            lines = list(group)
            make = slide_show if lines[0]["slide"] else recording
            for line, start_s in zip(lines, make(SAMPLES / name, lines), strict=True):
                rows.writerow([name, f"{start_s:.2f}", line["sentence"]])
    silent_video(SAMPLES / "videos" / "v002.webm")


if __name__ == "__main__":
    main()
