"""What users say carries who said it, which is told to the others."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from db.catalog import corrections, events, facts, hidden, persons, restoring, saved, stacks, units
from db.catalog.corrections import Span
from db.engine import backups
from db.engine.backups import TABLES
from db.engine.database import Database
from db.engine.postgres import PostgresDatabase
from db.engine.users import METADATA, Authored, EventSaid, PersonRow, SavedSearchRow, StackChoice
from db.library import Library
from tests.support.rows import Drafted, add_file
from tests.support.server import Server

FILE = Path("/media/a.mp4")


@pytest.fixture
def shared(server: Server) -> Iterator[tuple[PostgresDatabase, PostgresDatabase]]:
    """A library with a film, as the role that made it has it, and as another user, ben, has it."""
    server.execute("CREATE ROLE ben LOGIN")
    try:
        with server.lending("authors") as address, closing(PostgresDatabase(address)) as owner:
            with owner.write() as session:
                spoken = Drafted("speech", None, 0.0, 2.0, text="helo", language="en")
                add_file(session, str(FILE), [spoken], "video")
            owner.execute_alone(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ben",
                "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ben",
            )
            with closing(PostgresDatabase(address.replace("user=trove", "user=ben"))) as other:
                yield owner, other
            owner.execute_alone("DROP OWNED BY ben")
    finally:
        server.execute("DROP ROLE ben")


def _say(database: Database) -> None:
    """All that users can say of a film that others see."""
    with database.write() as session:
        (row,) = units.rows(session, units.ids_at(session, FILE), among_hidden=True).values()
        sha256 = FILE.as_posix().encode().ljust(32, b"\0")
        corrections.put(session, sha256, "speech", "hello", Span.of(row))
        corrections.put(session, sha256, "rating", "4")
        hidden.put(session, FILE)
        events.keep(session, [sha256], "A day out")
        persons.add(session, "Anna")
        stacks.choose(session, row.content_id)


def _told(database: Database) -> set[str | None]:
    """Who else has said so, wherever that is told."""
    with database.read() as session:
        (row,) = units.rows(session, units.ids_at(session, FILE), among_hidden=True).values()
        rating = next(fact for fact in facts.told(session, FILE) if fact.key == "rating")
        assert (row.text, row.is_corrected, rating.source) == ("hello", True, "user")
        around = hidden.to_show(session, FILE)
        assert around is not None
        of_rows = [
            session.scalars(select(table.said_by)).one() for table in (EventSaid, PersonRow, StackChoice)
        ]
        return {row.said_by, rating.said_by, around.said_by, hidden.every(session)[0].said_by, *of_rows}


def test_others_are_told_who_said_it(shared: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    owner, ben = shared
    _say(ben)
    assert _told(ben) == {None}, "one's own"
    assert _told(owner) == {"ben"}
    _say(owner)
    with owner.write() as session:  # what is hidden already, and who is known already, stays ben's
        hidden.drop(session, FILE)
        hidden.put(session, FILE)
        first, second = session.scalars(select(PersonRow.id).order_by(PersonRow.id))
        persons.forget(session, second)
        persons.rename(session, first, "Anne")
        session.execute(EventSaid.__table__.delete().where(EventSaid.name.is_(None)))
    assert _told(ben) == {"trove"}
    assert _told(owner) == {None}


def test_saved_searches_for_all_say_whose_they_are(
    shared: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    owner, ben = shared
    with owner.write() as session:
        saved.add(session, "dogs", "a dog", None)
    with ben.write() as session:
        saved.add(session, "cats", "a cat", None)
        told = {one.name: one.said_by for one in saved.every(session)}
    assert told == {"dogs": "trove", "cats": None}
    with owner.read() as session:
        assert [(one.name, one.said_by) for one in saved.every(session)] == [("dogs", None)]


def test_who_said_it_goes_with_a_backup(
    shared: tuple[PostgresDatabase, PostgresDatabase], library: Library
) -> None:
    _say(shared[1])
    with shared[0].read() as session:
        data, _ = backups.dump(session.connection())
    with library.write() as session:
        add_file(session, str(FILE), [Drafted("speech", None, 0.0, 2.0, text="helo", language="en")], "video")
        restoring.restore(session, backups.parse(data, Path("made.json")))
    assert _told(library.database) == {"ben"}


def test_all_that_users_make_has_an_owner_and_what_others_see_an_author() -> None:
    owned = {name for name in TABLES if "owner" in METADATA.tables[name].c}
    assert owned == set(TABLES) - {"root", "switch"}
    seen = {table.__table__.description for table in Authored.__subclasses__()}
    assert owned - seen == {"judgement", "opened"}, "each user sees their own alone"
    assert issubclass(SavedSearchRow, Authored)
