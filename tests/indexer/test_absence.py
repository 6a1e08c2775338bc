"""Whether missing files are gone or out of reach, and times that only a clock has changed, case by case."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from db.catalog.assets import FileStat, KnownFile
from db.engine.schema import AssetState
from indexer.drives.absence import MANY, Absence, Evidence, judge
from indexer.drives.clocks import SAMPLE, Shifted, only_shifted, shift

ROOT, DRIVE = Path("/photos"), Path("/photos/drive")
HOUR = 3600 * 10**9


def remembered(
    count: int, state: AssetState = "indexed", *, folder: Path = ROOT, first: int = 0
) -> list[KnownFile]:
    numbers = range(first, first + count)
    stats = [FileStat(folder / f"{number}.jpg", 10, 100) for number in numbers]
    return [
        KnownFile(number, stat, state, False, True, number)
        for number, stat in zip(numbers, stats, strict=True)
    ]


def judged(missing: Sequence[KnownFile], here: Sequence[KnownFile] = (), **evidence: object) -> Absence:
    known = Evidence(grounds=[ROOT, DRIVE], **evidence)  # type: ignore[arg-type]
    result = judge(missing, here, known)
    assert sorted(file.id for file in result.gone + result.offline) == sorted(file.id for file in missing)
    return result


@pytest.mark.parametrize(
    ("missing", "here", "is_gone"),
    [
        (1, 0, True),
        (MANY, 0, True),
        (MANY + 1, 0, False),
        (MANY + 1, MANY, False),
        (MANY + 1, MANY + 1, True),
        (500, 499, False),
    ],
)
def test_more_than_half_and_more_than_twenty_at_once_are_out_of_reach(
    missing: int, here: int, is_gone: bool
) -> None:
    lost = remembered(missing)
    found = judged(lost, remembered(here, first=1000))
    assert found == (Absence(gone=lost) if is_gone else Absence(offline=lost))


def test_an_empty_folder_is_a_mount_point_however_few_files_it_had() -> None:
    lost = remembered(1)
    assert judged(lost, bare={ROOT}) == Absence(offline=lost, doubted={ROOT})


def test_a_folder_that_cannot_be_looked_into_says_nothing() -> None:
    lost, other = remembered(2, folder=DRIVE), remembered(1, first=10)
    assert judged([*lost, *other], hidden=[DRIVE]) == Absence(gone=other, offline=lost)


def test_another_file_system_is_a_doubt_that_files_dispel() -> None:
    lost, here = remembered(2, folder=DRIVE), remembered(1, folder=DRIVE, first=10)
    assert judged(lost, here, changed={DRIVE}) == Absence(offline=lost, doubted={DRIVE})
    more = remembered(2, folder=DRIVE, first=10)
    assert judged(lost, more, changed={DRIVE}) == Absence(gone=lost), "a mere new number, after a restart"
    elsewhere = remembered(50, first=10)
    assert judged(lost, elsewhere, changed={DRIVE}).offline == lost, "files beside it say nothing"


def test_what_somebody_saw_going_is_gone() -> None:
    lost = remembered(30)
    seen = {file.stat.path for file in lost[:25]}
    assert judged(lost, seen=seen) == Absence(gone=lost), "five of thirty are left to judge"
    inside = remembered(30, folder=ROOT / "2019")
    assert judged(inside, seen={ROOT / "2019"}) == Absence(gone=inside)
    assert judged(inside, seen={ROOT}) == Absence(offline=inside), "with the drive itself nothing was seen"
    each = {file.stat.path for file in inside}
    assert judged(inside, seen={ROOT, *each}, hidden=[ROOT]) == Absence(gone=inside), "all its files"


def test_files_that_nobody_looked_at_are_not_there() -> None:
    lost, here = remembered(MANY + 1), remembered(500, first=1000)
    seen = Evidence(grounds=[ROOT])
    assert judge(lost, here, seen).gone == lost
    assert judge(lost, [], seen).offline == lost


def test_the_user_is_believed() -> None:
    lost = remembered(30)
    assert judged(lost, bare={ROOT}, hidden=[ROOT], believed=True) == Absence(gone=lost)


def test_what_is_out_of_reach_stays_so_until_others_come_back_without_it() -> None:
    lost = remembered(3, "offline")
    assert judged(lost, remembered(500, first=1000)) == Absence(offline=lost), "new files say nothing"
    assert judged(lost, remembered(1, "offline", first=10)) == Absence(gone=lost), "its drive is back"
    many = remembered(30, "offline")
    assert judged(many, remembered(1, "offline", first=100)) == Absence(offline=many)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, 0),
        (1.9, 0),
        (-2, 0),
        (3, None),
        (3600, 3600),
        (-3601.5, -3600),
        (5 * 3600 + 45 * 60, 20_700),
        (600, None),
        (26 * 3600, 93_600),
        (27 * 3600, None),
    ],
)
def test_times_that_clocks_zones_and_fat_explain(seconds: float, expected: int | None) -> None:
    was = FileStat(ROOT / "a.jpg", 10, 10**18)
    assert shift(was, FileStat(was.path, 10, was.mtime_ns + round(seconds * 1e9))) == expected
    assert shift(was, FileStat(was.path, 11, was.mtime_ns)) is None, "another size"


def test_many_files_with_one_shift_are_believed_by_a_few() -> None:
    read: list[Path] = []

    def same(_was: KnownFile, now: FileStat) -> bool:
        read.append(now.path)
        return now.path.parent == ROOT

    here = [Shifted(file, file.stat._replace(mtime_ns=100 + HOUR)) for file in remembered(100)]
    assert only_shifted(here, [ROOT, DRIVE], same) == set(range(100))
    assert len(read) == SAMPLE
    others = [
        Shifted(file, file.stat._replace(mtime_ns=100 + HOUR))
        for file in remembered(100, folder=DRIVE, first=100)
    ]
    assert only_shifted([*here, *others], [ROOT, DRIVE], same) == set(range(100)), "one differs"
    read.clear()
    assert only_shifted(here[:SAMPLE], [ROOT], same) == set()
    edited = [Shifted(one.was, one.now._replace(size=11)) for one in here]
    assert only_shifted(edited, [ROOT], same) == set()
    assert read == [], "so few are read as any changed file"
