"""Changing the model: nothing is lost, nothing is done twice, and there is never a gap."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from db.arrays import Ids
from db.catalog import live, spaces
from db.engine.database import Database
from db.errors import LibraryBusyError, ModelError, SettingsError
from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from indexer.switch_model import drop_model, roll_back, use_model
from search.query.query import Query
from search.service import SearchService
from tests.support.media import photo, video
from tests.support.tiny_openclip import save_model


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real open_clip model, small and untrained."""
    return save_model(tmp_path_factory.mktemp("model"), "CLIP")


@pytest.fixture
def folder(library: Library, tmp_path: Path) -> Path:
    """Four pictures and a video, indexed with the builtin model."""
    (tmp_path / "media").mkdir()
    for seed in range(4):
        photo(tmp_path / "media" / f"{seed}.jpg", seed)
    video(tmp_path / "media" / "v.mp4", scenes=(7, 8))
    index(library, [tmp_path / "media"])
    return tmp_path / "media"


def states(database: Database) -> dict[str, tuple[str, int]]:
    with database.read() as session:
        return {space.model: (space.state, count) for space, count in spaces.every(session).items()}


def alive(database: Database) -> Ids:
    with database.read() as session:
        space = spaces.active(session)
        assert space is not None
        return live.ids(session, ["image", "frame", "speech"], space_id=space.id)


@pytest.mark.usefixtures("folder")
def test_a_switch_keeps_the_units_and_remakes_their_vectors(
    library: Library, database: Database, other_model: str
) -> None:
    before = alive(database)
    service = SearchService(library)
    assert len(service.search(Query("a colour", apart=True)).hits) == 5
    switch = use_model(library, other_model)
    assert (switch.embedded, switch.missing) == (6, 0)
    assert states(database) == {"builtin-2": ("retired", 6), switch.model: ("active", 6)}
    assert alive(database).tolist() == before.tolist()
    assert len(service.search(Query("a colour", apart=True)).hits) == 5, "an open service follows the switch"


def test_rolling_back_embeds_only_what_came_since(
    library: Library, folder: Path, database: Database, other_model: str
) -> None:
    use_model(library, other_model)
    photo(folder / "new.jpg", 9)
    assert index(library).indexed == 1
    back = roll_back(library)
    assert (back.model, back.embedded) == ("builtin-2", 1)
    assert states(database)["builtin-2"] == ("active", 7)
    again = roll_back(library)
    assert (again.model, again.embedded) == (use_model(library, other_model).model, 0)


@pytest.mark.usefixtures("folder")
def test_a_model_is_dropped_only_when_it_does_not_answer(
    library: Library, settings: Settings, database: Database, other_model: str
) -> None:
    switch = use_model(library, other_model)
    with pytest.raises(SettingsError, match="answers"):
        drop_model(library, other_model)
    assert drop_model(library, "builtin-2") == 6
    assert states(database) == {switch.model: ("active", 6)}
    assert list((settings.paths.vectors).glob("space-1.*")) == []
    with pytest.raises(SettingsError, match="no other model"):
        roll_back(library)
    with pytest.raises(SettingsError, match="no vectors"):
        drop_model(library, "builtin-2")


def test_files_that_cannot_be_read_hold_the_switch_back(
    library: Library, folder: Path, database: Database, other_model: str, tmp_path: Path
) -> None:
    shutil.move(folder, tmp_path / "unplugged")
    with pytest.raises(ModelError, match="6 pictures or moments cannot be read"):
        use_model(library, other_model)
    assert states(database)["builtin-2"] == ("active", 6)
    switch = use_model(library, other_model, partial=True)
    assert (switch.embedded, switch.missing) == (0, 6)
    shutil.move(tmp_path / "unplugged", folder)
    assert index(library).unchanged == 5, "nothing is analysed again, only embedded"
    assert states(database)[switch.model] == ("active", 6)


def test_an_empty_library_has_no_model_to_change(library: Library, other_model: str) -> None:
    with pytest.raises(SettingsError, match="empty"):
        use_model(library, other_model)


@pytest.mark.usefixtures("folder")
def test_a_change_waits_for_no_other_writer(library: Library, other_model: str) -> None:
    with library.indexing(), pytest.raises(LibraryBusyError):
        use_model(library, other_model)


@pytest.mark.slow
def test_a_killed_change_goes_on_where_it_was(
    library: Library, folder: Path, settings: Settings, database: Database, other_model: str
) -> None:
    for seed in range(20, 100):
        photo(folder / f"{seed}.jpg", seed)
    index(library)
    command = [
        sys.executable,
        "-m",
        "ui.cli",
        "--library",
        str(settings.paths.folder),
        "model",
        "use",
        other_model,
    ]
    environment = os.environ | {"TROVE_CACHE": str(settings.cache), "TROVE_BATCH": "4", "TROVE_DEVICE": "cpu"}
    child = subprocess.Popen(command, env=environment, start_new_session=True)
    deadline, done = time.monotonic() + 120, 0
    while done < 12 and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.02)
        done = sum(count for model, (_, count) in states(database).items() if model != "builtin-2")
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    stored = {model: count for model, count in states(database).items() if model != "builtin-2"}
    ((state, kept),) = stored.values()
    assert state == "building"
    assert 12 <= kept < 86
    assert states(database)["builtin-2"] == ("active", 86)
    assert len(SearchService(library).search(Query("a colour", apart=True)).hits) == 20
    switch = use_model(library, other_model)
    assert switch.embedded == 86 - kept
    assert states(database)[switch.model] == ("active", 86)
