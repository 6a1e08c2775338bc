"""A library with all that looks and listens switched on, by tiny models of real classes."""

from pathlib import Path

import numpy as np

from db.kinds import MOTION, SIMILAR, SOUND
from db.settings import Settings
from tests.support.media import photo, sound, tone, video
from tests.support.tiny_motion import save_ast, save_clap, save_vivit, save_xclip
from tests.support.tiny_pretrained import save_blip
from tests.support.tiny_vision import save_detr, save_dinov2

ROLES = {SIMILAR: save_dinov2, SOUND: save_clap, MOTION: save_xclip}


def fill(folder: Path) -> Path:
    """Two pictures, a film of three shots with sound, and a recording."""
    folder.mkdir(parents=True)
    for seed in (3, 5):
        photo(folder / f"{seed}.jpg", seed=seed)
    beats = tone(9.0, 220.0) * (np.arange(9 * 16_000) // 4_000 % 2)
    video(folder / "film.mp4", (5, 12, 0), scene_s=3.0, audio=beats.astype(np.float32))
    sound(folder / "memo.wav", tone(24.0, 900.0))
    return folder


def settings_of(folder: Path, cache: Path) -> Settings:
    """Settings of a library in a folder, with a tiny model of each task but those of roles."""
    models = folder / "models"
    return Settings(
        library=folder / "library",
        cache=cache,
        device="cpu",
        whisper="none",
        off=("text",),
        captioner=str(save_blip(models / "tiny-blip")),
        detector=str(save_detr(models / "tiny-detr")),
        sound_tagger=str(save_ast(models / "tiny-ast")),
        action_classifier=str(save_vivit(models / "tiny-vivit")),
    )


def roles(folder: Path) -> dict[str, str]:
    """A tiny model of each role that a library can do without."""
    return {role: str(save(folder / "models" / f"tiny-{role}")) for role, save in ROLES.items()}
