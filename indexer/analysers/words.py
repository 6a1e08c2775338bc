"""Words of people in the bytes of files: captions, keywords, ratings; and what is made of any such words."""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from db.catalog import tags
from db.catalog.facts import Fact, Key
from db.catalog.units import NewUnit, Region
from db.engine.schema import MediaKind
from db.kinds import CLIP, PASSAGE, Kind
from db.words.forms import fold
from indexer.analysers.base import Analyser, Draft, TextPayload
from indexer.analysers.medium import Medium
from indexer.media.orientation import Box, is_on_its_side, upright
from indexer.media.types import Metadata, Word, WordKey

CAPTION = Kind("caption", "caption", {CLIP: PASSAGE}, "by_people")
"""What somebody wrote about a thing: its title and description, the lyrics of a song, a chapter of a film."""

TAG = Kind("tag", "tag", {}, "by_people")
"""All keywords of a thing, with the levels above them: one unit."""

PERSON = Kind("person_in_image", "person", {}, "by_people", plural="people", names_people=True)
"""Somebody whom people have named in a picture, mostly with the place of the face."""

KINDS = (CAPTION, TAG, PERSON)

_TOGETHER: tuple[WordKey, ...] = (
    "title",
    "artist",
    "album",
    "description",
    "location",
    "city",
    "state",
    "country",
)
"""What is one caption, in the order in which it is read."""
_FACTS: dict[WordKey, Key] = {
    "title": "title",
    "description": "description",
    "artist": "artist",
    "album": "album",
    "rating": "rating",
    "label": "label",
    "pick": "pick",
    "favourite": "favourite",
    "taken_at": "taken_at",
    "place": "place",
    "city": "city",
    "state": "state",
    "country": "country",
}


class Words(Analyser):
    """Makes units and facts of what people wrote into pictures, films and recordings."""

    name = "words"
    label = "captions, keywords and ratings in files"
    kinds = KINDS
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video", "audio"})
    phase = 0
    fingerprint = "3"  # with people

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """What is written in the file, which was opened for its header anyway."""
        yield from made_of(medium.header.words, medium.header)
        progress(1.0)


def made_of(words: Iterable[Word], header: Metadata | None = None) -> Iterator[Draft | Fact]:
    """The units and facts of words about one thing, in the order of trust; ``header``: of what has places.

    What several sources say in the same words is said once: one caption, one unit of all keywords. Each
    source keeps its claims.
    """
    words = list(words)
    yield from _facts(words)
    caption = _distinct(word.value for key in _TOGETHER for word in words if word.key == key)
    if caption:
        yield _draft(NewUnit(CAPTION.name, text="\n".join(caption)))
    for lyrics in _distinct(word.value for word in words if word.key == "lyrics"):
        yield _draft(NewUnit(CAPTION.name, text=lyrics))
    for word in words:
        if word.key == "chapter":
            yield _draft(NewUnit(CAPTION.name, start_s=word.start_s, end_s=word.end_s, text=str(word.value)))
    if keywords := tags.united(str(word.value) for word in words if word.key == "keyword"):
        yield Draft(NewUnit(TAG.name, text=", ".join(keywords)))
    yield from _people(words, header)


def _people(words: Iterable[Word], header: Metadata | None) -> Iterator[Draft]:
    """Everybody who is named, once: a name that has no place only where it has none anywhere."""
    named = [word for word in words if word.key == "person"]
    placed = {fold(str(word.value)) for word in named if word.region is not None}
    seen: set[tuple[str, Region | None]] = set()
    for word in named:
        name = fold(str(word.value))
        box = word.region and _place(word.region, word, header)
        region = Region(*(round(edge, 5) for edge in box)) if box else None
        if (region is None and name in placed) or (name, region) in seen:
            continue
        seen.add((name, region))
        yield Draft(NewUnit(PERSON.name, region=region, text=str(word.value)))


def _place(region: Box, word: Word, header: Metadata | None) -> Box:
    """Where on the upright picture a region is.

    Programs say it of the stored pixels, as the Metadata Working Group has it. One that says it of a picture
    that is high where the stored one is wide has turned it before.
    """
    if not word.is_stored or header is None:
        return region
    if word.drawn_on and header.width and header.height and is_on_its_side(header.orientation):
        width, height = word.drawn_on
        if (width > height) == (header.width > header.height):
            return region
    return upright(region, header.orientation)


def _draft(unit: NewUnit) -> Draft:
    return Draft(unit, TextPayload(unit.text or ""))


def _facts(words: Iterable[Word]) -> Iterator[Fact]:
    """Of each key what each source says first; all keywords of a source are one fact."""
    said: dict[tuple[Key, str], Fact] = {}
    keywords: dict[str, list[str]] = {}
    for word in words:
        if word.key == "keyword":
            keywords.setdefault(word.source, []).append(str(word.value))
        elif (key := _FACTS.get(word.key)) is not None:
            said.setdefault((key, word.source), Fact(key, word.value, word.source))
    yield from said.values()
    sources = {word.source: None for word in words}
    for source in sources:
        if source in keywords:
            yield Fact("tags", tags.united(keywords[source]), source)


def _distinct(texts: Iterable[object]) -> list[str]:
    """Texts without those that others have in them, whatever the case and accents."""
    kept: list[str] = []
    for text in map(str, texts):
        folded = fold(text)
        if any(folded in fold(other) for other in kept):
            continue
        kept = [other for other in kept if fold(other) not in folded]
        kept.append(text)
    return kept
