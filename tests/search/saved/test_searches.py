"""Saved searches: thumbs move the vector and the cut-off, what arrives is new, and nothing is forgotten."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import delete

from db.catalog import saved as rows
from db.catalog import units
from db.engine.database import Database
from db.engine.schema import Unit
from db.errors import MediaError, QueryError
from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from indexer.switch_model import use_model
from search.engine.feedback import moved_threshold
from search.query.query import Query
from search.saved.searches import SavedAnswer, SavedSearches
from search.service import SearchService
from tests.support import SAMPLES
from tests.support.command import as_json, trove
from tests.support.copying import copy_library
from tests.support.media import photo
from tests.support.rows import Drafted, add_file, add_units, directions
from tests.support.searching import searching
from tests.support.tiny_openclip import save_model

PICTURES = SAMPLES / "pictures"


@pytest.fixture
def own(sample_library: Settings, tmp_path: Path) -> Settings:
    """The samples' library, for this test alone."""
    copy_library(sample_library.paths.folder, tmp_path / "library")
    return sample_library.model_copy(update={"library": tmp_path / "library", "whisper": "none"})


@pytest.fixture
def saved(own: Settings) -> Iterator[SavedSearches]:
    with searching(own) as service:
        yield SavedSearches(service)


def names(answer: SavedAnswer) -> list[str]:
    return [hit.path.name for hit in answer.hits]


STANDINGS = st.lists(st.floats(-5, 5), max_size=8)


@given(st.floats(0, 3), STANDINGS, STANDINGS, st.floats(-5, 5))
def test_a_thumb_up_lowers_the_cut_off_and_one_down_raises_it(
    baseline: float, up: list[float], down: list[float], other: float
) -> None:
    assert moved_threshold(baseline, [], []) == pytest.approx(baseline)
    cut = moved_threshold(baseline, up, down)
    assert moved_threshold(baseline, [*up, other], down) <= cut + 1e-9
    assert moved_threshold(baseline, up, [*down, other]) >= cut - 1e-9


def test_unexpected_thumbs_move_the_cut_off_most() -> None:
    assert moved_threshold(1.0, [0.0], []) < moved_threshold(1.0, [4.0], []) < 1.0
    assert moved_threshold(1.0, [], [4.0]) > moved_threshold(1.0, [], [0.0]) > 1.0


def test_thumbs_move_what_is_like_what_was_judged(saved: SavedSearches) -> None:
    saved.add("birds", Query("an animal", kind="image"))
    before = [hit.path.name for hit in saved._service.search(Query("an animal", kind="image", k=80)).hits]
    for name in ("p031.jpg", "p044.jpg"):  # an owl and a parrot
        saved.judge_file("birds", PICTURES / name, up=True)
    saved.judge_file("birds", PICTURES / before[0], up=False)
    answer = saved.show("birds", k=80)
    after = names(answer)
    assert after[:2] in (["p031.jpg", "p044.jpg"], ["p044.jpg", "p031.jpg"])
    assert after.index("p005.webp") < before.index("p005.webp"), "a kingfisher, too, is a bird"
    assert before[0] not in after
    liked = {hit.path.name for hit in answer.hits if hit.unit_id in answer.liked}
    assert liked == {"p031.jpg", "p044.jpg"}
    found = saved.get("birds")
    assert (found.up, found.down, found.query) == (2, 1, Query("an animal", kind="image"))


def test_a_saved_search_ends_at_its_cut_off_and_the_cut_off_moves(saved: SavedSearches) -> None:
    saved.add("vehicles", Query("a red car"))
    every = len(saved._service.search(Query("a red car", k=200)).hits)
    plain = saved.show("vehicles", k=200)
    assert 0 < plain.count < every / 2
    # The last hit of the plain search, far below the usual cut-off, is what they mean.
    far = saved._service.search(Query("a red car", k=200, kind="image")).hits[-1]
    assert far.unit_id not in {hit.unit_id for hit in plain.hits}
    saved.judge("vehicles", far.unit_id, up=True)
    assert far.unit_id in {hit.unit_id for hit in saved.show("vehicles", k=200).hits}
    worst = plain.hits[-1]
    saved.judge("vehicles", worst.unit_id, up=False)
    assert worst.unit_id not in {hit.unit_id for hit in saved.show("vehicles", k=200).hits}


def test_a_thumb_replaces_the_one_before_and_can_be_taken_off(saved: SavedSearches) -> None:
    saved.add("dogs", Query("a dog"))
    before = names(saved.show("dogs"))
    dog = PICTURES / "p011.jpg"
    for up in (True, False, True):
        saved.judge_file("dogs", dog, up=up)
    assert [(thumb.path, thumb.up) for thumb in saved.thumbs("dogs")] == [(dog.resolve(), True)]
    saved.judge_file("dogs", dog, up=None)
    assert saved.thumbs("dogs") == []
    assert names(saved.show("dogs")) == before
    with pytest.raises(QueryError, match="no thumb"):
        saved.judge_file("dogs", dog, up=None)


