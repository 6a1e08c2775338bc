"""People from end to end: off until it is switched on, found, named, asked for, and gone without a trace."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from sqlalchemy import func, select

import trove
from db.catalog import people, spaces
from db.engine.schema import Analysis, Embedding
from db.errors import QueryError, SettingsError
from db.kinds import FACE
from db.settings import Settings
from tests.support import SAMPLES
from tests.support.faces import make_album
from tests.support.variants import stored

NAME = "Zenobia Quist"
"""A name that is in no file."""


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_album(tmp_path_factory.mktemp("album"))


@pytest.fixture
def library(settings: Settings, album: Path) -> Iterator[trove.Library]:
    with trove.Library.of(settings) as library:
        library.index([album])
        yield library


def names(library: trove.Library, text: str) -> set[str]:
    return {hit.path.stem for hit in library.search(text, apart=True).hits}


def test_people_are_found_named_asked_for_and_deleted_without_a_trace(
    library: trove.Library, album: Path, tmp_path: Path
) -> None:
    # Nothing is looked for until it is wanted.
    assert not library.people.is_on and library.people.every() == []
    (state,) = (state for state in library.analysers.every() if state.name == "faces")
    assert (state.on, state.left) == (False, 0) and "trove people on" in state.lacking
    with pytest.raises(SettingsError, match="no faces are kept"):
        library.people.who(album / "p010 first.jpg")
    library.people.on()
    assert library.index().units["face"] == 6
    first, second = library.people.every()
    assert (first.files, second.files) == (3, 3)

    (face,) = library.people.of(album / "p010 first.jpg")
    library.people.name_face(face.unit_id, NAME)
    assert names(library, f'person:"{NAME}"') == {"p010 first", "p010 dark", "p010 near"}
    assert names(library, "-person:Zenobia people:1") == {"p026 first", "p026 dark", "p026 near"}
    answer = library.search("outdoors with Zenobia", apart=True)
    assert {hit.path.stem for hit in answer.hits} == {"p010 first", "p010 dark", "p010 near"}
    assert NAME in answer.understood.notes[-1].says and f'person:"{NAME}"' in answer.query
    with pytest.raises(QueryError, match="number of people is written"):
        library.search("people:many")

    poor = tmp_path / "who.jpg"
    Image.open(SAMPLES / "pictures" / "p010.png").convert("RGB").resize((400, 400)).save(poor, quality=50)
    (recognised,) = library.people.who(poor)
    assert recognised.name == NAME and recognised.cosine > 0.95

    # A later run looks at nothing again, and new pictures join.
    Image.open(poor).rotate(6).save(album / "later.jpg")
    try:
        report = library.index()
    finally:
        (album / "later.jpg").unlink()
    assert report.indexed == 1 and report.units["face"] == 7
    assert library.people.named(NAME).files == 4

    vector = _vector(library, face.unit_id)
    library.rebuild()
    assert _holding(library, vector) and _holding(library, NAME.encode())
    assert library.people.off() == 7
    assert _holding(library, vector) == [] and _holding(library, NAME.encode()) == []
    assert library.people.every() == [] and not library.people.is_on
    assert library.index().units["face"] == 0
    with library.core.read() as session:
        assert spaces.active(session, FACE) is None


def test_names_are_kept_only_if_somebody_asks_and_come_back(library: trove.Library) -> None:
    library.people.on()
    library.index()
    library.people.name(library.people.every()[0].id, NAME)
    (shown,) = (one for one in library.people.every() if one.name)
    vector = _vector(library, library.people.faces(shown.id)[0])
    assert library.people.off(keep_names=True) == 6
    assert _holding(library, vector) == [] and _holding(library, NAME.encode())
    library.people.on()
    library.index()
    assert library.people.named(NAME).files == 3
    with library.core.read() as session:
        assert len(people.names(session)) == 1


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_run_that_ends_among_the_faces_goes_on_to_the_same_people(
    settings: Settings, tmp_path: Path, with_signal: signal.Signals
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    make_album(media, more=6)
    whole = settings.model_copy(update={"library": tmp_path / "whole"})
    ended = settings.model_copy(update={"library": tmp_path / "ended"})
    with trove.Library.of(whole) as library:
        library.index([media])
        library.people.on()
    shutil.copytree(tmp_path / "whole", tmp_path / "ended")
    environment = {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_BATCH": "1",
        "TROVE_DEVICE": "cpu",
        "TROVE_WORKERS": "1",
    }
    command = [sys.executable, "-m", "ui.cli", "--library", str(ended.library), "index"]
    running = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with trove.Library.of(ended) as library:
        while _looked_at(library) < 2 and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(with_signal)
        running.wait(timeout=120)
        assert 2 <= _looked_at(library) < len(list(media.iterdir()))
        library.index()
        resumed = _people(library, media)
    with trove.Library.of(whole) as library:
        library.index()
        assert resumed == _people(library, media)
    assert sorted(map(len, resumed)) == [9, 9]


def _looked_at(library: trove.Library) -> int:
    """In how many pictures faces were looked for."""
    with library.core.read() as session:
        looked = select(func.count()).where(Analysis.analyser == "faces", Analysis.state == "done")
        return session.scalars(looked).one()


def _people(library: trove.Library, media: Path) -> set[frozenset[str]]:
    """The pictures of each group of faces."""
    groups: dict[int | None, set[str]] = {}
    for path in media.iterdir():
        for face in library.people.of(path):
            groups.setdefault(face.group_id, set()).add(path.name)
    return set(map(frozenset, groups.values()))


MWG = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#">
<mwg-rs:Regions rdf:parseType="Resource">{size}<mwg-rs:RegionList><rdf:Bag>
<rdf:li rdf:parseType="Resource"><mwg-rs:Area stArea:x="{x}" stArea:y="{y}" stArea:w="{w}" stArea:h="{h}"
  stArea:unit="normalized"/><mwg-rs:Name>{name}</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>
</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"""
SIZE = '<mwg-rs:AppliedToDimensions stDim:w="{w}" stDim:h="{h}" stDim:unit="pixel"/>'
FACE_AT = (175, 60, 95, 118)
"""Left, top, width and height of the face in the picture of the samples, cut to a width of 330."""


