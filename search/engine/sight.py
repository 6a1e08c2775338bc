"""What a question looks like: its picture vectors, for views that compare single pictures with it."""

from dataclasses import dataclass

import numpy as np

from db.arrays import Vectors
from db.kinds import CLIP, PICTURE
from indexer.encoders.base import Encoder
from search.engine.embed import Question
from search.engine.scope import BACKGROUND, Scope


@dataclass(frozen=True)
class Sight:
    """The (n, dim) picture vectors of a query, the most similar of which counts, and their baseline.

    ``baseline``: (m,) ascending, the similarities to a sample of up to a thousand of the library's pictures.
    """

    encoder: Encoder
    space_id: int
    vectors: Vectors
    baseline: Vectors


def sight(question: Question, scope: Scope) -> Sight | None:
    """The picture vectors and baseline of a question; None where it describes nothing."""
    if not (alternatives := question.parts.get(CLIP)):
        return None
    model = scope.models[CLIP]
    vectors = scope.combined(CLIP, PICTURE, alternatives)
    sample = scope.view(CLIP).sample(PICTURE, BACKGROUND)
    return Sight(model.encoder, model.space.id, vectors, np.sort((sample @ vectors.T).max(axis=1)))
