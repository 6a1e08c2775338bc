"""Searching with the sound of an opened moment, where the library can tell what sounds like it."""

import io
import wave

import numpy as np
import streamlit as st

from db.catalog import spaces
from db.catalog.units import UnitRow
from db.kinds import SOUND
from indexer.analysers.pieces import SOUND_S
from indexer.encoders.heard import RATE
from indexer.media.reader import read_audio
from indexer.media.types import Metadata, Samples
from search.answer import Hit
from ui.app import resources
from ui.app.routes import media
from ui.app.views import question
from ui.wording import clock

_LEAST_S = 2.0
_FULL = 32767


def offer_sound(row: UnitRow, metadata: Metadata, hit: Hit) -> None:
    """A button that asks for what sounds like the moment of a hit, or like the beginning."""
    if not metadata.has_audio or not sounds_are_told():
        return
    if st.button(
        "Search with this sound",
        icon=":material/hearing:",
        key="viewer_sound",
        help="Find what sounds like this moment",
    ):
        with resources.explained():
            _search(row, hit)


def sounds_are_told() -> bool:
    """Whether the library has a model that tells what sounds alike."""
    with resources.read() as session:
        return spaces.active(session, SOUND) is not None


def _search(row: UnitRow, hit: Hit) -> None:
    start_s = hit.start_s or 0.0
    length_s = SOUND_S if hit.end_s is None else max(_LEAST_S, min(SOUND_S, hit.end_s - start_s))
    decoders = resources.library().service.decoders
    samples = decoders.run(read_audio, media.file_of(row), start_s, start_s + length_s, rate=RATE)
    name = f"{row.path.stem} {clock(start_s).replace(':', '.')}.wav"
    question.find_like(_as_wav(samples), name)


def _as_wav(samples: Samples) -> bytes:
    """Mono samples as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1.0, 1.0) * _FULL).astype("<i2").tobytes())
    return buffer.getvalue()
