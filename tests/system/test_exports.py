"""Exports of Google Photos and Apple Photos, as they are unpacked: what their files say is found."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select
from watchfiles import Change

from db.catalog import facts
from db.engine.schema import Analysis, Embedding, Unit
from db.library import Library
from db.settings import Settings
from indexer import survey, watch
from indexer.analysers import registry
from indexer.leaving_out import LeavingOut
from indexer.pipeline import index
from search.query.query import Query
from search.service import SearchService
from ui.wording import fact

TAKEN = "1531577880"
ALBUM = "Summer_in Rome"


APPLE = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0">
   <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about=""
            xmlns:dc="http://purl.org/dc/elements/1.1/"
            xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
            xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/">
         <dc:title><rdf:Alt><rdf:li xml:lang="x-default">The big jump</rdf:li></rdf:Alt></dc:title>
         <dc:description>
            <rdf:Alt><rdf:li xml:lang="x-default">Sam jumps into the lake</rdf:li></rdf:Alt>
         </dc:description>
         <dc:subject><rdf:Seq><rdf:li>swim</rdf:li><rdf:li>lake</rdf:li></rdf:Seq></dc:subject>
         <photoshop:DateCreated>2019-06-01T12:00:00+02:00</photoshop:DateCreated>
         <mwg-rs:Regions rdf:parseType="Resource">
            <mwg-rs:RegionList><rdf:Bag/></mwg-rs:RegionList>
         </mwg-rs:Regions>
      </rdf:Description>
   </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""
"""What Photos writes beside an original that is exported with its sidecar."""


def picture(path: Path, **exif: str) -> Path:
    """A picture of its own, perhaps with the day on which it was taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(path.as_posix())).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    tags = Image.Exif()
    if taken := exif.get("taken"):
        tags.get_ifd(0x8769)[0x9003] = taken
    Image.fromarray(pixels).save(path, exif=tags)
    return path


def beside(path: Path, **said: Any) -> Path:
    """Google's JSON."""
    photo = {"title": "IMG.jpg", "photoTakenTime": {"timestamp": TAKEN}, "url": "an address"}
    path.write_text(json.dumps(photo | said))
    return path


def unpacked(media: Path) -> Path:
    """An export with a picture, its edited version, an album, and what only looks like an export."""
    year, album, apple = media / "Photos from 2018", media / ALBUM, media / "iPhone"
    picture(year / "IMG_1.jpg")
    picture(year / "IMG_1-edited.jpg")
    beside(
        year / "IMG_1.jpg.supplemental-me.json",
        title="IMG_1.jpg",
        description="Grandmother flies the red kite",
        people=[{"name": "Anna"}, {"name": "Zoë Ali"}],
        favorited=True,
        archived=True,
        geoData={"latitude": 48.85, "longitude": 2.35},
    )
    picture(album / "IMG_22.jpg", taken="2020:01:02 03:04:05")
    beside(album / "IMG_22.jpg(1).json", description="of another picture")
    beside(
        album / "IMG_22.jpg.json", title="Harbour at dusk.jpg", geoData={"latitude": 0.0, "longitude": 0.0}
    )
    about = {"title": "Summer in: Rome", "description": "gelato every day", "date": {"timestamp": "1"}}
    (album / "metadata.json").write_text(json.dumps(about))
    picture(apple / "IMG_333.png")
    (apple / "IMG_333.AAE").write_text("a list of adjustments")
    (apple / "IMG_333.xmp").write_text(APPLE, encoding="utf-8")
    picture(apple / "IMG_4444.png")
    (apple / "IMG_4444.png.json").write_bytes(b'{"title": ')
    return media


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[tuple[SearchService, Path]]:
    """A library of an export, and where that is; the test that changes it comes last."""
    place = tmp_path_factory.mktemp("export")
    off = ("text", "names")
    settings = Settings(library=place / "library", cache=cache, device="cpu", whisper="none", off=off)
    with Library(settings) as library:
        report = index(library, [unpacked(place / "media")])
        assert (report.indexed, report.failed, report.skipped) == (5, 0, 0)
        with SearchService(library) as service:
            yield service, place / "media"


def hits(service: SearchService, text: str) -> set[str]:
    """The files of the hits that a text beside them is a reason for, or of all without a description."""
    answer = service.search(Query(text, apart=True, stacks=False))
    worded = {hit.path.name for hit in answer.hits if any(fact.source == "keywords" for fact in hit.why)}
    return worded or {hit.path.name for hit in answer.hits if answer.verdict == "nearest"}


def known(library: Library, path: Path) -> dict[str, tuple[object, str]]:
    with library.read() as session:
        return {key: (fact.value, fact.source) for key, fact in facts.of_file(session, path).items()}


