"""How well a library finds what its owner has said is right, by a thumb up, or has opened."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from db.catalog import opened
from db.errors import SettingsError
from db.library import Library
from search.answer import Hit
from search.evaluation.comparison import Line, compare
from search.evaluation.measures import MRR, NDCG, RECALL, Suite
from search.evaluation.results import DEPTH, Result, digest, read_results, result, write_results
from search.query.query import Query
from search.service import SearchService

OWN = Suite("own", (*RECALL, MRR, NDCG))


@dataclass(frozen=True)
class Judged:
    """A question with known answers.

    ``name``: its own, the same in later runs; ``kind``: how its answers are known, such as ``thumbed``.
    ``answers``: for each one the ids of the units by which it can be found.
    """

    name: str
    kind: str
    query: Query
    answers: Sequence[frozenset[int]]


def evaluate_own(service: SearchService, judged: Iterable[Judged], *, keep: bool = False) -> list[Line]:
    """The figures of an owner's questions, beside those that were kept; ``keep``: these, for the next time.

    Asked are the questions as they were typed, without what thumbs have taught. What is kept are ranks and
    confidence, without words, in the library's folder.

    Raises:
        SettingsError: nothing has a thumb up or is remembered as opened.
        TroveError: as ``SearchService.search``.
    """
    now = [_asked(service, one) for one in judged if one.answers]
    if not now:
        raise _nothing_known(service.library)
    file = service.library.paths.results
    before = read_results(file) if file.exists() else []
    lines = compare([OWN], now, before)
    if keep:
        write_results(file, now)
    return lines


def _nothing_known(library: Library) -> SettingsError:
    with library.read() as session:
        remembered = opened.is_on(session)
    return SettingsError(
        "nothing in this library has a thumb up or is remembered as opened",
        "Save a search and judge its hits (trove saved add, trove saved up), or "
        + (
            "open hits in the app: that is remembered now."
            if remembered
            else "have what you open in the app remembered: trove eval --remember"
        ),
    )


def _asked(service: SearchService, judged: Judged) -> Result:
    answer = service.search(replace(judged.query, k=DEPTH, apart=True, stacks=False))
    answers = list(dict.fromkeys(judged.answers))
    found = result(
        answer,
        suite=OWN.name,
        kind=judged.kind,
        group=judged.name,
        is_right=_once(answers),
        right=len(answers),
    )
    return replace(found, question=digest(judged.name))


def _once(answers: Iterable[frozenset[int]]) -> Callable[[Hit], bool]:
    """Whether the next hit is a right answer that none of those before it was."""
    left = list(answers)

    def is_right(hit: Hit) -> bool:
        found = next((answer for answer in left if hit.unit_id in answer), None)
        if found is not None:
            left.remove(found)
        return found is not None

    return is_right
