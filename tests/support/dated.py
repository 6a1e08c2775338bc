"""Real files that say when they were taken: each field, in all zones, with clashes and nonsense."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import ExifTags, Image, PngImagePlugin

from db.catalog.facts import Source
from tests.support import media
from tests.support.words import iptc_jpeg, packet

PORTO, TOKYO = (41.1496, -8.611), (35.6895, 139.6917)

LATER = f"{datetime.now() + timedelta(days=400):%Y:%m:%d %H:%M:%S}"


@dataclass(frozen=True)
class Dated:
    """A file by its name, how it is made, and what is true of it: its date, if there is one, and who says so.

    The date as text, with its offset from UTC where that is known; ``here`` stands for this machine's.
    """

    name: str
    make: Callable[[Path], object]
    date: str | None = None
    source: Source | None = None


_pixels = iter(range(1_000))


def picture(path: Path, xmp: str | None = None, **tags: object) -> Path:
    """A picture of its own with tags of EXIF by their names, and XMP."""
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    for name, value in tags.items():
        if name == "place" and isinstance(value, tuple):
            exif.get_ifd(ExifTags.IFD.GPSInfo).update(_gps(value))
        elif name == "DateTime":
            exif[ExifTags.Base.DateTime] = value
        else:
            details[ExifTags.Base[name]] = value
    number = next(_pixels)
    image = Image.new("RGB", (24, 16), (67 * number % 256, 29 * number % 256, 101 * number % 256))
    options = {"xmp": xmp.encode()} if xmp else {}
    image.save(path, exif=exif, **options)
    return path


def _gps(place: tuple[float, float]) -> dict[int, object]:
    block = Image.Exif()
    block.load(media.exif(position=place))
    return dict(block.get_ifd(ExifTags.IFD.GPSInfo))


def with_exif(**tags: object) -> Callable[[Path], object]:
    """A maker of a picture with tags of EXIF."""
    return lambda path: picture(path, **tags)


def with_xmp(**properties: str) -> Callable[[Path], object]:
    """A maker of a picture with properties of XMP, with an underscore for the colon."""
    named = {name.replace("_", "__"): value for name, value in properties.items()}
    return lambda path: picture(path, packet(**named))


def with_sidecar(text: str, **tags: object) -> Callable[[Path], object]:
    """A maker of a picture with tags of EXIF and another date beside it."""

    def make(path: Path) -> None:
        picture(path, **tags)
        path.with_suffix(".xmp").write_text(packet(exif__DateTimeOriginal=text))

    return make


def with_json(
    seconds: str, place: tuple[float, float] = (0.0, 0.0), **tags: object
) -> Callable[[Path], object]:
    """A maker of a picture with Google's JSON beside it."""

    def make(path: Path) -> None:
        picture(path, **tags)
        said = {"title": path.name, "photoTakenTime": {"timestamp": seconds}}
        said["geoData"] = {"latitude": place[0], "longitude": place[1]}
        path.with_name(f"{path.name}.json").write_text(json.dumps(said))

    return make


def with_iptc(day: str, time: str = "") -> Callable[[Path], object]:
    """A maker of a picture with a day and time of IPTC."""
    fields = [(2, 55, day.encode())] + ([(2, 60, time.encode())] if time else [])
    return lambda path: iptc_jpeg(path, *fields)


def film(**tags: str) -> Callable[[Path], object]:
    """A maker of a short film of its own with tags, with an underscore for each dot of their names."""

    def make(path: Path) -> None:
        named = {name.replace("__", "."): value for name, value in tags.items()}
        media.video(path, [next(_pixels)], scene_s=0.2, size=(64, 48), metadata=named)

    return make


