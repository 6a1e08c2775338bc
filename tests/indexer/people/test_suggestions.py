"""Who may be somebody with a name: near, but not so near that they are joined."""

from collections.abc import Iterator

import pytest

from db.catalog import people
from db.library import Library
from db.settings import Settings
from indexer.people import keeping
from indexer.people.grouping import JOINS
from indexer.people.renewal import renew
from indexer.people.suggestions import SUGGESTS, Suggestion, suggestions
from tests.support.faces import LEFT, RIGHT, add_picture, face_near, face_of

MIDDLE = face_near(0, 1, 1.0)
BETWEEN = face_near(0, 5, (JOINS + SUGGESTS) / 2)


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """Three pictures of Anna, two of somebody near her, a single face near her, and strangers."""
    with Library(settings) as library:
        with library.write() as session:
            for number in range(3):
                add_picture(session, f"/media/anna{number}.jpg", [(MIDDLE, LEFT)])
            for number in range(2):
                add_picture(session, f"/media/near{number}.jpg", [(BETWEEN, LEFT)])
            add_picture(session, "/media/single.jpg", [(face_near(0, 6, (JOINS + SUGGESTS) / 2), LEFT)])
            for number in range(2):
                add_picture(session, f"/media/ben{number}.jpg", [(face_of(2, number), LEFT)])
            add_picture(session, "/media/far.jpg", [(face_near(0, 7, SUGGESTS - 0.02), LEFT)])
        renew(library)
        yield library


def asked(library: Library) -> list[tuple[str | None, int]]:
    """Whom the suggestions name, and of how many faces."""
    return [(one.person.name, len(one.faces)) for one in every(library)]


def every(library: Library) -> list[Suggestion]:
    with library.read() as session:
        return suggestions(session)


def numbers(library: Library) -> dict[int, int]:
    """The groups, with how many files they have."""
    with library.read() as session:
        return {person.id: person.files for person in people.every(session)}


def anna(library: Library) -> int:
    number = next(group_id for group_id, files in numbers(library).items() if files == 3)
    keeping.name(library, number, "Anna")
    return number


def test_a_group_and_a_face_near_a_named_person_are_suggested_and_confirmed(library: Library) -> None:
    assert every(library) == []  # nobody has a name
    number = anna(library)
    group, single = every(library)
    assert (group.person.id, len(group.faces), single.group_id) == (number, 2, None)
    assert SUGGESTS <= single.cosine < JOINS and SUGGESTS <= group.cosine < JOINS
    for one in (group, single):
        keeping.name_face(library, one.faces[0], one.person.name or "")
    assert numbers(library)[number] == 6
    assert every(library) == []


def test_who_is_denied_is_never_suggested_again_until_that_is_undone(library: Library) -> None:
    number = anna(library)
    group, single = every(library)
    keeping.not_them(library, group.faces, number)
    assert asked(library) == [("Anna", 1)]
    with library.write() as session:
        add_picture(session, "/media/near9.jpg", [(BETWEEN, RIGHT)])
    renew(library)
    assert numbers(library)[group.group_id or 0] == 3
    assert asked(library) == [("Anna", 1)]  # of all in the group it is known
    earlier = keeping.not_them(library, single.faces, number)
    assert every(library) == []
    keeping.put_back(library, earlier)
    assert asked(library) == [("Anna", 1)]


def test_the_next_nearest_is_suggested_once_the_nearest_is_denied(library: Library) -> None:
    number = anna(library)
    with library.write() as session:
        for copy in range(2):
            add_picture(session, f"/media/clara{copy}.jpg", [(face_near(0, 5, 0.84), LEFT)])
    renew(library)
    keeping.name(library, max(numbers(library)), "Clara")
    group, _ = every(library)
    assert group.person.name == "Anna"
    keeping.not_them(library, group.faces, number)
    assert [one.person.name for one in every(library) if one.group_id == group.group_id] == ["Clara"]


def test_nobody_is_suggested_who_is_in_the_same_picture_or_hidden(library: Library) -> None:
    number = anna(library)
    with library.write() as session:
        both = [(MIDDLE, LEFT), (face_near(0, 8, (JOINS + SUGGESTS) / 2), RIGHT)]
        add_picture(session, "/media/both.jpg", both)
    renew(library)
    assert asked(library) == [("Anna", 2), ("Anna", 1)]
    keeping.hide(library, number)
    assert every(library) == []
