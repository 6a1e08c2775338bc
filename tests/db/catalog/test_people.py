"""People on both engines: whose faces are found, how many, and everything as it was before."""

from collections.abc import Iterator

import pytest

from db.catalog import face_groups, live, people, persons, units
from db.catalog.filters import Filter, OwnRule
from db.engine.dialect import overwrite_deleted
from db.library import Library
from db.settings import Settings
from indexer.people.renewal import renew, renew_in
from tests.support.faces import LEFT, RIGHT, add_picture, face_of


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    with Library(settings) as library:
        with library.write() as session:
            for number in range(3):
                add_picture(session, f"/media/a{number}.jpg", [(face_of(0, number), LEFT)])
            both = [(face_of(0, 9), LEFT), (face_of(1, 9), RIGHT)]
            add_picture(session, "/media/both.jpg", both, [("Élise", None)])
            add_picture(session, "/media/b.jpg", [(face_of(1), LEFT)])
        renew(library)
        yield library


def found(library: Library, *rules: OwnRule, negated: bool = False) -> list[str]:
    with library.read() as session:
        ids = live.ids(session, ["image"], tuple(Filter((rule,), negated) for rule in rules))
        return sorted(row.path.stem for row in units.rows(session, ids.tolist()).values())


def test_rules_about_people_hold_on_both_engines(library: Library) -> None:
    with library.write() as session:
        first = people.every(session)[0]
        person_id = persons.add(session, "Anna Berg")
        persons.say(session, person_id, face_groups.in_group(session, first.id))
        renew_in(session)
    anna, elise = OwnRule("person", "ANNA berg"), OwnRule("person", "elise")
    assert found(library, anna) == ["a0", "a1", "a2", "both"]
    assert found(library, OwnRule("person", "berg"), elise) == ["both"]
    assert found(library, anna, negated=True) == ["b"]
    assert found(library, OwnRule("people", "", ">=", 3)) == ["both"]
    assert found(library, OwnRule("people", "", "=", 1)) == ["a0", "a1", "a2", "b"]
    assert found(library, OwnRule("people", "", "<=", 0)) == []
    assert len(found(library, OwnRule("headshot", ""))) == 5
    with library.read() as session:
        assert people.names(session) == ("Anna Berg", "Élise")
        assert people.counts(session) == {"Anna Berg": 4, "Élise": 1}


def test_what_was_said_is_put_back_with_its_groups_and_deleted_with_all(library: Library) -> None:
    with library.write() as session:
        before, listed = face_groups.stored(session), people.every(session)
        person_id = persons.add(session, "Anna")
        persons.say(session, person_id, face_groups.in_group(session, listed[0].id))
        renew_in(session)
        assert people.every(session)[0].name == "Anna"
        face_groups.put_back(session, before)
        assert people.every(session) == listed and persons.every(session) == {}
    with library.write() as session:
        overwrite_deleted(session)
        face_groups.drop(session, [group.id for group in face_groups.every(session)])
        persons.forget_all(session)
    library.database.scrub()
    with library.read() as session:
        assert people.every(session) == [] and face_groups.members(session) == []
