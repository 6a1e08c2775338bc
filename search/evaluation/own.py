"""How well a library finds what its owner has said is right: saved searches, by their thumbs up."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from db.errors import SettingsError
from search.answer import Hit
from search.evaluation.comparison import Line, compare
from search.evaluation.measures import MRR, NDCG, RECALL, Suite
from search.evaluation.results import DEPTH, Result, digest, read_results, result, write_results
from search.query.query import Query
from search.service import SearchService

OWN = Suite("own", (*RECALL, MRR, NDCG))


@dataclass(frozen=True)
class Judged:
    """A question with known answers. ``name``: its own, the same in later runs; ``liked``: unit ids."""

    name: str
    query: Query
    liked: Collection[int]


def evaluate_own(service: SearchService, judged: Iterable[Judged], *, keep: bool = False) -> list[Line]:
    """The figures of an owner's questions, beside those that were kept; ``keep``: these, for the next time.

    Asked are the questions as they were typed, without what thumbs have taught. What is kept are ranks and
    confidence, without words, in the library's folder.

    Raises:
        SettingsError: nothing has a thumb up.
        TroveError: as ``SearchService.search``.
    """
    now = [_asked(service, one) for one in judged if one.liked]
    if not now:
        raise SettingsError(
            "nothing in this library has a thumb up",
            "Save a search and judge its hits: trove saved add, trove saved judge.",
        )
    file = service.library.paths.results
    before = read_results(file) if file.exists() else []
    lines = compare([OWN], now, before)
    if keep:
        write_results(file, now)
    return lines


def _asked(service: SearchService, judged: Judged) -> Result:
    def liked(hit: Hit) -> bool:
        return hit.unit_id in judged.liked

    answer = service.search(replace(judged.query, k=DEPTH, apart=True))
    found = result(
        answer,
        suite=OWN.name,
        kind="saved search",
        group=judged.name,
        is_right=liked,
        right=len(judged.liked),
    )
    return replace(found, question=digest(judged.name))
