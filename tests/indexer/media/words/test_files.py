"""Words in real files of all formats, read with their headers: no pixel is decoded for them."""

from pathlib import Path

import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from indexer.media.reader import probe, read_whole
from indexer.media.types import Word
from tests.support.media import photo, raw_photo, sound, tone, video
from tests.support.words import behind_the_pixels, iptc_jpeg, listed, packet

WRITTEN = packet(listed("dc:title", "The regatta", kind="Alt") + listed("dc:subject", "boats"), xmp__Rating=4)
AS_READ = [Word("title", "The regatta", "xmp"), Word("keyword", "boats", "xmp"), Word("rating", 4, "xmp")]


def exif(**fields: object) -> Image.Exif:
    """EXIF with these fields, by the names of Pillow."""
    block = Image.Exif()
    for name, value in fields.items():
        tag = ExifTags.Base[name]
        (block.get_ifd(ExifTags.IFD.Exif) if name == "UserComment" else block)[tag] = value
    return block


def words(path: Path) -> list[Word]:
    return list(probe(path).words)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "heic", "avif"])
def test_xmp_is_read_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    picture = Image.new("RGB", (64, 64), "teal")
    if suffix == "png":
        chunks = PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", WRITTEN)
        picture.save(path, pnginfo=chunks)
    elif suffix == "tif":
        picture.save(path, tiffinfo={700: WRITTEN.encode()})
    else:
        picture.save(path, format="HEIF" if suffix == "heic" else None, xmp=WRITTEN.encode())
    assert words(path) == AS_READ
    whole = read_whole(path, hashed=True, side=32, max_megapixels=1)
    assert list(whole.header.words) == AS_READ
    assert whole.picture is not None


def test_exif_in_its_fields_and_characters(tmp_path: Path) -> None:
    block = exif(
        ImageDescription="Fête".encode(),
        UserComment=b"UNICODE\0" + "Köln".encode("utf-16-be"),
        XPTitle="Ein Titel".encode("utf-16-le") + b"\0\0",
        XPKeywords="dog;snow".encode("utf-16-le"),
    )
    block[0x4749] = 99
    path = photo(tmp_path / "a.jpg", size=(8, 8), exif=block.tobytes())
    assert [(word.key, word.value) for word in words(path)] == [
        ("title", "Ein Titel"),
        ("description", "Fête"),
        ("description", "Köln"),
        ("keyword", "dog"),
        ("keyword", "snow"),
        ("rating", 5),
    ]


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (b"ASCII\0\0\0A plain one", "A plain one"),
        (b"\0" * 8 + "Größe".encode(), "Größe"),
        (b"JIS\0\0\0\0\0" + "日本".encode("iso2022_jp"), "日本"),
        (b"UNICODE\0" + "Köln".encode("utf-16-le"), "Köln"),
        (b"no charset at all", "no charset at all"),
        (b"ASCII\0\0\0Screenshot", None),
    ],
)
def test_a_comment_in_any_characters(tmp_path: Path, comment: bytes, text: str | None) -> None:
    path = photo(tmp_path / "a.jpg", size=(8, 8), exif=exif(UserComment=comment).tobytes())
    assert [word.value for word in words(path)] == ([] if text is None else [text])


@pytest.mark.parametrize(
    ("charset", "codec"),
    [(b"\x1b%G", "utf-8"), (None, "utf-8"), (b"\x1b.A", "latin-1"), (None, "cp1252"), (None, "mac_roman")],
)
def test_iptc_in_its_characters(tmp_path: Path, charset: bytes | None, codec: str) -> None:
    fields = [(1, 90, charset)] if charset else []
    fields += [(2, 120, "Fête à Nîmes".encode(codec)), (2, 25, "café".encode(codec)), (2, 25, b"summer")]
    assert words(iptc_jpeg(tmp_path / "a.jpg", *fields)) == [
        Word("description", "Fête à Nîmes", "iptc"),
        Word("keyword", "café", "iptc"),
        Word("keyword", "summer", "iptc"),
    ]


