"""Films with several tracks of sound and subtitles, put together from films that are there."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from indexer.media.types import SAMPLE_RATE, Samples


def srt(*cues: tuple[float, float, str]) -> str:
    """Subtitles as SubRip writes them: (start, end, text) each, in seconds."""

    def time(seconds: float) -> str:
        whole, rest = divmod(round(seconds * 1000), 1000)
        return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{rest:03}"

    lines = (f"{n}\n{time(start)} --> {time(end)}\n{text}\n" for n, (start, end, text) in enumerate(cues, 1))
    return "\n".join(lines)


Named = dict[str, str]
"""What a track says of itself: ``language``, ``title``."""


def with_tracks(
    path: Path,
    film: Path,
    *,
    sounds: Sequence[tuple[Samples, Named]] = (),
    subtitles: Sequence[tuple[str, Named]] = (),
    codec: str = "flac",
) -> Path:
    """Write a Matroska film with the pictures of one, tracks of sound at 16 kHz, and subtitles of SubRip."""
    texts = [(av.open(io.BytesIO(text.encode()), format="srt"), named) for text, named in subtitles]
    with av.open(str(film)) as source, av.open(str(path), "w") as container:
        inputs = [(source, source.streams.video[0], {})]
        inputs += [(text, text.streams.subtitles[0], named) for text, named in texts]
        copied = []
        for _, stream, named in inputs:
            copy = container.add_stream_from_template(stream)
            copy.metadata.update(named)
            copied.append(copy)
        encoded = []
        for _, named in sounds:
            stream = container.add_stream(codec, rate=SAMPLE_RATE, layout="mono")
            stream.metadata.update(named)
            encoded.append(stream)
        for stream, (samples, _) in zip(encoded, sounds, strict=True):
            whole = np.clip(samples * 32767, -32768, 32767).astype(np.int16)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
            container.mux([*stream.encode(frame), *stream.encode(None)])
        for (opened, stream, _), copy in zip(inputs, copied, strict=True):
            for packet in opened.demux(stream):
                if packet.dts is not None:
                    packet.stream = copy
                    container.mux(packet)
    for text, _ in texts:
        text.close()
    return path
