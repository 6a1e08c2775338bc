"""Near-duplicates, whatever kinds of units the files have."""

from collections.abc import Iterator

import pytest

from db import kinds
from db.kinds import CLIP, PASSAGE, PICTURE, Kind
from db.library import Library
from search.explore.duplicates import duplicates
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
