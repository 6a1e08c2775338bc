"""Captioned pictures and spoken sentences, read from a folder, and the library that is made of them."""

import csv
import hashlib
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import trove
from db.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
PART = 50
"""Pictures in each part of a large library, to ask for what is in some of them and not in others."""


@dataclass(frozen=True)
class Spoken:
    """A sentence, where it is said and from which second; ``image``: what it is about, if known."""

    path: Path
    start_s: float
    sentence: str
    image: str | None = None


@dataclass(frozen=True)
class Data:
    """What is asked for in a ``folder``: ``pictures`` by name with their ``captions``.

    ``languages``: captions in several, by language and picture. ``said_elsewhere``: captions of all pictures
    that recordings may speak about. ``parts``: the names of the pictures in each folder; empty for few
    pictures. ``checksum``: of the captions, which tells data wherever it lies.
    """

    folder: Path
    checksum: str
    pictures: dict[str, Path]
    captions: dict[str, list[str]]
    languages: dict[str, dict[str, str]]
    spoken: list[Spoken]
    said_elsewhere: dict[str, list[str]]
    parts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """That of the folder."""
        return self.folder.name


def read(folder: Path, speech: Path | None = None, split: str = "dev") -> Data:
    """Read a folder with ``captions.csv``, and ``captions-dev-LANG.csv`` and recordings where there are any.

    Rows of the captions may have a ``split``, of which one is used. Recordings lie in the folder with
    ``speech.csv`` (``file,start_s,sentence``), or in ``speech`` or a folder of that name beside it with
    ``transcripts.csv`` (``audio,image,caption``).

    Raises:
        SettingsError: there are no captions, or a picture is missing.
    """
    table = folder / "captions.csv"
    if not table.is_file():
        raise SettingsError(
            f"there is no captions.csv in {folder}", "Name its folder: make quality DATA=FOLDER"
        )
    rows = _rows(table)
    everything: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        everything[row["image"]].append(row["caption"])
    captions = {row["image"]: everything[row["image"]] for row in rows if row.get("split", split) == split}
    pictures = {name: _picture(folder, name) for name in captions}
    languages = {
        path.stem.rsplit("-", 1)[1]: {row["image"]: row["caption"] for row in _rows(path)}
        for path in sorted(folder.glob(f"captions-{split}-*.csv"))
    }
    return Data(
        folder=folder.resolve(),
        checksum=hashlib.sha256(table.read_bytes()).hexdigest()[:8],
        pictures=pictures,
        captions=captions,
        languages=languages,
        spoken=_spoken(folder, speech or folder.resolve().parent / "speech"),
        said_elsewhere=dict(everything),
        parts=_parts(list(pictures)),
    )


def library(data: Data, model: str, cache: Path) -> trove.Library:
    """The library of all of it, indexed as anybody's; kept in ``cache`` until data or indexer change."""
    named = f"{data.name}-{model}"
    folder = cache / f"{named}-{_fingerprint(data)}"
    for old in cache.glob(f"{named}-????????"):
        if old != folder:
            shutil.rmtree(old)
    opened = trove.Library.open(folder / "library", model=model, device="cpu", precision="float32")
    print(f"indexing into {folder}, or what has changed", file=sys.stderr, flush=True)
    report = opened.index(_media(data, folder / "media"))
    print(f"{report.indexed} new files, {report.failed} failed, {report.seconds:.0f} s", file=sys.stderr)
    return opened


def _media(data: Data, folder: Path) -> list[Path]:
    """The files to index; pictures of a large library as copies, each in the folder of its part."""
    if not data.parts:
        return [data.folder, *dict.fromkeys(one.path for one in data.spoken)]
    for part, names in data.parts.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        for name in names:
            if not (copy := folder / part / name).exists():
                shutil.copyfile(data.pictures[name], copy)
    return [folder, *dict.fromkeys(one.path for one in data.spoken)]


def _fingerprint(data: Data) -> str:
    """Of the files' names and the code that indexes them."""
    told = hashlib.sha256(data.checksum.encode())
    for path in (*data.pictures.values(), *(one.path for one in data.spoken)):
        told.update(path.name.encode())
    for path in sorted((ROOT / "indexer").rglob("*.py")):
        told.update(path.read_bytes())
    return told.hexdigest()[:8]


def _parts(names: list[str]) -> dict[str, list[str]]:
    count = len(names) // PART
    if count < 2:
        return {}
    shuffled = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    return {f"part-{at:02}": shuffled[at::count] for at in range(count)}


def _picture(folder: Path, name: str) -> Path:
    for place in ("images", "pictures", "."):
        if (path := folder / place / name).is_file():
            return path.resolve()
    raise SettingsError(f"there is no picture {name} in {folder}", "Pictures lie in images/ or pictures/.")


def _spoken(folder: Path, speech: Path) -> list[Spoken]:
    if (table := folder / "speech.csv").is_file():
        return [
            Spoken((folder / row["file"]).resolve(), float(row["start_s"]), row["sentence"])
            for row in _rows(table)
        ]
    if (table := speech / "transcripts.csv").is_file():
        return [
            Spoken((speech / row["audio"]).resolve(), 0.0, row["caption"], row["image"])
            for row in _rows(table)
        ]
    return []


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
