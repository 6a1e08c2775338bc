"""Events by people: renamed, merged, split, taken out, undone, and kept whatever arrives."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

import trove
from db.catalog.facts import Fact
from db.settings import Settings
from indexer.events.renewal import renew
from tests.support.events import PORTO, add_days, everyday
from tests.support.rows import Drafted, add_file

ATHENS = (37.98, 23.73)


@pytest.fixture
def library(settings: Settings) -> Iterator[trove.Library]:
    """Everyday pictures, five days in Porto, and three in Athens a month later."""
    with trove.Library.of(settings) as opened:
        with opened.core.write() as session:
            everyday(session)
            add_days(session, "porto", date(2019, 5, 2), 5, PORTO)
            add_days(session, "athens", date(2019, 6, 14), 3, ATHENS)
        renew(opened.core)
        yield opened


def shown(library: trove.Library) -> list[tuple[str, int]]:
    return [(event.name, event.files) for event in library.events.every()]


FOUND = [("Athens, 14–16 June 2019", 30), ("Porto, 2–6 May 2019", 50)]
LATE = Path("/media/porto/2019-05-05 00.jpg")


def arrive(library: trove.Library, name: str, when: datetime, at: tuple[float, float] | None) -> None:
    """One more picture, and another look at all of them."""
    claims = [Fact("taken_at", when, "exif"), *([Fact("place", at, "exif")] if at else [])]
    with library.core.write() as session:
        add_file(session, f"/media/{name}.jpg", [Drafted("image", None)], claims=claims)
    renew(library.core)


def test_a_name_stays_and_what_arrives_comes_into_its_event(library: trove.Library) -> None:
    assert shown(library) == FOUND
    porto = library.events.named("porto")
    earlier = library.events.rename(porto.id, "  With Anna ")
    assert library.events.named("with anna").id == porto.id and library.events.named("with anna").said
    assert [fact.source for fact in library.facts(LATE) if fact.key == "event"] == ["user"]
    arrive(library, "new", datetime(2019, 5, 4, 12, 7), PORTO)
    assert shown(library)[1] == ("With Anna", 51)
    again = library.events.rename(porto.id, "")
    assert shown(library)[1] == ("Porto, 2–6 May 2019", 51)
    library.events.undo(again)
    assert shown(library)[1] == ("With Anna", 51)
    library.events.undo(earlier)
    assert not library.events.named("porto").said
    assert shown(library)[1] == ("Porto, 2–6 May 2019", 51)


def test_merged_events_stay_merged_until_that_is_undone(library: trove.Library) -> None:
    first, second = library.events.every()
    library.events.rename(second.id, "Summer")
    earlier = library.events.merge([first.id, second.id])
    assert shown(library) == [("Summer", 80)]
    arrive(library, "new", datetime(2019, 6, 15, 12, 7), ATHENS)
    assert shown(library) == [("Summer", 81)]
    library.events.undo(earlier)
    assert shown(library) == [("Athens, 14–16 June 2019", 31), ("Summer", 50)]
    library.events.merge([event.id for event in library.events.every()])
    (merged,) = library.events.every()
    library.events.take_back(merged.id)
    assert shown(library) == [("Athens, 14–16 June 2019", 31), ("Porto, 2–6 May 2019", 50)]


def test_a_border_stays_where_people_set_it(library: trove.Library) -> None:
    before = library.events.named("porto")
    earlier = library.events.split(LATE)
    halves = [("Porto, 5–6 May 2019", 20), ("Porto, 2–4 May 2019", 30)]
    assert shown(library)[1:] == halves
    assert library.events.named("2–4 May").id == before.id, "the larger part keeps its links"
    arrive(library, "evening", datetime(2019, 5, 4, 19), PORTO)
    arrive(library, "morning", datetime(2019, 5, 5, 9, 30), PORTO)
    assert shown(library)[1:] == [("Porto, 5–6 May 2019", 21), ("Porto, 2–4 May 2019", 31)]
    library.events.undo(earlier)
    assert shown(library)[1:] == [("Porto, 2–6 May 2019", 52)]
    with pytest.raises(trove.SettingsError, match="nothing of the event is from before"):
        library.events.split("/media/porto/2019-05-02 00.jpg")
    with pytest.raises(trove.SettingsError, match="is of no event"):
        library.events.split("/media/home/2019-01-03 00.jpg")


def test_what_is_taken_out_stays_out_and_comes_back(library: trove.Library) -> None:
    library.events.take_out([LATE])
    assert shown(library)[1] == ("Porto, 2–6 May 2019", 49)
    assert library.events.of(LATE) is None and not [f for f in library.facts(LATE) if f.key == "event"]
    arrive(library, "new", datetime(2019, 5, 5, 12, 7), PORTO)
    assert library.events.of(LATE) is None
    library.events.take_back(library.events.named("porto").id)
    assert shown(library)[1] == ("Porto, 2–6 May 2019", 51)


def test_a_corrected_date_moves_a_picture_at_once(library: trove.Library) -> None:
    changed = library.corrections.date([LATE], datetime(2019, 6, 15, 11))
    assert shown(library) == [("Athens, 14–16 June 2019", 31), ("Porto, 2–6 May 2019", 49)]
    library.corrections.undo(changed)
    assert shown(library) == FOUND


def test_it_is_in_backups_and_outlives_the_library(library: trove.Library, tmp_path: Path) -> None:
    library.events.rename(library.events.named("porto").id, "With Anna")
    library.events.take_out([LATE])
    library.backup(tmp_path / "made.json")
    with library.core.write() as session:  # as a new library is, in which nobody has said anything
        session.execute(text("DELETE FROM event_said"))
        session.execute(text("DELETE FROM event_picture"))
        session.execute(text("UPDATE library SET revision = revision + 1"))
    renew(library.core)
    assert shown(library) == FOUND
    restored = library.restore(tmp_path / "made.json")
    assert restored.added["event_said"] == 1 and restored.waiting == 0
    assert shown(library)[1] == ("With Anna", 49)
    assert library.restore(tmp_path / "made.json").added == {}


def test_errors_say_what_to_do(library: trove.Library) -> None:
    with pytest.raises(trove.SettingsError, match="2 events are called 2019"):
        library.events.named("2019")
    with pytest.raises(trove.SettingsError, match="no event is called"):
        library.events.named("Rome")
    porto = library.events.named("porto")
    for name in ("x" * 101, "a\0b", "None"):
        with pytest.raises(trove.SettingsError):
            library.events.rename(porto.id, name)
    with pytest.raises(trove.SettingsError):
        library.events.merge([porto.id, porto.id])
    with pytest.raises(trove.SettingsError):
        library.events.rename(99, "Nothing")
    assert shown(library) == FOUND
