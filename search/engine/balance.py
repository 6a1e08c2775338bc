"""How much texts count beside pictures: as much as it is doubtful that a picture shows what was asked for.

Of two rankings that do not compare, fusion by ranks alone takes the best of each in turn, though one of them
may have nothing: something is always nearest. For pictures there is a measure of that, the probability that
the best one fits under the null model. Where it fits, "a dog" is for photographs of dogs; that some hour of
speech has the word, as others have, does not bring it before them, and rare words do. Where none fits, as of
what is only written or said, texts count in full (bench/fusion). What a file is called counts in full as
soon as no picture would be called found: who asks for "invoice" means the file of that name before pictures
of which the model is unsure (bench/called.py).
"""

from collections.abc import Sequence
from dataclasses import replace

from db.kinds import PASSAGE
from search.engine.ranking import Ranking
from search.engine.verdict import FOUND_AT, Reference


def balanced(rankings: Sequence[Ranking], reference: Reference | None) -> list[Ranking]:
    """The rankings of one question, each with the doubt that the pictures leave, and weights by it.

    Those that compare meanings of texts count by it as a whole, those of words where many texts have them.
    Without words, pictures or a null model of them there is nothing to balance.
    """
    fits = [
        reference.probability(texts, ranking.background.count)
        for ranking in rankings
        if ranking.background is not None and reference is not None
        for parts in ranking.matches
        if (texts := [part for part in parts if part.kind == "text"])
    ]
    doubt = (1 - max(fits, default=0.0)) ** 2
    of_names = min(1.0, doubt / (1 - FOUND_AT) ** 2)
    return [
        replace(
            ranking,
            weight=ranking.weight * (doubt if ranking.modality == PASSAGE else 1.0),
            doubt=of_names if ranking.named else doubt,
        )
        for ranking in rankings
    ]
