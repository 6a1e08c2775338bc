"""Which files belong together, and which of them is shown: the rules of stacks, on rows alone."""

from datetime import datetime, timedelta

import pytest

from db.catalog.stacks import StackFile
from indexer.stacks.grouping import places_of

NOON = datetime(2023, 7, 14, 12)


def file(
    number: int, path: str, media: str = "image", after_s: float | None = 0.0, **known: object
) -> StackFile:
    """A file taken so many seconds after noon; None: nobody says when."""
    taken_at = None if after_s is None else NOON + timedelta(seconds=after_s)
    about = {"taken_at": taken_at, "moment": taken_at or NOON} | known
    return StackFile(number, path, media, **about)  # type: ignore[arg-type]


def film(number: int, path: str, after_s: float | None = 0.0, **known: object) -> StackFile:
    return file(number, path, "video", after_s, **{"duration_s": 2.6} | known)


def stacks(*files: StackFile, chosen: dict[int, datetime] | None = None) -> dict[str, str]:
    """The reason of each member by its path; what is shown has a star."""
    names = {one.content_id: one.path for one in sorted(files, key=lambda one: one.path, reverse=True)}
    places = places_of(sorted(files, key=lambda one: one.path), chosen or {})
    return {
        names[place.content_id] + ("*" if place.content_id == place.shown_id else ""): place.reason
        for place in places.values()
    }


TOGETHER = {
    "a live photo by its identifier, wherever its film lies": (
        [file(1, "/a/IMG_1.HEIC", live="X"), film(2, "/b/other.mov", 500.0, live="X")],
        {"/a/IMG_1.HEIC*": "live", "/b/other.mov": "live"},
    ),
    "one by names and times": (
        [file(1, "/a/IMG_1.HEIC"), film(2, "/a/img_1.mov", 2.0)],
        {"/a/IMG_1.HEIC*": "live", "/a/img_1.mov": "live"},
    ),
    "its film has the time of another zone": (
        [file(1, "/a/IMG_1.JPG"), film(2, "/a/IMG_1.MOV", 2.0 - 3.5 * 3600)],
        {"/a/IMG_1.JPG*": "live", "/a/IMG_1.MOV": "live"},
    ),
    "a raw file and its picture": (
        [file(1, "/a/DSC_1.NEF"), file(2, "/a/dsc_1.jpg")],
        {"/a/dsc_1.jpg*": "raw", "/a/DSC_1.NEF": "raw"},
    ),
    "the same, by camera and time to parts of a second": (
        [file(1, "/raw/1.dng", after_s=0.25, camera="C"), file(2, "/jpg/x.heic", after_s=0.25, camera="C")],
        {"/jpg/x.heic*": "raw", "/raw/1.dng": "raw"},
    ),
    "an edit of Takeout, in German, with its number": (
        [file(1, "/a/x(2).jpg"), file(2, "/a/x-bearbeitet(2).jpg")],
        {"/a/x-bearbeitet(2).jpg*": "edit", "/a/x(2).jpg": "edit"},
    ),
    "one in French, its name decomposed": (
        [file(1, "/a/x.jpg"), file(2, "/a/x-modifie\u0301.jpg")],
        {"/a/x-modifie\u0301.jpg*": "edit", "/a/x.jpg": "edit"},
    ),
    "Apple's and Lightroom's": (
        [
            file(1, "/a/IMG_1234.HEIC"),
            file(2, "/a/IMG_E1234.JPG"),
            file(3, "/b/y.nef"),
            file(4, "/b/y-Edit-2.tif"),
        ],
        {
            "/a/IMG_E1234.JPG*": "edit",
            "/a/IMG_1234.HEIC": "edit",
            "/b/y-Edit-2.tif*": "edit",
            "/b/y.nef": "edit",
        },
    ),
    "a burst by its identifier: the first is shown": (
        [file(1, "/a/3.jpg", after_s=0.2, burst="B"), file(2, "/a/4.jpg", after_s=0.1, burst="B")],
        {"/a/4.jpg*": "burst", "/a/3.jpg": "burst"},
    ),
    "by names: the cover is shown": (
        [
            file(1, "/a/00000IMG_00000_BURST20190101120000000.jpg"),
            file(2, "/a/00001IMG_00001_BURST20190101120000000_COVER.jpg"),
            file(3, "/b/IMG_20190101_120000_BURST1.jpg"),
            file(4, "/b/IMG_20190101_120000_BURST002_COVER.jpg"),
        ],
        {
            "/a/00001IMG_00001_BURST20190101120000000_COVER.jpg*": "burst",
            "/a/00000IMG_00000_BURST20190101120000000.jpg": "burst",
            "/b/IMG_20190101_120000_BURST002_COVER.jpg*": "burst",
            "/b/IMG_20190101_120000_BURST1.jpg": "burst",
        },
    ),
    "all at once": (
        [
            file(1, "/a/IMG_1234.HEIC", live="X"),
            film(2, "/a/IMG_1234.MOV", live="X"),
            file(3, "/a/IMG_E1234.HEIC"),
            file(4, "/a/IMG_1234.DNG"),
        ],
        {
            "/a/IMG_E1234.HEIC*": "edit",
            "/a/IMG_1234.HEIC": "edit",
            "/a/IMG_1234.DNG": "raw",
            "/a/IMG_1234.MOV": "live",
        },
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_what_belongs_together(name: str) -> None:
    files, expected = TOGETHER[name]
    assert stacks(*files) == expected


APART = {
    "names alone, in other folders": [file(1, "/a/IMG_1.JPG"), film(2, "/b/IMG_1.MOV")],
    "a long film of the same name": [file(1, "/a/IMG_1.JPG"), film(2, "/a/IMG_1.MOV", duration_s=30.0)],
    "a film of another day": [file(1, "/a/IMG_1.JPG"), film(2, "/a/IMG_1.MOV", 86_400.0)],
    "of another minute": [file(1, "/a/IMG_1.JPG"), film(2, "/a/IMG_1.MOV", 60.0)],
    "other identifiers": [file(1, "/a/IMG_1.JPG", live="X"), film(2, "/a/IMG_1.MOV", live="Y")],
    "a raw file of another round of the counter": [file(1, "/a/1.nef"), file(2, "/a/1.jpg", after_s=9e6)],
    "one camera in the same whole second": [file(1, "/a/1.nef", camera="C"), file(2, "/a/2.jpg", camera="C")],
    "two pictures of one name": [file(1, "/a/1.png"), file(2, "/a/1.jpg")],
    "an edit without its original": [file(1, "/a/x-edited.jpg"), file(2, "/b/x.jpg")],
    "a number that no edit has": [file(1, "/a/x(1).jpg"), file(2, "/a/x.jpg")],
    "a lone picture of a burst, and its copy": [
        file(1, "/a/1.jpg", burst="B"),
        file(1, "/b/1.jpg", burst="B"),
    ],
}


@pytest.mark.parametrize("name", APART)
def test_what_does_not(name: str) -> None:
    assert stacks(*APART[name]) == {}


def test_the_latest_choice_is_shown() -> None:
    files = [file(1, "/a/1.jpg"), file(2, "/a/1.nef"), file(3, "/a/1-edited.jpg")]
    assert "/a/1.nef*" in stacks(*files, chosen={1: NOON, 2: NOON + timedelta(1)})
    assert "/a/1.jpg*" in stacks(*files, chosen={1: NOON + timedelta(2), 2: NOON + timedelta(1)})
