"""When things were taken, and who says so: real files with each field, zone, clash and nonsense value."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.catalog import facts
from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from search.query.query import Query
from search.service import SearchService
from tests.support.dated import CASES, Dated


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[tuple[SearchService, Path]]:
    """A library of all of them."""
    place = tmp_path_factory.mktemp("dated")
    (media := place / "media").mkdir()
    for case in CASES:
        case.make(media / case.name)
    settings = Settings(library=place / "library", cache=cache, device="cpu", whisper="none", off=("text",))
    with Library(settings) as library:
        report = index(library, [media])
        assert (report.indexed + report.reused, report.failed) == (len(CASES), 0)
        with SearchService(library) as service:
            yield service, media


def expected(case: Dated) -> datetime | None:
    if case.date is None:
        return None
    if case.date.endswith(" here"):
        return datetime.fromisoformat(case.date.removesuffix(" here") + "+00:00").astimezone()
    return datetime.fromisoformat(case.date)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_says_when_it_was_taken_and_who_says_so(case: Dated, dated: tuple[SearchService, Path]) -> None:
    service, media = dated
    with service.library.read() as session:
        known = facts.of_file(session, media / case.name)
    taken = known.get("taken_at")
    assert (taken and taken.source) == case.source
    wanted = expected(case)
    if wanted is None or taken is None or not isinstance(taken.value, datetime):
        assert taken is wanted is None
        return
    assert taken.value.replace(tzinfo=None, microsecond=0) == wanted.replace(tzinfo=None)
    assert taken.value.utcoffset() == wanted.utcoffset()
    if case.date is not None and case.date.endswith(" here"):
        assert known["zone"].source == "machine"


def test_what_has_no_date_is_a_class_of_its_own(dated: tuple[SearchService, Path]) -> None:
    service, _ = dated
    unknown = {case.name for case in CASES if case.date is None}

    def names(text: str) -> set[str]:
        return {hit.path.name for hit in service.search(Query(text, k=100, apart=True, stacks=False)).hits}

    assert names("date:unknown") == unknown
    assert names("-has:date") == unknown
    assert names("-date:unknown") == {case.name for case in CASES} - unknown
    today = datetime.now() + timedelta(days=2)
    assert not names(f"date:2000..{today.year}") & unknown, "the file's own time is no date"
