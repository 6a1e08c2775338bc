"""Which folders programs fill, by their names."""

from pathlib import PurePath

import pytest

from db.folders import FILLED, MARKED, filled, filled_by_program, is_hidden, marked


@pytest.mark.parametrize(
    "path",
    [
        "/nas/@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
        "/nas/#RECYCLE/a.jpg",
        "C:/$Recycle.Bin/S-1-5/$RABC.jpg",
        "/home/me/.Trash-1000/files/a.jpg",
        "/p/All Previews.lrdata/0/a.jpg",
        "/p/Photos.photoslibrary/resources/derivatives/a.jpeg",
        "/p/Old.migratedphotolibrary/Thumbnails/2011/a.jpg",
        "/p/Session/CaptureOne/Cache/Thumbnails/a.jpg",
        "/f/Cut.fcpbundle/Event/Render Files/High/a.mov",
    ],
)
def test_what_programs_fill(path: str) -> None:
    assert filled_by_program(PurePath(path))


@pytest.mark.parametrize(
    "path",
    [
        "/p/Photos.photoslibrary/originals/0/a.heic",
        "/p/Old.photolibrary/Masters/2011/a.jpg",
        "/p/.picasaoriginals/a.jpg",
        "/p/Recycle/a.jpg",
        "/p/Cache/a.jpg",
        "/p/@eaDir.jpg",
        "a.jpg",
    ],
)
def test_what_people_keep(path: str) -> None:
    assert not filled_by_program(PurePath(path))


def test_a_name_counts_for_the_folder_itself() -> None:
    assert filled("/nas/@eaDir") is not None
    assert filled("/nas/@eaDir/a.jpg") is None


def test_each_row_is_found_by_its_own_name() -> None:
    for row in FILLED:
        assert filled(f"/x/{row.name.replace('*', 'y')}") == row, row


def test_markers_speak_for_the_folders_that_they_are_made_for() -> None:
    assert {row.marker for row in MARKED} == {".nomedia", ".ppstorage", ".immich"}
    assert marked("anything", ".nomedia") is not None
    assert marked("thumbs", ".immich") is not None
    assert marked("upload", ".immich") is None


def test_picasas_originals_are_hidden_from_people_only() -> None:
    assert is_hidden(".thumbnails")
    assert not is_hidden(".picasaoriginals")
