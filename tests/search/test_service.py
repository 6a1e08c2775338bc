"""Searching the samples with the builtin models, through the service."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.errors import DecodeError, ModelMismatchError, QueryError, UnreadableError
from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from search.answer import Hit
from search.query.query import Order, Query
from search.service import SearchService
from tests.support import SAMPLES
from tests.support.media import photo, sound, tone
from tests.support.searching import searching

with (SAMPLES / "captions.csv").open(newline="") as _file:
    CAPTIONS = [(row["image"], row["caption"]) for row in csv.DictReader(_file)]

with (SAMPLES / "speech.csv").open(newline="") as _file:
    SENTENCES = [(row["file"], float(row["start_s"]), row["sentence"]) for row in csv.DictReader(_file)]


@pytest.fixture(scope="module")
def service(sample_library: Settings) -> Iterator[SearchService]:
    with searching(sample_library) as opened:
        yield opened


def names(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.path.name for hit in hits]


def test_captions_find_their_photographs(service: SearchService) -> None:
    found = [image in names(service.search(Query(caption, k=5)).hits) for image, caption in CAPTIONS]
    assert len(found) >= 30
    assert sum(found) / len(found) >= 0.7


def test_what_was_said_is_found_at_its_second(service: SearchService) -> None:
    missed = []
    for file, start_s, sentence in SENTENCES:
        best = service.search(Query(sentence, k=1)).hits[0]
        at = best.start_s if best.start_s is not None else -100.0
        if best.path != (SAMPLES / file).resolve() or abs(at - start_s) > 3:
            missed.append((sentence, best.path.name, at, start_s))
    # Two sentences that are spoken in one breath may become one passage.
    assert len(missed) <= 2, missed


def test_words_that_must_be_said_lead_to_their_moment(service: SearchService) -> None:
    hits = service.search(Query('animals said:"dark water"')).hits
    assert {hit.path.name for hit in hits} == {"v001.mp4"}
    said = [hit for hit in hits if hit.text and "dark water" in hit.text]
    # Said from 4.7 s on; the frame of the same moment begins 4 s later.
    assert [hit.start_s is not None and hit.start_s <= 9 for hit in said] == [True]


def test_a_moment_in_a_silent_video_is_found(service: SearchService) -> None:
    best = service.search(Query("wild horses running", kind="frame", k=1)).hits[0]
    assert best.path.name == "v002.webm"
    assert best.start_s is not None
    assert best.end_s is not None
    assert 0 < best.start_s < best.end_s < 38


@pytest.mark.parametrize("kind", ["image", "frame", "speech"])
def test_a_kind_is_chosen_before_the_search(service: SearchService, kind: str) -> None:
    hits = service.search(Query("animals", kind=kind, k=5)).hits  # type: ignore[arg-type]
    assert len(hits) >= 4
    assert {hit.kind for hit in hits} == {kind}


def test_a_picture_finds_itself_under_any_name(service: SearchService, tmp_path: Path) -> None:
    shutil.copyfile(SAMPLES / "pictures" / "p031.jpg", tmp_path / "query.jpg")
    answer = service.search(Query(image=tmp_path / "query.jpg", k=3))
    assert answer.hits[0].path.name == "p031.jpg"
    assert answer.hits[0].why[0].value > 0.99
    assert answer.verdict == "found"


def test_words_and_picture_together(service: SearchService) -> None:
    coffee, bridge = SAMPLES / "pictures" / "p002.jpg", "a bridge at night"
    hits = names(service.search(Query(bridge, image=coffee, k=4)).hits)
    assert {"p002.jpg", "p003.jpg"} <= set(hits)


def test_similar_leaves_the_file_itself_out(service: SearchService) -> None:
    hits = service.search(Query(like=SAMPLES / "pictures" / "p009.jpg", k=60)).hits
    assert "p009.jpg" not in names(hits)
    assert len(hits) > 40


@pytest.mark.slow
def test_similar_to_a_file_that_is_not_in_the_library(service: SearchService, tmp_path: Path) -> None:
    shutil.copyfile(SAMPLES / "videos" / "v002.webm", tmp_path / "other name.webm")
    assert service.search(Query(like=tmp_path / "other name.webm", k=1)).hits[0].path.name == "v002.webm"
    shutil.copyfile(SAMPLES / "recordings" / "r001.ogg", tmp_path / "memo.ogg")
    assert service.search(Query(like=tmp_path / "memo.ogg", k=1)).hits[0].path.name == "r001.ogg"


def test_similar_to_a_recording_and_a_video_of_the_library(service: SearchService) -> None:
    memo = service.search(Query(like=SAMPLES / "recordings" / "r001.ogg", k=5)).hits
    # Pictures with text that means something near may come after what is said.
    assert memo[0].kind == "speech"
    assert "r001.ogg" not in names(memo)
    assert "v001.mp4" not in names(service.search(Query(like=SAMPLES / "videos" / "v001.mp4", k=60)).hits)


def test_a_recording_in_which_nothing_is_said_is_a_named_error(
    service: SearchService, tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match="nothing is said"):
        service.search(Query(like=sound(tmp_path / "tone.wav", tone(2.0))))


def test_bad_query_pictures_are_named_errors(service: SearchService, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(DecodeError):
        service.search(Query(image=tmp_path / "text.jpg"))
    with pytest.raises(UnreadableError):
        service.search(Query(image=tmp_path / "nowhere.jpg"))
    with pytest.raises(UnreadableError):
        service.search(Query(like=tmp_path / "nowhere.jpg"))


@pytest.mark.parametrize("bad", [{}, {"text": "  "}, {"text": "a", "k": 0}])
def test_queries_that_ask_nothing_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(QueryError):
        Query(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["'; DROP TABLE unit --", "\0", "word " * 3000, "🦜", "où ça?", "\ud800"])
def test_anything_can_be_typed(service: SearchService, text: str) -> None:
    assert len(service.search(Query(text, k=3)).hits) == 3


def test_an_answer_adds_up(service: SearchService) -> None:
    answer = service.search(Query("a dog", k=7))
    assert [hit.rank for hit in answer.hits] == list(range(1, 8))
    assert answer.query == "a dog"
    assert answer.took_ms > 0
    assert 0 <= answer.confidence <= 1
    assert all(hit.why and hit.path.is_file() for hit in answer.hits)


def test_an_empty_library_has_no_answer(library: Library) -> None:
    answer = SearchService(library).search(Query("a dog"))
    assert (answer.verdict, answer.confidence, answer.hits) == ("absent", 0.0, ())


def test_another_model_is_a_named_error(sample_library: Settings) -> None:
    other = sample_library.model_copy(update={"model": "fast"})
    with searching(other) as opened, pytest.raises(ModelMismatchError, match="ViT-B-32"):
        opened.search(Query("a dog"))


def test_an_open_service_sees_what_is_indexed_later(library: Library, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    photo(media / "one.jpg", 1)
    index(library, [media])
    service = SearchService(library)
    assert len(service.search(Query("a colour", apart=True)).hits) == 1
    photo(media / "two.jpg", 2)
    index(library, [media])
    assert len(service.search(Query("a colour", apart=True)).hits) == 2
    (media / "one.jpg").unlink()
    index(library, [media])
    assert names(service.search(Query("a colour", apart=True)).hits) == ["two.jpg"]


def test_copies_are_one_hit(library: Library, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    for name in ("one.jpg", "two.jpg"):
        photo(media / name, 1)
    index(library, [media])
    hits = SearchService(library).search(Query("a colour")).hits
    assert [(hit.path.name, [path.name for path in hit.copies]) for hit in hits] == [("one.jpg", ["two.jpg"])]


def test_what_conditions_list_comes_by_date_too(service: SearchService) -> None:
    by_rank, by_date = (
        service.search(Query("type:image", k=60, order=order)).hits for order in ("relevance", "date")
    )
    assert {hit.path for hit in by_date} == {hit.path for hit in by_rank}
    dates = [hit.taken_at for hit in by_date]
    known = [date for date in dates if date is not None]
    assert len(known) > 5
    assert dates == sorted(known, reverse=True) + [None] * (len(dates) - len(known))
    passages = service.search(Query("said:the", k=60, order="date")).hits
    assert len(passages) == len(service.search(Query("said:the", k=60)).hits) > 5


@pytest.mark.parametrize("text", ["type:image", "an animal", "said:the"])
def test_any_part_of_what_is_sorted_is_an_answer(service: SearchService, text: str) -> None:
    whole = service.search(Query(text, k=1000, order="date"))
    assert whole.total == len(whole.hits) == sum(count for _, count in whole.days) > 5
    days = [hit.taken_at.date() if hit.taken_at else None for hit in whole.hits]
    assert [day for day, count in whole.days for _ in range(count)] == days
    part = service.search(Query(text, k=3, start=2, order="date"))
    assert [hit.unit_id for hit in part.hits] == [hit.unit_id for hit in whole.hits[2:5]]
    assert [hit.rank for hit in part.hits] == [3, 4, 5]
    assert service.search(Query(text, start=10_000, order="date")).hits == ()
    ordered = Query(text, order="date")
    assert [service.place(ordered, hit.unit_id) for hit in whole.hits[:4]] == [0, 1, 2, 3]
    assert service.place(ordered, 10**9) is None


def test_orders(service: SearchService) -> None:
    def sorted_by(order: Order) -> tuple[Hit, ...]:
        return service.search(Query("type:image", k=1000, order=order)).hits

    by_name = names(sorted_by("name"))
    assert by_name[:2] == ["p001.jpg", "p002.jpg"]
    assert by_name == sorted(by_name)
    sizes = [hit.path.stat().st_size for hit in sorted_by("size")]
    assert sizes == sorted(sizes, reverse=True)
    assert set(names(sorted_by("added"))) == set(by_name)
    added = service.search(Query("type:image", order="added"))
    assert [day for day, _ in added.days] == sorted({day for day, _ in added.days if day}, reverse=True)
    assert service.search(Query("type:image", order="size")).days == ()
    with pytest.raises(QueryError, match="no order 'colour'"):
        Query("dog", order="colour")  # type: ignore[arg-type]


def test_conditions_that_leave_nothing_are_told_with_what_there_is_without(service: SearchService) -> None:
    answer = service.search(Query("a dog type:image date:1950"))
    assert answer.hits == ()
    (one,) = answer.without
    assert (one.condition, one.query) == ("date:1950", "a dog type:image")
    pictures = service.search(Query("type:image", k=1000, apart=True)).hits
    assert one.files == len(pictures)
    # None of these leaves anything by itself.
    (both,) = service.search(Query("date:1950 in:nowhere")).without
    assert (both.condition, both.query) == ("date:1950 in:nowhere", "")
    assert both.files > one.files
    assert service.search(Query("a dog type:image")).without == ()
