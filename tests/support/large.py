"""A library of a size, whose media are links to a few pictures, for what depends on how much there is."""

import shutil
from pathlib import Path

from sqlalchemy import text

from db.catalog import spaces
from db.library import Library
from db.settings import Settings
from indexer.encoders.active import encoder_for
from indexer.pipeline import index
from tests.support import SAMPLES
from tests.support.media import photo
from tests.support.rows import add_many, directions


def large_library(folder: Path, cache: Path, count: int) -> Path:
    """``count`` pictures with random vectors, eight or nine a day from 1970 on; one in 50 has no date.

    ``real.jpg`` is one more, which is indexed as anybody's. Returns the folder of the library, which is in
    ``folder`` as its media are.
    """
    settings = Settings(library=folder / "library", cache=cache, device="cpu", whisper="none", off=("text",))
    media = folder / "media"
    media.mkdir()
    photo(media / "real.jpg")
    with Library(settings) as library:
        index(library, [media])
        few = [shutil.copy(picture, folder) for picture in sorted((SAMPLES / "pictures").glob("*.jpg"))[:8]]
        paths = [media / f"{number:05}.jpg" for number in range(count)]
        for number, path in enumerate(paths):
            path.hardlink_to(few[number % len(few)])
        with library.write() as session:
            space = spaces.active(session)
            assert space is not None
            add_many(session, paths, directions(count, encoder_for(library, space).dim), space.id)
            session.execute(text("UPDATE asset SET taken_at = moment WHERE id % 50"))
        library.vectors(space).save()
    return settings.paths.folder
