"""What an answer without hits could have: each of its conditions, and how many files there are without it.

Where nothing fulfils all conditions, there is mostly one too many. Which one that is can be counted, so that
nobody has to take them out one by one.
"""

from sqlalchemy.orm import Session

from db.catalog import live
from db.catalog.filters import Wanted
from search.answer import Dropped
from search.query.asked import filters_of
from search.query.language import Parsed, parse
from search.query.query import Query


def dropped(session: Session, query: Query) -> tuple[Dropped, ...]:
    """The conditions of a query without hits that leave some when they are dropped, the most files first.

    Where none does by itself, all of them together; empty where that leaves nothing either.
    Copies count once; near-duplicates and stacks are not grouped, as that takes an answer.
    """
    parsed = parse(query.text)
    terms = len(parsed.chips) - len(parsed.conditions)
    single = [
        _dropped(session, query, str(clause), parsed.without(terms + at))
        for at, clause in enumerate(parsed.conditions)
    ]
    left = sorted((one for one in single if one.files), key=lambda one: -one.files)
    if not left and len(single) > 1:
        every = " ".join(map(str, parsed.conditions))
        left = [_dropped(session, query, every, Parsed(parsed.alternatives))]
    return tuple(one for one in left if one.files)


def _dropped(session: Session, query: Query, condition: str, without: Parsed) -> Dropped:
    of_kinds = None if query.kind is None else (query.kind,)
    ids = live.wanted_ids(session, Wanted(of_kinds, tuple(filters_of(without))))
    return Dropped(condition, live.contents(session, ids), str(without))
