"""Groups of faces, and what people say of them, over rows of a library."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.catalog import corrections, people, persons
from db.catalog.units import Region
from db.errors import SettingsError
from db.library import Library
from db.settings import Settings
from indexer.people import keeping
from indexer.people.renewal import renew
from search.query.language import in_quotes
from search.query.query import Query
from tests.support.faces import LEFT, RIGHT, add_faces, add_picture, face_of
from trove.people import People


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """Four pictures of one person, three of another, one with both, one of somebody who is nowhere else."""
    with Library(settings) as library:
        with library.write() as session:
            for number in range(4):
                add_picture(session, f"/media/a{number}.jpg", [(face_of(0, number), LEFT)])
            for number in range(3):
                add_picture(session, f"/media/b{number}.jpg", [(face_of(1, number), LEFT)])
            add_picture(session, "/media/both.jpg", [(face_of(0, 9), LEFT), (face_of(1, 9), RIGHT)])
            add_picture(session, "/media/lone.jpg", [(face_of(2), LEFT)])
        renew(library)
        yield library


def told(library: Library) -> dict[str | None, int]:
    """The people of a library by their names, with how many files they are in."""
    with library.read() as session:
        return {person.name: person.files for person in people.every(session)}


def ids(library: Library) -> list[int]:
    with library.read() as session:
        return [person.id for person in people.every(session)]


def unit_at(library: Library, path: str, nth: int = 0) -> int:
    return People(library, _nobody).of(path)[nth].unit_id


def _nobody() -> object:
    raise AssertionError("nothing is decoded")


def found(library: Library, text: str) -> set[str]:
    """The names of the files that conditions leave."""
    from db.catalog import live, units
    from search.engine.pipeline import wanted

    with library.read() as session:
        rows = units.rows(session, live.wanted_ids(session, wanted(Query(text))).tolist())
        return {row.path.stem for row in rows.values()}


def test_faces_of_one_person_are_a_group_and_a_lone_face_is_none(library: Library) -> None:
    with library.read() as session:
        assert [(person.files, person.faces) for person in people.every(session)] == [(5, 5), (4, 4)]
        (alone,) = people.of_content(session, 9)
    assert alone.group_id is None


def test_a_name_holds_for_new_pictures_and_for_a_group_that_has_it(library: Library) -> None:
    first, second = ids(library)
    keeping.name(library, first, "  Anna   Berg ")
    with library.write() as session:
        add_picture(session, "/media/new.jpg", [(face_of(0, 77), RIGHT)])
        add_picture(session, "/media/odd.jpg", [(face_of(3), RIGHT)])
    renew(library)
    assert told(library) == {"Anna Berg": 6, None: 4}
    assert ids(library)[0] == first
    earlier = keeping.name(library, second, "anna berg")
    assert told(library) == {"Anna Berg": 9}  # both are in one of the pictures
    keeping.put_back(library, earlier)
    assert told(library) == {"Anna Berg": 6, None: 4}
    keeping.name(library, first, "")
    assert told(library) == {None: 4}  # two without a name: the last one is told
    for none in ("x" * 101, "right\u202eleft", "bell\x07"):
        with pytest.raises(SettingsError, match="that is no name"):
            keeping.name(library, first, none)
    for name in ("\u0645\u06cc\u200c\u0646\u0627", "Mum \U0001f469\u200d\U0001f467", 'Anna "Nan" O\'Hara'):
        keeping.name(library, first, name)
        assert len(found(library, f"person:{in_quotes(name)}")) == 6


def test_another_detector_moves_the_regions_and_names_stay_as_do_groups_without_one(library: Library) -> None:
    first, second = ids(library)
    keeping.name(library, first, "Anna")
    moved = Region(0.12, 0.22, 0.2, 0.3)
    with library.write() as session:
        for content_id, vector in enumerate(
            [*(face_of(5, n) for n in range(4)), *(face_of(6, n) for n in range(3))], start=1
        ):
            # All is found anew, a little to the right, and looks different to the new model.
            add_faces(session, content_id, [(vector, moved)])
    renew(library)
    assert told(library) == {"Anna": 5, None: 4}
    assert ids(library) == [first, second]


def test_who_is_not_somebody_never_is_again_and_split_faces_are_one_other_person(library: Library) -> None:
    first, second = ids(library)
    keeping.name(library, first, "Anna")
    unit_id = unit_at(library, "/media/a0.jpg")
    keeping.not_them(library, [unit_id])
    renew(library)
    assert told(library)["Anna"] == 4
    with library.write() as session:
        add_faces(session, 1, [(face_of(0, 0), LEFT)])
    renew(library)
    assert told(library)["Anna"] == 4
    keeping.split(library, [unit_at(library, "/media/a1.jpg"), unit_at(library, "/media/a2.jpg")])
    assert told(library)["Anna"] == 2
    with library.read() as session:
        assert sorted(person.files for person in people.every(session)) == [2, 2, 4]
    with pytest.raises(SettingsError, match="not some faces of one person"):
        keeping.split(library, [unit_at(library, "/media/b0.jpg"), unit_at(library, "/media/a3.jpg")])
    assert second in ids(library)


def test_merging_keeps_the_name_hiding_leaves_out_and_the_chosen_face_stands(library: Library) -> None:
    first, second = ids(library)
    keeping.name(library, second, "Ben")
    keeping.merge(library, [first, second])
    assert told(library) == {"Ben": 8}
    (one,) = ids(library)
    with library.read() as session:
        before = people.every(session)[0].cover
    other = next(
        unit
        for unit in (unit_at(library, "/media/b2.jpg"), unit_at(library, "/media/a2.jpg"))
        if unit != before
    )
    keeping.show(library, other)
    keeping.hide(library, one)
    with library.read() as session:
        (person,) = people.every(session)
        assert (person.cover, person.hidden) == (other, True)
        assert people.names(session) == ()
    keeping.hide(library, one, hidden=False)
    with library.read() as session:
        assert people.names(session) == ("Ben",)


def test_names_in_files_are_taken_over_by_overlap(library: Library) -> None:
    with library.write() as session:
        # Another program draws larger boxes.
        wide = Region(0.05, 0.1, 0.3, 0.45)
        add_picture(session, "/media/named.jpg", [(face_of(0, 50), LEFT)], [("Clara", wide), ("Dora", None)])
    renew(library)
    assert told(library) == {"Clara": 6, None: 4}
    assert found(library, "person:clara") == {"a0", "a1", "a2", "a3", "both", "named"}
    assert found(library, "person:Dora") == {"named"}
    assert "named" in found(library, "people:2") and "both" in found(library, "people:2")


def test_conditions_on_who_and_how_many(library: Library) -> None:
    first, second = ids(library)
    keeping.name(library, first, "Anna Berg")
    keeping.name(library, second, "Ben")
    assert found(library, 'person:"anna berg" person:Ben') == {"both"}
    assert found(library, "person:anna -person:Ben") == {"a0", "a1", "a2", "a3"}
    assert found(library, "people:>=2") == {"both"} and found(library, "people:0") == set()
    assert "lone" in found(library, "people:1") and "both" not in found(library, "people:1")
    assert found(library, "is:headshot") == {"a0", "a1", "a2", "a3", "b0", "b1", "b2", "both", "lone"}
    assert found(library, "person:Nobody") == set()


def test_somebody_is_added_by_hand_where_no_face_was_found_and_is_renamed_with_the_person(
    library: Library,
) -> None:
    (first, _) = ids(library)
    keeping.name(library, first, "Anna")
    with library.write() as session:
        add_picture(session, "/media/back.jpg", [])
    keeping.add(library, Path("/media/back.jpg"), "Anna")
    keeping.add(library, Path("/media/back.jpg"), "Ben", Region(0.5, 0.5, 0.2, 0.2))
    keeping.add(library, Path("/media/back.jpg"), "Cleo")
    assert found(library, "person:Anna person:Ben person:Cleo") == {"back"}
    assert found(library, "people:3") == {"back"}
    keeping.name(library, first, "Anne")
    assert "back" in found(library, "person:Anne") and "back" not in found(library, "person:Anna")
    with pytest.raises(SettingsError):
        keeping.add(library, Path("/media/nowhere.jpg"), "Anna")


def test_who_was_added_by_hand_is_listed_taken_out_and_all_of_it_undone(library: Library) -> None:
    (first, _) = ids(library)
    keeping.name(library, first, "Anna")
    with library.write() as session:
        back = add_picture(session, "/media/back.jpg", [(face_of(0, 70), LEFT)], [("Dora", None)])
    renew(library)

    def others() -> list[tuple[str, bool]]:
        with library.read() as session:
            return [(one.name, one.by_hand) for one in people.also_in(session, back)]

    assert others() == [("Dora", False)]
    keeping.add(library, Path("/media/back.jpg"), "Anna")
    adding = keeping.add(library, Path("/media/back.jpg"), "Ben", Region(0.5, 0.5, 0.2, 0.2))
    assert others() == [("Ben", True), ("Dora", False)]  # of Anna there is a face
    renaming = keeping.name(library, first, "Anne")
    assert ("Anna", True) not in others() and found(library, "person:Anna") == set()
    keeping.put_back(library, renaming)
    assert "back" in found(library, "person:Anna") and found(library, "person:Anne") == set()
    with library.read() as session:
        ben, dora = (one.unit_id for one in people.also_in(session, back))
    taking_out = keeping.take_out(library, ben)
    assert others() == [("Dora", False)]
    with pytest.raises(SettingsError, match="nobody was added there"):
        keeping.take_out(library, dora)
    keeping.put_back(library, taking_out)
    assert others() == [("Ben", True), ("Dora", False)]
    keeping.put_back(library, adding)
    assert others() == [("Dora", False)]


def test_nothing_is_undone_once_something_else_was_said(library: Library) -> None:
    first, second = ids(library)
    naming = keeping.name(library, first, "Anna")
    hiding = keeping.hide(library, second)
    with pytest.raises(SettingsError, match="something else was said of people since"):
        keeping.put_back(library, naming)
    with library.write() as session:
        add_picture(session, "/media/new.jpg", [(face_of(0, 77), RIGHT)])
    renew(library)  # what is found is nothing that was said
    keeping.put_back(library, hiding)
    keeping.put_back(library, naming)
    assert told(library) == {None: 4}
    naming = keeping.name(library, first, "Anna")
    keeping.forget(library, first)
    with pytest.raises(SettingsError):
        keeping.put_back(library, naming)
    assert told(library) == {None: 4}


def test_who_is_forgotten_is_not_found_again_in_these_pictures(library: Library) -> None:
    first, second = ids(library)
    keeping.name(library, second, "Ben")
    keeping.name(library, first, "Zenobia")
    keeping.add(library, Path("/media/lone.jpg"), "Zenobia")
    assert keeping.forget(library, first) == 5
    assert found(library, "person:Zenobia") == set()
    assert told(library) == {"Ben": 4}
    with library.write() as session:
        add_faces(session, 1, [(face_of(0, 0), LEFT)])
        corrections.apply(session, 1)
        assert people.of_content(session, 1) == []
        assert list(persons.every(session).values()) == ["Ben"]


@pytest.mark.sqlite
def test_who_is_forgotten_is_named_in_no_backup(library: Library) -> None:
    def kept() -> set[str]:
        data = b"".join(path.read_bytes() for path in library.paths.backups.glob("*.json"))
        return {name for name in ("Ben", "Zenobia") if name.encode() in data}

    first, second = ids(library)
    keeping.name(library, second, "Ben")
    keeping.name(library, first, "Zenobia")
    keeping.add(library, Path("/media/lone.jpg"), "Zenobia")
    assert kept() == {"Ben", "Zenobia"}
    keeping.forget(library, first)
    assert kept() == {"Ben"}


def test_a_film_tells_when_somebody_is_seen_and_forgets_one_of_two_in_a_shot(library: Library) -> None:
    with library.write() as session:
        content_id = add_picture(session, "/media/film.mp4", [])
        spans = [(0.0, 8.0, 4.0), (0.0, 8.0, 4.0), (8.0, 12.0, 10.0)]
        faces = [(face_of(0, 60), LEFT), (face_of(1, 60), RIGHT), (face_of(1, 61), LEFT)]
        add_faces(session, content_id, faces, spans)
    renew(library)
    first, second = ids(library)
    keeping.name(library, first, "Anna")
    keeping.name(library, second, "Ben")
    with library.read() as session:
        seen = [(face.start_s, face.name) for face in people.of_content(session, content_id)]
    assert seen == [(0.0, "Anna"), (0.0, "Ben"), (8.0, "Ben")]
    keeping.forget(library, first)
    with library.read() as session:
        assert [face.name for face in people.of_content(session, content_id)] == ["Ben", "Ben"]


def test_a_group_keeps_what_people_said_in_a_backup_and_another_library(
    library: Library, tmp_path: Path
) -> None:
    from search.health.backup import backup, restore

    keeping.name(library, ids(library)[0], "Anna \U0001f469\u200d\U0001f467")
    backup(library, tmp_path / "kept.json")
    before = library.database
    with library.write() as session:
        persons.forget_all(session)
    renew(library)
    assert told(library) == {None: 4}
    restore(library, tmp_path / "kept.json")
    renew(library)
    assert told(library) == {"Anna \U0001f469\u200d\U0001f467": 5, None: 4}
    assert library.database is before
