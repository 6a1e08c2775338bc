"""Models of sounds and of clips, chosen beside the one that answers: what they find, and doing without."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import trove
from db.catalog import spaces, switches
from db.kinds import MOTION, SOUND
from db.library import Library
from db.settings import Settings
from indexer.encoders.heard import RATE, HeardEncoder
from indexer.media.reader import read_audio
from search.query.query import Query
from tests.support.command import trove as run
from tests.support.media import sound, tone, video
from tests.support.tiny_motion import save_clap, save_xclip

TONES = {"low.wav": 110.0, "middle.wav": 700.0, "high.wav": 5000.0}


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for name, hertz in TONES.items():
        sound(folder / name, tone(4.0, hertz))
    return folder


def sounding_like(library: trove.Library, query: Query) -> list[str]:
    hits = library.search(query).hits
    ranked = [
        (fact.rank, hit.path.name)
        for hit in hits
        for fact in hit.why
        if fact.source in ("text_to_sound", "sound_to_sound")
    ]
    return [name for _, name in sorted(ranked)]


def test_recordings_are_found_by_what_they_sound_like(
    settings: Settings, media: Path, tmp_path: Path
) -> None:
    model = str(save_clap(tmp_path / "tiny-clap"))
    with trove.Library.of(settings) as library:
        library.index([media])
        assert not any(state.on for state in library.analysers.every() if state.name in ("hearing", "clips"))
        assert sounding_like(library, Query(text="a dog barking")) == []
        switch = library.models.use(model, role=SOUND)
        assert (switch.model, switch.embedded) == (model, 0), "what it hears comes with the next indexing"
        states = {state.name: state for state in library.analysers.every()}
        assert (states["hearing"].on, states["hearing"].left) == (True, 3)
        assert not states["clips"].on
        assert library.index().failed == 0
        # By words: in the order of the library's own vectors.
        encoder = HeardEncoder(model, settings)
        pieces = [encoder.prepare(read_audio(media / name, 0.0, 4.0, rate=RATE)) for name in TONES]
        vectors = dict(zip(TONES, encoder.encode_pixels(np.stack(pieces)), strict=True))
        with library.core.read() as session:
            own = next(space for space in spaces.all_active(session) if space.role == SOUND)
            assert (own.dim, spaces.every(session)[own]) == (encoder.dim, 3)
        answer = library.search("thunder")
        asked = [fact for hit in answer.hits for fact in hit.why if fact.source == "text_to_sound"]
        assert len(asked) == 3
        assert answer.verdict == "unsure", "what is nearest proves nothing, and may be it"
        # By a sound: one of the library, and one that is not in it.
        others = sorted(set(TONES) - {"low.wav"}, key=lambda name: -float(vectors["low.wav"] @ vectors[name]))
        assert sounding_like(library, Query(like=media / "low.wav")) == others
        outside = sound(tmp_path / "outside.wav", tone(3.0, TONES["high.wav"]))
        assert sounding_like(library, Query(like=outside))[0] == "high.wav"
        told = " ".join(run(settings, "why", "thunder", media / "high.wav").stdout.split())
        assert "It sounds like the words (similarity" in told
        assert "at 0:00" in told
    # Without its folder it goes on, by what else there is.
    shutil.move(model, f"{model}-away")
    with trove.Library.of(settings) as library:
        assert sounding_like(library, Query(text="a bell")) == []
        sound(media / "new.wav", tone(2.0, 300.0))
        assert library.index().failed == 0
        shutil.move(f"{model}-away", model)
    with trove.Library.of(settings) as library:
        library.index()
        assert len(sounding_like(library, Query(text="a bell"))) == 4
        assert library.models.drop(model, role=SOUND) == 4
        assert sounding_like(library, Query(text="a bell")) == []
        states = {state.name: state for state in library.analysers.every()}
        assert "trove model use clap --role sound" in states["hearing"].lacking


@pytest.mark.slow
def test_clips_add_to_what_is_seen(settings: Settings, tmp_path: Path) -> None:
    media, model = tmp_path / "media", str(save_xclip(tmp_path / "tiny-xclip"))
    media.mkdir()
    for seed in range(4):
        video(media / f"{seed}.mp4", (seed, seed + 7), scene_s=5.0)
    with Library(settings) as core, core.write() as session:
        switches.turn(session, "clips", on=True)
    with trove.Library.of(settings) as library:
        library.index([media])
        before = [hit.path.name for hit in library.search("opening a door").hits]
        library.models.use(model, role=MOTION)
        library.index()
        with library.core.read() as session:
            (own,) = (space for space in spaces.all_active(session) if space.role == MOTION)
            assert spaces.every(session)[own] == 16, "two clips a shot"
        hits = library.search("opening a door").hits
        assert {hit.path.name for hit in hits} == set(before)
        assert {hit.kind for hit in hits} == {"frame"}, "what is shown is a frame"
        assert all(any(fact.source == "text_to_image" for fact in hit.why) for hit in hits)
        like = library.search(Query(like=media / "0.mp4")).hits
        assert any(fact.source == "clip_to_clip" for hit in like for fact in hit.why)
        library.analysers.off("clips")
        assert not any(
            fact.source == "clip_to_clip"
            for hit in library.search(Query(like=media / "1.mp4")).hits
            for fact in hit.why
        )
