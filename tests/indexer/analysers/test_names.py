"""Words of names: what people have called things by, and not what cameras and programs have."""

import unicodedata
from pathlib import Path

import pytest

from indexer.analysers.names import called, words_of_folder, words_of_name

WORDS = {
    "Trip 2023": "Trip 2023",
    "Trip2023": "Trip2023 Trip 2023",
    "HolidayInRome2023": "HolidayInRome2023 Holiday In Rome 2023",
    "XMLHttpRequest": "XMLHttpRequest XML Http Request",
    "invoice_2023-05_acme": "invoice 2023 05 acme",
    "14.07.2023 wedding": "2023 wedding",
    "Müller größe": "Müller größe",
    unicodedata.normalize("NFD", "café-élan"): "café élan",
    "東京タワー2019": "東京タワー2019 東京タワー 2019",
    "platform 9": "platform 9",
    "facade12": "facade12 facade 12",
    "Beach-Party (2)": "Beach Party",
    "IMG_1234 grandma": "grandma",
    "Screenshot_20210704-101112": "Screenshot 2021",
    "Bildschirmfoto 2023-07-14 um 12.30.05": "Bildschirmfoto 2023 screenshot",
    "WhatsApp Image 2023-07-14 at 12.30.05 (1)": "Whatsapp 2023",
    "IMG-20201018-WA0007": "Whatsapp",
}

NO_WORDS = """
IMG_1234 IMG_20230714_123456 _MG_1234 DSC01234 _DSC1234 PXL_20230714_123456789.PORTRAIT IMG_E1234
PXL_20230714_123456789.MP PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGINA MVIMG_20200101_120000
P1010001 GX010023 DJI_0042 00001IMG_00001_BURST20190101120000000_COVER
1d4caa6f-16c6-4c3d-901b-9387de10e528 2023 20230714_153000 d41d8cd98f00b204e9800998ecf8427e
05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 10155_327707840323_n a (1)
""".split()

NO_FOLDERS = "DCIM|100CANON|101APPLE|100MSDCF|100_1234|Camera Roll|My Pictures|Photos from 2023|Takeout|2023"


@pytest.mark.parametrize(("name", "words"), WORDS.items())
def test_a_name_has_its_words(name: str, words: str) -> None:
    assert words_of_name(name) == words


@pytest.mark.parametrize("name", NO_WORDS)
def test_names_that_devices_make_have_none(name: str) -> None:
    assert words_of_name(name) == ""


@pytest.mark.parametrize("name", NO_FOLDERS.split("|"))
def test_so_have_their_folders(name: str) -> None:
    assert words_of_folder(name) == ""


def test_folders_count_below_the_root() -> None:
    root = Path("/home/anna/Albums")
    path = root / "Trip 2023" / "DCIM" / "100CANON" / "BeachParty_IMG_1234.jpg"
    assert called(path, root) == "Trip 2023 / BeachParty Beach Party"
    assert called(root / "Rome" / "Rome" / "IMG_1.jpg", root) == "Rome"
    assert called(root / "IMG_1.jpg", root) == ""
    assert called(path, path) == called(path) == "BeachParty Beach Party"
