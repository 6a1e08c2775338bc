"""Near-duplicates, whatever kinds of units the files have."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from sqlalchemy import select, update

from db import kinds
from db.catalog import switches
from db.engine.schema import Unit
from db.kinds import CLIP, PASSAGE, PICTURE, Kind
from db.library import Library
from indexer.pipeline import index
from search.explore.duplicates import duplicates
from search.query.query import Query
from search.service import SearchService
from tests.support import SAMPLES
from tests.support.rows import Drafted, add_file, directions


@pytest.fixture
def more_kinds() -> Iterator[None]:
    """A text about a file, and another kind of what is seen."""
    kinds.register("notes", [Kind("note", "note", {CLIP: PASSAGE}, "by_people")])
    kinds.register("drawings", [Kind("drawing", "drawing", {CLIP: PICTURE}, "shows")])
    yield
    kinds.unregister("notes")
    kinds.unregister("drawings")


@pytest.mark.usefixtures("more_kinds")
def test_pictures_are_alike_by_what_is_seen_in_them(library: Library) -> None:
    same, other, text = directions(3)
    with library.write() as session:
        add_file(session, "/noted.jpg", [Drafted("note", text, text="a note"), Drafted("image", same)])
        add_file(session, "/drawn.png", [Drafted("drawing", same)])
        add_file(session, "/other.jpg", [Drafted("note", same, text="a note"), Drafted("image", other)])
        add_file(session, "/film.mp4", [Drafted("frame", same, 0.0, 1.0, 0.5)], "video")
    (group,) = duplicates(library, threshold=0.99)
    assert sorted(str(copy.path) for copy in group.copies) == ["/drawn.png", "/noted.jpg"]


@pytest.fixture
def media(library: Library, tmp_path: Path) -> Path:
    """A picture, a copy that a model takes for another picture, a framed one, and another picture."""
    media = tmp_path / "media"
    media.mkdir()
    with Image.open(SAMPLES / "pictures" / "p025.jpg") as picture:
        lighthouse = picture.convert("RGB")
    lighthouse.save(media / "original.jpg", quality=95)
    lighthouse.resize((90, 135)).save(media / "tiny.jpg", quality=20)
    ImageOps.expand(lighthouse, 60, "white").save(media / "framed.jpg", quality=90)
    shutil.copy(SAMPLES / "pictures" / "p011.jpg", media / "dog.jpg")
    assert index(library, [media]).failed == 0
    return media


@pytest.mark.usefixtures("media")
def test_copies_that_were_saved_again_are_told_from_what_is_like_them(
    library: Library,
) -> None:
    names = {"original.jpg", "tiny.jpg", "framed.jpg"}
    (group,) = duplicates(library, threshold=None, saved_again=True)
    assert (group.kind, {copy.path.name for copy in group.copies}) == ("copy", names)
    assert duplicates(library, threshold=None) == []
    (group,) = duplicates(library, threshold=0.95)
    assert (group.kind, {copy.path.name for copy in group.copies}) == ("copy", names)
    # They are one hit, too.
    with SearchService(library) as service:
        hits = service.search(Query("a lighthouse")).hits
    assert {frozenset({hit.path.name, *(one.path.name for one in hit.similar)}) for hit in hits} == {
        frozenset(names),
        frozenset({"dog.jpg"}),
    }
    # Texts that differ make pages of them.
    texts = ("milk eggs", "iban total", "dear sir", "chapter two")
    with library.write() as session:
        switches.turn(session, "text", on=True)
        pictures = session.scalars(select(Unit).where(Unit.kind == "image")).all()
        for picture, text in zip(pictures, texts, strict=True):
            own = {"content_id": picture.content_id, "analysis_id": picture.analysis_id}
            session.add(Unit(**own, kind="text", text=text))
    assert duplicates(library, threshold=None, saved_again=True) == []


def test_an_older_library_draws_sketches_of_its_thumbnails(library: Library, media: Path) -> None:
    with library.write() as session:
        session.execute(update(Unit).values(detail=None))
    assert duplicates(library, threshold=None, saved_again=True) == []
    index(library, [media])
    assert [group.kind for group in duplicates(library, threshold=None, saved_again=True)] == ["copy"]
