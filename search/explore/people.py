"""Who is this? The people whose faces are nearest to those in a picture from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from db.catalog import face_groups, spaces
from db.catalog.units import Region
from db.errors import SettingsError
from db.kinds import FACE, FACES
from indexer.encoders.active import encoder_for
from indexer.people.grouping import JOINS

if TYPE_CHECKING:
    from pathlib import Path

    from db.library import Library
    from indexer.media.pool import DecodePool

_NEAREST = 20
"""Faces of the library that are looked at for each face of the picture."""


@dataclass(frozen=True)
class Recognised:
    """A face in a picture, and who it may be.

    ``group_id`` and ``name``: of the nearest person, None for nobody near enough, and for one without a name.
    ``cosine``: to the nearest face of theirs; of two people it is below ``JOINS``, but for some.
    """

    region: Region
    group_id: int | None
    name: str | None
    cosine: float


def who(library: Library, decoders: DecodePool, path: Path) -> list[Recognised]:
    """The faces in a picture, from the left, each with the person that it is nearest to.

    Raises:
        SettingsError: no faces are kept in this library.
        MediaError: the picture cannot be decoded.
        ModelError: the weights are missing.
    """
    from indexer.analysers.faces import LEAST, SIDE, region_of
    from indexer.encoders.faces.aligned import aligned
    from indexer.encoders.faces.detector import Detector
    from indexer.media.reader import read_image

    settings = library.settings
    with library.read() as session:
        space = spaces.active(session, FACE)
    if space is None:
        raise SettingsError("no faces are kept in this library", "Switch it on: trove people on")
    _, picture = decoders.run(read_image, path, min_side=SIDE, max_megapixels=settings.max_megapixels)
    found = sorted(Detector(settings.cache).faces(picture, LEAST), key=lambda face: face.box[0])
    if not found:
        return []
    encoder = encoder_for(library, space, FACE)
    cuts = [encoder.prepare(Image.fromarray(aligned(picture, face))) for face in found]
    vectors = encoder.encode_pixels(np.stack(cuts))
    recognised = []
    with library.read() as session:
        nearest = library.vectors(space).at(session).search(FACES, vectors, _NEAREST)
        for face, near in zip(found, nearest, strict=True):
            group, cosine = None, near[0][1] if near else 0.0
            for unit_id, own in near:
                if own >= JOINS and (group := face_groups.group_of(session, unit_id)) is not None:
                    cosine = own
                    break
            recognised.append(
                Recognised(
                    region_of(face, picture),
                    group.id if group else None,
                    group.name if group else None,
                    round(cosine, 4),
                )
            )
    return recognised