def png_text(path: Path) -> None:
    """A picture whose text chunk has a date, which is that of the file as a rule."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("date:create", "2019-05-06T07:08:09+00:00")
    Image.new("RGB", (24, 16), (200, 2, 90)).save(path, pnginfo=chunks)


def touched(path: Path) -> None:
    """A picture that says nothing, whose file has a time of its own."""
    picture(path)
    os.utime(path, (1_500_000_000, 1_500_000_000))


T, ON = "2019:08:07 18:30:00", "2019-08-07 18:30:00"
EDITED = "2024:01:02 03:04:05"
APPLE = "com__apple__quicktime__creationdate"
UTC_FILM = {"creation_time": "2019-08-07T18:30:00.000000Z"}

CASES = (
    # EXIF
    Dated("original.jpg", with_exif(DateTimeOriginal=T), ON, "exif"),
    Dated("offset.jpg", with_exif(DateTimeOriginal=T, OffsetTimeOriginal="+09:00"), f"{ON}+09:00", "exif"),
    Dated("zulu.jpg", with_exif(DateTimeOriginal=T, OffsetTimeOriginal="+00:00"), f"{ON}+00:00", "exif"),
    Dated("no offset.jpg", with_exif(DateTimeOriginal=T, OffsetTimeOriginal="   :  "), ON, "exif"),
    Dated("digitized.jpg", with_exif(DateTimeDigitized=T), ON, "exif"),
    Dated("both.jpg", with_exif(DateTimeOriginal=T, DateTime=EDITED), ON, "exif"),
    Dated("edited.jpg", with_exif(DateTime=EDITED), "2024-01-02 03:04:05", "modified"),
    Dated("edited.tiff", with_exif(DateTime=EDITED), "2024-01-02 03:04:05", "modified"),
    Dated("dashes.jpg", with_exif(DateTimeOriginal="2019-08-07 18:30:00"), ON, "exif"),
    Dated("old scan.jpg", with_exif(DateTimeOriginal="1935:05:06 12:00:00"), "1935-05-06 12:00:00", "exif"),
    Dated("year zero.jpg", with_exif(DateTimeOriginal="0000:00:00 00:00:00")),
    Dated("epoch 1904.jpg", with_exif(DateTimeOriginal="1904:01:01 00:00:00")),
    Dated("epoch 1970.jpg", with_exif(DateTimeOriginal="1970:01:01 01:00:00")),
    Dated("epoch 1980.jpg", with_exif(DateTimeOriginal="1980:01:01 00:03:00")),
    Dated("february.jpg", with_exif(DateTimeOriginal="2019:02:30 10:00:00")),
    Dated("overflow.jpg", with_exif(DateTimeOriginal="2036:02:07 06:28:16")),
    Dated("later.jpg", with_exif(DateTimeOriginal=LATER)),
    Dated("blank.jpg", with_exif(DateTimeOriginal="    :  :     :  :  ")),
    Dated(
        "nonsense, then edited.jpg",
        with_exif(DateTimeOriginal="0000:00:00 00:00:00", DateTime=EDITED),
        "2024-01-02 03:04:05",
        "modified",
    ),
    # XMP, in the file and beside it
    Dated("original xmp.jpg", with_xmp(exif_DateTimeOriginal="2019-08-07T18:30:00"), ON, "xmp"),
    Dated(
        "offset xmp.jpg", with_xmp(exif_DateTimeOriginal="2019-08-07T18:30:00+02:00"), f"{ON}+02:00", "xmp"
    ),
    Dated("created xmp.jpg", with_xmp(photoshop_DateCreated="2019-08-07"), "2019-08-07 00:00:00", "xmp"),
    Dated("made xmp.webp", with_xmp(xmp_CreateDate="2019-08-07T18:30:00Z"), f"{ON}+00:00", "xmp"),
    Dated("month xmp.jpg", with_xmp(photoshop_DateCreated="2019-08")),
    Dated("saved xmp.jpg", with_xmp(xmp_ModifyDate="2024-01-02T03:04:05")),
    Dated("later xmp.jpg", with_xmp(photoshop_DateCreated="2077-01-01T00:00:00")),
    Dated(
        "sidecar wins.jpg",
        with_sidecar("2019-08-07T18:30:00", DateTimeOriginal="2011:01:01 01:01:01"),
        ON,
        "sidecar",
    ),
    Dated("nonsense beside.jpg", with_sidecar("2019-02-30T10:00:00", DateTimeOriginal=T), ON, "exif"),
    # IPTC
    Dated("day.jpg", with_iptc("20190807"), "2019-08-07 00:00:00", "iptc"),
    Dated("day and time.jpg", with_iptc("20190807", "183000+0200"), f"{ON}+02:00", "iptc"),
    Dated("no day.jpg", with_iptc("00000000")),
    # Films
    Dated("utc.mp4", film(**UTC_FILM), "2019-08-07 18:30:00 here", "container"),
    Dated(
        "utc in tokyo.mp4",
        film(**UTC_FILM, location="+35.6895+139.6917/"),
        "2019-08-08 03:30:00+09:00",
        "container",
    ),
    Dated(
        "utc in porto.mp4",
        film(**UTC_FILM, location="+41.1496-008.6110/"),
        "2019-08-07 19:30:00+01:00",
        "container",
    ),
    Dated(
        "utc at 0,0.mp4",
        film(**UTC_FILM, location="+00.0000+000.0000/"),
        "2019-08-07 18:30:00 here",
        "container",
    ),
    Dated("offset.mov", film(**{APPLE: "2019-08-07T18:30:00+0900"}), f"{ON}+09:00", "apple"),
    Dated("greenwich.mov", film(**{APPLE: "2019-08-07T18:30:00+0000"}), f"{ON}+00:00", "apple"),
    Dated("apple wins.mov", film(**{APPLE: "2019-08-07T18:30:00-0700"} | UTC_FILM), f"{ON}-07:00", "apple"),
    Dated("epoch.mp4", film(creation_time="1904-01-01T00:00:00.000000Z")),
    Dated("epoch 1970.mp4", film(creation_time="1970-01-01T00:00:00.000000Z")),
    Dated("utc.mkv", film(**UTC_FILM), "2019-08-07 18:30:00 here", "container"),
    # Google's JSON
    Dated("takeout.jpg", with_json("1565202600"), "2019-08-07 18:30:00 here", "takeout"),
    Dated("takeout in tokyo.jpg", with_json("1565202600", TOKYO), "2019-08-08 03:30:00+09:00", "takeout"),
    Dated("takeout of nothing.jpg", with_json("0")),
    Dated(
        "exif before takeout.jpg",
        with_json("1565202600", DateTimeOriginal=EDITED),
        "2024-01-02 03:04:05",
        "exif",
    ),
    # Names
    Dated("IMG-20190807-WA0007.jpg", picture, "2019-08-07 00:00:00", "name"),
    Dated("IMG_20190807_183000.jpg", picture, ON, "name"),
    Dated("Screenshot_20190807-183000.png", picture, ON, "name"),
    Dated("signal-2019-08-07-18-30-00-123.jpg", picture, ON, "name"),
    Dated("Screen Shot 2019-08-07 at 6.30.00 PM.png", picture, ON, "name"),
    Dated("Scan 07.08.2019.jpg", picture, "2019-08-07 00:00:00", "name"),
    Dated("PXL_20190807_183000123.jpg", picture, "2019-08-07 18:30:00 here", "name"),
    Dated(
        "PXL_20190807_183000999.MP.jpg",
        with_exif(place=TOKYO),
        "2019-08-08 03:30:00+09:00",
        "name",
    ),
    Dated("FB_IMG_1565202600000.jpg", picture, "2019-08-07 18:30:00 here", "name"),
    Dated("IMG_20190230_183000.jpg", picture),
    Dated("scan 07-08-2019.jpg", picture),
    Dated(
        "IMG_20110101_010101 edited.jpg",
        with_exif(DateTime=EDITED),
        "2011-01-01 01:01:01",
        "name",
    ),
    Dated("IMG_20110101_020202.jpg", with_exif(DateTimeOriginal=T), ON, "exif"),
    # What is no date
    Dated("touched.jpg", touched),
    Dated("text.png", png_text),
)
