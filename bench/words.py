"""Words that people wrote, found: by the fields that programs keep them in, with the time that this takes.

    python bench/words.py FOLDER [--files 1000] [--beside CHECKOUT]
    python bench/words.py FOLDER --asked CSV
    python bench/words.py --hostile

The first writes a made-up word into one field of each file in FOLDER, by exiftool and exiv2, which must be
there, indexes all, and asks for each word: found is what comes first. ``--beside``: an older checkout that
opens the same files, for what the words add to reading a header. The second indexes FOLDER and asks the
questions of a CSV (``file,query``), also with an older checkout as ``PYTHONPATH``. The third gives XMP that
nobody should open to its reader.
"""

import argparse
import csv
import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from db.errors import DecodeError

XMP = "XMP-dc:Title XMP-dc:Description XMP-dc:Subject".split()
EXIF = "EXIF:ImageDescription EXIF:UserComment EXIF:XPTitle EXIF:XPComment EXIF:XPKeywords".split()
IPTC = "IPTC:ObjectName IPTC:Headline IPTC:Caption-Abstract IPTC:Keywords IPTC:City".split()
MORE = (
    "XMP-photoshop:Headline XMP-lr:HierarchicalSubject XMP-digiKam:TagsList XMP-microsoft:LastKeywordXMP "
    "XMP-acdsee:Caption XMP-acdsee:Notes XMP-iptcExt:PersonInImage XMP-tiff:ImageDescription "
    "XMP-exif:UserComment XMP-mediapro:CatalogSets XMP-photoshop:City EXIF:XPSubject File:Comment"
).split()
ITEMS = [f"ItemList:{name}" for name in ("Title", "Artist", "Album", "Comment", "Lyrics")]
FIELDS = {
    "jpg": [*XMP, *EXIF, *IPTC, *MORE],
    "tif": [*XMP, *EXIF, *IPTC],
    "png": [*XMP, *EXIF, "PNG:Title", "PNG:Description", "PNG:Comment"],
    "webp": [*XMP, *EXIF],
    "heic": [*XMP, *EXIF],
    "avif": [*XMP, "EXIF:ImageDescription"],
    "mov": [*XMP, "Keys:Title", "Keys:Description", "Keys:Keywords", "Keys:Comment", "UserData:Title"],
    "mp4": [*XMP, *ITEMS, "Keys:Title"],
    "m4a": ITEMS,
    "xmp": [*XMP, "XMP-lr:HierarchicalSubject"],
}
"""The fields by the ends of names, as exiftool calls them; those of ``xmp`` are of sidecars."""

EXIV2 = (
    "Xmp.dc.title Xmp.dc.description Xmp.dc.subject Xmp.lr.hierarchicalSubject Xmp.digiKam.TagsList "
    "Iptc.Application2.Caption Iptc.Application2.Keywords Iptc.Application2.ObjectName "
    "Iptc.Application2.City Exif.Image.ImageDescription Exif.Photo.UserComment"
).split()
"""Fields of JPEG pictures as exiv2 calls them."""


def invented() -> Iterator[str]:
    """Words that no language has, in an order of chance that is always the same."""
    parts = (
        "kor zel brim tav quon vir sul mar pel dro".split(),
        "and ost ebu ilk ume yra off ent ari ulo".split(),
        "ak ine otu ers ium ova est ula ric anz".split(),
        ["", "bur", "dek"],
    )
    words = ["".join(each).capitalize() for each in itertools.product(*parts)]
    random.Random(7).shuffle(words)  # noqa: S311 - nothing is kept secret
    return iter(words)


