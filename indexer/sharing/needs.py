"""What a machine needs for a job: analysers and models by their fingerprints, since results must not differ.

How precisely a machine computes is no part of a fingerprint, and none of these.
"""

import json
from collections.abc import Iterable, Sequence

from indexer.analysers.base import Analyser
from indexer.embed import Model

SURVEYOR = '["surveyor"]'
"""What only who surveys can do: it alone says what becomes of a file that cannot be read."""


def needs_of(analysers: Iterable[Analyser], models: Sequence[Model]) -> str:
    """What the looks of these analysers take, by the models of a run; as text that can be compared."""
    used = list(analysers)
    roles = {role for analyser in used for kind in analyser.kinds for role in kind.vectors}
    named = {_analyser(analyser) for analyser in used}
    named |= {_model(model) for model in models if model.space.role in roles}
    return json.dumps(sorted(named))


def met(needs: Iterable[str], analysers: Sequence[Analyser], models: Sequence[Model]) -> list[str]:
    """Those of these needs that are met by what a machine has."""
    own = {_analyser(analyser) for analyser in analysers} | {_model(model) for model in models}
    return [each for each in needs if set(json.loads(each)) <= own]


def asked_for(needs: str, analysers: Sequence[Analyser]) -> list[Analyser]:
    """The analysers that are needed, of those that a machine has."""
    named = json.loads(needs)
    return [analyser for analyser in analysers if needs == SURVEYOR or _analyser(analyser) in named]


def unmet(needs: str, analysers: Sequence[Analyser], models: Sequence[Model]) -> set[str]:
    """What of the needs a machine does not have: names of analysers, and roles of models."""
    own = {_analyser(analyser) for analyser in analysers} | {_model(model) for model in models}
    return {each.partition("=")[0] for each in json.loads(needs) if each not in own}


def _analyser(analyser: Analyser) -> str:
    return f"{analyser.name}={analyser.fingerprint}"


def _model(model: Model) -> str:
    return f"the model {model.space.model}={model.space.role} {model.encoder.fingerprint}"
