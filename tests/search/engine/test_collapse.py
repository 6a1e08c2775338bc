"""Near-identical pictures are one hit that can be opened."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from db.catalog import spaces
from db.engine.database import Database
from db.library import Library
from db.settings import Settings
from indexer.encoders.registry import NEAR_DUPLICATE, load_encoder, near_duplicate
from indexer.pipeline import index
from search.answer import Hit
from search.engine.collapse import collapsed, without_disliked
from search.query.query import Query
from search.saved.searches import SavedSearches
from search.service import SearchService
from tests.support import SAMPLES
from tests.support.command import as_json, trove
from tests.support.rows import Drafted, add_file, directions
from tests.support.searching import searching

PICTURES = SAMPLES / "pictures"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Settings:
    """A lighthouse in five versions, a dog in two, and three pictures of other things."""
    media = tmp_path_factory.mktemp("media")
    with Image.open(PICTURES / "p025.jpg") as picture:
        lighthouse = picture.convert("RGB")
    width, height = lighthouse.size
    lighthouse.save(media / "original.jpg", quality=95)
    lighthouse.save(media / "poor.jpg", quality=25)
    lighthouse.resize((width // 3, height // 3)).save(media / "small.png")
    lighthouse.crop((width // 30, height // 30, width, height)).save(media / "shifted.webp")
    lighthouse.transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop((0, 0, width, height // 3)).save(
        media / "part.jpg"
    )
    with Image.open(PICTURES / "p011.jpg") as picture:
        picture.save(media / "dog.jpg", quality=90)
        picture.resize((picture.width // 2, picture.height // 2)).save(media / "dog again.jpg")
    for name in ("p002.jpg", "p003.jpg", "p021.jpg"):
        with Image.open(PICTURES / name) as picture:
            picture.save(media / name)
    settings = Settings(
        library=tmp_path_factory.mktemp("alike") / "library",
        cache=cache,
        device="cpu",
        whisper="none",
        off=("text",),
    )
    with Library(settings) as library:
        assert index(library, [media]).failed == 0
    return settings


@pytest.fixture
def service(versions: Settings) -> Iterator[SearchService]:
    with searching(versions) as opened:
        yield opened


def names(hit: Hit) -> set[str]:
    return {one.path.name for one in (hit, *hit.similar)}


def test_versions_of_a_picture_are_one_hit(service: SearchService) -> None:
    hits = service.search(Query("a brick lighthouse")).hits
    assert names(hits[0]) == {"original.jpg", "poor.jpg", "small.png", "shifted.webp"}
    assert {"dog.jpg", "dog again.jpg"} in [names(hit) for hit in hits]
    assert [hit.rank for hit in hits] == list(range(1, 7))
    assert sum(len(names(hit)) for hit in hits) == 10
    assert all(one.score <= hits[0].score and one.similar == () for one in hits[0].similar)


def test_they_can_be_had_one_by_one(service: SearchService) -> None:
    hits = service.search(Query("a brick lighthouse", apart=True)).hits
    assert len(hits) == 10
    assert all(hit.similar == () for hit in hits)


def test_the_command_counts_and_opens_them(versions: Settings) -> None:
    told = trove(versions, "search", "a brick lighthouse", "-k", "2")
    assert told.stdout.count("+3 similar") == 1
    best = as_json(trove(versions, "search", "a brick lighthouse", "-k", "1", "--json"))["hits"][0]
    assert len({Path(path).name for path in best["similar"]}) == 3
    apart = as_json(trove(versions, "search", "a brick lighthouse", "-k", "4", "--apart", "--json"))["hits"]
    assert {hit["path"] for hit in apart} == {best["path"], *best["similar"]}


def test_a_thumb_on_one_of_a_burst_is_about_all_unless_they_are_told_apart(service: SearchService) -> None:
    saved = SavedSearches(service)
    saved.add("towers", Query("a brick lighthouse"))
    (best,) = [hit for hit in saved.show("towers").hits if "original.jpg" in names(hit)]
    saved.judge("towers", best.similar[0].unit_id, up=False)
    assert all("original.jpg" not in names(hit) for hit in saved.show("towers").hits)
    saved.judge("towers", best.unit_id, up=True)
    (left,) = [hit for hit in saved.show("towers").hits if best.path.name in names(hit)]
    assert names(left) == names(best) - {best.similar[0].path.name}
    saved.remove("towers")


def test_many_versions_of_one_picture_leave_room_for_others(
    library: Library, settings: Settings, database: Database
) -> None:
    encoder = load_encoder("builtin-2", cache=settings.cache, device="cpu")
    query = encoder.encode_texts(["a dog"])[0]
    with database.write() as session:
        spaces.add(session, encoder.name, encoder.fingerprint, encoder.dim, "active")
        for number in range(400):
            add_file(session, f"/burst/{number}.jpg", [Drafted("image", query)])
        for number, vector in enumerate(directions(30, dim=encoder.dim, seed=1)):
            add_file(session, f"/other/{number}.jpg", [Drafted("image", vector)])
    with SearchService(library) as service:
        hits = service.search(Query("a dog", k=20)).hits
        assert len(hits) == 20
        assert len(hits[0].similar) == 399


def hit(unit_id: int) -> Hit:
    return Hit(
        unit_id, 1 / unit_id, "image", Path(f"/{unit_id}"), None, None, None, (), unit_id, "image", None, ()
    )


@given(st.lists(st.floats(0, np.pi), min_size=1, max_size=12))
def test_every_picture_is_once_in_the_answer_and_like_the_one_that_it_joined(angles: list[float]) -> None:
    vectors = {
        n: np.array([np.cos(angle), np.sin(angle)], np.float32) for n, angle in enumerate(angles, start=1)
    }
    least = near_duplicate("builtin-2")
    found = collapsed([hit(n) for n in vectors], vectors, least)
    assert sorted(one.unit_id for best in found for one in (best, *best.similar)) == list(vectors)
    for best in found:
        for other in best.similar:
            assert vectors[best.unit_id] @ vectors[other.unit_id] >= least - 1e-6
    apart = [vectors[best.unit_id] for best in found]
    assert all(one @ two < least for n, one in enumerate(apart) for two in apart[:n])


def test_hits_without_vectors_and_unknown_models_are_left_alone() -> None:
    least = near_duplicate("any")
    assert least == NEAR_DUPLICATE
    same = np.array([1, 0], np.float32)
    near = np.array([0.98, np.sqrt(1 - 0.98**2)], np.float32)
    assert len(collapsed([hit(1), hit(2)], {}, least)) == 2
    assert len(collapsed([hit(1), hit(2), hit(3)], {1: same, 3: same}, least)) == 2
    assert len(collapsed([hit(1), hit(2)], {1: same, 2: near}, least)) == 2


def test_pages_that_say_different_things_are_no_duplicates() -> None:
    same = np.array([1, 0], np.float32)
    page, other, scan = (
        frozenset(text.split())
        for text in ("milk eggs bread total", "invoice iban total", "eggs total smudge")
    )
    vectors = dict.fromkeys((1, 2, 3, 4, 5), same)
    found = collapsed([hit(n) for n in vectors], vectors, 0.9, {1: page, 2: other, 3: scan, 5: other})
    assert [[best.unit_id, *(one.unit_id for one in best.similar)] for best in found] == [[1, 3, 4], [2, 5]]


def test_what_is_disliked_goes_and_what_is_liked_stays() -> None:
    same = np.array([1, 0], np.float32)
    (group,) = collapsed([hit(n) for n in (1, 2, 3)], dict.fromkeys((1, 2, 3), same), 0.9)
    assert without_disliked(group, {9}, {1}) == group
    assert without_disliked(group, {1}, set()) is None
    left = without_disliked(group, {1}, {3})
    assert left is not None
    assert (left.unit_id, [one.unit_id for one in left.similar]) == (2, [3])


def test_of_many_hits_each_is_compared_with_all_before_it() -> None:
    vectors = np.eye(600, dtype=np.float32)
    vectors[599] = vectors[0]  # of another block than the first
    vectors[300] = vectors[299]
    hits = [hit(unit_id) for unit_id in range(1, 601)]
    groups = collapsed(hits, dict(enumerate(vectors, start=1)), 0.99)
    several = {group.unit_id: [other.unit_id for other in group.similar] for group in groups if group.similar}
    assert several == {1: [600], 300: [301]}
    assert len(groups) == 598
