"""Names that people, programs and other systems give their files, from the disk to what is said of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from db.settings import Settings
from tests.support.command import as_json, check_error, trove
from tests.support.media import photo
from trove import Library

NFC, NFD = "Caf\u00e9", "Cafe\u0301"

NAMES = (
    f"{NFD}/e\u0301lan.jpg",
    "[2019] a*b?/in.jpg",
    "[2019] axb?/in.jpg",
    "new\nline.jpg",
    "smile \U0001f600.jpg",
    "\u202egpj.exe.jpg",
    "CON.jpg",
    "dot.jpg.",
    "space.jpg ",
    os.fsdecode(b"latin\xe9.jpg"),
    "n" * 251 + ".jpg",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A different picture under each of the names, and a link that leads nowhere."""
    for seed, name in enumerate(NAMES):
        path = tmp_path / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(tmp_path / "made.jpg", seed)
        shutil.move(tmp_path / "made.jpg", path)
    (tmp_path / "media" / "dangling.jpg").symlink_to("nowhere.jpg")
    return tmp_path / "media"


def check_answers(settings: Settings, folder: Path) -> None:
    """Conditions and arguments mean what they say, and each is found under its name."""
    with Library.of(settings) as library:

        def paths(query: str) -> list[str]:
            hits = library.search(query, k=50, apart=True).hits
            return sorted(str(hit.path.relative_to(folder)) for hit in hits)

        assert paths("a picture") == sorted(NAMES)
        # What stands for itself, and what is a wildcard.
        assert paths('in:"[2019] a*b?"') == sorted(NAMES[1:3])
        assert paths('in:"[2019] axb?"') == [NAMES[2]]
        assert paths(f'in:"{folder / "[2019] a*b?"}"') == sorted(NAMES[1:3])
        assert paths('name:"dot.jpg."') == ["dot.jpg."]
        assert paths("name:\u00e9lan") == [NAMES[0]]
        # One form for another, in conditions and as an argument.
        assert paths(f"in:{NFC}") == paths(f"in:{NFD}") == [NAMES[0]]
        typed = folder / NFC / "\u00e9lan.jpg"
        assert library.facts(typed) == library.facts(folder / NAMES[0]) != ()
        assert library.why("a picture", typed).path == folder / NAMES[0]
        like = [hit.path for hit in library.similar(typed, k=50, apart=True).hits]
        assert len(like) == len(NAMES) - 1, "it is not like itself"


def test_whatever_a_file_is_called(settings: Settings, folder: Path) -> None:
    first = as_json(trove(settings, "index", folder, "--json"))
    assert (first["indexed"], first["skipped"], first["failed"]) == (len(NAMES), 1, 0)
    again = trove(settings, "index", "--json")
    assert again.returncode == 0, "a dangling link is no failure"
    assert (as_json(again)["unchanged"], as_json(again)["skipped"]) == (len(NAMES), 1)
    check_answers(settings, folder)
    asked = ("search", "a picture", "-k", "50", "--apart")
    found = as_json(trove(settings, *asked, "--json"))
    assert {hit["path"] for hit in found["hits"]} == {str(folder / name) for name in NAMES}
    shown = trove(settings, *asked).stdout
    shown.encode()  # no lone surrogate
    assert len([line for line in shown.splitlines() if str(folder) in line]) == len(NAMES), "one line each"
    assert "new\\nline.jpg" in shown
    assert "\u202e" not in shown, "nothing turns the line around"

    # What the library knows may have gone; what nobody knows is a slip.
    check_error(trove(settings, "index", folder / "typo"), "there is no file or folder", "spelling")
    shutil.move(folder / NFD, folder.parent / "elsewhere")
    assert as_json(trove(settings, "index", folder / NFC, "--json"))["removed"] == 1
    assert trove(settings, "forget", folder / NFC).stdout.startswith("Forgot 1 file.")
    for odd in ("new\nline.jpg", "[2019] a*b?", "space.jpg ", os.fsdecode(b"latin\xe9.jpg")):
        assert trove(settings, "forget", folder / odd).stdout.startswith("Forgot 1 file."), odd
    assert as_json(trove(settings, "index", "--json"))["found"] == len(NAMES) - 5 + 1
    told = trove(settings, "roots", folder).stdout
    assert "--exclude /new\\nline.jpg\n" in told
    told.encode()


def test_a_folder_mounted_elsewhere_is_the_one_that_is_known(settings: Settings, tmp_path: Path) -> None:
    # As two spellings are on a file system without case: the same place under another path.
    folder, other = tmp_path / "media", tmp_path / "other"
    (folder / "in").mkdir(parents=True)
    other.mkdir()
    photo(folder / "in" / "a.jpg", 1)
    trove(settings, "index", folder)
    if subprocess.run(["mount", "--bind", folder, other], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        assert as_json(trove(settings, "index", other, "--json"))["unchanged"] == 1
        assert as_json(trove(settings, "index", other / "in", "--json"))["unchanged"] == 1
        assert [root["path"] for root in as_json(trove(settings, "roots", "--json"))["roots"]] == [
            str(folder)
        ]
    finally:
        subprocess.run(["umount", other], check=True)
