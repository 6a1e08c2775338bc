"""Answers and their hits: frozen records, the same for the app, the command line and Python."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from db.catalog.units import Region
from db.engine.schema import MediaKind, UnitKind

Verdict = Literal["found", "unsure", "absent", "nearest"]
"""Whether the library has it; ``nearest`` where only likeness was asked for, which says nothing of that."""

Understood = Literal["yes", "partly", "no"]

Corners = tuple[float, float, float, float, float, float, float, float]
"""x and y of the top left, top right, bottom right and bottom left of something written, as it is read:
each 0 to 1 from the left and the top of the upright picture."""


@dataclass(frozen=True)
class Mark:
    """Where in the picture ``text[start:end]`` of a unit stands; ``line``: (start, end) of its row."""

    start: int
    end: int
    line: tuple[int, int]
    corners: Corners


@dataclass(frozen=True)
class ReadAs:
    """What a description in another ``language``, by its English name, was read as, for a model of English.

    ``english``: several only where it may be several things.
    """

    text: str
    language: str
    english: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """One reason for a hit: a unit of it, with rank and score in one ranking, or a condition that it meets.

    ``source`` names what was compared. ``text_to_image``: the query's text (perhaps with pictures) with
    pictures; ``image_to_image``: the query's pictures alone with pictures; ``text_to_passage``: the text, or
    what a recording that is asked with says, with the meaning of texts; ``keywords``: its words with theirs;
    ``text_to_sound`` and ``sound_to_sound``: the text, or a recording, with sounds; ``text_to_clip`` and
    ``clip_to_clip``: the text, or a film, with clips; ``drawing``: a generated picture of the text with
    pictures; ``listed``: nothing, every unit that meets the conditions is listed; ``condition``: a condition
    that the hit meets; others are of sources added later.

    ``value``: the cosine similarity, or for keywords the share of the query's words that the text has,
    weighted by rarity. ``words``: those words, or the condition. ``terms``: in a question of several
    parts, each part as written and its own cosine similarity. ``above``: the share, 0 to 1, of the
    library's vectors of that kind that score below this one: exact in up to a thousand, else estimated from
    a sample of a thousand.

    ``kind``, ``unit_id``, the span in seconds, the ``region`` and the ``text`` are those of the unit, which
    need not be what is shown: of a picture it may be a line of text in it. None for conditions.

    ``spans``: the (start, end) of the characters in the text that were asked for, by words or by a condition,
    in whatever inflection. ``marks``: where in the picture these stand, if that is known of each line.
    """

    source: str
    rank: int
    value: float
    words: tuple[str, ...] = ()
    terms: tuple[tuple[str, float], ...] = ()
    above: float | None = None
    kind: UnitKind | None = None
    unit_id: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    region: Region | None = None
    text: str | None = None
    spans: tuple[tuple[int, int], ...] = ()
    marks: tuple[Mark, ...] = ()
    path: Path | None = None
    """The file that it is of, where that is another one of the stack than the file that is shown."""
    language: str | None = None
    """Of the text, by its ISO 639 code; ``und`` or None where it is not known."""
    read_as: tuple[ReadAs, ...] = ()
    """What of the question was compared in English instead of as it was asked."""
    track: str | None = None
    """The track of sound or subtitles that it was said in, or the file beside it, where there is a choice."""
    corrected: bool = False
    """Whether the text is a user's word in place of what was heard, or of a machine's."""


@dataclass(frozen=True)
class Note:
    """Something that an answer does not heed of its question, or only in part, and what would say it better.

    ``about``: a name for programs, such as ``unknown word``, ``language``, ``counting``. ``says``: a sentence
    for people. ``offers``: texts of queries to try instead, the most promising first.
    """

    about: str
    says: str
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Understanding:
    """How much of a question was understood, and what was not. What was not understood is never absent."""

    level: Understood = "yes"
    notes: tuple[Note, ...] = ()

    def with_notes(self, *notes: Note | None) -> "Understanding":
        """The same with more notes, of those that there are."""
        return replace(self, notes=(*self.notes, *filter(None, notes)))


@dataclass(frozen=True)
class Dropped:
    """A condition that leaves no hit, with what there would be without it.

    ``files``: how many of different contents could then be hits. ``query``: the text of the question without
    the condition; empty where nothing would be asked any more.
    """

    condition: str
    files: int
    query: str


@dataclass(frozen=True)
class Imagined:
    """The generated picture that joined the query; it is not part of the library."""

    path: Path
    model: str
    seed: int


@dataclass(frozen=True)
class Member:
    """A file of a stack, such as the film of a live photo: what belongs together is one hit.

    ``reason``: the name of the rule by which it belongs there: ``live``, ``raw``, ``edit``, ``burst``, or one
    that was added later. ``shown``: it is the one that stands for the stack, unless conditions leave it out.
    ``unit_id``: of its picture or first frame.
    """

    path: Path
    reason: str
    shown: bool
    media: MediaKind
    unit_id: int


@dataclass(frozen=True)
class Hit:
    """A picture, or a moment in a video or recording. ``score``: 0 to 1, only for ordering.

    ``kind`` and ``unit_id`` are of what is shown; ``why`` says what was found of it. ``text``: that of the
    best unit that has one.
    """

    rank: int
    score: float
    kind: UnitKind
    path: Path
    start_s: float | None
    end_s: float | None
    text: str | None
    why: tuple[Evidence, ...]
    unit_id: int
    media: MediaKind
    taken_at: datetime | None
    copies: tuple[Path, ...]
    """Other files with the same content, in the order in which they would be shown."""
    similar: tuple["Hit", ...] = ()
    """Near-duplicates of this picture, best first: see ``search.engine.collapse``."""
    was: int | None = None
    """The rank without the drawing; None where there is no drawing, or the hit was not found without it."""
    stack: tuple[Member, ...] = ()
    """All files of its stack, this one too, the one that stands for it first; empty where it is in none."""
    offline: bool = False
    """Whether the drive of its file is not connected."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that it stands for: its own, those with the same content, and those of its stack."""
        every = (self.path, *self.copies, *(member.path for member in self.stack))
        return tuple(dict.fromkeys(every))


@dataclass(frozen=True)
class Answer:
    """Hits, best first, and whether they answer the question.

    ``confidence``: the estimated probability, 0 to 1, that the library holds what was asked for; None where
    only likeness was asked for. ``understood``: what of the question these hits can be hits of. ``says``:
    the verdict in words, the same everywhere. ``without``: where there are no hits, conditions to drop.

    ``total``: how many hits there are, and ``days``: how many of each day, in their order, None for those of
    which it is not known. Only of what is sorted, as relevance has no end; ``days`` only by a date.
    """

    query: str
    verdict: Verdict
    confidence: float | None
    took_ms: float
    hits: tuple[Hit, ...]
    imagined: Imagined | None = None
    understood: Understanding = Understanding()
    says: str = ""
    without: tuple[Dropped, ...] = ()
    total: int | None = None
    days: tuple[tuple[date | None, int], ...] = ()

    @property
    def sure(self) -> float | None:
        """How sure the verdict is, 0 to 1, as it may stand beside it; None for one that is not."""
        if self.confidence is None or self.verdict not in ("found", "absent"):
            return None
        return self.confidence if self.verdict == "found" else 1 - self.confidence
