"""Text in pictures, found by its words, its meaning and with conditions, as the reader has read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from search.answer import Hit
from search.query.language import parse
from search.query.query import Query
from search.results.texts import written
from search.service import SearchService
from tests.support import signs
from tests.support.command import as_json, trove
from tests.support.media import photo
from tests.support.signs import Box

LINES = {
    "station.png": ("Platform 9", "London King's Cross"),
    "receipt.png": ("RECEIPT", "Milk and eggs 3.20", "Thank you for your visit"),
    "invoice.png": ("Invoice 2024-0815", "IBAN DE12 3456 7890 1234 5678 90", "Questions: info@example.org"),
    "poster.png": ("Harvest festival", "", "", "", "", "Brass band"),
    "contract.png": ("Pay to DE12345678901234567890", "to a well-known company"),
}


@dataclass(frozen=True)
class Pages:
    """A library of pages and a picture without text, its folder, and where the lines stand in each."""

    settings: Settings
    folder: Path
    boxes: dict[str, list[Box]]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Pages:
    folder = tmp_path_factory.mktemp("pages")
    boxes = {name: signs.page(folder / name, lines) for name, lines in LINES.items()}
    photo(folder / "photo.jpg", 3)
    settings = Settings(library=folder / "library", cache=cache, device="cpu", whisper="none")
    with Library(settings) as library:
        assert index(library, [folder]).units["text"] == len(LINES) + 1
    return Pages(settings, folder, boxes)


@pytest.fixture(scope="module")
def service(pages: Pages) -> Iterator[SearchService]:
    with Library(pages.settings) as library, SearchService(library) as opened:
        yield opened


def _hits(service: SearchService, query: str) -> tuple[Hit, ...]:
    return service.search(Query(query)).hits


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ('"platform 9"', ["station.png"]),
        ("receipt", ["receipt.png"]),
        ("3.20", ["receipt.png"]),
        ("info@example.org", ["invoice.png"]),
        ("2024-0815", ["invoice.png"]),
        ("DE12345678901234567890", ["contract.png", "invoice.png"]),
        ('"DE12 3456 7890"', ["contract.png", "invoice.png"]),
        ("well-known", ["contract.png"]),
        ("9,platform", []),
    ],
)
def test_what_is_written_is_a_condition(service: SearchService, asked: str, names: list[str]) -> None:
    hits = _hits(service, f"written:{asked}")
    assert sorted(hit.path.name for hit in hits) == names
    assert {hit.kind for hit in hits} <= {"image"}
    assert all(hit.why[0].words == (asked.strip('"'),) for hit in hits)


def test_a_condition_narrows_and_is_negated(service: SearchService) -> None:
    assert [hit.path.name for hit in _hits(service, "a page of paper written:receipt")] == ["receipt.png"]
    others = {hit.path.name for hit in _hits(service, "type:image -written:receipt")}
    assert others == {*LINES, "photo.jpg"} - {"receipt.png"}
    assert [hit.path.name for hit in _hits(service, "written:iban written:questions")] == ["invoice.png"]
    assert _hits(service, "said:receipt") == ()


def test_a_picture_is_one_hit_by_all_that_was_found_of_it(service: SearchService) -> None:
    hits = _hits(service, "platform 9 in london")
    assert sorted(hit.path.name for hit in hits) == sorted([*LINES, "photo.jpg"])
    best, text = hits[0], "Platform 9 London King's Cross"
    assert (best.path.name, best.kind, best.text) == ("station.png", "image", text)
    found = {(fact.source, fact.kind) for fact in best.why}
    assert {("text_to_image", "image"), ("keywords", "text")} <= found
    (alone,) = service.search(Query("platform 9 in london", kind="text", k=1)).hits
    assert (alone.path, alone.kind) == (best.path, "image")
    assert {fact.kind for fact in alone.why} == {"text"}


def test_what_is_seen_and_what_is_written_add_up(service: SearchService) -> None:
    """Of two pages with the words the one ranks first that looks more like the question."""
    by_words = _hits(service, "written:DE1234567890")
    assert {hit.path.name for hit in by_words} == {"contract.png", "invoice.png"}
    seen = [hit.path.name for hit in _hits(service, "DE1234567890") if hit.path in {h.path for h in by_words}]
    looks = service.search(Query("DE1234567890", kind="image")).hits
    assert seen == [hit.path.name for hit in looks if hit.path.name in seen]


def test_words_in_several_places_are_all_told(service: SearchService) -> None:
    (poster,) = (hit for hit in _hits(service, "festival band") if hit.path.name == "poster.png")
    found = [fact for fact in poster.why if fact.source == "keywords"]
    assert {fact.words for fact in found} == {("festival",), ("band",)}
    assert [len(fact.marks) for fact in found] == [1, 1]
    assert [hit.path.name for hit in _hits(service, "written:festival written:band")] == ["poster.png"]
    (text,) = {fact.text for fact in _hits(service, "written:band")[0].why if fact.marks}
    assert text == "Brass band"


def test_pages_that_say_different_things_are_no_duplicates(service: SearchService) -> None:
    assert {hit.path.name for hit in _hits(service, "type:image")} == {*LINES, "photo.jpg"}


def test_marks_lie_on_the_words(service: SearchService, pages: Pages) -> None:
    left, top, right, bottom = pages.boxes["station.png"][0]
    (fact,) = (fact for fact in _hits(service, 'written:"platform 9"')[0].why if fact.marks)
    (mark,) = fact.marks
    assert (fact.text or "")[mark.start : mark.end] == "Platform 9"
    assert mark.corners[:2] == pytest.approx((left, top), abs=0.02)
    assert mark.corners[4:6] == pytest.approx((right, bottom), abs=0.02)
    words = next(fact for fact in _hits(service, "platform 9")[0].why if fact.source == "keywords")
    assert [(words.text or "")[mark.start : mark.end] for mark in words.marks] == ["Platform", "9"]
    first, second = (mark.corners for mark in words.marks)
    assert first[2] <= second[0]


def test_what_is_found_by_its_meaning_has_a_region_and_no_marks(service: SearchService) -> None:
    (hit,) = service.search(Query("groceries bought in a shop", kind="text", k=1)).hits
    assert [fact.source for fact in hit.why] == ["text_to_passage"]
    assert hit.why[0].region is not None
    assert (hit.why[0].spans, hit.why[0].marks) == ((), ())


def test_all_text_of_a_picture_is_told_in_its_order(service: SearchService, pages: Pages) -> None:
    (text,) = written(service.library, pages.folder / "receipt.png", parse("eggs"))
    assert [text.text[line.start : line.end] for line in text.lines] == list(LINES["receipt.png"])
    assert [text.text[mark.start : mark.end] for mark in text.marks] == ["eggs"]
    assert written(service.library, pages.folder / "receipt.png")[0].marks == ()
    assert written(service.library, pages.folder / "photo.jpg", parse("eggs")) == []


def test_the_command_line_tells_the_line_and_the_place(pages: Pages) -> None:
    shown = trove(pages.settings, "search", "eggs", "-k", "1").stdout
    assert "Text in picture: Milk and eggs 3.20" in shown
    assert "Thank you" not in shown
    why = trove(pages.settings, "why", "eggs", pages.folder / "receipt.png").stdout
    assert "These words are written in it: eggs\n  At the top left: Milk and eggs 3.20\n" in why
    (hit,) = as_json(trove(pages.settings, "search", "written:eggs", "--json"))["hits"]
    (fact,) = (fact for fact in hit["evidence"] if "marks" in fact)
    (mark,) = fact["marks"]
    assert fact["text"][mark["start"] : mark["end"]] == "eggs"
    assert [len(corner) for corner in mark["corners"]] == [2, 2, 2, 2]
    assert all(0 <= value <= 1 for corner in mark["corners"] for value in corner)
