"""A library in which all kinds can be found for the same question: photographs, texts in pictures, speech.

Pictures are indexed as always. What is said is taken from transcripts, not heard: each short recording is one
passage of a caption read aloud, each *hour* joins captions of further pictures, one every eight seconds, so
that common words come up in it again and again. Passages are embedded by the model of the library and stored
as the analyser of speech stores them.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import trove
from db.catalog import analyses, assets, contents, spaces, units
from db.catalog.assets import FileStat
from db.catalog.units import NewUnit
from indexer.prefetch import batched

EVERY_S = 8.0
LASTS_S = 4.0
"""Of the passages of an hour; those that are nearer than three seconds would be one moment."""

HOURS = 6
RECORDINGS = Path("/recordings")


@dataclass(frozen=True)
class Passage:
    """Something said: in which recording, from which second, and the picture that it is about."""

    path: Path
    start_s: float
    text: str
    image: str


@dataclass(frozen=True)
class Data:
    """``captions`` by name of picture, ``split`` of each, ``photographs`` of the library by name."""

    captions: dict[str, list[str]]
    split: dict[str, str]
    photographs: dict[str, Path]
    passages: list[Passage]


def read(captions: Path, transcripts: Path, images: Path, most: int) -> Data:
    """What the library is made of: the first ``most`` photographs by name, the transcripts, and the hours.

    Short recordings are the transcripts, about pictures that the model has learnt from, and as many first
    captions of development pictures that are *not* in the library. Hours are of other pictures.
    """
    said: dict[str, list[str]] = defaultdict(list)
    split: dict[str, str] = {}
    with captions.open(newline="") as file:
        for row in csv.DictReader(file):
            said[row["image"]].append(row["caption"])
            split[row["image"]] = row["split"]
    with transcripts.open(newline="") as file:
        heard = [(row["image"], row["caption"]) for row in csv.DictReader(file)]
    photographs = {path.name: path.resolve() for path in sorted(images.rglob("*.jpg"))[:most]}
    away = sorted(said.keys() - photographs.keys() - {image for image, _ in heard})
    dev = [image for image in away if split[image] == "dev"][: len(heard)]
    heard += [(image, said[image][0]) for image in dev]
    short = [Passage(RECORDINGS / f"{Path(name).stem}.mp3", 0.0, text, name) for name, text in heard]
    others = [image for image in away if split[image] == "train"]
    return Data(dict(said), split, photographs, [*short, *_hours(others, said)])


def _hours(images: Sequence[str], said: dict[str, list[str]]) -> Iterator[Passage]:
    an_hour = int(3600 / EVERY_S)
    for number, image in enumerate(images[: HOURS * an_hour]):
        hour, place = divmod(number, an_hour)
        yield Passage(RECORDINGS / f"hour-{hour}.mp3", place * EVERY_S, said[image][1], image)


def say(library: trove.Library, passages: Sequence[Passage]) -> None:
    """Store passages as the analyser of speech would; nothing where it was done before."""
    encoder = library.service.encoder()
    assert encoder is not None, "index the pictures first"
    with library.core.read() as session:
        if assets.id_at(session, passages[0].path) is not None:
            return
    vectors = [
        row for some in batched(passages, 64) for row in encoder.encode_texts([one.text for one in some])
    ]
    made: dict[Path, tuple[int, int]] = {}
    with library.core.write() as session:
        (space,) = (space for space in spaces.all_active(session) if space.role == "clip")
        for one, vector in zip(passages, vectors, strict=True):
            if one.path not in made:
                content_id = contents.add(session, (2**200 + len(made)).to_bytes(32), "audio")
                stat = FileStat(one.path, 1, 1)
                assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
                heard = analyses.record(session, "speech", "1", "done", content_id=content_id)
                made[one.path] = content_id, heard
            unit = NewUnit(
                "speech", {space.id: vector}, one.start_s, one.start_s + LASTS_S, text=one.text.strip(" .")
            )
            units.add(session, [(unit, *made[one.path], None)])
