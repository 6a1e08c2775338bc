"""What is left out of folders: by their names, by files in them, and by people's patterns."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.errors import SettingsError
from indexer.leaving_out import LeavingOut, Rule
from indexer.patterns import carried, checked, pattern_of
from indexer.roots import patterns_with
from indexer.scan import Scan, scan

PHOTOS = Path("/photos")


def make(folder: Path, *names: str, **files: str) -> Path:
    """Empty files in a folder, and text files by name (``_`` for the dot in front)."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for name, text in files.items():
        (folder / f".{name}").write_text(text)
    return folder


def listed(found: Scan, folder: Path) -> list[str]:
    return [str(file.path.relative_to(folder)) for file in found.files]


def scanned(folder: Path, *patterns: str, **others: tuple[str, ...]) -> Scan:
    """A scan of a root with patterns, and of other roots inside it."""
    inside = {folder / name.replace("__", "/"): kept for name, kept in others.items()}
    return scan([folder, *inside], LeavingOut.of({folder: patterns, **inside}))


def test_what_programs_fill_is_left_out_with_its_reason(tmp_path: Path) -> None:
    folder = make(
        tmp_path,
        "a.jpg",
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
        "P.photoslibrary/originals/0/b.jpg",
        "P.photoslibrary/resources/b.jpg",
        ".picasaoriginals/c.jpg",
        ".hidden/d.jpg",
        ".e.jpg",
    )
    found = scanned(folder)
    assert listed(found, folder) == [".picasaoriginals/c.jpg", "P.photoslibrary/originals/0/b.jpg", "a.jpg"]
    rules = {str(Path(path).relative_to(folder)): rule.what for path, rule in found.left_out.items()}
    assert rules == {
        "@eaDir": "@eaDir",
        "P.photoslibrary/resources": "*.photoslibrary/*",
        ".hidden": ".*",
        ".e.jpg": ".*",
    }


