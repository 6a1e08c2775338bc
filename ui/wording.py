"""Human-readable sizes, durations, facts, counts of units, and what was found of a hit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING

from db import kinds

if TYPE_CHECKING:
    from db.catalog.facts import Fact
    from search.answer import Dropped, Evidence, Hit, ReadAs
    from search.drawing.knowing import Concept
    from search.explain.pointing import Place
    from search.results.transcript import Transcript

OFFLINE = "on a drive that is not connected"
"""Of a file that is not there now, and is not believed to be gone."""

SOURCES: Mapping[str, str] = {
    "user": "you say so",
    "sidecar": "by the file beside it",
    "exif": "by its EXIF data",
    "xmp": "by its XMP data",
    "iptc": "by its IPTC data",
    "apple": "by its header, as Apple writes it",
    "tags": "by its tags",
    "container": "by its header, in UTC",
    "takeout": "by Google Takeout's file",
    "name": "by its name",
    "modified": "by its EXIF data: when it was last edited",
    "decoder": "measured",
    "first edition": "by an older Trove, which kept no source",
    "gazetteer": "the nearest town",
    "outlines": "that of its place",
    "machine": "that of this machine, as nothing says where it was taken",
    "events": "by when and where it was taken",
}
"""Who says a fact, in words, by the names of ``db.catalog.facts.Source``."""


def source(fact: Fact) -> str:
    """Who says a fact, in words: you say so, anna says so, by its EXIF data."""
    return f"{fact.said_by} says so" if fact.said_by else SOURCES[fact.source]


def whose(said_by: str | None) -> str:
    """Whose something is that a user said: your, anna's."""
    return f"{said_by}'s" if said_by else "your"


def by(said_by: str | None) -> str:
    """Who else said something: by anna; empty where it was you."""
    return f"by {said_by}" if said_by else ""


_MOST_ENDINGS = 6

STACKS: Mapping[str, str] = {
    "live": "live photo and its film",
    "raw": "RAW and picture of one shot",
    "edit": "edited version and its original",
    "burst": "pictures of one burst",
}
"""Why files belong together, in words, by the names of the rules in ``indexer.stacks.rules``."""


def stack_reason(name: str) -> str:
    """Why a file is in its stack, in words; a rule of another edition of Trove goes by its name."""
    return STACKS.get(name, name)


def files(count: int) -> str:
    """How many files: 1 file, 1,234 files."""
    return "1 file" if count == 1 else f"{count:,} files"


def told_words(words: Sequence[str]) -> str:
    """What an event shows, as a machine guesses: perhaps sea, tram; empty where nothing stands out."""
    return f"perhaps {', '.join(words)}" if words else ""


def passed_over(counts: Mapping[str, int]) -> str:
    """Files of kinds that are not read: 12 files of kinds that Trove does not read: 9 .docx, 3 .zip."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{count:,} {ending or 'without an ending'}" for ending, count in ranked[:_MOST_ENDINGS]]
    if more := len(ranked) - _MOST_ENDINGS:
        named += [f"and {more} more {'kind' if more == 1 else 'kinds'}"] if more > 0 else []
    total = sum(counts.values())
    kinds = "a kind" if total == 1 else "kinds"
    return f"{files(total)} of {kinds} that Trove does not read: {', '.join(named)}"


def size(count: float) -> str:
    """Bytes: 3.4 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """A length of time: 40 s, 3 min, 1.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def time_left(left: Mapping[str, float]) -> str:
    """How long a run still takes, and its step, by the seconds of its steps: 12 min (what films show)."""
    name = next(iter(left), "")
    return f"{duration(sum(left.values()))} ({name})" if name else ""


def steps_left(left: Mapping[str, float]) -> str:
    """The steps of a run that are left: Now what films show, 2 min; then what is said, 5 min."""
    now, *then = (f"{name}, {duration(seconds)}" for name, seconds in left.items())
    return f"Now {now}" + (f"; then {'; '.join(then)}" if then else "")


def waiting(reason: str) -> str:
    """Why a run does not go on."""
    return {
        "paused": "paused",
        "battery": "waiting for mains power",
        "busy": "waiting until other programs need less of the processor",
    }[reason]


def clock(seconds: float | None) -> str:
    """Seconds as a person reads them on a player: 1:02 or 1:02:03."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def without(one: Dropped) -> str:
    """A condition to drop, and what that gives: Without date:2020: 12 files."""
    return f"Without {one.condition}: {files(one.files)}"


