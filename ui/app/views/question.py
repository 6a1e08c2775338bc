"""The question on the Find page, which is in its address: words, with all conditions in them, a picture or a
file to find others like, their order, and whether what belongs together is one hit.

Pictures and files are named by the hashes of their contents; a path never comes from the browser. Only words
that are still being typed are in the session.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NoReturn, get_args

import streamlit as st

from db.catalog import contents, copies, people, revision
from db.errors import QueryError, UnreadableError
from search.query.language import Parsed, parse
from search.query.query import Order, Query
from search.results.listing import GrowingListing, Listing, SortedListing
from search.understanding.naming import with_people
from ui.app import resources
from ui.app.components.askbox import Chip
from ui.app.routes import feeds
from ui.app.uploads import uploads
from ui.app.views import address

_TYPED = "asked_typed"
_SEQUENCE = "asked_sequence"
_LISTING = "asked_listing"
_OF_THIS_DAY = "asked_of_this_day"
_WORDS, _LIKE, _PICTURE, _ORDER, _STACKS = "q", "like", "picture", "order", "stacks"
_APART = "apart"


@dataclass(frozen=True)
class Question:
    """Words, a picture or sound, or both. ``upload``: its hash; ``like``: a file to find others like it.

    ``stacks``: what belongs together is one hit.
    """

    words: str
    upload: str | None
    like: Path | None
    order: Order = "relevance"
    stacks: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing is asked yet."""
        return not (self.words or self.upload or self.like)

    @property
    def parsed(self) -> Parsed | None:
        """What the words mean; None while they are malformed."""
        try:
            parse(self.words)
            with resources.read() as session:
                return parse(with_people(self.words, people.names(session)).text)
        except QueryError:
            return None

    def query(self, k: int) -> Query:
        """The question to the library; errors as ``search.query.query.Query``."""
        upload = uploads().get(self.upload) if self.upload else None
        path = upload.path if upload else None
        image, like = (None, path or self.like) if upload and upload.is_sound else (path, self.like)
        return Query(text=self.words, image=image, like=like, k=k, order=self.order, stacks=self.stacks)

    @property
    def shows(self) -> bool:
        """Whether there is a picture in it."""
        upload = uploads().get(self.upload) if self.upload else None
        return upload is not None and not upload.is_sound


def nothing() -> Question:
    """The empty question, for pictures that are opened without one."""
    return Question("", None, None)


def everything(order: Order = "date") -> Question:
    """The question for the whole library, which people see before they ask their own."""
    return Question("type:image,video,audio", None, None, order)


def current() -> Question:
    """The current question."""
    picture = st.query_params.get(_PICTURE)
    return Question(
        _words(),
        picture if picture and uploads().get(picture) else None,
        _file(st.query_params.get(_LIKE, "")),
        _order(),
        st.query_params.get(_STACKS) != _APART,
    )


def _order() -> Order:
    named = st.query_params.get(_ORDER)
    return next((order for order in get_args(Order) if order == named), "relevance")


def gone(asked: Question) -> str | None:
    """What the address asks with that is not there any more, in a sentence; None where all of it is."""
    if st.query_params.get(_PICTURE) and asked.upload is None:
        return "What this page was asked with is not kept any more: give it once more."
    if st.query_params.get(_LIKE) and asked.like is None:
        return "The file that others were to be similar to is not in your library any more."
    return None


def _words() -> str:
    typed = _typed()
    return st.query_params.get(_WORDS, "") if typed is None else typed


def _typed() -> str | None:
    """The words that are being typed; None once they are final, or the browser has gone to other ones."""
    words, began_at = st.session_state.get(_TYPED, (None, None))
    return words if began_at == st.query_params.get(_WORDS, "") else None


def _file(sha256: str) -> Path | None:
    """The file in the library that has this content, in hexadecimal digits."""
    try:
        digest = bytes.fromhex(sha256)
    except ValueError:
        return None
    with resources.read() as session:
        content_id = contents.find(session, digest)
        if content_id is None:
            return None
        files = copies.of_contents(session, [content_id], among_hidden=True).get(content_id)
    return files[0].path if files else None


def typing() -> bool:
    """Whether somebody is still typing, so that malformed words are no error yet."""
    return _typed() is not None


def sequence() -> int:
    """Number of the query box's last message that was answered."""
    return int(st.session_state.get(_SEQUENCE, 0))


