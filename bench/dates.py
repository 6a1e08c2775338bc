"""Dates of files with each field, zone, clash and nonsense value: what Trove says, and what exiftool reads.

    python bench/dates.py

The files are those of ``tests/system/test_dates.py``. Of exiftool's fields the first counts that is there, in
the order of the names below; times are compared as the clock showed them.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from db.catalog import facts  # noqa: E402
from db.library import Library  # noqa: E402
from db.settings import Settings  # noqa: E402
from indexer.pipeline import index  # noqa: E402
from tests.support.dated import CASES, Dated  # noqa: E402

FIELDS = (
    "SubSecDateTimeOriginal DateTimeOriginal CreationDate DateTimeCreated DateCreated CreateDate ModifyDate"
).split()


def by_trove(media: Path, scratch: Path) -> dict[str, str | None]:
    """The date of each file as Trove has it, by the file's name."""
    settings = Settings(library=scratch / "library", device="cpu", whisper="none", off=("text",))
    found: dict[str, str | None] = {}
    with Library(settings) as library:
        index(library, [media])
        with library.database.read() as session:
            for case in CASES:
                taken = facts.of_file(session, media / case.name).get("taken_at")
                value = taken.value if taken else None
                found[case.name] = f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else None
    return found


def by_exiftool(media: Path) -> dict[str, str | None]:
    """The first date field of each file as exiftool reads it, by the file's name."""
    command = ["exiftool", "-j", "-api", "QuickTimeUTC", *(f"-{name}" for name in FIELDS), str(media)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return {
        Path(one["SourceFile"]).name: next((one[name] for name in FIELDS if one.get(name)), None)
        for one in told
    }


def is_right(case: Dated, date: str | None) -> bool:
    """Whether a date is what the file means; of a moment in UTC without a place its UTC will do, too."""

    def digits(text: str | None) -> str:
        return "".join(filter(str.isdigit, (text or "").removesuffix(" here")[:19])).removesuffix("000000")

    wanted = digits(case.date)
    if case.date and case.date.endswith(" here"):
        here = datetime.fromisoformat(case.date.removesuffix(" here") + "+00:00").astimezone()
        return digits(date) in (wanted, digits(f"{here:%Y-%m-%d %H:%M:%S}"))
    return digits(date) == wanted


def main() -> None:
    """Print a table and how many are right."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        (media := Path(scratch) / "media").mkdir()
        for case in CASES:
            case.make(media / case.name)
        readers = {"Trove": by_trove(media, Path(scratch))}
        if shutil.which("exiftool"):
            readers["exiftool"] = by_exiftool(media)
    for case in CASES:
        told = [
            f"{name}: {found.get(case.name)}{'' if is_right(case, found.get(case.name)) else ' (wrong)'}"
            for name, found in readers.items()
        ]
        print(f"{case.name:46} {case.source or 'none':10} {case.date!s:26} {'   '.join(told)}")
    for name, found in readers.items():
        print(f"{name}: {sum(is_right(case, found.get(case.name)) for case in CASES)} of {len(CASES)} right")


if __name__ == "__main__":
    main()
