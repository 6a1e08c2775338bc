"""The rules of stacks: one object a reason, and the table of them. Pure, over the files of a library.

To add a reason, add a class with the protocol ``Rule``, a line in ``RULES``, and its words in
``ui.wording.STACKS``.
"""

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

from indexer.stacks.shots import Shot, Shots, folded

_LONGEST_LIVE_S = 5.0
"""Apple's films of live photos are three seconds long, those of other makers up to about four."""
_NEAR = timedelta(seconds=3)
_ZONES = timedelta(minutes=15)
_FARTHEST_ZONE = timedelta(hours=14)
_EDITED = Path(__file__).with_name("edited.json")


class Together(NamedTuple):
    """Files that belong together; what is in ``others`` never stands for them where ``first`` is."""

    first: Shot
    others: Sequence[Shot]


class Rule(Protocol):
    """A reason why files belong together. ``name`` is stored and never changes."""

    name: str

    def find(self, shots: Shots) -> Iterable[Together]:
        """All files that belong together by this reason."""


class Edited:
    """A file and what was made of it: by Google Photos and Takeout, Apple's Photos, Lightroom or Photoshop.

    They lie in one folder, and the edited one says so in its name: ``IMG_1-edited.jpg``, ``IMG_E1.JPG``,
    ``IMG_1-Edit.tif``. Takeout numbers both alike: ``IMG_1-edited(2).jpg`` is of ``IMG_1(2).jpg``.
    """

    name = "edit"

    def find(self, shots: Shots) -> Iterator[Together]:
        """Each edited file with its originals."""
        for shot in shots.all:
            if (original := original_of(shot.stem)) is None:
                continue
            originals = shots.by_name.get((shot.folder, original), ())
            if same := [other for other in originals if other.file.media == shot.file.media]:
                yield Together(shot, same)


def original_of(stem: str) -> str | None:
    """The folded stem of the file of which one with this stem is an edited version; None for no edit."""
    if match := _APPLE.fullmatch(stem):
        return f"{match[1]}{match[2]}"
    if not any(ending in stem for ending in edited_endings()):
        return None
    match = _edited().fullmatch(stem)
    return None if match is None else f"{match[1]}{match[2] or ''}"


_APPLE = re.compile(r"(img_)e(\d{4,})")


@cache
def edited_endings() -> Sequence[str]:
    """What programs add to the names of edited files, folded: ``-edited``, ``-bearbeitet``, …"""
    words = json.loads(_EDITED.read_text(encoding="utf-8")).values()
    return [folded(ending) for own in words for ending in own]


@cache
def _edited() -> re.Pattern[str]:
    return re.compile(rf"(.+?)(?:{'|'.join(map(re.escape, edited_endings()))})(?:-\d{{1,2}})?(\(\d+\))?")


class Burst:
    """Pictures of one burst, by the identifier in their headers or, of Android, in their names.

    The one that is named as the cover stands for them, else the first.
    """

    name = "burst"

    def find(self, shots: Shots) -> Iterator[Together]:
        """Each burst with more than one picture."""
        bursts: dict[Hashable, list[Shot]] = defaultdict(list)
        for shot in shots.all:
            if shot.file.media == "image" and (key := _burst(shot)) is not None:
                bursts[key].append(shot)
        for burst in bursts.values():
            if len(burst) > 1:
                yield _led(sorted(burst, key=_cover_first))


_BURST_NAMES = (
    # Google: 00001IMG_00001_BURST20190101120000000_COVER.jpg
    re.compile(r"\d{5}img_\d{5}_burst(?P<burst>\d{8,})(?:_cover)?"),
    # Sony, Huawei and others: IMG_20190101_120000_BURST002.jpg
    re.compile(r"(?P<burst>.+)_burst\d{1,4}(?:_cover)?"),
)


def _burst(shot: Shot) -> Hashable | None:
    if shot.file.burst:
        return shot.file.burst
    if "_burst" not in shot.stem:
        return None
    matches = (pattern.fullmatch(shot.stem) for pattern in _BURST_NAMES)
    return next(((shot.folder, match["burst"]) for match in matches if match), None)


