"""A new kind of thing is one file: what is registered goes all the way, with no other file touched.

``tests.support.scents`` registers two analysers from outside: one with a kind, role, encoder, source and
condition of its own, and several units a picture; one of what belongs to files, found by its words alone.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from db.catalog import spaces, units
from db.catalog.units import Region
from db.engine.schema import Embedding, SpaceRow, Unit
from db.errors import QueryError
from db.library import Library
from db.settings import Settings
from indexer import control
from indexer.flow import Progress
from indexer.pipeline import index
from indexer.switch_model import use_model
from search.answer import Answer
from search.query.query import Query
from search.saved.searches import SavedSearches
from search.service import SearchService
from tests.support import scents
from tests.support.command import as_json, trove
from tests.support.scents import PICTURES, ROLE, Scents
from tests.support.tiny_openclip import save_model

LEFT, RIGHT = Region(0.0, 0.0, 0.5, 1.0), Region(0.5, 0.0, 0.5, 1.0)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    scents.register()
    Scents.looked.clear()
    yield
    scents.unregister()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return scents.make_pictures(tmp_path / "media")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A library of the pictures in the folder beside it, which no test changes."""
    place = tmp_path_factory.mktemp("scents")
    scents.register()
    try:
        settings = Settings(
            library=place / "library", cache=cache, device="cpu", whisper="none", off=("text", "names")
        )
        with Library(settings) as library:
            index(library, [scents.make_pictures(place / "media")])
    finally:
        scents.unregister()
    return place


@pytest.fixture
def filled(template: Path, settings: Settings) -> Iterator[Library]:
    """A copy of that library."""
    shutil.copytree(template / "library", settings.paths.folder)
    with Library(settings) as opened:
        yield opened


def ask(library: Library, text: str, **more: Any) -> Answer:
    with SearchService(library) as service:
        return service.search(Query(text, **more))


def names(answer: Answer) -> list[str]:
    return [hit.path.name for hit in answer.hits]


def vectors(library: Library, role: str) -> int:
    with library.read() as session:
        held = select(func.count()).select_from(Embedding).join(SpaceRow, SpaceRow.id == Embedding.space_id)
        return session.scalars(held.where(SpaceRow.role == role, SpaceRow.state == "active")).one()


def test_it_is_made_once_however_often_a_run_is_stopped(library: Library, folder: Path) -> None:
    def stop(progress: Progress) -> None:
        if Scents.looked:
            raise KeyboardInterrupt(progress.current.name)

    with pytest.raises(KeyboardInterrupt):
        index(library, [folder], on_progress=stop)
    looked = len(Scents.looked)
    assert looked > 0
    index(library)
    assert sorted(set(Scents.looked)) == sorted(PICTURES)
    assert len(Scents.looked) <= len(PICTURES) + looked, "only what was not stored is made again"
    index(library)
    assert len(Scents.looked) <= len(PICTURES) + looked
    with library.read() as session:
        assert Counter(units.counts(session)) == Counter(image=3, scent=6, label=1)
    assert vectors(library, ROLE) == 6


def test_it_is_found_by_its_meaning_and_is_evidence_of_the_picture(filled: Library) -> None:
    best = ask(filled, "gasoline").hits[0]
    assert (best.kind, best.path.name) == ("image", "road.png")
    by_smell = [fact for fact in best.why if fact.source == "text_to_scent"]
    assert [(fact.kind, fact.rank, fact.text, fact.region) for fact in by_smell] == [
        ("scent", 1, "petrol", LEFT)
    ]


def test_it_is_found_by_its_words(filled: Library) -> None:
    answer = ask(filled, "hay")
    assert answer.verdict == "found"
    by_words = {
        hit.path.name: fact.region for hit in answer.hits for fact in hit.why if fact.source == "keywords"
    }
    assert by_words == {"barn.png": LEFT, "coast.png": RIGHT}
    assert {hit.kind for hit in answer.hits} == {"image"}


def test_words_without_vectors_are_found_listed_saved_and_judged(library: Library, folder: Path) -> None:
    index(library, [folder])
    hit = ask(library, "grandmother's house").hits[0]
    assert (hit.path.name, hit.text) == ("coast.png", "grandmother's summer house")
    assert names(ask(library, "type:label")) == ["coast.png"]
    assert names(ask(library, "summer", kind="label")) == ["coast.png"]
    with SearchService(library) as service:
        saved = SavedSearches(service)
        saved.add("hers", Query("grandmother summer"))
        saved.judge("hers", hit.unit_id, up=True)
        assert [found.path.name for found in saved.show("hers").hits][:1] == ["coast.png"]
        assert names(service.search(Query("liked:hers"))) == ["coast.png"]
        saved.judge("hers", hit.unit_id, up=False)
        assert "coast.png" not in [found.path.name for found in saved.show("hers").hits]
    (folder / "coast.txt").write_text("grandfather's boat")
    index(library)
    assert names(ask(library, "grandfather", kind="label")) == ["coast.png"]
    assert names(ask(library, "grandmother", kind="label")) == []
    (folder / "coast.txt").unlink()
    index(library)
    assert names(ask(library, "type:label")) == []


def test_a_picture_with_much_evidence_is_judged_by_its_file(filled: Library, template: Path) -> None:
    with SearchService(filled) as service:
        saved = SavedSearches(service)
        saved.add("boats", Query("grandmother summer boat", kind="label"))
        assert [hit.path.name for hit in saved.show("boats").hits] == []
        assert names(service.search(Query("grandmother summer boat", kind="label"))) == ["coast.png"]
        saved.judge_file("boats", template / "media" / "coast.png", up=True)
        (thumb,) = saved.thumbs("boats")
        assert (thumb.kind, thumb.up) == ("image", True)
        assert [hit.path.name for hit in saved.show("boats").hits] == ["coast.png"], "what is liked stays"