def test_a_picture_and_its_edit_have_what_google_knows(export: tuple[SearchService, Path]) -> None:
    service, media = export
    library = service.library
    taken = datetime(2018, 7, 14, 16, 18, tzinfo=ZoneInfo("Europe/Paris"))  # where its place is
    for name in ("IMG_1.jpg", "IMG_1-edited.jpg"):
        found = known(library, media / "Photos from 2018" / name)
        assert found["taken_at"] == (taken, "takeout")
        assert found["place"] == ((48.85, 2.35), "takeout")
        assert found["tags"] == (("People/Anna", "People/Zoë Ali"), "takeout")
        assert found["favourite"] == (True, "takeout")
        assert found["put_away"] == ("archived", "takeout")
        assert found["description"] == ("Grandmother flies the red kite", "takeout")
    both = {"IMG_1.jpg", "IMG_1-edited.jpg"}
    assert hits(service, "grandmother kite") == both
    assert hits(service, "tag:zoe*") == hits(service, "tag:Anna") == both
    assert hits(service, "is:favourite") == both


def test_the_camera_goes_before_google_and_an_album_is_a_folder(export: tuple[SearchService, Path]) -> None:
    service, media = export
    library = service.library
    found = known(library, media / ALBUM / "IMG_22.jpg")
    assert found["taken_at"] == (datetime(2020, 1, 2, 3, 4, 5), "exif")
    assert found["uploaded_as"] == ("Harbour at dusk.jpg", "takeout")
    assert "place" not in found
    assert "description" not in found, "the file with (1) is of another picture"
    for query in ("harbour dusk", "gelato", "summer in rome", f'in:"{ALBUM}"', 'in:"Summer in: Rome"'):
        assert hits(service, query) == {"IMG_22.jpg"}, query
    assert hits(service, "tag:Albums").issuperset({"IMG_22.jpg"})


def test_an_edit_of_apple_is_known_and_what_is_damaged_is_left_out(
    export: tuple[SearchService, Path],
) -> None:
    service, media = export
    library = service.library
    assert known(library, media / "iPhone/IMG_333.png")["edited"] == ("IMG_333.AAE", "sidecar")
    assert fact("edited", "IMG_333.AAE") == ("Edited", "with Apple Photos, as IMG_333.AAE keeps")
    assert fact("put_away", "archived") == ("Put away", "archived")
    assert "taken_at" not in known(library, media / "iPhone/IMG_4444.png")
    assert hits(service, "tag:swim") == hits(service, "sam jumps") == {"IMG_333.png"}
    assert known(library, media / "iPhone/IMG_333.png")["title"] == ("The big jump", "sidecar")


def test_a_watch_sees_what_is_beside_pictures(export: tuple[SearchService, Path]) -> None:
    _, media = export
    endings = survey.beside(registry.every().values())
    for change in (Change.added, Change.modified, Change.deleted):
        assert watch.matters(change, media / "IMG_1.jpg.suppl.JSON", LeavingOut(), endings)
    assert not watch.matters(Change.modified, media / "archive_browser.html", LeavingOut(), endings)


def _made(library: Library) -> set[int]:
    """Everything that came of decoding and embedding pictures."""
    with library.read() as session:
        made = set(session.scalars(select(Analysis.id).where(Analysis.content_id.is_not(None))))
        pictures = select(Embedding.unit_id).join(Unit, Unit.id == Embedding.unit_id)
        return made | {-found for found in session.scalars(pictures.where(Unit.asset_id.is_(None)))}


def test_a_changed_new_or_removed_file_is_seen_and_no_picture_opened(
    export: tuple[SearchService, Path],
) -> None:
    service, media = export
    library = service.library
    year = media / "Photos from 2018"
    before = _made(library)
    for path in media.rglob("*.[jp][pn]g"):  # whoever opened one would find no picture
        status = path.stat()
        path.write_bytes(b"x" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    beside(year / "IMG_1.jpg.supplemental-me.json", title="IMG_1.jpg", description="A blue balloon")
    beside(media / "iPhone/IMG_4444.png.json", description="The lighthouse")
    (media / ALBUM / "metadata.json").unlink()
    assert index(library).indexed == 4
    assert hits(service, "blue balloon") == {"IMG_1.jpg", "IMG_1-edited.jpg"}
    assert hits(service, "lighthouse") == {"IMG_4444.png"}
    assert hits(service, "grandmother kite") == hits(service, "gelato") == set()
    assert hits(service, "is:favourite") == hits(service, 'in:"Summer in: Rome"') == set()
    (year / "IMG_1.jpg.supplemental-me.json").unlink()
    index(library)
    assert hits(service, "blue balloon") == set()
    assert "taken_at" not in known(library, year / "IMG_1.jpg")
    assert _made(library) == before
    assert index(library).unchanged == 5