def chips(asked: Question) -> list[Chip]:
    """A chip for each part of a question that can be removed."""
    removable = []
    parsed = asked.parsed
    # One description needs no chip: it is what stands in the box.
    if parsed is not None and (len(parsed.chips) > 1 or parsed.conditions):
        removable += [Chip(f"part {at}", text) for at, text in enumerate(parsed.chips)]
    if asked.upload and (upload := uploads().get(asked.upload)):
        if upload.is_sound:
            removable.append(Chip(_PICTURE, f"Like your sound {upload.name}"))
        else:
            address = feeds.uploaded_url(asked.upload)
            removable.append(Chip(_PICTURE, f"Like your picture {upload.name}", address))
    if asked.like is not None:
        removable.append(Chip(_LIKE, f"Similar to {asked.like.name}"))
    return removable


# --- for callbacks of the Find page


def ask(words: str, *, final: bool = True, answered: int | None = None, order: Order | None = None) -> None:
    """Ask in these words, beside the picture if there is one; in the address only when they are ``final``.

    ``order``: that of the hits from now on, where it shall be another one.
    """
    words = words.encode(errors="replace").decode().strip()
    if answered is not None:
        st.session_state[_SEQUENCE] = answered
    if final:
        _change(**{_WORDS: words} | ({_ORDER: order} if order else {}))
    else:
        st.session_state[_TYPED] = (words, st.query_params.get(_WORDS, ""))


def _change(**values: str | None) -> None:
    """Change a part of the question; what was typed is final then, and no hit is open."""
    words = _words()
    st.session_state.pop(_TYPED, None)
    address.change(**({_WORDS: words} | values | {address.HIT: None}))


def open_hit(unit_id: int) -> None:
    """Open a hit of the question; what was typed is final then."""
    _change()
    address.open_hit(unit_id)


def narrow(change: Callable[[Parsed], Parsed]) -> None:
    """Change the conditions in the words."""
    if (parsed := current().parsed) is not None:
        ask(str(change(parsed)))


def remove(chip: str) -> None:
    """Ask without a part."""
    if chip in (_PICTURE, _LIKE):
        _change(**{chip: None})
    else:
        narrow(lambda parsed: parsed.without(int(chip.removeprefix("part "))))


def ask_with(picture: str) -> None:
    """Ask with an uploaded picture, beside the words if there are any."""
    _change(**{_PICTURE: picture, _LIKE: None})


def sort(order: Order) -> None:
    """Show the hits in another order."""
    _change(**{_ORDER: None if order == "relevance" else order})


def stack(*, together: bool) -> None:
    """Show what belongs together as one hit, or each file by itself."""
    _change(**{_STACKS: None if together else _APART})


# --- for any page, but not in its callbacks


def find(words: str) -> NoReturn:
    """Go to the Find page and ask in these words."""
    _go(**{_WORDS: words})


def find_similar(path: Path) -> NoReturn:
    """Go to the Find page and ask for files similar to one that the library knows, or has drawn.

    Raises:
        UnreadableError: a drawing is not there any more.
    """
    with resources.read() as session:
        sha256 = contents.sha256_at(session, path)
    if sha256 is not None:
        _go(**{_LIKE: sha256.hex()})
    try:
        drawing = path.read_bytes()
    except OSError as exc:
        raise UnreadableError(f"the drawing cannot be read: {exc.strerror}", "Draw it again.") from exc
    find_like(drawing, path.name)


def find_like(content: bytes, name: str) -> NoReturn:
    """Go to the Find page and ask for files like a picture or sound, under a file name of it."""
    _go(**{_PICTURE: uploads().keep(content, name)})


def _go(**values: str) -> NoReturn:
    settings = {key: st.query_params[key] for key in (_ORDER, _STACKS) if key in st.query_params}
    st.session_state.pop(_TYPED, None)
    st.switch_page("pages/find.py", query_params=values | settings)


# --- the answer


def on_this_day() -> tuple[str, Listing]:
    """The listing of pictures of this day of earlier years, and its token, as ``listing``."""
    today = date.today()
    words = f"type:image,video on:{today:%m-%d} before:{today}"
    return listing(Question(words, None, None, "date"), _OF_THIS_DAY)


def listing(asked: Question, kept: str = _LISTING) -> tuple[str, Listing]:
    """The listing of hits and its token, cached in the session until the question or the library changes.

    ``kept``: the place in the session where it is cached.

    Raises:
        TroveError: see ``SearchService.search``.
    """
    state = st.session_state
    with resources.read() as session:
        key: tuple[Any, ...] = (asked, revision.current(session))
    cached_key, token, shown = state.get(kept, (None, "", None))
    if cached_key != key:
        service = resources.library().service
        if asked.order == "relevance":
            total = sum(resources.counts(among_hidden=True).values())
            shown = GrowingListing(lambda k: service.search(asked.query(k)), total=max(1, total))
        else:
            shown = SortedListing(
                lambda start, k: service.search(replace(asked.query(k), start=start)),
                lambda unit_id: service.place(asked.query(1), unit_id),
            )
        token = feeds.keep(shown)
        state[kept] = (key, token, shown)
    return token, shown
