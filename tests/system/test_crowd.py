"""Searching goes on, and right, while others search and index."""

from pathlib import Path

import pytest

from db.settings import Settings
from tests.support import crowd, media


@pytest.mark.slow
def test_no_search_is_wrong_while_others_search_and_index(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(12):
        media.photo(folder / f"{seed}.jpg", seed)
    monkeypatch.setenv("TROVE_CACHE", str(settings.cache))
    found = crowd.run(folder, threads=4, seconds=2.0, scratch=tmp_path)
    assert found["wrong"] == []
    assert found["searches"] > 5
    assert found["by_command_line"] > 0