def make(folder: Path, files: int) -> dict[str, tuple[Path, str]]:
    """Files with a word each: by the word the file, or that of the sidecar, and the field."""
    from tests.support.media import sound, tone, video

    slots = [(suffix, field) for suffix, fields in FIELDS.items() for field in fields]
    slots += [("jpg", field) for field in EXIV2]
    made: dict[str, tuple[Path, str]] = {}
    commands: list[str] = []
    films: dict[str, bytes] = {}
    folder.mkdir(parents=True)
    for number, ((suffix, field), word) in enumerate(zip(itertools.cycle(slots), invented(), strict=False)):
        if number == files:
            break
        path = folder / f"{number:05}.{'jpg' if suffix == 'xmp' else suffix}"
        if suffix in ("mov", "mp4", "m4a"):
            if suffix not in films:
                one = folder / f"one.{suffix}"
                sound(one, tone(0.3)) if suffix == "m4a" else video(one, scenes=(1,), scene_s=0.3)
                films[suffix] = one.read_bytes()
                one.unlink()
            # A box that nobody reads makes each of them another content.
            path.write_bytes(films[suffix] + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
        else:
            pixels = random.Random(number).randbytes(8 * 8 * 3)  # noqa: S311
            picture = Image.frombytes("RGB", (8, 8), pixels).resize((64, 64))
            picture.save(path, format="HEIF" if suffix == "heic" else None)
        target = path.with_suffix(".xmp") if suffix == "xmp" else path
        value = f"Places|{word}" if field.endswith(("hierarchicalSubject", "HierarchicalSubject")) else word
        if field in EXIV2:
            _quietly(["exiv2", f"-Mset {field} {value}", "modify", str(target)])
        else:
            commands += [f"-{field}={value}", "-overwrite_original", "-m", str(target), "-execute"]
        made[word] = (path, field)
    arguments = folder.with_name("exiftool.txt")
    arguments.write_text("\n".join(commands))
    _quietly(["exiftool", "-q", "-@", str(arguments)])
    return made


def _quietly(command: list[str]) -> None:
    """Run a program that writes metadata; it may warn."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)


_PROBE = """
import sys, time
from pathlib import Path
from indexer.media.reader import probe
files = [path for path in sorted(Path(sys.argv[1]).iterdir()) if path.suffix != ".xmp"]
probe(files[0]), [probe(one) for one in files[:200]]
took = []
for path in files:
    started = time.process_time()
    probe(path)
    took.append(time.process_time() - started)
print(sum(took) / len(took))
"""


def opening(folder: Path, checkout: Path) -> float:
    """Milliseconds of the processor that a header takes, on the average, by a checkout."""
    paths = [str(checkout), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", _PROBE, str(folder)]
    shown = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=True)
    return 1000 * float(shown.stdout)


def fields(folder: Path, files: int, beside: Path | None) -> None:
    """Write, index and ask for words in every field."""
    import trove

    made = make(folder, files)
    with (
        tempfile.TemporaryDirectory() as own,
        trove.Library.open(own, whisper="none", off=("text",)) as library,
    ):
        started = time.perf_counter()
        report = library.index([folder])
        print(f"{report.indexed} files indexed in {time.perf_counter() - started:.0f} s")
        lost: Counter[str] = Counter()
        among = 0
        for word, (path, field) in made.items():
            paths = [hit.path for hit in library.search(word, k=5).hits]
            among += path in paths
            if path not in paths[:1]:
                lost[f"{path.suffix} {field}"] += 1
        first = len(made) - sum(lost.values())
        print(f"of {len(made)} words {first} found first, {among} among the first five")
        for field, count in lost.most_common():
            print(f"  not {field}: {count}")
    here = Path(__file__).parents[1]
    for name, checkout in (("here", here), ("beside", beside)):
        if checkout is not None:
            each = [opening(folder, checkout) for _ in range(3)]
            print(f"a header, {name}: {statistics.median(each):.2f} ms of the processor ({each})")


def asked(folder: Path, table: Path) -> None:
    """Index a folder, and ask questions of which the file that answers is known."""
    import trove

    with (
        tempfile.TemporaryDirectory() as own,
        trove.Library.open(own, whisper="none", off=("text",)) as library,
    ):
        library.index([folder])
        for row in csv.DictReader(table.open(encoding="utf-8")):
            try:
                answer = library.search(row["query"], k=1)
            except trove.QueryError as error:
                print(f"{row['query']:40} refused: {error}")
                continue
            first = answer.hits[0] if answer.hits else None
            right = first is not None and first.path.name == row["file"]
            by = {fact.kind for fact in first.why if fact.source == "keywords"} if first else set()
            place = "first" if right else "not first"
            print(f"{row['query']:40} {answer.verdict:8} {place:10} {', '.join(sorted(map(str, by)))}")


def hostile() -> None:
    """What it takes to refuse XMP that nobody should open, in milliseconds of the processor."""
    from indexer.media.words import xmp
    from tests.indexer.media.words.test_xmp import HOSTILE

    large = {
        **HOSTILE,
        "1.3 million levels": "<a>" * 1_300_000,
        "a million elements": f"<a>{'<b/>' * 1_000_000}</a>",
        "300,000 attributes": "<a " + " ".join(f"b{n}='1'" for n in range(300_000)) + "/>",
    }
    xmp.embedded(b"<x/>")  # imports the parser
    for name, text in large.items():
        started = time.process_time()
        said = xmp.embedded(text.encode())
        took_ms = 1000 * (time.process_time() - started)
        print(f"{name:30} {len(text):10,} bytes {took_ms:8.1f} ms, {len(said)} words")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xmp"
        with path.open("wb") as file:
            file.truncate(100 << 20)
        started = time.process_time()
        try:
            xmp.of_sidecar(path)
        except DecodeError as error:
            print(f"{'a sidecar of 100 MB':30} {1000 * (time.process_time() - started):.1f} ms: {error}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--asked", type=Path)
    parser.add_argument("--hostile", action="store_true")
    options = parser.parse_args()
    if options.hostile:
        hostile()
    elif options.folder is None:
        parser.error("name a folder")
    elif options.asked:
        asked(options.folder, options.asked)
    else:
        fields(options.folder, options.files, options.beside)


if __name__ == "__main__":
    main()
