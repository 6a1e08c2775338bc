"""What files and folders are called is found where it is asked for, and is no proof of anything."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from db.engine.schema import Analysis, Asset, Embedding, Unit
from db.library import Library
from db.settings import Settings
from indexer import control
from indexer.pipeline import index
from search.answer import Answer, Hit
from search.query.query import Query
from search.service import SearchService
from tests.support.command import as_json, trove

FILES = (
    "Trip 2023/IMG_0001.png",
    "Trip 2023/DCIM/100CANON/IMG_0002.png",
    "invoice_2023-05.png",
    "Screenshot_20210704-101112.png",
    "Müller Straße.png",
    "IMG_0003.png",
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A library of some coloured squares with names, which no test changes."""
    place = tmp_path_factory.mktemp("called")
    for number, name in enumerate(FILES):
        path = place / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        colour = np.random.default_rng(number).integers(0, 255, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(colour).save(path)
    settings = Settings(library=place / "library", cache=cache, device="cpu", whisper="none", off=("text",))
    with Library(settings) as library:
        assert index(library, [place / "media"]).indexed == len(FILES)
    return place


@pytest.fixture
def own(template: Path, tmp_path: Path, settings: Settings) -> Iterator[Library]:
    """A library of copies of the files."""
    shutil.copytree(template / "media", tmp_path / "media")
    with Library(settings.model_copy(update={"off": ("text",)})) as library:
        index(library, [tmp_path / "media"])
        yield library


@pytest.fixture
def shared(template: Path, settings: Settings) -> Iterator[Library]:
    with Library(settings.model_copy(update={"library": template / "library"})) as library:
        yield library


def ask(library: Library, text: str, **more: Any) -> Answer:
    with SearchService(library) as service:
        return service.search(Query(text, apart=True, **more))


def called(answer: Answer) -> dict[str, str]:
    """The names of files that are hits by their names, with these words."""
    return {hit.path.name: text for hit in answer.hits for text in named(hit)}


def named(hit: Hit) -> list[str]:
    return [fact.text or "" for fact in hit.why if fact.kind == "file_name"]


@pytest.mark.parametrize(
    ("query", "files"),
    [
        ("Trip 2023", {"IMG_0001.png", "IMG_0002.png"}),
        ("invoice", {"invoice_2023-05.png"}),
        ("screenshot", {"Screenshot_20210704-101112.png"}),
        ("muller", {"Müller Straße.png"}),
        ("müller", {"Müller Straße.png"}),
        ("IMG 0003", set()),
        ("DCIM", set()),
    ],
)
def test_what_is_called_so_is_found(shared: Library, query: str, files: set[str]) -> None:
    assert set(called(ask(shared, query))) == files


def test_a_name_proves_nothing(shared: Library, template: Path, settings: Settings) -> None:
    answer = ask(shared, "invoice")
    (hit,) = (hit for hit in answer.hits if named(hit))
    assert (hit.path.name, hit.kind) == ("invoice_2023-05.png", "image"), "it is evidence of the picture"
    assert hit.rank <= 2
    assert answer.verdict == "unsure", "not absent, and not found"
    library = template / "library"
    found = as_json(trove(settings, "search", "invoice", "--apart", "--json", library=library))
    evidence = [item for hit in found["hits"] for item in hit["evidence"] if item["kind"] == "file_name"]
    assert [(item["source"], item["text"]) for item in evidence] == [("words", "invoice 2023 05")]


def test_conditions_on_names_and_kinds_hold(shared: Library) -> None:
    assert [hit.path.name for hit in ask(shared, "name:invoice*").hits] == ["invoice_2023-05.png"]
    assert len(ask(shared, "in:Trip*").hits) == 2
    assert set(called(ask(shared, "2023", kind="file_name"))) == {
        "IMG_0001.png",
        "IMG_0002.png",
        "invoice_2023-05.png",
    }


def _state(library: Library) -> tuple[set[int], set[str | None]]:
    """Everything that decoding and embedding has made, and all names."""
    with library.read() as session:
        made = set(session.scalars(select(Analysis.id).where(Analysis.content_id.is_not(None))))
        made |= {-found for found in session.scalars(select(Embedding.unit_id))}
        return made, set(session.scalars(select(Unit.text).where(Unit.kind == "file_name")))


def test_a_renamed_or_moved_file_has_its_new_name_and_nothing_else_anew(own: Library, tmp_path: Path) -> None:
    media = tmp_path / "media"
    before, _ = _state(own)
    (media / "invoice_2023-05.png").rename(media / "receipt.png")
    (media / "Holiday").mkdir()
    (media / "Trip 2023/IMG_0001.png").rename(media / "Holiday/IMG_0001.png")
    index(own)
    after, names = _state(own)
    assert after == before
    assert names >= {"receipt", "Holiday"}
    assert set(called(ask(own, "receipt"))) == {"receipt.png"}
    assert not called(ask(own, "invoice"))
    (media / "Trip 2023").rename(media / "Journey")
    index(own)
    assert _state(own)[0] == before
    assert set(called(ask(own, "journey"))) == {"IMG_0002.png"}
    assert index(own).unchanged == len(FILES)
    # A content with two files has the name of each, and is shown as the one that is called so.
    shutil.copyfile(media / "IMG_0003.png", media / "wedding.png")
    index(own)
    assert _state(own)[0] == before
    (hit,) = (hit for hit in ask(own, "wedding").hits if named(hit))
    assert (hit.path.name, [copy.name for copy in hit.copies]) == ("wedding.png", ["IMG_0003.png"])
    (media / "wedding.png").unlink()
    index(own)
    assert not called(ask(own, "wedding"))


def test_an_older_library_gets_names_and_nothing_else_anew(own: Library, tmp_path: Path) -> None:
    with own.write() as session:
        for row in session.scalars(select(Analysis).where(Analysis.analyser == "names")):
            session.delete(row)
    before, names = _state(own)
    assert not names
    for path in (tmp_path / "media").rglob("*.png"):  # whoever opened one would find no picture
        status = path.stat()
        path.write_bytes(b"x" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    index(own)
    after, names = _state(own)
    assert after == before
    assert "Trip 2023" in names
    with own.read() as session:
        assert set(session.scalars(select(Asset.state))) == {"indexed"}
    assert called(ask(own, "invoice"))
    control.turn(own, "names", on=False)
    assert not called(ask(own, "invoice"))