def test_a_moment_is_judged_by_its_second_or_its_best_hit(saved: SavedSearches) -> None:
    saved.add("camels", Query("a camel with its young"))
    film = SAMPLES / "videos" / "v001.mp4"
    best = next(hit for hit in saved.show("camels").hits if hit.path.name == "v001.mp4")
    saved.judge_file("camels", film, up=False)
    assert best.unit_id not in {hit.unit_id for hit in saved.show("camels").hits}
    saved.judge_file("camels", film, up=True, at_s=45.0)
    at_45 = saved.thumbs("camels")[0]
    assert (at_45.up, at_45.path) == (True, film)
    assert at_45.start_s is not None
    assert at_45.start_s <= 45
    with pytest.raises(QueryError, match="at 999 s"):
        saved.judge_file("camels", film, up=True, at_s=999.0)
    saved.add("nothing like it", Query("a drum kit", kind="image"))
    with pytest.raises(QueryError, match="no moment"):
        saved.judge_file("nothing like it", film, up=True)


def test_conditions_alone_are_a_saved_search_and_thumbs_rank_it(saved: SavedSearches) -> None:
    saved.add("pictures", Query("type:image"))
    assert saved.show("pictures").count == 48
    saved.judge_file("pictures", PICTURES / "p031.jpg", up=False)
    assert saved.show("pictures").count == 47
    saved.judge_file("pictures", PICTURES / "p042.jpg", up=True)
    assert names(saved.show("pictures"))[0] == "p042.jpg"


def test_only_what_arrives_later_is_new_until_it_is_seen(saved: SavedSearches, tmp_path: Path) -> None:
    saved.add("lighthouses", Query("a brick lighthouse"))
    saved.add("drums", Query("a drum kit and an electric guitar"))
    assert saved.arrivals("lighthouses").count == 0
    folder = tmp_path / "media"
    folder.mkdir()
    shutil.copyfile(PICTURES / "p025.jpg", folder / "the same.jpg")
    with Image.open(PICTURES / "p025.jpg") as lighthouse:
        lighthouse.rotate(3).save(folder / "turned.jpg")
    photo(folder / "nothing.jpg", 3)
    index(saved._library, [folder])
    new = saved.arrivals("lighthouses")
    assert names(new) == ["turned.jpg"], "a copy is no arrival, and what does not fit is none either"
    assert {hit.unit_id for hit in new.hits} == new.new
    whole = saved.show("lighthouses")
    assert {hit.path.name for hit in whole.hits if hit.unit_id in whole.new} == {"turned.jpg"}
    assert saved.arrivals("drums").count == 0
    photo(folder / "later.jpg", 4)
    index(saved._library, [folder])
    saved.mark_seen(new)
    assert saved.arrivals("lighthouses").count == 0
    assert saved.show("lighthouses").new == frozenset()
    saved.add("late", Query("a brick lighthouse"))
    assert saved.arrivals("late").count == 0


