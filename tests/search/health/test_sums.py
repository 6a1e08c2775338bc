"""What the pages count adds up, in a library with copies and with files in every state."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from db.catalog import assets, contents, copies, facets, facts
from db.engine.schema import AssetState
from db.library import Library
from search.explore.duplicates import duplicates
from search.health.status import status
from search.health.storage import storage
from tests.support.rows import Drafted, add_units

# Each content with the states of its files.
CONTENTS: Sequence[Sequence[AssetState]] = (
    ("indexed",),
    ("indexed", "indexed", "offline"),
    ("offline", "offline"),
    ("gone", "indexed"),
    ("gone",),
    ("failed", "indexed", "indexed"),
)
WITHOUT: Sequence[AssetState] = ("failed", "failed", "skipped", "unfinished", "cloud", "left_out")


def test_counts_and_sizes_add_up(library: Library) -> None:
    with library.write() as session:
        assets.add_roots(session, [Path("/photos")])
        for number, states in enumerate(CONTENTS, start=1):
            content_id = contents.add(session, bytes([number]) * 32, "image")
            for place, state in enumerate(states):
                folder = Path("/photos") / ("bin" if place == 0 else "trip")
                stat = assets.FileStat(folder / f"{number}-{place}.jpg", 100 * number, 1)
                assets.put(session, stat, asset_id=None, state=state, content_id=content_id)
            add_units(session, content_id, [Drafted("image", None)])
            facts.refresh(session, [content_id])
        for number, state in enumerate(WITHOUT):
            stat = assets.FileStat(Path(f"/photos/{number}.jpg"), 7, 1)
            assets.put(session, stat, asset_id=None, state=state, error="a reason")
    told, groups = status(library), duplicates(library, threshold=None)
    with library.read() as session:
        states = assets.states(session)
        folders = facets.folders(session, assets.roots(session))
        shown = copies.of_contents(session, range(1, 9))
        failures = assets.failures(session)
    all_states = [state for several in (*CONTENTS, WITHOUT) for state in several]
    assert states == {state: all_states.count(state) for state in get_args(AssetState)}

    files = [file for several in shown.values() for file in several]
    assert told.assets == len(files) == states["indexed"] + states["offline"]
    assert sum(told.offline.values()) == states["offline"] == 3
    assert told.failed == states["failed"] == len(failures)
    outside = told.failed + told.skipped + told.unfinished + told.cloud + states["gone"] + states["left_out"]
    assert told.assets + outside == len(all_states)
    assert folders[Path("/photos")] == told.assets
    assert folders[Path("/photos/bin")] + folders[Path("/photos/trip")] == told.assets

    # Each content is found once, and all its other files are what could be freed.
    assert told.units["image"] == len(shown) == len(CONTENTS) - 1
    assert sum(len(group.copies) - 1 for group in groups) == told.assets - told.units["image"]
    assert storage(library).originals == sum(file.size for file in files)
    spare = sum(file.size for _, *others in shown.values() for file in others)
    assert sum(group.spare for group in groups) == spare
    first = {several[0].path for several in shown.values() if len(several) > 1}
    assert {group.copies[0].path for group in groups} == first
