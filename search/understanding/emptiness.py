"""Questions without meaning: only signs, or only words such as "the"."""

import re
from collections.abc import Sequence

from search.answer import Note
from search.understanding.asked import Asked, Finding, Known
from search.understanding.emojis import spelled_out

_LETTER = re.compile(r"[^\W_]")
_SAYS_NOTHING = frozenset(
    "a about all am an and any are as at be been but by can could did do does for from had has have he "
    "her his how i if in into is it its just may me might my no not of on or our she should so some than "
    "that the their them then there these they this those to too very was we were what when where which "
    "who whom why will with would yes you your".split()
)


def read(asked: Asked, _known: Known) -> Sequence[Finding]:
    """A note where no word says what to look for."""
    words, thing = asked.words, spelled_out(asked.thing)
    is_silent = not _LETTER.search(thing) or (bool(words) and all(w.lower() in _SAYS_NOTHING for w in words))
    if is_silent and not any(letter.isdigit() for letter in thing):
        says = f"“{asked.thing.strip()}” names nothing to look for: say what is to be seen, said or written."
        return [Finding("no", Note("empty", says), asked.words)]
    return ()
