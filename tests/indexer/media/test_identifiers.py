"""What headers say of live photos and bursts: Apple's maker note, Google's XMP, parts of seconds."""

import random
from datetime import datetime
from pathlib import Path

from PIL import Image

from indexer.media import apple
from indexer.media.reader import probe
from tests.support import media

NOON = datetime(2023, 7, 14, 12)


def test_apples_identifiers_are_read(tmp_path: Path) -> None:
    texts = {0x08: "x", apple.BURST_UUID: "5A-BURST", apple.CONTENT_IDENTIFIER: "0CE2-LIVE"}
    for name in ("a.jpg", "b.heic"):
        header = probe(media.photo(tmp_path / name, exif=media.exif(taken_at=NOON, apple=texts)))
        assert (header.live, header.burst, header.taken_at) == ("0CE2-LIVE", "5A-BURST", NOON)
    film = media.video(
        tmp_path / "a.mov",
        [1],
        0.5,
        size=(64, 64),
        metadata={"com.apple.quicktime.content.identifier": "0CE2"},
    )
    assert probe(film).live == "0CE2"


def test_a_damaged_note_says_nothing_wrong() -> None:
    note = media.apple_note({apple.CONTENT_IDENTIFIER: "0CE2-LIVE"})
    assert apple.texts(note) == {apple.CONTENT_IDENTIFIER: "0CE2-LIVE"}
    assert apple.texts(b"Nikon" + note) == apple.texts("text") == apple.texts(None) == {}
    rng = random.Random(0)  # noqa: S311 - the same every time
    for _ in range(500):
        cut = bytearray(note[: rng.randrange(len(note) + 1)])
        for _ in range(rng.randrange(4)):
            if cut:
                cut[rng.randrange(len(cut))] = rng.randrange(256)
        assert all(len(text) <= 256 for text in apple.texts(bytes(cut)).values())


def test_google_says_it_in_xmp(tmp_path: Path) -> None:
    packet = b'<rdf:Description GCamera:BurstID="8d0f-1" GCamera:BurstPrimary="1"/>'
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", xmp=packet)
    assert probe(tmp_path / "a.jpg").burst == "8d0f-1"


def test_parts_of_seconds_are_kept(tmp_path: Path) -> None:
    moment = NOON.replace(microsecond=250_000)
    assert probe(media.photo(tmp_path / "a.jpg", exif=media.exif(taken_at=moment))).taken_at == moment
