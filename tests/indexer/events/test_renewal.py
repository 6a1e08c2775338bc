"""Events in a library: made with the other facts, named by what is known, stable, and found."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from db.catalog import events, facts, live
from db.catalog.events import Event
from db.library import Library
from indexer.events.naming import days
from indexer.events.renewal import renew
from indexer.events.telling import Words, telling
from indexer.pipeline import index
from search.query.conditions import Context, every, filter_of
from tests.support.dated import picture
from tests.support.events import HOME, PORTO, add_days, everyday
from tests.support.words import listed, packet


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ((2019, 5, 3), (2019, 5, 3), "3 May 2019"),
        ((2019, 5, 3), (2019, 5, 7), "3–7 May 2019"),
        ((2019, 4, 30), (2019, 5, 2), "30 April – 2 May 2019"),
        ((2018, 12, 30), (2019, 1, 2), "30 December 2018 – 2 January 2019"),
    ],
)
def test_days_are_said_once(first: tuple[int, int, int], last: tuple[int, int, int], said: str) -> None:
    assert days(date(*first), date(*last)) == said


def test_words_stand_out_from_the_library_or_are_none() -> None:
    library = Words({"sea": 30, "dog": 300, "tram": 8}, 1_000)
    assert telling(Words({"sea": 20, "dog": 12, "tram": 8}, 40), library) == ("sea", "tram")
    assert telling(Words({"dog": 13}, 40), library) == ()
    assert telling(Words({"sea": 20, "tram": 8}, 40), library, {"sea"}) == ("tram",)
    assert telling(Words({"tram": 2}, 40), Words({}, 1_000)) == ()


def names(library: Library) -> list[str]:
    with library.read() as session:
        return [event.name for event in events.every(session)]


def only(library: Library) -> Event:
    with library.read() as session:
        (event,) = events.every(session)
    return event


def test_a_journey_is_found_by_its_name_and_keeps_its_id(library: Library) -> None:
    with library.write() as session:
        everyday(session)
        for path in add_days(session, "porto", date(2019, 5, 3), 4, PORTO):
            facts.of_file(session, path)
    renew(library)
    event = only(library)
    assert (event.name, event.files, event.said, event.words) == ("Porto, 3–6 May 2019", 40, False, ())
    assert (event.first.date(), event.last.date()) == (date(2019, 5, 3), date(2019, 5, 6))
    with library.read() as session:
        mine = events.contents(session, event.id).values()
        for value, found in [("porto", 40), ("Porto, 3-6 may 2019", 40), ("Lisbon", 0), ("6 May", 40)]:
            wanted = filter_of("event", [value], negated=False)
            assert len(live.ids(session, ["image"], (wanted,))) == found, value
        none = live.ids(session, ["image"], (filter_of("event", ["none"], negated=False),))
        without = live.ids(session, ["image"], (filter_of("event", ["Porto"], negated=True),))
        assert none.tolist() == without.tolist() and len(none) > 40
        (suggested,) = every()["event"].suggest("por", Context(session=session))
        assert (suggested.value, suggested.count) == (event.name, 40)
        assert len(mine) == event.files and event.cover is not None
    with library.write() as session:
        add_days(session, "more", date(2019, 5, 7), 1, PORTO)
    renew(library)
    assert (only(library).id, only(library).name) == (event.id, "Porto, 3–7 May 2019")


def test_what_changed_nothing_writes_nothing(library: Library) -> None:
    with library.write() as session:
        everyday(session)
        add_days(session, "porto", date(2019, 5, 3), 4, PORTO)
    renew(library)
    changes = library.database.changes()
    renew(library)
    with library.read() as session:
        assert not events.are_stale(session)
    assert library.database.changes() == changes


def test_deleted_journeys_are_gone(library: Library) -> None:
    with library.write() as session:
        everyday(session)
        add_days(session, "porto", date(2019, 5, 3), 4, PORTO)
    renew(library)
    with library.write() as session:
        session.execute(text("UPDATE asset SET state = 'gone' WHERE path LIKE '%porto%'"))
        session.execute(text("UPDATE library SET revision = revision + 1"))
    renew(library)
    assert names(library) == []


def test_an_indexing_makes_them_and_tells_what_they_show(library: Library, tmp_path: Path) -> None:
    """Files as cameras write them: a day by the sea, and tags, among other days."""
    (media := tmp_path / "media").mkdir()
    for number in range(12):
        tags = {"DateTimeOriginal": f"2021:07:03 1{number % 10}:05:00", "place": PORTO}
        xmp = packet(listed("dc:subject", "Surfing", "Porto"))
        picture(media / f"trip{number}.jpg", xmp, **tags)
        picture(media / f"home{number}.jpg", DateTimeOriginal=f"2020:{number + 1:02}:09 18:00:00", place=HOME)
    index(library, [media])
    event = only(library)
    assert (event.name, event.words, event.files) == ("Porto, 3 July 2021", ("Surfing",), 12)
    picture(media / "later.jpg", DateTimeOriginal="2021:07:03 21:05:00", place=PORTO)
    index(library, [media])
    assert (only(library).id, only(library).files) == (event.id, 13)
    with library.read() as session:
        told = {fact.key: fact for fact in events.told(session, media / "later.jpg")}
    assert (told["event"].value, told["event"].source) == ("Porto, 3 July 2021", "events")
