"""Faces of a film are seen again where they were, when another model makes their vectors."""

from pathlib import Path

import av
import numpy as np
from PIL import Image

from db.catalog.units import StoredUnit
from db.settings import Settings
from indexer.analysers.base import PicturePayload
from indexer.analysers.faces import SIDE, Faces
from indexer.analysers.medium import Medium
from indexer.media.pool import DecodePool
from tests.support import SAMPLES


def portrait(path: Path) -> Path:
    """A film of a person, in 1,080 lines."""
    with Image.open(SAMPLES / "pictures" / "p010.png") as picture:
        pixels = np.asarray(picture.convert("RGB").resize((SIDE, SIDE)))
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=5, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for _ in range(20):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        target.mux(stream.encode())
    return path


def test_a_face_of_a_film_is_cut_out_as_finely_the_second_time(tmp_path: Path, settings: Settings) -> None:
    path = portrait(tmp_path / "film.mp4")
    faces = Faces(settings)
    with DecodePool.of(settings) as pool:
        medium = Medium(path, pool, side=320, max_megapixels=settings.max_megapixels)
        (draft,) = faces.analyse(medium, lambda _share: None)
        unit = draft.unit
        stored = StoredUnit(1, unit.kind, unit.start_s, unit.end_s, unit.at_s, unit.region, None, None)
        (again,) = faces.payloads(medium, [stored])
    assert isinstance(draft.payload, PicturePayload) and isinstance(again, PicturePayload)
    difference = np.abs(draft.payload.picture.astype(int) - again.picture.astype(int))
    assert difference.mean() < 5, "decoded at 320 lines it is 11"
