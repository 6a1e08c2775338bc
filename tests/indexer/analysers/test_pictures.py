"""Pictures: their colours, also of those that were looked at before colours were."""

from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete, select, update

from db.engine.schema import Asset, FactRow
from db.library import Library
from indexer.media.pool import DecodePool
from indexer.media.thumbnails import GRID_SIDE, thumbnail
from indexer.pipeline import index


@pytest.mark.slow
def test_colours_of_pictures_from_before_are_taken_from_their_thumbnails(
    library: Library, decoders: DecodePool, tmp_path: Path
) -> None:
    for name, colour in {
        "sea.png": (40, 70, 200),
        "rose.png": (200, 20, 30),
        "moss.png": (30, 140, 60),
    }.items():
        Image.new("RGB", (64, 48), colour).save(tmp_path / name)
    index(library, [tmp_path])
    query = select(Asset.path, Asset.colours).order_by(Asset.path)
    named = [(tmp_path / "moss.png", "green"), (tmp_path / "rose.png", "red"), (tmp_path / "sea.png", "blue")]
    with library.write() as session:
        assert session.execute(query).all() == named
        session.execute(delete(FactRow).where(FactRow.key == "colours"))
        session.execute(update(Asset).values(colours=None))
    cache = library.paths.thumbnails
    rose = thumbnail(
        tmp_path / "rose.png", None, cache=cache, side=GRID_SIDE, max_megapixels=1, decoders=decoders
    )
    rose.unlink()
    assert index(library, [tmp_path]).unchanged == 3
    with library.read() as session:
        assert session.execute(query).all() == [named[0], (tmp_path / "rose.png", None), named[2]]
        assert {row.analysis_id is None for row in session.scalars(select(FactRow))} == {False}
