"""Which pictures an analyser looks at first: those that look most like what it looks for.

The vectors of pictures are there before any later phase begins, so that this costs next to nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy.orm import Session

from db.catalog import spaces, units
from db.kinds import CLIP, PICTURE, of_modality
from indexer.embed import Model
from indexer.prefetch import batched

_AT_ONCE = 2_000
"""Pictures whose vectors are in memory."""


def likeness(session: Session, model: Model, text: str, content_ids: Sequence[int]) -> Mapping[int, float]:
    """How near pictures are to a text, as cosine similarity by content; those without a vector are not there.

    ``model``: of the role CLIP.

    Raises:
        ModelError: its text tower cannot be loaded.
    """
    pictures = spaces.of_contents(session, model.space.id, content_ids, of_modality(CLIP, PICTURE))
    (asked,) = model.encoder.encode_texts([text])
    found: dict[int, float] = {}
    for batch in batched(pictures.items(), _AT_ONCE):
        vectors = units.vectors(
            session, model.space.id, np.array([unit_id for _, unit_id in batch], np.int64)
        )
        found |= dict(zip([content_id for content_id, _ in batch], (vectors @ asked).tolist(), strict=True))
    return found
