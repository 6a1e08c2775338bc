"""The plan, case by case: it decides what is read, so every case has a row."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.assets import FileStat, KnownFile
from db.engine.schema import AssetState
from indexer.drives.absence import MANY, Evidence
from indexer.flow import Task
from indexer.plan import Plan, plan
from indexer.scan import Unread

ROOT = Path("/photos")


def on_disk(name: str, size: int = 10, mtime_ns: int = 100) -> FileStat:
    return FileStat(ROOT / name, size, mtime_ns)


def remembered(
    number: int,
    name: str,
    state: AssetState = "indexed",
    *,
    size: int = 10,
    mtime_ns: int = 100,
    retry: bool = False,
    complete: bool = True,
) -> KnownFile:
    return KnownFile(number, FileStat(ROOT / name, size, mtime_ns), state, retry, complete)


def planned(files: list[FileStat], known: list[KnownFile], hidden: list[Path] | None = None) -> Plan:
    return plan(files, known, roots=[ROOT], evidence=Evidence(grounds=[ROOT], hidden=hidden or []))


def test_a_new_file_is_read() -> None:
    assert planned([on_disk("a.jpg")], []) == Plan(tasks=[Task(on_disk("a.jpg"))])


def test_a_file_in_the_cloud_is_known_under_another_name_without_being_read() -> None:
    was = remembered(1, "old.jpg", mtime_ns=5)._replace(content_id=7)
    now = Unread(on_disk("new.jpg", mtime_ns=5), "cloud", "")
    found = plan([], [was], roots=[ROOT], unread=[now], evidence=Evidence(grounds=[ROOT]))
    assert found == Plan(moved=[was._replace(stat=now.stat)])
    other = Unread(on_disk("twin.jpg", mtime_ns=5), "cloud", "")
    found = plan([], [was], roots=[ROOT], unread=[now, other], evidence=Evidence(grounds=[ROOT]))
    assert found == Plan(gone=[was], unread=[(now, None), (other, None)]), "which one it is cannot be told"


def test_links_that_lead_nowhere_take_time_by_their_number() -> None:
    names = [f"{number}.jpg" for number in range(3000)]
    known = [remembered(number, name)._replace(content_id=number) for number, name in enumerate(names)]
    links = [Unread(on_disk(name, size=9), "skipped", "") for name in names]
    before = time.process_time()
    found = plan([], known, roots=[ROOT], unread=links, evidence=Evidence(grounds=[ROOT]))
    assert len(found.offline) == len(names)
    assert time.process_time() - before < 2, "the processor's seconds"


def test_an_unchanged_file_is_the_same() -> None:
    known = remembered(1, "a.jpg")
    assert planned([on_disk("a.jpg")], [known]) == Plan(same=[known])


@pytest.mark.parametrize(
    "known",
    [
        remembered(1, "a.jpg", size=11),
        remembered(1, "a.jpg", mtime_ns=101),
        remembered(1, "a.jpg", "failed", retry=True),
        remembered(1, "a.jpg", complete=False),
        remembered(1, "a.jpg", "gone", size=11),
    ],
    ids=["other size", "other time", "worth another attempt", "not yet listened to", "back but changed"],
)
def test_a_file_is_read_again_over_its_row(known: KnownFile) -> None:
    assert planned([on_disk("a.jpg")], [known]) == Plan(tasks=[Task(on_disk("a.jpg"), asset_id=1)])


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_a_file_that_failed_and_has_not_changed_is_skipped(state: AssetState) -> None:
    known = remembered(1, "a.jpg", state)
    assert planned([on_disk("a.jpg")], [known]) == Plan(skipped=[known])


@pytest.mark.parametrize("state", ["gone", "offline", "left_out"])
def test_a_file_that_is_back_unchanged_is_revived(state: AssetState) -> None:
    known = remembered(1, "a.jpg", state)
    assert planned([on_disk("a.jpg")], [known]) == Plan(revived=[known])


def test_a_missing_file_is_gone_once() -> None:
    here, before = remembered(1, "a.jpg"), remembered(2, "b.jpg", "gone")
    assert planned([], [here, before]) == Plan(gone=[here])


def test_a_file_elsewhere_is_left_alone() -> None:
    elsewhere = KnownFile(1, FileStat(Path("/photos-of-others/a.jpg"), 10, 100), "indexed", False, True)
    assert planned([], [elsewhere]) == Plan()


def test_a_file_in_an_unreadable_folder_is_offline() -> None:
    known = remembered(1, "drive/a.jpg")
    failed = remembered(2, "drive/b.jpg", "failed")
    assert planned([], [known, failed], hidden=[ROOT / "drive"]) == Plan(offline=[known])


@pytest.mark.parametrize("state", ["indexed", "gone"])
def test_a_renamed_file_keeps_its_row(state: AssetState) -> None:
    known = remembered(1, "old.jpg", state)
    task = Task(on_disk("new.jpg"), asset_id=1)
    assert planned([on_disk("new.jpg")], [known]) == Plan(tasks=[task])


def unread(name: str, state: AssetState = "cloud", size: int = 10) -> Unread:
    return Unread(on_disk(name, size), state, "a reason")


def test_a_placeholder_is_noted_once_and_what_was_read_before_stays() -> None:
    new, noted = unread("new.jpg"), remembered(1, "noted.jpg", "cloud")
    evicted = remembered(2, "evicted.jpg", complete=False)._replace(content_id=7)
    back = remembered(3, "back.jpg", "gone")._replace(content_id=8)
    failed = remembered(4, "failed.jpg", "failed")
    items = [new, *(unread(f"{name}.jpg", size=3) for name in ("evicted", "back")), unread("noted.jpg")]
    found = plan([], [noted, evicted, back, failed], roots=[ROOT], unread=[*items, unread("failed.jpg")])
    assert found.unread == [(new, None), (unread("failed.jpg"), 4)]
    assert (found.skipped, found.same, found.revived) == ([noted], [evicted], [back])
    assert not found.gone and not found.tasks


def test_what_is_downloaded_is_read() -> None:
    assert planned([on_disk("a.jpg")], [remembered(1, "a.jpg", "cloud")]).tasks == [
        Task(on_disk("a.jpg"), asset_id=1)
    ]


def test_a_link_that_leads_nowhere_leaves_what_was_known_of_it_offline() -> None:
    known = remembered(1, "a.jpg")._replace(content_id=7)
    found = plan([], [known], roots=[ROOT], unread=[unread("a.jpg", "skipped")])
    assert (found.offline, found.unread, found.gone) == ([known], [], [])


def test_what_is_left_out_is_not_gone() -> None:
    here, before, gone = (
        remembered(number, f"in/{number}.jpg", state)
        for number, state in enumerate(("indexed", "left_out", "gone"), start=1)
    )
    found = plan([], [here, before, gone], roots=[ROOT], is_left_out=lambda path: path.parent == ROOT / "in")
    assert found == Plan(left_out=[here])


def test_what_is_left_out_or_in_the_cloud_is_no_part_of_what_vanished() -> None:
    lost = [remembered(number, f"{number}.jpg")._replace(content_id=number) for number in range(MANY + 1)]
    here = [remembered(100 + number, f"here/{number}.jpg") for number in range(MANY)]
    some = [remembered(200 + number, f"out/{number}.jpg") for number in range(MANY)]
    known, there = [*lost, *here, *some], [file.stat for file in here]
    evidence = Evidence(grounds=[ROOT])

    def left_out(path: Path) -> bool:
        return path.parent == ROOT / "out"

    found = plan(there, known, roots=[ROOT], evidence=evidence, is_left_out=left_out)
    assert (found.offline, found.gone, found.left_out) == (lost, [], some), "they do not speak for the rest"
    cloud = [unread(file.stat.path.name) for file in lost[:2]]
    found = plan(there, known, roots=[ROOT], evidence=evidence, is_left_out=left_out, unread=cloud)
    assert (found.same, found.offline, found.gone) == ([*here, *lost[:2]], [], lost[2:]), (
        "too few are missing"
    )


def test_two_candidates_for_a_move_are_none() -> None:
    one, two = remembered(1, "one.jpg"), remembered(2, "two.jpg")
    assert planned([on_disk("new.jpg")], [one, two]) == Plan(
        tasks=[Task(on_disk("new.jpg"))], gone=[one, two]
    )
    lost, new = remembered(3, "lost.jpg"), [on_disk("a.jpg"), on_disk("b.jpg")]
    assert planned(new, [lost]) == Plan(tasks=[Task(stat) for stat in new], gone=[lost])


def test_a_copy_is_not_a_move() -> None:
    known = remembered(1, "a.jpg")
    assert planned([on_disk("a.jpg"), on_disk("copy.jpg")], [known]) == Plan(
        tasks=[Task(on_disk("copy.jpg"))], same=[known]
    )


names = st.sampled_from([f"{letter}.jpg" for letter in "abcdef"])
stats = st.builds(on_disk, names, st.integers(1, 2), st.integers(1, 2))
states = st.sampled_from(["indexed", "failed", "skipped", "gone", "offline", "left_out", "cloud"])


@given(
    files=st.lists(stats, unique_by=lambda stat: stat.path),
    known=st.dictionaries(
        names, st.tuples(states, st.integers(1, 2), st.integers(1, 2), st.booleans(), st.booleans())
    ),
    hidden=st.sampled_from([[], [ROOT]]),
)
def test_every_file_has_exactly_one_place(
    files: list[FileStat],
    known: dict[str, tuple[AssetState, int, int, bool, bool]],
    hidden: list[Path],
) -> None:
    rows = [
        remembered(number, name, state, size=size, mtime_ns=mtime_ns, retry=retry, complete=complete)
        for number, (name, (state, size, mtime_ns, retry, complete)) in enumerate(known.items())
    ]
    result = planned(files, rows, hidden)
    placed = [task.stat.path for task in result.tasks]
    placed += [file.stat.path for group in (result.revived, result.same, result.skipped) for file in group]
    assert sorted(placed) == sorted(stat.path for stat in files)
    rewritten = [task.asset_id for task in result.tasks if task.asset_id is not None]
    settled = [file.id for group in (result.gone, result.offline, result.revived) for file in group]
    assert len(set(rewritten + settled)) == len(rewritten + settled)
