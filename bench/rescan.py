"""Time to re-scan an unchanged library, by number of files.

    python bench/rescan.py PICTURE [--files 10000 100000] [--sidecars] [--json FILE]

The files are links to PICTURE in folders of a thousand: all names, sizes and times have to be compared, as
with any files, but one content is encoded only once. With ``--sidecars`` each has an
XMP file of its name beside it. Each run of ``trove index`` is a process of its own.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from timing import Process, Spread, command, commands

RUNS = 5
IN_A_FOLDER = 1_000
LINKS = 30_000
"""Hard links to one file; file systems limit their number (ext4: 65,000)."""


_SIDECAR = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag><rdf:li>holiday</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def measure(picture: Path, files: int, scratch: Path, *, sidecars: bool) -> tuple[Process, Spread]:
    """The first run, and the spread of those after it."""
    media, originals = scratch / "media", scratch / "originals"
    originals.mkdir()
    for number in range(files):
        original = originals / f"{number // LINKS}.jpg"
        sidecar = originals / f"{number // LINKS}.xmp"
        if number % LINKS == 0:
            shutil.copy(picture, original)
            sidecar.write_text(_SIDECAR)
        folder = media / f"{number // IN_A_FOLDER:04}"
        if number % IN_A_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"{number:06}.jpg").hardlink_to(original)
        if sidecars:
            (folder / f"{number:06}.xmp").hardlink_to(sidecar)
    index = [sys.executable, "-m", "ui.cli", "--library", str(scratch / "library"), "index", str(media)]
    environment = {"TROVE_DEVICE": "cpu"}
    return command(index, environment), commands([index] * RUNS, environment)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--sidecars", action="store_true", help="with an XMP file beside each")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures = {}
    print(f"{'files':>8}{'first run':>12}{'again: min':>12}{'median':>9}{'max':>9}{'CPU':>9}   (seconds)")
    for files in options.files:
        with tempfile.TemporaryDirectory() as scratch:
            first, again = measure(options.picture, files, Path(scratch), sidecars=options.sidecars)
        figures[files] = {"first": asdict(first), "again": asdict(again)}
        numbers = "".join(f"{value:9.2f}" for value in (again.median_s, again.max_s, again.cpu_s))
        print(f"{files:8}{first.seconds:12.1f}{again.min_s:12.2f}{numbers}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
