"""The verdict in words: one sentence, the same for the app, the command line and Python."""

from search.answer import Understood, Verdict
from search.query.conditions import every
from search.query.query import Query

_IN_PART = {"no": "Understood as words only", "partly": "Understood in part"}


def said(verdict: Verdict, understood: Understood, query: Query, *, hits: int, drawn: bool = False) -> str:
    """The sentence that stands above the hits of an answer, or in their place.

    Args:
        verdict: of the answer.
        understood: how much of the query was.
        query: what was asked.
        hits: how many there are.
        drawn: whether a drawing of the query was searched with.
    """
    kind = [] if query.kind is None else [f"type:{query.kind}"]
    conditions = " ".join([*map(str, query.parsed.conditions), *kind])
    if not hits:
        return _nothing(understood, conditions)
    if verdict == "found":
        return "Found"
    if verdict == "absent":
        place = f"among what fulfils {conditions}" if conditions else "in your library"
        return f"Not {place}; these are the nearest"
    if verdict == "unsure":
        return f"{_IN_PART.get(understood, 'Perhaps not what you mean')}; these are the nearest"
    if drawn:
        return "These are the nearest to your words and the drawing"
    if query.like or any(term.weight > 0 for terms in query.parsed.alternatives for term in terms):
        return "These are the most similar"
    if query.parsed.alternatives:
        return "These are the least like it"
    return f"All that fulfils {conditions}{_by_machine(query)}"


def _by_machine(query: Query) -> str:
    """Which of the conditions are fulfilled by a machine's word alone, where there are such."""
    asked = query.parsed.conditions
    told = [clause for clause in asked if (known := every().get(clause.key)) and known.by_machine]
    if not told:
        return ""
    which = "" if len(told) == len(asked) and query.kind is None else f" {' '.join(map(str, told))}"
    return f",{which} as a machine tells"


def _nothing(understood: Understood, conditions: str) -> str:
    if conditions:
        return f"Nothing in your library fulfils {conditions}"
    return f"{_IN_PART[understood]}; nothing was found" if understood != "yes" else "Not in your library"