def test_texts_of_a_png_before_and_behind_its_pixels(tmp_path: Path) -> None:
    chunks = PngInfo()
    chunks.add_text("Title", "Before")
    chunks.add_itxt("Description", "Größe", zip=True)
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path, pnginfo=chunks)
    behind_the_pixels(path, b"tEXt", b"Comment\0Behind")
    behind_the_pixels(path, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + WRITTEN.encode())
    behind_the_pixels(path, b"eXIf", exif(XPTitle="Exif".encode("utf-16-le")).tobytes()[6:])
    assert [(word.value, word.source) for word in words(path)] == [
        ("Exif", "exif"),
        ("The regatta", "xmp"),
        ("boats", "xmp"),
        (4, "xmp"),
        ("Before", "tags"),
        ("Größe", "tags"),
        ("Behind", "tags"),
    ]


def test_a_png_is_not_decoded_for_its_words(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (64, 64), "teal").save(path)
    behind_the_pixels(path, b"tEXt", b"Title\0The harbour")
    data = bytearray(path.read_bytes())
    at = data.index(b"IDAT") + 10
    data[at : at + 8] = bytes(8)  # nobody could decode it now
    path.write_bytes(data)
    assert words(path) == [Word("title", "The harbour", "tags")]


def test_damage_costs_the_words_and_nothing_else(tmp_path: Path) -> None:
    path = iptc_jpeg(tmp_path / "a.jpg", (2, 120, b"whole"))
    data = path.read_bytes().replace(b"\x1c\x02\x78\0\x05", b"\x1c\x02\x78\xff\xff")
    path.write_bytes(data)
    assert probe(path).width == 8
    hostile = tmp_path / "b.jpg"
    Image.new("RGB", (8, 8)).save(
        hostile, xmp=b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', comment=b"A comment"
    )
    assert words(hostile) == [Word("description", "A comment", "tags")]


def test_a_raw_photograph(tmp_path: Path) -> None:
    assert words(raw_photo(tmp_path / "a.dng", size=(64, 64))) == []


TAGS = {"title": "Ferryman", "artist": "Quist", "album": "Ballads", "comment": "At home"}


@pytest.mark.parametrize("suffix", ["mp3", "m4a", "flac", "ogg", "wav"])
def test_recordings(tmp_path: Path, suffix: str) -> None:
    path = sound(tmp_path / f"a.{suffix}", tone(0.2), metadata=TAGS)
    found = {word.key: word.value for word in words(path)}
    assert found == {"title": "Ferryman", "artist": "Quist", "album": "Ballads", "description": "At home"}


def test_lyrics_and_chapters(tmp_path: Path) -> None:
    path = sound(
        tmp_path / "a.mp3",
        tone(1.0),
        metadata={"lyrics-eng": "Row, row\nrow your boat"},
        chapters=[("The storm", 0, 400), ("Chapter 2", 400, 700), ("Home again", 700, 1000)],
    )
    found = words(path)
    assert [word.value for word in found if word.key == "lyrics"] == ["Row, row\nrow your boat"]
    chapters = [(word.value, word.start_s, word.end_s) for word in found if word.key == "chapter"]
    assert chapters == [("The storm", 0.0, 0.4), ("Home again", 0.7, 1.0)]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_films(tmp_path: Path, suffix: str) -> None:
    path = video(
        tmp_path / f"a.{suffix}", scenes=(1,), scene_s=0.3, metadata={"title": "Ferry", "comment": "At sea"}
    )
    assert {(word.key, word.value) for word in words(path)} == {("title", "Ferry"), ("description", "At sea")}


@pytest.mark.parametrize(
    "names", [{"com.apple.quicktime.keywords": "sea, boat", "com.apple.quicktime.rating.user": "5.0"}]
)
def test_films_of_phones(tmp_path: Path, names: dict[str, str]) -> None:
    path = video(tmp_path / "a.mov", scenes=(1,), scene_s=0.3, metadata=names)
    assert [(word.key, word.value) for word in words(path)] == [
        ("keyword", "sea"),
        ("keyword", "boat"),
        ("rating", 5),
    ]


def test_xmp_in_a_film(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", scenes=(1,), scene_s=0.3)
    uuid = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
    body = uuid + WRITTEN.encode()
    path.write_bytes(path.read_bytes() + (len(body) + 8).to_bytes(4, "big") + b"uuid" + body)
    assert words(path) == AS_READ
