"""What the builtin drawer knows of a question: which of its concepts it would draw, and how near they are.

Its sketch chooses one of a few thousand learnt concepts for any sentence, so that it draws something for
everything. A question that is near to none of them should be told that instead of being shown something else.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from search.drawing.presets import BUILTIN_FOLDER

NEAR = 0.4
"""Cosine of a question and a concept's name from which the concept is what was meant (docs/models.md)."""


@dataclass(frozen=True)
class Concept:
    """The concept that the builtin drawer would draw for a question."""

    name: str
    """'' for one that has no name."""
    nearness: float
    """Cosine of the sentence embeddings of the question and the name; 0 without a name."""

    @property
    def known(self) -> bool:
        """Whether the question is near enough for a drawing of it to show what was meant."""
        return self.nearness >= NEAR


@lru_cache(maxsize=1)
def names() -> list[str]:
    """What the concepts draw, in their order; '' where no name is known (bench/drawer/name_concepts.py)."""
    found: list[str] = json.loads((BUILTIN_FOLDER / "concepts.json").read_text("utf-8"))
    return found


def concept_of(pipeline: Any, prompt: str) -> Concept:
    """The concept that the builtin pipeline draws for ``prompt``."""
    import torch

    sentence = _embedded(pipeline, prompt)
    with torch.no_grad():
        sketch = pipeline.transformer.sketch
        number = int(sketch.concepts(sentence.to(sketch.keys.weight.dtype))[0].argmax())
    name = names()[number]
    if not name:
        return Concept("", 0.0)
    nearness = torch.nn.functional.cosine_similarity(sentence, _embedded(pipeline, name))
    return Concept(name, round(float(nearness), 2))


def _embedded(pipeline: Any, text: str) -> Any:
    """(1, d), as the sketch reads a sentence."""
    import torch

    from search.drawing.pictograms import meaning

    tokens = pipeline.tokenizer([text], truncation=True, return_tensors="pt").to(pipeline.device)
    with torch.no_grad():
        words = pipeline.text_encoder(**tokens).last_hidden_state.float()
    return meaning(words, tokens["attention_mask"])
