"""Pieces of films and recordings, a few seconds each, of which models tell or embed sound and motion."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from indexer.analysers.medium import Medium
from indexer.media.types import Picture, Samples

CLIP_S = 4.0
"""The longest clip: an action takes a few seconds, and models were shown clips of two to ten."""
SOUND_S = 10.0
"""The longest piece of sound: as long as those that models of sounds were trained with."""
_LEAST_S = 0.5
"""A shorter rest at the end is left out."""


def clips(medium: Medium, count: int, side: int) -> Iterator[tuple[float, float, list[Picture]]]:
    """Clips of a film in order, none over the edge of a shot: (start, end, ``count`` frames).

    Raises:
        MediaError: nothing of it can be decoded.
    """
    for shot in medium.shots():
        parts = max(1, math.ceil((shot.end_s - shot.start_s) / CLIP_S))
        for start_s, end_s in pairwise(np.linspace(shot.start_s, shot.end_s, parts + 1).tolist()):
            if frames := frames_of(medium, start_s, end_s, count, side):
                yield start_s, end_s, frames


def frames_of(medium: Medium, start_s: float, end_s: float, count: int, side: int) -> list[Picture]:
    """So many frames of a clip, evenly spread; none where it is damaged.

    Raises:
        MediaError: it cannot be read.
    """
    times = start_s + (np.arange(count) + 0.5) * (end_s - start_s) / count
    seen = [picture for _, picture in medium.stills_at(times.tolist(), side)]
    return [seen[at] for at in spread(len(seen), count)] if seen else []


def spread(there: int, wanted: int) -> list[int]:
    """Places of so many evenly spread ones among those that are there; some twice where they are too few."""
    return [int(at) for at in np.linspace(0, there - 1, wanted).round()]


def sounds(medium: Medium, rate: int) -> Iterator[tuple[float, float, Samples]]:
    """Pieces of the first track that are not silent, in order: (start, end, mono samples at a rate).

    Raises:
        MediaError: it cannot be decoded.
    """
    start_s, last_s = 0.0, medium.header.duration_s or math.inf
    while start_s < last_s:
        samples = medium.audio(start_s, min(start_s + SOUND_S, last_s), rate=rate)
        if len(samples) < (_LEAST_S * rate if start_s else 1):
            break
        if samples.any():
            yield start_s, start_s + len(samples) / rate, samples
        start_s += SOUND_S
