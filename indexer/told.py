"""Language identification of what is said and written, where what has heard or read it cannot tell."""

from db.catalog import languages
from db.library import Library
from db.words.forms import UNKNOWN
from indexer.languages import language_of

_MOST_READ = 2_000
"""Signs of the texts in one file that are read: more say no more."""
_LEAST_WORDS, _SURE = 3, 0.5
"""How many words, and how likely their language, for it to be believed: fewer are a poor witness."""
_AT_ONCE = 1_000
"""Files in one transaction: readers do not wait, but another writer does."""


def tell_languages(library: Library) -> None:
    """Tell the language of all texts of which nobody has, those in one picture or recording together."""
    with library.read() as session:
        left = {(texts.content_id, texts.kind): _language(texts.text) for texts in languages.untold(session)}
    places = list(left)
    for first in range(0, len(places), _AT_ONCE):
        with library.write() as session:
            languages.tell(session, {place: left[place] for place in places[first : first + _AT_ONCE]})


def _language(text: str) -> str:
    """The language of a text by its ISO 639 code; ``und`` where that is not sure."""
    guess = language_of(text[:_MOST_READ])
    if guess is None:
        return UNKNOWN
    # A script of one language tells it in one sign.
    is_sure = guess.share == 1.0 or (guess.share >= _SURE and len(text.split()) >= _LEAST_WORDS)
    return guess.language if is_sure else UNKNOWN
