"""XMP: what programs write in it, and what nobody should open."""

import time
from pathlib import Path

import pytest

from db.errors import DecodeError, UnreadableError
from indexer.media.types import Word
from indexer.media.words import xmp
from tests.support.words import listed, packet


def read(text: str) -> dict[str, list[object]]:
    """The values by their keys."""
    found: dict[str, list[object]] = {}
    for word in xmp.of_packet(text.encode(), "sidecar"):
        found.setdefault(word.key, []).append(word.value)
    return found


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (
            listed("dc:title", "First steps", "Erste Schritte", kind="Alt"),
            {"title": ["First steps", "Erste Schritte"]},
        ),
        (listed("dc:description", "In the garden", kind="Alt"), {"description": ["In the garden"]}),
        ("<photoshop:Headline>Flood in town</photoshop:Headline>", {"title": ["Flood in town"]}),
        (listed("dc:subject", "dog", "garden"), {"keyword": ["dog", "garden"]}),
        (listed("lr:hierarchicalSubject", "Places|France|Paris"), {"keyword": ["Places/France/Paris"]}),
        (listed("digiKam:TagsList", "People/Anna", kind="Seq"), {"keyword": ["People/Anna"]}),
        (listed("MicrosoftPhoto:LastKeywordXMP", "Trip/Rome"), {"keyword": ["Trip/Rome"]}),
        (
            "<mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:RegionList><rdf:Bag><rdf:li>"
            "<rdf:Description mwg-rs:Name='Anna' mwg-rs:Type='Face'/></rdf:li></rdf:Bag></mwg-rs:RegionList>"
            "</mwg-rs:Regions>",
            {"keyword": ["Anna"], "person": ["Anna"]},
        ),
        (
            "<acdsee:caption>The bridge</acdsee:caption><acdsee:rating>4</acdsee:rating>",
            {"title": ["The bridge"], "rating": [4]},
        ),
        (listed("darktable:colorlabels", "3", kind="Seq"), {"label": ["blue"]}),
        ("<xmp:Rating>-1</xmp:Rating>", {"rating": [-1], "pick": ["rejected"]}),
    ],
)
def test_properties(inside: str, expected: dict[str, list[object]]) -> None:
    assert read(packet(inside)) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"xmp__Rating": 5, "xmp__Label": "Rot"}, {"rating": [5], "label": ["red"]}),
        ({"MicrosoftPhoto__Rating": 75}, {"rating": [4]}),
        ({"xmp__Rating": 3, "MicrosoftPhoto__Rating": 99}, {"rating": [3]}),
        ({"xmp__Rating": "many"}, {}),
        ({"xmp__Label": "To Do"}, {"label": ["purple"]}),
        ({"xmp__Label": "Winner"}, {"label": ["winner"]}),
        ({"digiKam__ColorLabel": 4, "digiKam__PickLabel": 3}, {"label": ["green"], "pick": ["picked"]}),
        ({"digiKam__ColorLabel": 0, "digiKam__PickLabel": 0}, {}),
        ({"xmpDM__pick": -1}, {"pick": ["rejected"]}),
        ({"photoshop__Headline": "OLYMPUS DIGITAL CAMERA"}, {}),
    ],
)
def test_marks(attributes: dict[str, object], expected: dict[str, list[object]]) -> None:
    assert read(packet(**attributes)) == expected


def test_what_trove_wrote_is_the_users_own_word() -> None:
    text = packet(listed("dc:title", "Mine", kind="Alt"), trove__words="1")
    assert list(xmp.of_packet(text.encode(), "sidecar")) == [Word("title", "Mine", "user")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_any_encoding_and_padding(encoding: str) -> None:
    data = packet(listed("dc:title", "Œuvre à Köln", kind="Alt")).replace("\ufeff", "").encode(encoding)
    assert [word.value for word in xmp.embedded(data if encoding == "utf-16" else data + b"  \n\0")] == [
        "Œuvre à Köln"
    ]


BILLION = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))
HOSTILE = {
    "entities": f"<!DOCTYPE x [{BILLION}]><x>&a9;</x>",
    "one entity": '<!DOCTYPE x [<!ENTITY a "words">]><x>&a;</x>',
    "a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "an address": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
    "parameters": '<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><x/>',
    "deep": "<a>" * 100_000,
    "no XML": "words" * 1000,
    "an attribute without end": '<a b="' + "x" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_nobody_should_open_is_refused_at_once(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(DecodeError):
        list(xmp.of_packet(text.encode(), "sidecar"))
    assert time.perf_counter() - started < 1.0
    assert xmp.embedded(text.encode()) == []


def test_a_hundred_megabytes_are_not_read(tmp_path: Path) -> None:
    large = tmp_path / "a.xmp"
    with large.open("wb") as file:
        file.truncate(100 << 20)
    started = time.perf_counter()
    with pytest.raises(DecodeError, match="larger than 4 MB"):
        xmp.of_sidecar(large)
    assert time.perf_counter() - started < 0.5
    with pytest.raises(UnreadableError):
        xmp.of_sidecar(tmp_path / "none.xmp")