def above(share: float) -> str:
    """The share of the library, 0 to 1, that fits less; never all of it, as what fits is in it, too."""
    return f"more than {min(share, 0.99):.0%} of the library"


def seconds(text: str) -> float:
    """What ``clock`` writes, or a person, as seconds: 1:02, 1:02:03.5 or 62.

    Raises:
        ValueError: it is no time.
    """
    parts = [float(part) for part in text.split(":")]
    if len(parts) > 3 or not all(0 <= part < math.inf for part in parts) or any(p >= 60 for p in parts[1:]):
        raise ValueError("that is no time")
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))


def how_cut(copied: bool) -> str:
    """How a moment that is saved was made."""
    if copied:
        return "It has the file's own pictures and sound: nothing was encoded anew."
    return "It was encoded anew, a film at most 720 lines high: the file cannot be cut there as it is."


def moment(value: datetime) -> str:
    """A date with its time of day, and its offset from UTC where that is known: 14 July 2023, 18:05 (+01:00).

    Midnight to the second is a day of which nobody says the time: 14 July 2023.
    """
    if value.tzinfo is None and value.time() == time():
        return f"{value.day} {value:%B %Y}"
    offset = f" ({value.strftime('%z')[:3]}:{value.strftime('%z')[3:5]})" if value.tzinfo else ""
    return f"{value.day} {value:%B %Y, %H:%M}{offset}"


def fact(key: str, value: object) -> tuple[str, str]:
    """The name and the value of a fact in words, by the keys of ``db.catalog.facts.Fact``."""
    match key, value:
        case "taken_at", datetime():
            return "Taken", moment(value)
        case "zone", str():
            return "Time zone", value
        case "place", (latitude, longitude):
            return "Place", f"{latitude:.5f}, {longitude:.5f}"
        case "size", (width, height):
            return "Pixels", f"{width} × {height} ({width * height / 1e6:.1f} megapixels)"
        case "colours", str():
            return "Colours", value.replace(" ", ", ") or "none that much of it has"
        case "screenshot", _:
            return "Shows", "the screen"
        case "film", (_, length):
            return "Moves", f"a film in it, {size(length)}"
        case "live", str():
            return "Live photo", value
        case "duration", float() | int():
            return "Length", clock(value)
    return _marked(key, value)


def _marked(key: str, value: object) -> tuple[str, str]:
    """The name and the value of what people marked files with; any other fact by its key."""
    match key, value:
        case "tags", tuple():
            return "Tags", ", ".join(map(str, value))
        case "rating", int():
            return "Rating", "rejected" if value < 0 else "★" * value or "no stars"
        case "favourite", _:
            return "Favourite", "yes"
        case "label", str():
            return "Colour label", value
        case "edited", str():
            return "Edited", f"with Apple Photos, as {value} keeps"
    return key.replace("_", " ").capitalize(), str(value)


def kind_label(name: str) -> str:
    """What a kind of units is called where it stands by itself: Picture, Spoken passage.

    A unit that an analyser of another edition of Trove has left behind goes by the name of its kind.
    """
    known = kinds.every().get(name)
    return capital(name if known is None else known.label)


