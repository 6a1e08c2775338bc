"""The commands about people, over rows of a library."""

import json

import pytest
from typer.testing import CliRunner

from db.library import Library
from db.settings import Settings
from indexer.people.renewal import renew
from tests.support.faces import LEFT, RIGHT, add_picture, face_near, face_of
from ui.cli.main import app


@pytest.fixture
def album(settings: Settings) -> Settings:
    with Library(settings) as library:
        with library.write() as session:
            for number in range(3):
                add_picture(session, f"/media/a{number}.jpg", [(face_of(0, number), LEFT)])
            for number in range(2):
                add_picture(session, f"/media/b{number}.jpg", [(face_of(1, number), LEFT)])
            add_picture(session, "/media/both.jpg", [(face_of(0, 9), LEFT), (face_of(1, 9), RIGHT)])
            add_picture(session, "/media/nobody.jpg", [])
        renew(library)
    return settings


def said(settings: Settings, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["--library", str(settings.library), "people", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_people_are_listed_named_merged_split_hidden_and_forgotten(album: Settings) -> None:
    listed = json.loads(said(album, "--json"))
    assert listed["on"] and [one["files"] for one in listed["people"]] == [4, 3]
    first, second = (str(one["id"]) for one in listed["people"])
    assert "Called: Anna, in 4 files" in said(album, "name", first, "Anna")
    assert "1: Anna" in said(album, "in", "/media/both.jpg")
    assert "Ben is in b0.jpg" in said(album, "this", "/media/b0.jpg", "Ben")
    assert "2: Ben" in said(album, "in", "/media/both.jpg")
    assert "That is not Anna." in said(album, "not", "/media/a0.jpg")
    assert "1: nobody who is known" in said(album, "in", "/media/a0.jpg")
    assert "Merged into: Anna, in 5 files" in said(album, "merge", "anna", second)
    said(album, "split", "Anna", "/media/b0.jpg", "/media/b1.jpg")
    assert [one["files"] for one in json.loads(said(album, "--json"))["people"]] == [3, 2]
    assert "It stands for them now." in said(album, "show", "/media/a1.jpg")
    said(album, "hide", "Anna")
    assert "Anna" not in said(album) and "Anna (hidden)" in said(album, "--hidden")
    said(album, "unhide", "Anna")
    assert "Anna is in nobody.jpg." in said(album, "this", "/media/nobody.jpg", "Anna")
    assert "without a face: Anna, as you said" in said(album, "in", "/media/nobody.jpg")
    assert "Anna is not in nobody.jpg any more." in said(album, "out", "/media/nobody.jpg", "anna")
    assert "without a face" not in said(album, "in", "/media/nobody.jpg")
    assert "Nobody of that name was added" in said(album, "out", "/media/nobody.jpg", "Anna", code=2)
    assert "Forgotten: 4 faces." in said(album, "forget", "Anna", "--yes")
    assert "Anna" not in said(album)


def test_who_may_be_somebody_is_told_and_denied(album: Settings) -> None:
    with Library(album) as library:
        with library.write() as session:
            for number in range(2):
                add_picture(session, f"/media/near{number}.jpg", [(face_near(0, 5, 0.96), LEFT)])
            add_picture(session, "/media/single.jpg", [(face_near(0, 8, 0.963), LEFT)])
        renew(library)
    first, *_ = (str(one["id"]) for one in json.loads(said(album, "--json"))["people"])
    said(album, "name", first, "Anna")
    assert "(no name yet; perhaps Anna?)" in said(album)
    suggested = json.loads(said(album, "--json"))["suggestions"]
    assert [(one["person"]["name"], len(one["faces"])) for one in suggested] == [("Anna", 2), ("Anna", 1)]
    assert "1: nobody who is known; perhaps Anna" in said(album, "in", "/media/single.jpg")
    assert "That is not Anna." in said(album, "not", "/media/single.jpg", "--person", "Anna")
    assert "perhaps" not in said(album, "in", "/media/single.jpg")
    assert "They are two people." in said(album, "apart", "Anna", str(suggested[0]["group_id"]))
    assert "perhaps" not in said(album)
    assert "one person alone" in said(album, "apart", "Anna", first, code=2)


def test_who_is_forgotten_is_asked_before_and_told_that_nothing_undoes_it(album: Settings) -> None:
    arguments = ["--library", str(album.library), "people", "forget", "1"]
    told = CliRunner().invoke(app, arguments, input="n\n")
    assert told.exit_code == 1 and "number 1, 4 faces: this cannot be undone" in told.output
    assert json.loads(said(album, "--json"))["people"][0]["files"] == 4
    assert "Forgotten: 4 faces." in CliRunner().invoke(app, arguments, input="y\n").output


def test_what_cannot_be_is_said_in_a_line(album: Settings, settings: Settings) -> None:
    result = CliRunner().invoke(app, ["--library", str(settings.library), "people", "name", "Zoe", "Anna"])
    assert result.exit_code == 1 and "nobody is called Zoe" in result.output
    assert "There are 1 faces in it" in said(album, "not", "/media/a0.jpg", "--face", "3", code=2)


def test_off_is_said_and_how_to_switch_it_on(settings: Settings) -> None:
    Library(settings).close()
    assert "Faces are not looked for. Switch it on with: trove people on" in said(settings)
    told = CliRunner().invoke(app, ["--library", str(settings.library), "people", "on"], input="n\n")
    assert told.exit_code == 1 and "switched off, all of that is deleted" in told.output
