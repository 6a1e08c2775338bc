"""The commands about events, over rows of a library."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from db.library import Library
from db.settings import Settings
from indexer.events.renewal import renew
from tests.support.events import PORTO, add_days, everyday
from ui.cli.main import app


@pytest.fixture
def trips(settings: Settings) -> Settings:
    with Library(settings) as library:
        with library.write() as session:
            everyday(session)
            add_days(session, "porto", date(2019, 5, 2), 5, PORTO)
            add_days(session, "again", date(2019, 6, 14), 3, PORTO)
        renew(library)
    return settings


def said(settings: Settings, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["--library", str(settings.library), "events", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_events_are_listed_and_changed_by_their_names(trips: Settings) -> None:
    told = said(trips)
    assert "Porto, 14–16 June 2019" in told and "Porto, 2–6 May 2019" in told
    listed = json.loads(said(trips, "--json"))["events"]
    assert [(event["name"], event["files"], event["words"]) for event in listed] == [
        ("Porto, 14–16 June 2019", 30, []),
        ("Porto, 2–6 May 2019", 50, []),
    ]
    assert "Called: With Anna, 50 files" in said(trips, "rename", "2-6 May", "With Anna")
    told = said(trips, "split", "/media/again/2019-06-16 00.jpg")
    assert (
        "Split: Porto, 16 June 2019, 10 files" in told and "Split: Porto, 14–15 June 2019, 20 files" in told
    )
    assert "Merged into: With Anna, 60 files" in said(trips, "merge", "With Anna", "16 June")
    assert "Taken out: 1 file." in said(trips, "out", "/media/again/2019-06-14 00.jpg")
    said(trips, "undo", "with anna")
    assert "Porto, 2–6 May 2019" in said(trips)


def test_a_library_without_events_says_how_they_come(settings: Settings) -> None:
    Library(settings).close()
    assert "No events are known yet" in said(settings)
