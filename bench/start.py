"""How long a person waits for the command line.

    python bench/start.py FOLDER [--json FILE]

A library of the pictures in FOLDER is made first. Then, each in a process of its own: ``--help``, a search
for something new, and the same search again, whose query vector is remembered. The files are in the page
cache, as they are on a machine that is in use. The floor is what Python itself takes to start.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from timing import command, commands

QUERIES = ("a dog on the beach", "children playing", "a red car", "two people talking", "snow", "a boat")


def measure(folder: Path, scratch: Path) -> dict[str, object]:
    """All figures."""
    trove = [sys.executable, "-m", "ui.cli"]
    library = {"TROVE_LIBRARY": f"{scratch}/library", "TROVE_DEVICE": "cpu"}
    command([*trove, "index", str(folder)], library)
    command([*trove, "search", "warm the page cache"], library)
    searches = [[*trove, "search", f"{query} {folder.name}"] for query in QUERIES]
    return {
        "python": asdict(commands([[sys.executable, "-c", "pass"]] * len(QUERIES), {})),
        "trove --help": asdict(commands([[*trove, "--help"]] * len(QUERIES), {})),
        "search, new words": asdict(commands(searches, library)),
        "search, the same again": asdict(commands(searches, library)),
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(options.folder, Path(scratch))
    print(f"{'seconds':26}{'min':>8}{'median':>8}{'max':>8}{'CPU':>8}")
    for name, spread in figures.items():
        numbers = "".join(f"{spread[key]:8.2f}" for key in ("min_s", "median_s", "max_s", "cpu_s"))
        print(f"{name:26}{numbers}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
