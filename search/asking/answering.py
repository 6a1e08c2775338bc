"""Asks a model about one picture, or about the pictures that are found for a question.

An answer is text and nothing else: no tool is called, no path opened, no address fetched because of it. The
only thing read in it are the numbers of the pictures that it says it rests on.
"""

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from db.catalog import assets, copies, events, units
from db.catalog.facts import Fact, Key
from db.catalog.units import UnitRow
from db.errors import ModelMissingError, SettingsError
from db.kinds import Proof
from db.settings import Settings
from db.times import is_during
from indexer.media.reader import probe, read_image, still_at
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.presets import NONE, of_task
from indexer.pretrained.vision_language import Turn, VisionLanguage, load_vision_language
from indexer.pretrained.weights import chosen
from search.answer import Hit
from search.asking.prompts import UNKNOWN, Said, Seen, conversation
from search.asking.server import Server, is_address
from search.query.query import Query
from search.service import SearchService

SIDE = 1_024
"""Pixels of the shorter side of a picture that is asked about, so that signs in it can be read."""
SMALL_SIDE = 512
"""The same where several are looked at."""
LOOKED_AT = 4
"""Pictures that a question about the library is answered from."""
MOST_TOKENS = 300
_AROUND_S = 5.0
"""What is said so near a moment belongs to it."""
_TOLD: Mapping[Key, str] = {
    "taken_at": "taken",
    "city": "town",
    "country": "country",
    "event": "event",
    "tags": "keywords",
}
"""What a model is told of a file: words for facts."""
_SAID_AS: Mapping[Proof, str] = {"in_picture": "written in it", "said": "said", "by_people": "described as"}
_NUMBERS = re.compile(r"\bpictures?\s+(\d+(?:\s*(?:,|and|&)\s*\d+)*)", re.I)

OnText = Callable[[str], object]
"""Called with each piece of an answer as it is made."""


class Answerer(Protocol):
    """What answers: a model that is loaded, or a server."""

    name: str

    def answer(
        self, turns: Sequence[Turn], most_tokens: int, stopped: Callable[[], bool]
    ) -> Generator[str, None, None]:
        """The next turn, piece by piece, until ``stopped()``."""


@dataclass(frozen=True)
class Reply:
    """What a model answered. ``text`` is a machine's, and may be wrong.

    ``looked_at``: the hits whose pictures it was shown. ``rests_on``: those of them that it names as what its
    answer rests on; it may name none. ``is_known``: False where it says that it does not know.
    """

    question: str
    text: str
    model: str
    is_known: bool
    stopped: bool
    seconds: float
    path: Path | None = None
    """The file that was asked about; None for the library."""
    at_s: float | None = None
    rests_on: tuple[Hit, ...] = ()
    looked_at: tuple[Hit, ...] = ()