def test_a_saved_search_outlives_the_analyser(filled: Library) -> None:
    with SearchService(filled) as service:
        saved = SavedSearches(service)
        saved.add("hay", Query("scent:hay"))
        saved.add("labels", Query("type:label"))
        saved.add("dogs", Query("a dog"))
        scents.unregister()
        try:
            assert [item.name for item in saved.every()] == ["dogs", "hay", "labels"]
            with pytest.raises(QueryError, match="a type is one of"):
                saved.show("labels")
            with pytest.raises(QueryError, match="there is no kind 'label'"):
                Query("a dog", kind="label")
            saved.remove("dogs")
            assert names(service.search(Query("type:image", apart=True)))
            with filled.read() as session:
                assert Counter(units.counts(session)) == Counter(image=3)
        finally:
            scents.register()


def test_it_answers_no_condition_on_other_kinds(filled: Library) -> None:
    assert names(ask(filled, "said:hay")) == []
    assert names(ask(filled, "scent:grandmother")) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("scent:hay", {"barn.png", "coast.png"}),
        ("scent:hay>=2", {"barn.png"}),
        ("scent:hay<=1", {"coast.png", "road.png"}),
        ("scent:hay,petrol", {"barn.png", "coast.png", "road.png"}),
        ("scent:hay scent:sea", {"coast.png"}),
        ("-scent:hay", {"road.png"}),
        ("type:scent scent:sea", {"coast.png", "road.png"}),
    ],
)
def test_its_condition_leaves_what_has_it(filled: Library, query: str, expected: set[str]) -> None:
    assert set(names(ask(filled, query, apart=True))) == expected
    assert set(names(ask(filled, f"a picture {query}", apart=True))) == expected


@pytest.mark.usefixtures("filled")
def test_the_command_line_knows_it(template: Path, settings: Settings) -> None:
    found = as_json(trove(settings, "search", "hay", "--kind", "scent", "--json"))
    assert {Path(hit["path"]).name for hit in found["hits"][:2]} == {"barn.png", "coast.png"}
    evidence = found["hits"][0]["evidence"]
    assert {(item["source"], item["kind"], item["text"]) for item in evidence} >= {("words", "scent", "hay")}
    assert any(item["region"] == [*LEFT] for item in evidence)
    why = trove(settings, "why", "hay", template / "media" / "barn.png").stdout
    assert "barn.png: number" in why
    assert "These words are written in it: hay" in why
    assert "6 scents" in trove(settings, "status").stdout
    assert "scents" in trove(settings, "analysers").stdout
    refused = trove(settings, "search", "scent:hay>=x")
    assert "a number of scents is written hay>=2" in refused.stderr


def test_another_clip_model_leaves_its_vectors_alone(filled: Library, tmp_path: Path) -> None:
    use_model(filled, str(save_model(tmp_path / "tiny", "CLIP")))
    assert vectors(filled, ROLE) == 6
    by_smell = [
        (fact.rank, hit.path.name)
        for hit in ask(filled, "gasoline", apart=True).hits
        for fact in hit.why
        if fact.source == "text_to_scent"
    ]
    assert min(by_smell) == (1, "road.png"), "whatever a model with random weights says of the pictures"


def test_another_model_of_its_role_embeds_again_and_looks_at_nothing(filled: Library) -> None:
    Scents.looked.clear()
    before = _embedded(filled)
    switched = use_model(filled, "new nose", role=ROLE)
    assert (switched.embedded, switched.missing, Scents.looked) == (6, 0, [])
    after = _embedded(filled)
    assert before.keys() == after.keys()
    assert before != after
    best = ask(filled, "gasoline").hits[0]
    assert best.path.name == "road.png"
    assert "text_to_scent" in {fact.source for fact in best.why}
    with filled.read() as session:
        assert [space.model for space in spaces.named(session, "new nose", ROLE)] == ["new nose"]


def test_it_is_switched_off_and_on_and_made_anew(filled: Library) -> None:
    def scented() -> Sequence[int]:
        with filled.read() as session:
            return session.scalars(select(Unit.id).where(Unit.kind == "scent")).all()

    control.turn(filled, "scents", on=False)
    assert names(ask(filled, "type:scent")) == names(ask(filled, "scent:hay")) == []
    assert not [fact for hit in ask(filled, "gasoline").hits for fact in hit.why if fact.kind == "scent"]
    control.turn(filled, "scents", on=True)
    assert len(names(ask(filled, "scent:hay"))) == 2
    before = scented()
    Scents.looked.clear()
    control.redo(filled, "scents")
    index(filled)
    assert sorted(Scents.looked) == sorted(PICTURES)
    assert set(before).isdisjoint(scented())
    assert len(names(ask(filled, "scent:hay"))) == 2
    assert ask(filled, "gasoline").hits[0].path.name == "road.png"


def _embedded(library: Library) -> dict[int, bytes]:
    with library.read() as session:
        held = select(Embedding.unit_id, Embedding.vector).join(SpaceRow, SpaceRow.id == Embedding.space_id)
        rows = session.execute(held.where(SpaceRow.role == ROLE, SpaceRow.state == "active"))
        return {row.unit_id: row.vector for row in rows}
