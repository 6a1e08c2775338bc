"""People from end to end: off until it is switched on, found, named, asked for, and gone without a trace."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trove
from db.catalog import people, spaces
from db.engine.schema import Embedding
from db.errors import QueryError, SettingsError
from db.kinds import FACE
from db.settings import Settings
from tests.support import SAMPLES
from tests.support.faces import make_album

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
