"""What Google's JSON files say, and that no other file of that name does any harm."""

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from db.errors import UnreadableError
from indexer.beside.takeout_json import LARGEST_BYTES, Album, Photo, read, said

PHOTO: dict[str, Any] = {
    "title": "IMG_1234.jpg",
    "description": "Grandmother with\n the red kite",
    "imageViews": "3",
    "creationTime": {"timestamp": "1531600000", "formatted": "14 Jul 2018, 20:26:40 UTC"},
    "photoTakenTime": {"timestamp": "1531577880", "formatted": "14 Jul 2018, 14:18:00 UTC"},
    "geoData": {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0},
    "geoDataExif": {"latitude": 48.85, "longitude": 2.35, "altitude": 30.0},
    "people": [{"name": "Anna"}, {"name": ""}, {"name": "Anna"}, {"name": "Ben Ali"}],
    "favorited": True,
    "archived": True,
    "url": "an address",
}


def test_a_photo_with_all_that_is_known_of_it() -> None:
    taken_at = datetime(2018, 7, 14, 14, 18, tzinfo=UTC)
    assert said(PHOTO) == Photo(
        "IMG_1234.jpg",
        "Grandmother with the red kite",
        taken_at,
        (48.85, 2.35),
        ("Anna", "Ben Ali"),
        favourite=True,
        archived=True,
    )
    moved = PHOTO | {"geoData": {"latitude": -33.9, "longitude": 18, "altitude": 0}, "trashed": True}
    found = said(moved)
    assert isinstance(found, Photo)
    assert (found.place, found.trashed) == ((-33.9, 18.0), True), (
        "what Google has now goes before the camera's"
    )


@pytest.mark.parametrize(
    "album",
    [
        {"title": "Rome", "description": "two weeks", "access": "protected", "date": {"timestamp": "1"}},
        {"albumData": {"title": "Rome", "description": "two weeks", "date": {}}},
    ],
)
def test_an_album_old_and_new(album: dict[str, Any]) -> None:
    assert said(album) == Album("Rome", "two weeks")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("photoTakenTime", {"timestamp": "0"}),
        ("photoTakenTime", {"timestamp": "9" * 30}),
        ("photoTakenTime", {"timestamp": ["1"]}),
        ("geoDataExif", {"latitude": 91, "longitude": 0}),
        ("geoDataExif", {"latitude": "48", "longitude": None}),
        ("people", "Anna"),
        ("people", [1, {"name": 2}]),
        ("description", {"a": 1}),
        ("favorited", "yes"),
    ],
)
def test_a_field_of_another_type_is_left_out(field: str, value: object) -> None:
    found = said(PHOTO | {field: value})
    assert isinstance(found, Photo)
    kept = {"photoTakenTime": "taken_at", "geoDataExif": "place", "favorited": "favourite"}.get(field, field)
    assert not getattr(found, kept)
    assert found.title == "IMG_1234.jpg"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"title"', b'{"title": 1}', b'{"name": "package"}', b"\xff\xfe", b"[" * 100_000],
)
def test_what_is_not_googles_is_one_line(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "a.jpg.json").write_bytes(content)
    assert read(tmp_path / "a.jpg.json") is None
    assert [record.getMessage().splitlines() for record in caplog.records] == [[caplog.messages[0]]]
    assert "a.jpg.json: ignored: " in caplog.messages[0]


def test_a_huge_file_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.jpg.json"
    with path.open("wb") as file:
        file.truncate(100 * LARGEST_BYTES)
    started = time.perf_counter()
    assert read(path) is None
    assert time.perf_counter() - started < 1
    assert "too large" in caplog.text
    with pytest.raises(UnreadableError, match=r"gone\.json: no such file"):
        read(tmp_path / "gone.json")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(PHOTO)), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(PHOTO)), _VALUES))
@limits(max_examples=50)
def test_whatever_stands_in_it(changed: dict[str, Any]) -> None:
    found = said(json.loads(json.dumps(PHOTO | changed)))
    texts = [found.title, found.description] if found else []
    assert all(text == " ".join(text.split()) for text in texts)
    if isinstance(found, Photo):
        assert found.place is None or (abs(found.place[0]) <= 90 and abs(found.place[1]) <= 180)
        assert all(found.people)
