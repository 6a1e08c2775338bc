"""Which files of a folder belong to which medium in it, by their names."""

import time
from pathlib import Path

from db.catalog.assets import FileStat
from indexer.beside.companions import Companions

FOLDER = Path("/media/Rome")


def companions(*names: str) -> Companions:
    return Companions([FileStat(FOLDER / name, 10, 0) for name in names])


def own(beside: Companions, medium: str) -> set[str]:
    return {other.path.name for _, other in beside.of(medium)}


def test_sidecars_bear_the_name_of_what_they_are_beside() -> None:
    beside = companions("a.xmp", "A.JPG.XMP", "a.jpg.json", "ab.xmp", "b.en.srt", "B.mp4.json", "café.aae")
    assert own(beside, "a.jpg") == {"a.xmp", "A.JPG.XMP", "a.jpg.json"}
    assert own(beside, "b.mp4") == {"b.en.srt", "B.mp4.json"}
    assert own(beside, "c.jpg") == set()
    assert own(beside, "cafe\u0301.HEIC") == {"café.aae"}, "in another Unicode form"


def test_googles_json_need_not_and_that_of_an_album_is_of_all() -> None:
    beside = companions("IMG_1.HEIC.suppl.json", "IMG_1.HEIC.suppl(1).json", "Metadaten.json", "notes.json")
    assert own(beside, "IMG_1-bearbeitet.jpg") == {"IMG_1.HEIC.suppl.json", "Metadaten.json"}
    assert own(beside, "IMG_1(1).mov") == {"IMG_1.HEIC.suppl(1).json", "Metadaten.json"}
    assert own(beside, "IMG_2.jpg") == {"Metadaten.json"}


def test_a_large_folder_takes_no_longer_for_each_file() -> None:
    def seconds(count: int) -> float:
        beside = companions(*(f"IMG_{number}.jpg.json" for number in range(count)))
        own(beside, "IMG_0.jpg")
        started = time.perf_counter()
        for number in range(500):
            assert own(beside, f"IMG_{number}.jpg") == {f"IMG_{number}.jpg.json"}
        return time.perf_counter() - started

    assert seconds(20_000) < 10 * seconds(500) + 0.1