def mwg(image: Image.Image, box: tuple[int, int, int, int], name: str, size: str = "") -> bytes:
    """A packet with a region, in pixels of an image: left, top, right, bottom."""
    left, top, right, bottom = box
    x, w = (left + right) / 2 / image.width, (right - left) / image.width
    y, h = (top + bottom) / 2 / image.height, (bottom - top) / image.height
    return MWG.format(x=x, y=y, w=w, h=h, name=name, size=size).encode()


def test_names_with_places_hit_the_face_however_the_picture_is_stored(
    settings: Settings, tmp_path: Path
) -> None:
    image = Image.open(SAMPLES / "pictures" / "p010.png").convert("RGB").crop((0, 0, 330, 512))
    left, top, width, height = FACE_AT
    marked = Image.new("L", image.size)
    marked.paste(255, (left, top, left + width, top + height))
    folder = tmp_path / "turned"
    folder.mkdir()

    def save(name: str, orientation: int, packet: bytes | None = None) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        stored(image, orientation).save(folder / name, quality=92, exif=exif, xmp=packet or b"")

    def on_stored(orientation: int, name: str, size: str = "") -> bytes:
        mask = stored(marked, orientation)
        return mwg(mask, mask.getbbox() or (0, 0, 0, 0), name, size)

    for orientation in range(1, 9):
        size = SIZE.format(w=330, h=512) if orientation < 5 else SIZE.format(w=512, h=330)
        packet = on_stored(orientation, f"Zed {orientation}", size if orientation % 2 else "")
        save(f"stored {orientation}.jpg", orientation, packet)
    save("sidecar.jpg", 6)
    (folder / "sidecar.xmp").write_bytes(on_stored(6, "Zed Sidecar"))
    # A program that has turned it before: its picture is as high as the upright one.
    save(
        "turned.jpg", 8, mwg(image, marked.getbbox() or (0, 0, 0, 0), "Zed Turned", SIZE.format(w=330, h=512))
    )
    save("picasa.jpg", 8)
    edges = (left / 330, top / 512, (left + width) / 330, (top + height) / 512)
    rectangle = "".join(f"{round(edge * 0xFFFF):04x}" for edge in edges)
    ini = f"[Contacts2]\n1f=Zed Picasa;;\n[picasa.jpg]\nfaces=rect64({rectangle}),1f\n"
    (folder / ".picasa.ini").write_text(ini)

    with trove.Library.of(settings) as library:
        library.index([folder])
        library.people.on()
        library.index()
        names = {path.stem: [face.name for face in library.people.of(path)] for path in folder.glob("*.jpg")}
    wanted = {f"stored {orientation}": [f"Zed {orientation}"] for orientation in range(1, 9)}
    assert names == wanted | {name: [f"Zed {name.title()}"] for name in ("sidecar", "turned", "picasa")}


def _vector(library: trove.Library, unit_id: int) -> bytes:
    """The stored vector of a face: what is looked for in all files."""
    with library.core.read() as session:
        space = spaces.active(session, FACE)
        assert space is not None
        stored = session.get_one(Embedding, (space.id, unit_id)).vector
    assert len(stored) == 256
    return stored


def _holding(library: trove.Library, data: bytes) -> list[Path]:
    """The files of the library's folder that have these bytes in them, or the same numbers of 32 bits."""
    forms = [data]
    if len(data) == 256:
        forms += [data[:64], np.frombuffer(data, "<f2").astype("<f4").tobytes()[:128]]
    every = [path for path in library.core.paths.folder.rglob("*") if path.is_file()]
    assert every
    return [path for path in every if any(form in path.read_bytes() for form in forms)]
