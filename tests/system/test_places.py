"""Where things were taken: degrees of files, names that people wrote, and the nearest towns."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import trove
from db.settings import Settings
from tests.support.dated import PORTO, TOKYO, film, picture, with_json
from tests.support.words import iptc_jpeg, packet

SINTRA = (38.797, -9.390)
"""25 km from Lisbon, and near to towns of its own."""


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[tuple[trove.Library, Path]]:
    """A library of files from known places, in each way in which a file says where it is from."""
    place = tmp_path_factory.mktemp("placed")
    (media := place / "media").mkdir()
    picture(media / "exif.jpg", place=PORTO)
    picture(media / "nowhere.jpg", place=(0.0, 0.0))
    picture(media / "at sea.jpg", place=(30.0, -40.0))
    picture(media / "xmp.jpg", packet(exif__GPSLatitude="41,8.976N", exif__GPSLongitude="8,36.66W"))
    names = {"photoshop__City": "Porto", "photoshop__State": "Norte", "photoshop__Country": "Portugal"}
    picture(media / "named.jpg", packet(**names))
    iptc_jpeg(media / "iptc.jpg", (2, 90, b"Kleinhausen"), (2, 95, b"Hessen"), (2, 101, b"Germany"))
    picture(media / "village.jpg", packet(photoshop__City="Matosinhos-o-Velho"), place=PORTO)
    picture(media / "sintra.jpg", place=SINTRA)
    film(location="+41.1496-008.6110/")(media / "film.mp4")
    film(**{"com__apple__quicktime__location__ISO6709": "+354122.20+1394130.12+40.0CRSWGS_84/"})(
        media / "iphone.mov"
    )
    with_json("1565202600", TOKYO)(media / "takeout.jpg")
    with_json("1565202600", (0.0, 0.0))(media / "takeout nowhere.jpg")
    settings = Settings(
        library=place / "library", cache=cache, device="cpu", whisper="none", off=("text", "frames")
    )
    with trove.Library.of(settings) as library:
        report = library.index([media])
        assert (report.indexed, report.failed) == (12, 0)
        yield library, media


def known(library: trove.Library, path: Path) -> dict[str, tuple[object, str]]:
    return {item.key: (item.value, item.source) for item in library.facts(path)}


def found(library: trove.Library, text: str) -> set[str]:
    from search.query.query import Query

    answer = library.search(Query(text, k=50, apart=True, stacks=False))
    return {hit.path.name for hit in answer.hits}


@pytest.mark.parametrize(
    ("name", "city", "country"),
    [
        ("exif.jpg", ("Porto", "gazetteer"), ("Portugal", "gazetteer")),
        ("xmp.jpg", ("Porto", "gazetteer"), ("Portugal", "gazetteer")),
        ("film.mp4", ("Porto", "gazetteer"), ("Portugal", "gazetteer")),
        ("iphone.mov", ("Tokyo", "gazetteer"), ("Japan", "gazetteer")),
        ("takeout.jpg", ("Tokyo", "gazetteer"), ("Japan", "gazetteer")),
        ("named.jpg", ("Porto", "xmp"), ("Portugal", "xmp")),
        ("iptc.jpg", ("Kleinhausen", "iptc"), ("Germany", "iptc")),
        ("village.jpg", ("Matosinhos-o-Velho", "xmp"), ("Portugal", "gazetteer")),
        ("nowhere.jpg", None, None),
        ("takeout nowhere.jpg", None, None),
        ("at sea.jpg", None, None),
    ],
)
def test_each_says_where_it_is_from_and_who_says_so(
    name: str, city: object, country: object, placed: tuple[trove.Library, Path]
) -> None:
    library, media = placed
    facts = known(library, media / name)
    assert (facts.get("city"), facts.get("country")) == (city, country)


def test_the_state_is_a_fact_and_places_in_degrees_are_right(placed: tuple[trove.Library, Path]) -> None:
    library, media = placed
    assert known(library, media / "named.jpg")["state"] == ("Norte", "xmp")
    for name, place in (("xmp.jpg", PORTO), ("film.mp4", PORTO), ("iphone.mov", TOKYO)):
        assert known(library, media / name)["place"][0] == pytest.approx(place, abs=1e-3)
    assert "place" not in known(library, media / "nowhere.jpg")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("near:Porto", {"exif.jpg", "xmp.jpg", "named.jpg", "village.jpg"}),
        ("near:porto type:image", {"exif.jpg", "xmp.jpg", "named.jpg", "village.jpg"}),
        ("near:東京", {"takeout.jpg"}),
        ('near:"Lisboa, 40km"', {"sintra.jpg"}),
        ('near:"Lisbon, 5km"', set()),
        ('near:"Porto, Portugal, 20km"', {"exif.jpg", "xmp.jpg", "named.jpg", "village.jpg"}),
        ("place:portugal", {"exif.jpg", "xmp.jpg", "named.jpg", "village.jpg", "sintra.jpg"}),
        ("place:Hessen", {"iptc.jpg"}),
        ('place:"Porto, Portugal"', {"exif.jpg", "xmp.jpg", "named.jpg"}),
        ("place:Tóquio", {"takeout.jpg"}),
        ("place:Kleinhausen", {"iptc.jpg"}),
        ("place:Portugal -place:Porto", {"village.jpg", "sintra.jpg"}),
    ],
)
def test_places_are_found_by_their_names(
    query: str, names: set[str], placed: tuple[trove.Library, Path]
) -> None:
    library, _ = placed
    assert {name for name in found(library, query) if name.endswith(".jpg")} == names


def test_what_is_no_town_is_refused_with_what_can_be_written(placed: tuple[trove.Library, Path]) -> None:
    with pytest.raises(trove.QueryError, match="Porto"):
        found(placed[0], "near:Nowhereville")


def test_places_are_offered_with_their_counts(placed: tuple[trove.Library, Path]) -> None:
    offered = {item.value: item.count for item in placed[0].values("place")}
    assert (offered["Portugal"], offered["Porto, Portugal"], offered["Tokyo, Japan"]) == (6, 4, 2)
    assert next(iter(offered)) == "Portugal"
    assert [item.value for item in placed[0].values("place", "Klein")] == ["Kleinhausen, Germany"]


def test_a_place_that_the_user_says_is_named_anew(placed: tuple[trove.Library, Path]) -> None:
    library, media = placed
    earlier = library.corrections.typed([media / "iptc.jpg"], place="Porto")
    facts = known(library, media / "iptc.jpg")
    assert (facts["city"], facts["country"]) == (("Porto", "gazetteer"), ("Portugal", "gazetteer"))
    assert "iptc.jpg" in found(library, "near:Porto")
    library.corrections.undo(earlier)
    assert known(library, media / "iptc.jpg")["city"] == ("Kleinhausen", "iptc")