def counts_by_label(counts: Mapping[str, int]) -> dict[str, int]:
    """The units of each kind that is shown by itself, by what they are called: Pictures, Spoken passages.

    Those of which there is nothing are left out, unless there is nothing at all.
    """
    shown = [kind for kind in kinds.every().values() if kind.stands]
    listed = [kind for kind in shown if counts.get(kind.name)] or shown
    return {capital(kind.plural): counts.get(kind.name, 0) for kind in listed}


def evidence_in_words(counts: Mapping[str, int]) -> str:
    """The units of kinds that are found with what they are in: 1 caption and 2 tags; empty without any."""
    found = {kind.name: counts.get(kind.name, 0) for kind in kinds.every().values() if not kind.stands}
    return units_in_words(found) if any(found.values()) else ""


def units_in_words(counts: Mapping[str, int]) -> str:
    """The units of each kind in words: 3 pictures, 1 video frame and 2 spoken passages.

    A kind of which there is nothing is left out, unless there is nothing at all.
    """
    listed = [kind for kind in kinds.every().values() if counts.get(kind.name)]
    listed = listed or [kind for kind in kinds.every().values() if kind.stands]
    parts = []
    for kind in listed:
        count = counts.get(kind.name, 0)
        parts.append(f"{count:,} {kind.label if count == 1 else kind.plural}")
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def read_as(readings: Sequence[ReadAs]) -> str:
    """What a question was read as: read as “dog beach” (German); empty where it was taken as it is."""
    each = (
        f"{' or '.join(f'“{text}”' for text in reading.english)} ({reading.language})" for reading in readings
    )
    listed = ", ".join(each)
    return f"read as {listed}" if listed else ""


def words_found(evidence: Evidence) -> str:
    """Where the question's words were found, by what the text is: these words were said: milk, eggs."""
    kind = kinds.every().get(evidence.kind or "")
    place = "found in it"
    if kind is not None and kind.proof == "called":
        return f"it is called so: {', '.join(evidence.words)}" if evidence.words else "it is called so"
    if is_of_machine(evidence.kind, corrected=evidence.corrected) and evidence.region is not None:
        return f"a model sees in it: {evidence.text}"
    if kind is not None and kind.proof == "machine" and not kind.vectors and evidence.text:
        return f"{kind.label}, by a model: {evidence.text}"
    if kind is not None:
        place = {"said": "said", "in_picture": "written in it"}.get(
            kind.proof, f"in its {_written(kind, evidence)}"
        )
    was_said = place == "said"
    place += _track(evidence)
    if not evidence.words:
        return f"it {'was' if was_said else 'is'} {place}"
    return f"these words {'were' if was_said else 'are'} {place}: {', '.join(evidence.words)}"


def meaning_found(evidence: Evidence) -> str:
    """Which text means something near the question, by what it is: what was said means something near."""
    kind = kinds.every().get(evidence.kind or "")
    text = "a text of it"
    if kind is not None:
        comma = "," if is_of_machine(kind.name, corrected=evidence.corrected) else ""
        own = {"said": "what was said", "in_picture": "what is written in it"}
        text = own.get(kind.proof, f"its {_written(kind, evidence)}{comma}")
    return f"{text}{_track(evidence)} means something near"


def _track(evidence: Evidence) -> str:
    """In which track, or file beside it, something was said, where there is a choice."""
    return f" in {evidence.track}" if evidence.track else ""


def excerpt(hit: Hit) -> str:
    """What is to be read of a hit's text: of a text in a picture the lines with what was asked for."""
    fact = _of_text(hit)
    return lines_found(fact) if fact is not None else hit.text or ""


def text_label(hit: Hit) -> str:
    """What a hit's text is, where it is no hit by itself: Text in picture; else nothing."""
    fact = _of_text(hit)
    kind = kinds.every().get((fact.kind if fact is not None else None) or "")
    return "" if kind is None or kind.stands else kind_label(kind.name)


def _of_text(hit: Hit) -> Evidence | None:
    """What of a hit has its text, by words if there are some."""
    own = [fact for fact in hit.why if fact.text is not None and fact.text == hit.text]
    return min(own, key=lambda fact: not fact.spans, default=None)


