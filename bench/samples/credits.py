"""Write samples/SOURCES.md: origin, author, licence and changes of every sample, from the lists beside this.

python bench/samples/credits.py
"""

import csv
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "samples"
FORMATS = {
    ".jpg": "JPEG",
    ".png": "PNG",
    ".webp": "WebP",
    ".heic": "HEIC",
    ".avif": "AVIF",
    ".tif": "TIFF",
    ".gif": "GIF",
}
LICENCES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "GPL-2.0": "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html",
    "LGPL-3.0": "https://www.gnu.org/licenses/lgpl-3.0.html",
}

INTRODUCTION = """\
# Where the samples come from

Written by `bench/samples/credits.py` from the lists in `bench/samples/`. There `gather.py` fetches the
packages and makes the pictures, and `make_media.py` makes the videos and the recording.

The samples are not part of the program and not under its licence: each keeps the licence named here,
which is the one its package states (in `debian/copyright`, or in the README or metadata beside the
picture). Every picture is an adaptation of the work it names: at the least it was re-encoded and, where
larger, scaled to 1280 pixels on its long side. **An adaptation of a CC-BY-SA work stays under that
CC-BY-SA licence**, one of a GPL or LGPL work under the GPL or LGPL. "EXIF kept" means maker, model,
time, exposure and place as the source has them; EXIF that was written here is named as such.
"""

OWN_WORKS = """\
## Videos and recording

- `videos/v001.mp4`, a narrated slide show of eight photographs, is an adaptation of CC-BY-SA works:
  **CC-BY-SA-4.0**.
- `videos/v002.webm`, camera moves over four photographs that are public domain or CC0, without an audio
  track: Apache-2.0.
- `recordings/r001.ogg`, a spoken memo: Apache-2.0.

The spoken text, `bench/samples/script.csv`, was written for this project; what it tells is made up. The
voices are synthetic: flite 2.2 (Debian `flite` and `libflite1` 2.2-5) by Carnegie Mellon University,
under its BSD-like licence; voice `awb` in the video, `slt` in the recording. `speech.csv` says at which
second each sentence starts, as it was put there, not as a recogniser heard it.

`captions.csv`, `speech.csv` and this page were made for this project (Apache-2.0). The captions were
written from looking at the pictures, before any model was tried on them.

The photographs in the videos, scaled and cropped to 854x480:
"""


def changes(row: dict[str, str]) -> str:
    """What was done to the source of a row, in words."""
    notes = [FORMATS[Path(row["target"]).suffix]]
    for edit in row["edits"].split():
        notes.append(
            "put on a plain background" if edit.startswith("on=") else "turned, EXIF orientation 6 written"
        )
    if row["exif"] == "kept":
        notes.append("EXIF kept")
    elif row["exif"]:
        names = {"gps": "place of the sight", "date": "day named by the source (the hour is not known)"}
        notes.append("EXIF written: " + ", ".join(names[part.split("=")[0]] for part in row["exif"].split()))
    return "; ".join(notes)


def package(row: dict[str, str]) -> str:
    name = row["package"].removeprefix("pypi:")
    kind = "Debian" if name == row["package"] else "PyPI"
    return f"{kind} `{name}` {row['version']}: `{row['path']}`"


def author(row: dict[str, str]) -> str:
    return f"[{row['author']}](https://{row['origin']})" if row["origin"] else row["author"]


def picture_lines(rows: list[dict[str, str]], captions: dict[str, str]) -> Iterator[str]:
    yield "| file | what it shows | author (source) | licence | package and path | made here |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        shows = captions[Path(row["target"]).name]
        cells = (f"`{row['target']}`", shows, author(row), row["licence"], package(row), changes(row))
        yield f"| {' | '.join(cells)} |"


def frame_lines(rows: list[dict[str, str]]) -> Iterator[str]:
    yield "| picture | author (source) | licence | package and path |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {' | '.join((Path(row['target']).stem, author(row), row['licence'], package(row)))} |"


def main() -> None:
    with (SAMPLES / "captions.csv").open(newline="", encoding="utf-8") as file:
        captions = {row["image"]: row["caption"] for row in csv.DictReader(file)}
    with (HERE / "pictures.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    frames = [row for row in rows if row["target"].startswith("frames/")]
    pictures = [row for row in rows if row not in frames]
    lines = [INTRODUCTION, "## Pictures\n", *picture_lines(pictures, captions), "", OWN_WORKS]
    lines += [*frame_lines(frames), "", "## The licences\n"]
    lines += [f"- {name}: <{address}>" for name, address in LICENCES.items()]
    lines += ["- GPL-2.0-or-later: version 2 above, or any later one"]
    (SAMPLES / "SOURCES.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