def test_thumbs_outlive_a_file_a_move_and_another_model(
    saved: SavedSearches, own: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    shutil.copyfile(PICTURES / "p025.jpg", folder / "a.jpg")
    for seed in range(3):
        photo(folder / f"{seed}.jpg", seed)
    settings = own.model_copy(update={"library": tmp_path / "other"})
    library = Library(settings)
    index(library, [folder])
    with library, SearchService(library) as service:
        saved = SavedSearches(service)
        saved.add("mine", Query("a tower"))
        saved.judge_file("mine", folder / "a.jpg", up=True)
        saved.judge_file("mine", folder / "1.jpg", up=False)
        shutil.move(folder / "a.jpg", folder / "moved.jpg")
        shutil.move(folder / "1.jpg", tmp_path / "away.jpg")
        index(library)
        assert names(saved.show("mine"))[0] == "moved.jpg"
        assert len(saved.thumbs("mine")) == 2
        use_model(library, save_model(tmp_path / "model", "CLIP"))
        assert names(saved.show("mine"))[0] == "moved.jpg", "its vector in the new space is asked with"
        shutil.move(tmp_path / "away.jpg", folder / "back.jpg")
        index(library)
        assert "back.jpg" not in names(saved.show("mine"))
        saved.judge_file("mine", folder / "back.jpg", up=None)
        assert [thumb.up for thumb in saved.thumbs("mine")] == [True]


def test_a_thumb_finds_its_passage_in_a_new_transcript(database: Database) -> None:
    said = [Drafted("speech", row, 4.0 * n, 4.0 * n + 3, text="x") for n, row in enumerate(directions(3))]
    with database.write() as session:
        add_file(session, "/a.ogg", said, "audio")
        rows.add(session, "mine", "x", None)
        rows.judge(session, 1, units.rows(session, [2])[2], up=True)
        again = [Drafted("speech", row, 3.8 * n, 3.8 * n + 4) for n, row in enumerate(directions(4))]
        add_units(session, 1, again)
        (thumb,) = rows.judged(session, 1)
        assert (thumb.start_s, thumb.unit_id) == (4.0, 5)
        rows.judge(session, 1, units.rows(session, [5])[5], up=False)
        assert [(thumb.unit_id, thumb.up) for thumb in rows.judged(session, 1)] == [(5, False)]
        session.execute(delete(Unit))
        assert [thumb.unit_id for thumb in rows.judged(session, 1)] == [None]
        rows.remove(session, 1)
        assert rows.judged(session, 1) == []


def test_its_pictures_are_kept_with_it(saved: SavedSearches, own: Settings, tmp_path: Path) -> None:
    picture = tmp_path / "reference.jpg"
    shutil.copyfile(PICTURES / "p042.jpg", picture)
    saved.add("by picture", Query(f'grass +"{picture}"*2'))
    saved.add("alike", Query(like=picture))
    picture.unlink()
    assert names(saved.show("by picture"))[0] == "p042.jpg"
    assert names(saved.show("alike"))[0] == "p042.jpg"
    saved.remove("by picture")
    assert names(saved.show("alike"))[0] == "p042.jpg", "the other one has the same picture"
    saved.remove("alike")
    assert list((own.paths.folder / "saved").iterdir()) == []


def test_what_cannot_be_saved_is_named(saved: SavedSearches, tmp_path: Path) -> None:
    saved.add("Été ", Query("summer"))
    assert saved.get("E\u0301te\u0301").name == "Été"
    with pytest.raises(QueryError, match="already"):
        saved.add("Été", Query("x"))
    for name in ("", "  ", "a\nb", "x" * 101):
        with pytest.raises(QueryError, match="cannot be called"):
            saved.add(name, Query("x"))
    with pytest.raises(QueryError, match="video or recording"):
        saved.add("film", Query(like=SAMPLES / "videos" / "v002.webm"))
    (tmp_path / "text.jpg").write_text("no picture")
    for broken in ("text.jpg", "nowhere.jpg"):
        with pytest.raises(MediaError):
            saved.add("broken", Query(image=tmp_path / broken))
    with pytest.raises(QueryError, match="no saved search") as caught:
        saved.show("Ét")
    assert "Été" in caught.value.hint
    with pytest.raises(QueryError, match="not in the library"):
        saved.judge_file("Été", tmp_path / "text.jpg", up=True)
    saved.rename("Été", "Winter")
    assert [item.name for item in saved.every()] == ["Winter"]


def test_the_commands_tell_what_they_do(own: Settings, tmp_path: Path) -> None:
    assert "No search is saved" in trove(own, "saved", "list").stdout
    assert "'my koalas'" in trove(own, "saved", "add", "my koalas", "a koala in a tree").stdout
    told = trove(own, "saved", "show", "my koalas", "-k", "1")
    assert "p017.jpg" in told.stdout
    assert " more: -k " in told.stdout
    assert "1 up, 1 down" in (
        trove(own, "saved", "up", "my koalas", PICTURES / "p017.jpg").stdout
        + trove(own, "saved", "down", "my koalas", PICTURES / "p042.jpg").stdout
    )
    shown = as_json(trove(own, "saved", "show", "my koalas", "--json"))
    assert list(shown) == ["name", "count", "hits", "thumbs"]
    first = shown["hits"][0]
    assert (first["path"], first["liked"], first["new"]) == (str(PICTURES / "p017.jpg"), True, False)
    assert [(thumb["path"], thumb["up"]) for thumb in shown["thumbs"]] == [
        (str(PICTURES / "p042.jpg"), False),
        (str(PICTURES / "p017.jpg"), True),
    ]
    (tmp_path / "media").mkdir()
    with Image.open(PICTURES / "p017.jpg") as koala:
        koala.rotate(4).save(tmp_path / "media" / "turned.jpg")
    assert trove(own, "index", tmp_path / "media").returncode == 0
    for options, count in ((("--peek",), 1), ((), 1), ((), 0)):
        (fresh,) = as_json(trove(own, "saved", "new", *options, "--json"))["saved"]
        assert (fresh["name"], fresh["count"], len(fresh["hits"])) == ("my koalas", count, count)
    listed = as_json(trove(own, "saved", "list", "--json"))["saved"][0]
    assert list(listed) == ["name", "query", "kind", "created_at", "up", "down", "said_by"]
    assert trove(own, "saved", "forget", "my koalas", PICTURES / "p042.jpg").returncode == 0
    assert trove(own, "saved", "rename", "my koalas", "koalas").returncode == 0
    assert trove(own, "saved", "remove", "koalas").returncode == 0
    assert as_json(trove(own, "saved", "list", "--json")) == {"saved": []}
    wrong = trove(own, "saved", "show", "koalas")
    assert (wrong.returncode, len(wrong.stderr.strip().splitlines())) == (1, 1)
    assert "no saved search 'koalas'" in wrong.stderr
    assert trove(own, "saved", "add", "empty").returncode == 2
