"""Units of a kind that only the table knows, as the app shows them; without a browser."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from PIL import Image

import trove
from db.catalog import units
from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.errors import MediaError
from db.kinds import CLIP, PASSAGE, Kind
from db.library import Library
from db.settings import Settings
from indexer.analysers import registry
from indexer.analysers.base import Analyser, Draft, TextPayload
from indexer.analysers.medium import Medium
from indexer.pipeline import index
from search.answer import Evidence
from search.results.listing import of_units
from tests.support.media import photo, sound, tone, video
from ui.app import resources
from ui.app.routes import feeds, media
from ui.app.views.known import written_or_said
from ui.reasons import reason


class Titles(Analyser):
    """Makes a unit of the name of each file, without a time."""

    name = "titles"
    label = "names of files"
    kinds = (Kind("title", "title", {CLIP: PASSAGE}, "by_people"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video", "audio"})
    phase = 0
    scope = "asset"

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The name."""
        yield Draft(NewUnit("title", text=medium.path.stem), TextPayload(medium.path.stem))
        progress(1.0)


@pytest.fixture
def shown(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trove.Library]:
    """A library with titles, as the app has it: a picture, a film and a recording."""
    (tmp_path / "media").mkdir()
    photo(tmp_path / "media" / "garden.jpg", 1)
    video(tmp_path / "media" / "journey.mp4", scenes=(20, 21))
    sound(tmp_path / "media" / "memo.flac", tone(1.0))
    registry.register(Titles)
    own = settings.model_copy(update={"cache": tmp_path / "cache"})
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "models").symlink_to(settings.cache / "models")
    with Library(own) as library:
        index(library, [tmp_path / "media"])
    with trove.Library.of(own) as opened:
        monkeypatch.setattr(resources, "library", lambda: opened)
        yield opened
    registry.unregister("titles")


def _rows(library: trove.Library) -> dict[tuple[str, str], units.UnitRow]:
    """The first unit of each kind in each file."""
    with library.core.read() as session:
        found = units.rows(session, range(1, 20)).values()
    return {(row.path.stem, row.kind): row for row in sorted(found, key=lambda row: -row.id)}


def test_what_belongs_to_a_film_as_a_whole_is_shown_by_its_first_frame(shown: trove.Library) -> None:
    rows = _rows(shown)
    title = rows["journey", "title"]
    assert (title.start_s, title.at_s) == (None, None)
    picture = media.still(title, 320)
    assert picture == media.still(rows["journey", "frame"], 320), "indexing has kept it"
    with Image.open(picture) as opened:
        assert opened.format == "JPEG"
    assert media.still(rows["garden", "title"], 320) == media.still(rows["garden", "image"], 320)
    with pytest.raises(MediaError):
        media.still(rows["memo", "title"], 320)


def test_a_tile_says_what_it_is(shown: trove.Library) -> None:
    rows = _rows(shown)
    listing = of_units(shown.core, [row.id for row in rows.values()])
    tiles = {(Path(tile["name"]).stem, tile["kind"]): tile for tile in feeds.tiles(listing.hits(0, 9))}
    assert set(tiles) == {
        ("garden", "Picture"),
        ("journey", "Video frame"),
        *((name, "Title") for name in ("garden", "journey", "memo")),
    }
    assert tiles["journey", "Title"]["parts"] == [("journey", False)]
    assert tiles["journey", "Title"]["src"] is not None
    assert tiles["memo", "Title"]["src"] is None, "a recording has no picture"


def test_a_text_is_named_by_what_it_is(shown: trove.Library) -> None:
    row = _rows(shown)["journey", "title"]
    (hit,) = of_units(shown.core, [row.id]).hits(0, 1)
    assert written_or_said(row, hit) == {"Title": "journey"}
    said = replace(hit, kind="speech", text="hello")
    assert written_or_said(row, said) == {}, "the player has it"
    assert written_or_said(None, said) == {"Said": "hello"}
    assert written_or_said(row, replace(hit, text=None)) == {}


def test_all_texts_are_told_each_once(shown: trove.Library) -> None:
    row = _rows(shown)["garden", "image"]
    (hit,) = of_units(shown.core, [row.id]).hits(0, 1)
    assert written_or_said(row, hit) == {}
    found = (
        Evidence("text_to_image", 1, 0.3, kind="image", unit_id=row.id),
        Evidence("keywords", 1, 1.0, ("garden",), kind="title", unit_id=90, text="My garden"),
        Evidence("text_to_passage", 2, 0.5, kind="title", unit_id=90, text="My garden"),
        Evidence("text_to_passage", 3, 0.4, kind="title", unit_id=91, text="Another"),
        Evidence("text_to_passage", 4, 0.4, kind="speech", unit_id=92, text="hello"),
        Evidence("condition", 1, 1.0, ("type:image",)),
    )
    hit = replace(hit, why=found, text="My garden")
    assert written_or_said(row, hit) == {"Title": "My garden · Another", "Said": "hello"}
    assert written_or_said(replace(row, media="video"), hit) == {"Title": "My garden · Another"}
    assert reason(found[1]) == "these words are in its title: garden"
    assert feeds.parts("My garden", hit) == [("My ", False), ("garden", True)]
    assert feeds.tiles([hit])[0]["parts"] == feeds.parts("My garden", hit)