def _cover_first(shot: Shot) -> tuple[bool, datetime, str]:
    return not shot.stem.endswith("_cover"), shot.file.taken_at or datetime.max, shot.file.path


class Raw:
    """A camera's raw file and the JPEG or HEIC of the same shot, which stands for both.

    They have folder and stem in common, or camera and time down to parts of a second.
    """

    name = "raw"

    def find(self, shots: Shots) -> Iterator[Together]:
        """Each raw file with its pictures."""
        for namesakes in shots.namesakes:
            yield from self._pairs(namesakes)
        for same_moment in _by_moment(shots).values():
            if len(same_moment) > 1:
                yield from self._pairs(same_moment)

    def _pairs(self, shots: Sequence[Shot]) -> Iterator[Together]:
        raws = [shot for shot in shots if shot.is_raw]
        pictures = [shot for shot in shots if shot.file.media == "image" and not shot.is_raw]
        for picture in pictures if raws else ():
            if own := [raw for raw in raws if not _are_apart(picture, raw)]:
                yield Together(picture, own)


def _by_moment(shots: Shots) -> Mapping[Hashable, Sequence[Shot]]:
    """Pictures by camera and time, where that is known to parts of a second."""
    known: dict[Hashable, list[Shot]] = defaultdict(list)
    for shot in shots.all:
        file = shot.file
        if file.media == "image" and file.camera and file.taken_at and file.taken_at.microsecond:
            known[file.taken_at, file.camera].append(shot)
    return known


def _are_apart(one: Shot, other: Shot) -> bool:
    """Whether two files are known to be of different times: cameras count to 9999 and begin again."""
    taken, other_taken = one.file.taken_at, other.file.taken_at
    return taken is not None and other_taken is not None and abs(taken - other_taken) > _NEAR


class Live:
    """A live photo and its film: by Apple's identifier in both or, without one, by their names and times."""

    name = "live"

    def find(self, shots: Shots) -> Iterator[Together]:
        """Each live photo, in all files of it, with its films."""
        identified: dict[str, list[Shot]] = defaultdict(list)
        for shot in shots.all:
            if shot.file.live:
                identified[shot.file.live].append(shot)
        for same in identified.values():
            pictures, films = _pictures_and_films(same)
            if pictures and films:
                yield _led([*sorted(pictures, key=_raws_last), *films])
        for namesakes in shots.namesakes:
            pictures, films = _pictures_and_films(namesakes)
            for picture in pictures if films else ():
                if own := [film for film in films if _is_of(film, picture)]:
                    yield Together(picture, own)


def _pictures_and_films(shots: Sequence[Shot]) -> tuple[list[Shot], list[Shot]]:
    pictures = [shot for shot in shots if shot.file.media == "image"]
    return pictures, [shot for shot in shots if shot.file.media == "video"]


def _raws_last(shot: Shot) -> bool:
    return shot.is_raw


def _is_of(film: Shot, picture: Shot) -> bool:
    """Whether a film may be that of a live photo: short, and of the same time.

    Films mostly have the time of UTC, which is converted to the zone of this machine: that may be some zones
    from where the picture was taken. Where the identifiers are known, these tell.
    """
    if film.file.live and picture.file.live:
        return film.file.live == picture.file.live
    taken, began = picture.file.moment, film.file.moment
    if taken is None or began is None or not 0 < (film.file.duration_s or 0) <= _LONGEST_LIVE_S:
        return False
    apart = abs(taken - began)
    past = apart % _ZONES
    return apart <= _FARTHEST_ZONE + _NEAR and min(past, _ZONES - past) <= _NEAR


def _led(shots: Sequence[Shot]) -> Together:
    return Together(shots[0], shots[1:])


RULES: Sequence[Rule] = (Edited(), Burst(), Raw(), Live())
"""All reasons. Where several hold, an earlier one says what stands for the stack."""
