"""Faces as rows, with vectors that a test gives them: no model is needed to put them in groups."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter
from sqlalchemy.orm import Session

from db.arrays import Vectors
from db.catalog import analyses, spaces, units
from db.catalog.spaces import Space
from db.catalog.units import NewUnit, Region
from db.kinds import CLIP, FACE
from tests.support import SAMPLES
from tests.support.rows import Drafted, add_file

DIM = 16
LEFT, RIGHT = Region(0.1, 0.2, 0.2, 0.3), Region(0.6, 0.2, 0.2, 0.3)


def face_of(person: int, variation: int = 0) -> Vectors:
    """A vector near the others of a person, and far from those of all others; 16 people at most."""
    vector = np.zeros(DIM, np.float32)
    vector[person] = 1.0
    vector += 0.03 * np.random.default_rng(1000 * person + variation).standard_normal(DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def face_near(person: int, other: int, cosine: float) -> Vectors:
    """A vector at a cosine from the middle of a person, towards another one."""
    vector = np.zeros(DIM, np.float32)
    vector[person], vector[other] = cosine, np.sqrt(1 - cosine**2)
    return vector


def faces_space(session: Session) -> Space:
    """The active space of faces, made when it is not there."""
    if spaces.active(session, CLIP) is None:
        spaces.add(session, "test-model", "0", 8, "active")
    return spaces.active(session, FACE) or spaces.add(session, "test-faces", "0", DIM, "active", FACE)


def add_picture(
    session: Session,
    path: str,
    faces: Sequence[tuple[Vectors, Region]],
    named: Sequence[tuple[str, Region | None]] = (),
) -> int:
    """A picture with faces, and with names that its file has; returns the content's id."""
    content_id = add_file(session, path, [Drafted("image", None)])
    add_faces(session, content_id, faces)
    analysis_id = analyses.record(session, "words", "3", "done", content_id=content_id, took_ms=1)
    written = [NewUnit("person_in_image", region=region, text=name) for name, region in named]
    units.add(session, [(unit, content_id, analysis_id, None) for unit in written])
    return content_id


def add_faces(
    session: Session,
    content_id: int,
    faces: Sequence[tuple[Vectors, Region]],
    spans: Sequence[tuple[float, float, float]] = (),
) -> None:
    """Store the faces of a content, in place of those that were found before."""
    space = faces_space(session)
    analysis_id = analyses.record(session, "faces", "1", "done", content_id=content_id, took_ms=10)
    times: Sequence[tuple[float | None, float | None, float | None]] = spans or [(None, None, None)] * len(
        faces
    )
    made = [
        NewUnit("face", {space.id: vector}, start_s, end_s, at_s, region=region)
        for (vector, region), (start_s, end_s, at_s) in zip(faces, times, strict=True)
    ]
    units.add(session, [(unit, content_id, analysis_id, None) for unit in made])


def make_album(folder: Path, more: int = 0) -> Path:
    """Pictures in which faces are found: two people, in three pictures each, and one picture of nobody.

    ``more``: so many further ones of each person, a little darker each.
    """
    for name in ("p010.png", "p026.jpg"):
        image = Image.open(SAMPLES / "pictures" / name).convert("RGB")
        stem = name[:4]
        image.save(folder / f"{stem} first.jpg", quality=92)
        ImageEnhance.Brightness(image).enhance(0.8).save(folder / f"{stem} dark.jpg", quality=90)
        image.crop((40, 10, 460, 430)).save(folder / f"{stem} near.jpg", quality=90)
        for number in range(more):
            ImageEnhance.Brightness(image).enhance(0.98 - 0.02 * number).save(folder / f"{stem} {number}.jpg")
    Image.open(SAMPLES / "pictures" / "p001.jpg").save(folder / "nobody.jpg")
    return folder


def add_doubtful(folder: Path) -> None:
    """Pictures that join neither person of ``make_album`` but are near: two of one, one of the other."""
    first = Image.open(SAMPLES / "pictures" / "p010.png").convert("RGB").filter(ImageFilter.GaussianBlur(1.7))
    first.save(folder / "p010 blurred.jpg", quality=95)
    ImageEnhance.Brightness(first).enhance(0.8).save(folder / "p010 blurred dark.jpg", quality=95)
    second = Image.open(SAMPLES / "pictures" / "p026.jpg").convert("RGB")
    second.resize((512, 768)).save(folder / "p026 stretched.jpg", quality=95)