def ask_about(
    service: SearchService,
    question: str,
    path: Path,
    *,
    at_s: float | None = None,
    before: Sequence[Said] = (),
    on_text: OnText = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Reply:
    """Answer a question about a picture, or about a film at a second, in the library or not.

    Args:
        before: what was asked and answered of it before.

    Raises:
        MediaError: the file cannot be read.
        ModelError: there is no model that answers, or it fails.
        SettingsError: nothing is asked, or the file is a recording.
    """
    question = _asked(question)
    with service.library.read() as session:
        path = assets.meant(session, path)
    started = time.monotonic()
    with answerer(service.library.settings) as model:
        seen = _seen(service, path, at_s, SIDE)
        text, was_stopped = _told(model, conversation([seen], question, before), on_text, stopped)
        name = model.name
    known = not says_unknown(text)
    return Reply(question, text, name, known, was_stopped, _since(started), path=path, at_s=at_s)


def ask_library(
    service: SearchService,
    question: str,
    *,
    k: int = LOOKED_AT,
    on_text: OnText = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Reply:
    """Answer a question from the pictures and moments of films that are found for it.

    Raises:
        ModelError: there is no model that answers, or it fails.
        SettingsError: nothing is asked.
        TroveError: as ``SearchService.search``.
    """
    question = _asked(question)
    started = time.monotonic()
    with answerer(service.library.settings) as model:
        answer = service.search(Query(question, k=4 * k))
        hits = tuple(hit for hit in answer.hits if hit.media != "audio" and not hit.offline)[:k]
        if not hits:
            told = f"{UNKNOWN}: no picture was found for it."
            on_text(told)
            return Reply(question, told, model.name, is_known=False, stopped=False, seconds=_since(started))
        seen = [_seen(service, hit.path, hit.start_s, SMALL_SIDE) for hit in hits]
        text, was_stopped = _told(model, conversation(seen, question), on_text, stopped)
        name = model.name
    return Reply(
        question,
        text,
        name,
        not says_unknown(text),
        was_stopped,
        _since(started),
        rests_on=named(text, hits),
        looked_at=hits,
    )


@contextmanager
def answerer(settings: Settings) -> Iterator[Answerer]:
    """What answers questions, by the settings, for as long as the block runs.

    Raises:
        ModelError: there is none, or it cannot be had.
        SettingsError: it is a server on another machine.
    """
    if is_address(settings.answerer):
        yield Server(settings.answerer, elsewhere=settings.answerer_elsewhere)
        return
    with _model(settings).use() as loaded:
        yield loaded


def is_at_hand(settings: Settings) -> bool:
    """Whether something that answers has been chosen, or is here."""
    return is_address(settings.answerer) or chosen(settings.answerer, "ask") != NONE


def of_this_machine(settings: Settings) -> Pretrained[VisionLanguage] | None:
    """The model that answers, with what it costs and what has to be downloaded; None for a server.

    Raises:
        ModelError: none was chosen, and none is here.
    """
    return None if is_address(settings.answerer) else _model(settings)


def _model(settings: Settings) -> Pretrained[VisionLanguage]:
    if chosen(settings.answerer, "ask") == NONE:
        small = next(of_task("ask"))
        raise ModelMissingError(
            "no model that answers questions is on this machine",
            f"Choose one with TROVE_ANSWERER: {small.name} (licence: {small.licence}), another of trove "
            "models, a folder, or a server here, such as http://localhost:8080/v1",
        )
    return Pretrained(settings.answerer, "ask", settings, load_vision_language)


def says_unknown(text: str) -> bool:
    """Whether an answer says that it does not know."""
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold().lstrip(" \"'")
    return not plain or plain.startswith((UNKNOWN.casefold(), "i don't know"))


def named(text: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits whose numbers an answer names: (picture 2), pictures 1 and 3."""
    numbers = {int(one) for found in _NUMBERS.findall(text) for one in re.findall(r"\d+", found)}
    return tuple(hit for number, hit in enumerate(hits, start=1) if number in numbers)


def _seen(service: SearchService, path: Path, at_s: float | None, side: int) -> Seen:
    """A picture, or a frame of a film, with what the library knows of it.

    Raises:
        MediaError: it cannot be read.
        SettingsError: it is a recording.
    """
    with service.library.read() as session:
        there = copies.readable(session, path)
        facts = events.told(session, path)
        rows = list(units.rows(session, units.ids_at(session, path), among_hidden=True).values())
    kind = service.decoders.run(probe, there).kind
    if kind == "audio":
        raise SettingsError(f"{path.name} has no picture to ask about", "See: trove transcript")
    if kind == "video":
        picture = service.decoders.run(still_at, there, at_s or 0.0, min_side=side)
    else:
        most = service.library.settings.max_megapixels
        picture = service.decoders.run(read_image, there, min_side=side, max_megapixels=most)[1]
    image = Image.fromarray(picture)
    image.thumbnail((2 * side, 2 * side))
    return Seen(image, [*_facts(facts), *_texts(rows, at_s)])


def _facts(facts: Sequence[Fact]) -> list[str]:
    return [f"{name}: {fact.value}" for key, name in _TOLD.items() for fact in facts if fact.key == key]


def _texts(rows: Sequence[UnitRow], at_s: float | None) -> list[str]:
    """What is written, said or told there; not a machine's words, which the picture itself says better."""
    return [
        f"{_SAID_AS[row.proof]}: {row.text}"
        for row in rows
        if row.text and row.proof in _SAID_AS and is_during(row, at_s, around_s=_AROUND_S)
    ]


def _told(
    model: Answerer, turns: Sequence[Turn], on_text: OnText, stopped: Callable[[], bool]
) -> tuple[str, bool]:
    """All that a model says, and whether it was stopped."""
    text = ""
    # Closed whatever happens: the model is somebody else's afterwards.
    with closing(model.answer(turns, MOST_TOKENS, stopped)) as pieces:
        for piece in pieces:
            text += piece
            on_text(piece)
    return text.strip(), stopped()


def _asked(question: str) -> str:
    question = " ".join(question.split())
    if not question:
        raise SettingsError("nothing is asked", 'Such as: trove ask --on FILE "what does the sign say?"')
    return question


def _since(started: float) -> float:
    return round(time.monotonic() - started, 2)