def lines_found(evidence: Evidence) -> str:
    """The lines of a text in a picture that have what was asked for; of any other text all of it."""
    text = evidence.text or ""
    lines = sorted({mark.line for mark in evidence.marks})
    return " … ".join(text[start:end] for start, end in lines) or text


def place_found(evidence: Evidence) -> str:
    """Where in the picture, or film, something was found: at the top left, at 0:12; empty where it is all."""
    corners = [value for mark in evidence.marks for value in mark.corners]
    if not corners and evidence.region is not None:
        x, y, width, height = evidence.region
        corners = [x, y, x + width, y + height]
    where = _ninth(corners[::2], corners[1::2]) if corners else ""
    when = f"at {clock(evidence.start_s)}" if evidence.start_s is not None else ""
    return ", ".join(filter(None, (where, when)))


def where_found(place: Place) -> str:
    """Where a part of a question is, and who says so: a dog: on the left (83 %), by a model that reads it."""
    x, y, width, height = place.region
    where = _ninth((x, x + width), (y, y + height)) or "all over it"
    sure = "" if place.score is None else f" ({100 * place.score:.0f} % sure)"
    by = "by a model that was told so" if place.by == "pointer" else f"where a model sees: {place.name}"
    return f"{place.part}: {where}{sure}, {by}"


def _ninth(across: Sequence[float], down: Sequence[float]) -> str:
    """The middle of what lies there by the ninth of the picture that it is in."""
    column = ("left", "", "right")[min(2, max(0, int(1.5 * (min(across) + max(across)))))]
    row = ("top", "", "bottom")[min(2, max(0, int(1.5 * (min(down) + max(down)))))]
    side = " ".join(filter(None, (row, column)))
    return f"at the {side}" if row else f"on the {side}" if column else "in the middle"


def _written(kind: kinds.Kind, evidence: Evidence) -> str:
    """A text by the name of its kind, with a warning where a machine has written it."""
    machine = is_of_machine(kind.name, corrected=evidence.corrected)
    return f"{kind.label}, which a machine has written" if machine else kind.label


def is_of_machine(name: str | None, *, corrected: bool) -> bool:
    """Whether a text of that kind is a machine's, and not a user's in its place."""
    kind = kinds.every().get(name or "")
    return kind is not None and kind.proof == "machine" and not corrected


def told_transcript(transcript: Transcript) -> str:
    """What a transcript is of: Subtitles film.de.srt; or Spoken passages, track 2, de."""
    if transcript.name:
        return capital(transcript.name)
    track = f"track {transcript.track + 1}" if transcript.track else ""
    return ", ".join(
        filter(None, (capital(kinds.named(transcript.kind).plural), track, transcript.language or ""))
    )


def capital(text: str) -> str:
    """The text with a capital: unlike ``str.capitalize`` it leaves the others, as in GPS, alone."""
    return text[:1].upper() + text[1:]


def out_of_reach(folder: str, count: int) -> str:
    """Files that cannot be reached: 40 files of /media/usb are on a drive that is not connected."""
    return f"{files(count)} of {folder} {'is' if count == 1 else 'are'} on a drive that is not connected"


def drew(concept: Concept | None, emphasis: str = "") -> str:
    """What the builtin drawer took the words for, and how near that is.

    ``emphasis``: signs around the name of it, such as * in Markdown.
    """
    if concept is None or not concept.name:
        return "The builtin drawer knows single things, and took this for one that has no name."
    near = f"{round(100 * max(0.0, concept.nearness))} % alike in meaning"
    name = f"{emphasis}{concept.name}{emphasis}"
    if concept.known:
        return f"The builtin drawer knows single things: drew {name} ({near})."
    return f"The builtin drawer knows single things, nothing near to this: the nearest is {name} ({near})."
