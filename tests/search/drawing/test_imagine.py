"""Asking again with a drawing beside the words."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.errors import GenerateError
from db.settings import Settings
from search.answer import Answer
from search.drawing.imagine import draw, prompt_of
from search.drawing.output import Drawing, is_drawing
from search.query.query import Query
from search.service import SearchService
from tests.support import SAMPLES
from tests.support.command import as_json, trove
from tests.support.copying import copy_library
from tests.support.searching import searching
from tests.support.tiny_drawer import make_tiny_drawer
from ui.cli.search import answer_json

QUERY = Query("a purple submarine in the jungle", k=80)


class Copier:
    """Draws by copying a picture: what a generator shows can be chosen."""

    def __init__(self, picture: Path) -> None:
        self._picture = picture

    def draw(self, prompt: str, *, path: Path, without: str = "") -> Drawing:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._picture, path)
        return Drawing(path, prompt, "copier", 7, 1, 0.0, 1, 1, without)


@pytest.fixture(scope="module")
def service(sample_library: Settings) -> Iterator[SearchService]:
    with searching(sample_library) as opened:
        yield opened


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_drawer(tmp_path_factory.mktemp("models") / "tiny")


def place(answer: Answer, name: str) -> int:
    return next(hit.rank for hit in answer.hits if hit.path.name == name)


def test_a_drawing_moves_what_looks_like_it_and_says_from_where(
    service: SearchService, tmp_path: Path
) -> None:
    plain = service.search(QUERY)
    drawing = draw(QUERY, Copier(SAMPLES / "pictures" / "p025.jpg"), tmp_path)
    found = service.search(QUERY, drawing)
    assert place(found, "p025.jpg") < place(plain, "p025.jpg")
    before = {hit.unit_id: hit.rank for hit in plain.hits}
    # The drawing may bring another frame of a moment to its front; the moment is the same.
    assert sorted(hit.was or 0 for hit in found.hits) == sorted(before.values())
    assert all(hit.was == before.get(hit.unit_id, hit.was) for hit in found.hits)
    best = next(hit for hit in found.hits if hit.path.name == "p025.jpg")
    assert next(fact for fact in best.why if fact.source == "drawing").rank == 1
    assert found.imagined is not None
    assert (found.imagined.path, found.imagined.model, found.imagined.seed) == (drawing.path, "copier", 7)


def test_with_a_drawing_nothing_is_absent_for_it_has_the_nearest(
    service: SearchService, tmp_path: Path
) -> None:
    query = Query("quarterly tax return spreadsheet")
    assert service.search(query).verdict == "absent"
    drawn = service.search(query, draw(query, Copier(SAMPLES / "pictures" / "p025.jpg"), tmp_path))
    assert (drawn.verdict, drawn.sure) == ("nearest", None)
    assert drawn.says == "These are the nearest to your words and the drawing"


def test_a_drawing_never_makes_it_found(service: SearchService, tmp_path: Path) -> None:
    plain = service.search(QUERY)
    found = service.search(QUERY, draw(QUERY, Copier(SAMPLES / "pictures" / "p025.jpg"), tmp_path))
    assert (plain.verdict, found.verdict, found.confidence) == ("absent", "nearest", plain.confidence)
    assert plain.imagined is None
    assert all(hit.was is None for hit in plain.hits)


def test_a_wrong_drawing_leaves_the_right_answer_first(service: SearchService, tmp_path: Path) -> None:
    query = Query("a brick lighthouse")
    found = service.search(query, draw(query, Copier(SAMPLES / "pictures" / "p002.jpg"), tmp_path))
    assert found.hits[0].path.name == "p025.jpg"


def test_only_what_is_wanted_is_drawn(tmp_path: Path) -> None:
    assert prompt_of(Query("a red boat -people camera:Canon")) == "a red boat"
    with pytest.raises(GenerateError, match="nothing to draw"):
        prompt_of(Query(image=tmp_path / "picture.jpg"))


def test_what_a_query_stays_away_from_is_left_out(tmp_path: Path) -> None:
    drawn = draw(
        Query('a beach -people -"red boats" OR a lake -ice'),
        Copier(SAMPLES / "pictures" / "p025.jpg"),
        tmp_path,
    )
    assert (drawn.prompt, drawn.without) == ("a beach", "people, red boats")


def test_the_json_keeps_its_keys_and_names_the_drawing(service: SearchService, tmp_path: Path) -> None:
    drawing = draw(QUERY, Copier(SAMPLES / "pictures" / "p025.jpg"), tmp_path)
    answer = answer_json(service.search(QUERY, drawing))
    keys = "query verdict says understood confidence took_ms hits without total days"
    assert list(answer) == keys.split()
    for hit in answer["hits"]:
        keys = "rank score kind path start_s end_s text why similar evidence copies offline stack"
        assert list(hit) == keys.split()
        fact = hit["why"][-1]
        assert (fact["source"], fact["path"], fact["model"]) == ("drawing", drawing.path, "copier")
        assert {"was", "seed"} <= set(fact)


def test_the_command_shows_the_nearest_then_the_drawing_then_the_moves(
    sample_library: Settings, drawer: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    copy_library(sample_library.paths.folder, library)
    told = trove(
        sample_library, "search", QUERY.text, "--imagine", "-k", "6", library=library, generator=drawer
    ).stdout
    assert told.index("score") < told.index("Generated by tiny") < told.rindex("score")
    (drawn,) = (library / "drawings").glob("*.png")
    assert is_drawing(drawn)


def test_without_a_drawing_model_the_plain_answer_stands(sample_library: Settings) -> None:
    result = trove(sample_library, "search", "a koala in a tree", "--imagine", "-k", "2", "--json")
    assert result.returncode == 0
    assert as_json(result)["hits"][0]["path"].endswith("p017.jpg")
    assert len(result.stderr.strip().splitlines()) == 1
    assert "draws pictograms" in result.stderr
    assert "trove generate --model" in result.stderr
