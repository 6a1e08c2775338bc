"""Language identification of what is said and written, where what has heard or read it cannot tell."""

from db.catalog import languages
from db.library import Library
from db.words.forms import UNKNOWN
from indexer.languages import sure_language

_MOST_READ = 2_000
"""Signs of the texts in one file that are read: more say no more."""
_AT_ONCE = 1_000
"""Files in one transaction: readers do not wait, but another writer does."""


def tell_languages(library: Library) -> None:
    """Tell the language of all texts of which nobody has, those in one picture or recording together."""
    with library.read() as session:
        left = {
            (texts.content_id, texts.kind): sure_language(texts.text[:_MOST_READ]) or UNKNOWN
            for texts in languages.untold(session)
        }
    places = list(left)
    for first in range(0, len(places), _AT_ONCE):
        with library.write() as session:
            languages.tell(session, {place: left[place] for place in places[first : first + _AT_ONCE]})
