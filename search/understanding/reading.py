"""Query understanding: how much of a question was understood, and what to ask instead.

Readers look for one thing each, in the order in which they are registered; what one has accounted for the
next ones leave alone. To add one, write a function of an ``Asked`` and what is ``Known``, and add its line
here.

>>> understanding(Query("dgo runing on grass")).notes[0].offers[0]              # doctest: +SKIP
'dog running on grass'
"""

from collections.abc import Iterator, Sequence

from search.answer import Note, Understanding, Understood
from search.query.query import Query
from search.understanding import codes, emojis, emptiness, limits, persons, spelling, tongues
from search.understanding.asked import Asked, Finding, Known, readers

_LEVELS: Sequence[Understood] = ("yes", "partly", "no")
_MOST_NOTES = 5
_OF_AVOIDED = frozenset({"language", "unknown word"})
"""What is looked for in things to keep away from, which nobody says are there."""
_OF_THE_THINGS = frozenset({"counting", "position", "comparison", tongues.READING})
"""What notes are about after which the things that were asked for may be absent all the same."""

for _name, _reader in (
    ("emoji", emojis.read),
    ("code", codes.read),
    ("language", tongues.read),
    ("empty", emptiness.read),
    ("name", persons.read),
    ("unknown word", spelling.read),
    ("limits", limits.read),
):
    readers.register(_name, _reader)


def understanding(query: Query, known: Known | None = None) -> Understanding:
    """What of the descriptions of a query was understood; conditions and pictures always are.

    ``no`` where nothing of it was, ``partly`` where something was not. Notes come in the order of the text
    and of the readers, none twice and five at most.
    """
    known = known or Known()
    parsed = query.parsed
    places = [(at, term) for at, terms in enumerate(parsed.alternatives) for term in range(len(terms))]
    pictures = [place for place in places if parsed.alternatives[place[0]][place[1]].kind == "picture"]
    levels: list[Understood] = []
    asked_for: list[Understood] = []
    notes: dict[Note, None] = {}
    for place in places:
        if place in pictures or len(notes) >= _MOST_NOTES:
            continue
        asked = Asked.of(parsed, place, known.asked_for)
        findings = list(_read(asked, known))
        levels.append(max((finding.level for finding in findings), key=_LEVELS.index, default="yes"))
        asked_for += [] if asked.avoided else levels[-1:]
        notes |= dict.fromkeys(found.note for found in findings if found.note)
    if not notes or set(levels) == {"yes"}:
        return Understanding("yes", tuple(notes)[:_MOST_NOTES])
    nothing = set(asked_for) == {"no"} and not pictures and query.like is None
    return Understanding("no" if nothing else "partly", tuple(notes)[:_MOST_NOTES])


def hinders(understood: Understanding) -> bool:
    """Whether so little was understood that nobody can say that the library lacks what was asked.

    How many things, where and how large is none of that: the things themselves were asked for.
    """
    return any(note.about not in _OF_THE_THINGS for note in understood.notes)


def _read(asked: Asked, known: Known) -> Iterator[Finding]:
    for name, reader in readers.every().items():
        if asked.avoided and name not in _OF_AVOIDED:
            continue
        for finding in reader(asked, known):
            yield finding
            asked = asked.without(finding.words)