def test_nomedia_leaves_out_its_folder_and_those_below(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.jpg", "private/.nomedia", "private/b.jpg", "private/deep/c.jpg")
    assert listed(scanned(folder), folder) == ["a.jpg"]


@pytest.mark.parametrize("root", ["#recycle", "private", ".hidden"])
def test_a_root_is_read_whatever_it_is(tmp_path: Path, root: str) -> None:
    make(tmp_path, f"{root}/.nomedia", f"{root}/a.jpg", f"{root}/in/b.jpg", "c.jpg")
    assert listed(scanned(tmp_path / root), tmp_path / root) == ["a.jpg", "in/b.jpg"]
    both = scan([tmp_path, tmp_path / root], LeavingOut.of({tmp_path: ("a.jpg",), tmp_path / root: ()}))
    assert listed(both, tmp_path) == sorted(["c.jpg", f"{root}/a.jpg", f"{root}/in/b.jpg"])


def test_patterns_of_a_root_end_at_a_root_inside(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.jpg", "a.png", "in/b.jpg", "in/b.png", "in/deep/c.png")
    assert listed(scanned(folder, "*.png", **{"in": ("/b.jpg",)}), folder) == [
        "a.jpg",
        "in/b.png",
        "in/deep/c.png",
    ]


def test_patterns_of_the_root_come_before_those_of_files(tmp_path: Path) -> None:
    folder = make(tmp_path, "in/a.jpg", "in/b.jpg")
    (folder / "in" / ".troveignore").write_text("!a.jpg\nb.jpg\n")
    assert listed(scanned(folder, "a.jpg", "!b.jpg"), folder) == ["in/b.jpg"]


def test_patterns_bring_nothing_back_that_programs_fill(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.jpg", "b.png", "@eaDir/c.jpg", ".d.jpg")
    assert listed(scanned(folder, "*", "!*/", "!*.jpg"), folder) == ["a.jpg"]


def test_names_are_composed_or_not_and_patterns_too(tmp_path: Path) -> None:
    folder = make(tmp_path, "Cafe\u0301/a.jpg", "e\u0301.jpg", "line\nbreak/b.jpg", "c.jpg")
    assert listed(scanned(folder, "Caf\u00e9/", "\u00e9.jpg", "b.jpg"), folder) == ["c.jpg"]


def test_a_file_of_patterns_that_cannot_be_read_lets_nothing_new_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path, "a.jpg", "in/b.jpg", "in/.troveignore")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    found = scanned(folder)
    assert listed(found, folder) == ["a.jpg"]
    assert [item.stat.path for item in found.unreadable] == [folder / "in"]


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_file_of_patterns_says_nothing(tmp_path: Path, kind: str) -> None:
    folder = make(tmp_path, "in/b.jpg")
    named = folder / "in" / ".troveignore"
    make_it = {
        "folder": named.mkdir,
        "link": lambda: named.symlink_to("nowhere"),
        "pipe": lambda: os.mkfifo(named),
    }
    make_it[kind]()
    found = scanned(folder)
    assert (listed(found, folder), found.unreadable) == (["in/b.jpg"], [])
    assert LeavingOut.of({folder: ()}).rule(folder / "in" / "b.jpg") is None


TREE = (
    "a.jpg",
    "b.png",
    "keep.png",
    "#x.jpg",
    "Caf\u00e9/a.jpg",
    "logs/a.jpg",
    "logs/keep.png",
    "deep/logs/b.png",
    "deep/er/a.jpg",
    "deep/er/trail.jpg",
    "sp ace/[1].jpg",
)
PATTERNS = (
    "*.png\n!keep.png\n",
    "logs/\n",
    "/logs\ndeep/*/a.jpg\n",
    "**/er\n\\#x.jpg\n# a comment\n\n",
    "*\n!*/\n!a.jpg\n",
    "sp ace/\\[1\\].jpg\n/deep/**\n!/deep/er/\n",
    "[ab].*\ntrail.jpg   \nlogs/**/keep.png\n",
    "deep/**/\n!deep/er/\n",
    "a.jpg\t\n/logs/**/  \n",
)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_patterns_mean_what_they_mean_to_git(tmp_path: Path) -> None:
    for number, text in enumerate(PATTERNS):
        folder = make(tmp_path / str(number), *TREE)
        inner = "!b.png\n/a.jpg\n"
        for name in (".gitignore", ".troveignore"):
            (folder / name).write_text(text)
            (folder / "deep" / name).write_text(inner)
        subprocess.run(["git", "init", "-q", folder], check=True)
        command = ["git", "-C", folder, "ls-files", "-oz", "--exclude-standard"]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        kept = sorted(name for name in names if name and not name.rsplit("/", 1)[-1].startswith("."))
        assert listed(scanned(folder), folder) == kept, text


def test_paths_are_judged_as_the_walk_does(tmp_path: Path) -> None:
    folder = make(
        tmp_path, *TREE, "@eaDir/a.jpg", "off/.nomedia", "off/in/a.jpg", "own/a.jpg", "#recycle/a.jpg"
    )
    (folder / ".troveignore").write_text("logs/\n")
    leaving = LeavingOut.of({folder: ("*.png",), folder / "#recycle": ()}, own=[folder / "own"])
    walked = {file.path for file in scan([folder, folder / "#recycle"], leaving).files}
    every = sorted(path for path in folder.rglob("*.*g") if path.is_file())
    kept = {path for path, rule in zip(every, leaving.rules(every), strict=True) if rule is None}
    assert kept == walked
    assert {path for path in every if leaving.rule(path) is None} == walked
    assert folder / "#recycle" / "a.jpg" in walked


def test_the_rule_of_what_was_not_listed_is_told(tmp_path: Path) -> None:
    folder = make(tmp_path, "@eaDir/a.jpg", "b.png", "in/c.jpg")
    found = scanned(folder, "*.png")
    assert found.rule(folder / "@eaDir" / "x" / "gone.jpg") == found.left_out[str(folder / "@eaDir")]
    assert found.rule(folder / "b.png") == Rule("*.png", "by a pattern of yours")
    assert found.rule(folder / "in" / "gone.jpg") is None


names = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=12
).filter(lambda name: name not in (".", ".."))


@given(name=names, folder=names)
@example(name="bad\udcff.jpg", folder="a")
@example(name="line\nbreak \u2028", folder="\xa0")
def test_a_name_becomes_a_pattern_that_fits_it(name: str, folder: str) -> None:
    path = PHOTOS / folder / f"{name}"
    leaving = LeavingOut.of({PHOTOS: checked([pattern_of(path, PHOTOS)])})
    place = leaving.at(str(PHOTOS))
    found = [patterns.rule(str(path), is_folder=False) for patterns in place.patterns]
    other = [patterns.rule(f"{path}x", is_folder=False) for patterns in place.patterns]
    (kept,) = leaving.patterns[PHOTOS]
    kept.encode()  # no lone surrogate
    assert kept.splitlines() == [kept]
    assert [isinstance(one, Rule) for one in found] == [True]
    assert other == [False]


ODD = [f"b{letter}.jpg" for letter in "\n\r\t ?x\udcff\udcfe\u2028"]


@pytest.mark.parametrize("name", ODD)
def test_a_name_becomes_a_pattern_that_fits_no_other(name: str) -> None:
    leaving = LeavingOut.of({PHOTOS: (pattern_of(PHOTOS / name, PHOTOS),)})
    place = leaving.at(str(PHOTOS))
    assert [other for other in ODD if place.rule(other, is_folder=False) is not None] == [name]


def test_what_is_typed_in_bytes_that_are_no_text_fits_them() -> None:
    kept = checked(["bad\udcff*"])
    place = LeavingOut.of({PHOTOS: kept}).at(str(PHOTOS))
    assert place.rule("bad\udcff.jpg", is_folder=False) is not None
    assert place.rule("bad\udcfe.jpg", is_folder=False) is None
    assert patterns_with(kept, include=["bad\udcff*"]) == ()
    assert patterns_with([pattern_of(PHOTOS / "b\n", PHOTOS)], include=["/b\n"]) == ()


@pytest.mark.parametrize(
    ("pattern", "alone", "elsewhere"),
    [
        ("*.tmp", ["*.tmp"], ["/new/**/*.tmp"]),
        ("!keep/ ", ["!keep/ "], ["!/new/**/keep/"]),
        ("/2019/Private/", ["/Private/"], ["/new/Private/"]),
        ("2019/a b\\ ", ["/a b\\ "], ["/new/a b\\ "]),
        ("20?9/**", ["/**"], ["/new/**"]),
        ("**/2019/x", ["/x", "**/2019/x"], ["/new/x", "/new/**/2019/x"]),
        ("a/**/x", [], []),
        ("/2019", [], []),
        ("/2020/Private", [], []),
    ],
)
def test_patterns_go_with_a_part_of_their_folder(
    pattern: str, alone: list[str], elsewhere: list[str]
) -> None:
    assert carried([pattern], Path("2019")) == alone
    assert carried([pattern], Path("2019"), Path("new")) == elsewhere


@pytest.mark.parametrize("pattern", ["!", "a\nb", "#old"])
def test_what_is_no_pattern_is_an_error(pattern: str) -> None:
    with pytest.raises(SettingsError, match=r"pattern|line"):
        checked([pattern])


def test_patterns_are_kept_once_and_in_order() -> None:
    assert checked(["*.png", "", "  ", "b\n", "*.png"]) == ("*.png", "b")
