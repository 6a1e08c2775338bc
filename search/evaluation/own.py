"""How well a library finds what its owner has said is right, by a thumb up, has opened, or has described."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from db.catalog import opened, spaces
from db.catalog.spaces import Space
from db.errors import ModelError, SettingsError
from db.kinds import CLIP
from db.library import Library
from search.answer import Hit
from search.evaluation.comparison import Line, compare
from search.evaluation.described import SUITE, Described, described, find_described
from search.evaluation.measured import keep_figures
from search.evaluation.measures import MRR, NDCG, RECALL, Suite
from search.evaluation.results import DEPTH, Result, digest, read_results, result, write_results
from search.query.query import Query
from search.service import SearchService

log = logging.getLogger(__name__)

OWN = Suite(SUITE, (*RECALL, MRR, NDCG))


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

    Asked are the questions as they were typed, without what thumbs have taught, and what was written about
    pictures (``search.evaluation.described``), that also of the other models that the library has vectors of.
    What is kept are ranks and confidence, without words, in the library's folder; the figures themselves are
    kept each time (``search.evaluation.measured``).

    Raises:
        SettingsError: nothing has a thumb up, is remembered as opened or described.
        TroveError: as ``SearchService.search``.
    """
    library = service.library
    with library.read() as session:
        active, texts = spaces.active(session), described(session)
        others = [space for space in spaces.every(session) if space.state == "retired" and space.role == CLIP]
    now = [_asked(service, one) for one in judged if one.answers]
    if active is not None:
        now += find_described(service, active, texts)
    if not now or active is None:
        raise _nothing_known(library)
    file = library.paths.results
    before = read_results(file) if file.exists() else []
    lines = compare([OWN], now, before)
    keep_figures(library, {**_of_others(service, others, texts), active.model: lines})
    if keep:
        write_results(file, now)
    return lines


def _of_others(
    service: SearchService, others: Iterable[Space], texts: Sequence[Described]
) -> dict[str, list[Line]]:
    """The figures of models that do not answer now; those that are not on this machine are left out."""
    lines = {}
    for space in others:
        try:
            lines[space.model] = compare([OWN], find_described(service, space, texts))
        except ModelError as exc:
            log.warning("%s is not measured: %s", space.model, exc)
    return lines


def _nothing_known(library: Library) -> SettingsError:
    with library.read() as session:
        remembered = opened.is_on(session)
    return SettingsError(
        "nothing in this library has a thumb up, is remembered as opened, or is described by anybody",
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
